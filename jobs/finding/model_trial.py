"""Try another model on what the warehouse holds, and see what it would change. Nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from jobs.context import Context
from jobs.finding.identity import identified
from jobs.finding.models import pulled
from jobs.stores import judgements
from matching.duckdb_engine import DuckDbEngine
from matching.model import Model
from overlap import judgements as verdicts

_PAIR: Final = ["crm", "ours_id", "partner", "theirs_id"]
_NO_MATCH: Final = "no match"
APPEARS, VANISHES, OTHERWISE = "appears", "vanishes", "decided otherwise"


@dataclass(frozen=True, slots=True)
class Trial:
    """What two models make of the same rows: pairs by decision under either, and the pairs that differ.

    *changed* has the columns of `changes` and ``ours`` and ``theirs``, the names.
    """

    before: dict[str, int]
    after: dict[str, int]
    changed: pl.DataFrame


def try_out(context: Context, before: Model, after: Model) -> Trial:
    """Match what was pulled with both models, people's verdicts in force, and return what differs.

    Raises:
        ConfigError: a CRM has not been read yet.
    """
    ours, theirs = pulled(context)
    known = judgements.in_force(context.ledger)
    said = verdicts.resolve(known, identified(ours, "crm"), identified(theirs, "partner"))
    found = []
    for model in (before, after):
        context.report(f"matching {ours.height:,} accounts with {theirs.height:,} as {model.version} does")
        found.append(verdicts.apply(DuckDbEngine().match(ours, theirs, model), said))
    changed = changes(*found)
    changed = changed.join(
        ours.select("crm", ours_id="id", ours="name"), on=["crm", "ours_id"], how="left", maintain_order="left"
    ).join(
        theirs.select("partner", theirs_id="id", theirs="name"),
        on=["partner", "theirs_id"],
        how="left",
        maintain_order="left",
    )
    return Trial(_counted(found[0]), _counted(found[1]), changed)


def changes(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs that two frames of `overlap.model.Match` decide differently, the most different first.

    Columns: the pair's four ids; ``change`` (appears, vanishes, or decided otherwise); ``decision`` and
    ``probability`` of either (``_before``, ``_after``; a pair that is not there is a ``no match`` of unknown
    probability); ``reasons``, those of the later frame where it has some.
    """
    told = ["decision", "probability", "reasons"]
    both = before.select(*_PAIR, *told).join(
        after.select(*_PAIR, *told), on=_PAIR, how="full", coalesce=True, suffix="_after"
    )
    was, is_now = pl.col("decision").fill_null(_NO_MATCH), pl.col("decision_after").fill_null(_NO_MATCH)
    change = (
        pl.when(was == _NO_MATCH).then(pl.lit(APPEARS)).when(is_now == _NO_MATCH).then(pl.lit(VANISHES))
    ).otherwise(pl.lit(OTHERWISE))
    changed = both.filter(was != is_now).select(
        *_PAIR,
        change=change,
        decision_before=was,
        decision_after=is_now,
        probability_before="probability",
        probability_after="probability_after",
        reasons=pl.coalesce("reasons_after", "reasons"),
    )
    far = (pl.col("probability_after").fill_null(0) - pl.col("probability_before").fill_null(0)).abs()
    return changed.sort(far, *_PAIR, descending=[True, *[False] * len(_PAIR)])


def _counted(pairs: pl.DataFrame) -> dict[str, int]:
    decisions = pairs["decision"].to_list()
    return {decision: decisions.count(decision) for decision in ("match", "review")}
