"""Find which of our own accounts are one company: duplicates within a CRM, and one company in two CRMs.

Our accounts are matched with themselves by the same engine, each CRM's with its own and with those of every other, so
that what is found within one does not hang on there being another. What rivals do to one another does not hold here: a
company may be there three times, so no row is taken by another; and how many rows of one CRM have a double is counted
anew. Chains are cut: two groups of rows become one company only if no row of one contradicts a row of the other
(another website, another country), but for rows that match each other in spite of it, and never where people say no.

What the last run found stands while it is nearly found again (`overlap.hysteresis`): here words are counted every time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from matching.decide import MATCH, priors
from matching.normalize import names, places, websites
from overlap.clusters import connected
from overlap.hysteresis import least
from overlap.model import SAME

if TYPE_CHECKING:
    from matching.engine import Engine
    from matching.model import Ladder, Model

#: The name of the list that our accounts are when they stand on the other side.
_OURSELVES: Final = "ourselves"
#: Pairs of rows that are no company together.
Apart = Set[tuple[str, str]]
_COMPANIES: Final[dict[str, Any]] = {"row": pl.String, "company": pl.String}
_FOUND: Final[dict[str, Any]] = {
    "is_match": pl.Boolean,
    "probability": pl.Float64,
    "one": pl.String,
    "other": pl.String,
}


@dataclass(frozen=True, slots=True)
class Before:
    """What is known of rows (``crm:id``) before they are looked at.

    No company has two rows that are a pair of *apart* (the smaller first). Rows that are *aside* join a company only
    where they contradict nothing that the others are without them. *companies* has ``row`` and ``company``, what the
    last run found, of companies whose rows are all there and say what they said then: no row that linked them is gone.
    """

    apart: Apart = frozenset()
    aside: Set[str] = frozenset()
    companies: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_COMPANIES))


_NOTHING: Final = Before()


def duplicates(ours: pl.DataFrame, engine: Engine, model: Model, before: Before = _NOTHING) -> pl.DataFrame:
    """Return ``crm``, ``id``, ``company`` for each row of *ours* (see `matching.engine.Engine`), sorted by both ids.

    *company* is the smallest ``crm:id`` of the rows that are the same company. Only pairs count that *model* calls a
    match and the same company, or nearly so if they were one *before*.
    """
    rows = ours.select("crm", "id", "website", "country", row=_row("id")).sort("crm", "id")
    pairs = _pairs(ours, engine, model, before)
    if pairs.is_empty():
        return rows.select("crm", "id", company="row")
    company = connected(pairs.iter_rows(), _may_join(rows, pairs, before.apart))
    return rows.select("crm", "id", company=pl.col("row").replace(company))


def _row(key: str) -> pl.Expr:
    return pl.concat_str("crm", key, separator=":")


def _pairs(ours: pl.DataFrame, engine: Engine, model: Model, before: Before) -> pl.DataFrame:
    """Return ``one`` and ``other`` (``crm:id``, the smaller first) of pairs that are one company, the surest first.

    Those with a row aside come after all others.
    """
    crms = ours["crm"].unique().sort().to_list()
    rows = {crm: ours.filter(pl.col("crm") == crm) for crm in crms}
    two = combinations_with_replacement(crms, 2)
    found = [_of_two(rows[one], rows[other], engine, model) for one, other in two]
    pairs = pl.concat([pl.DataFrame(schema=_FOUND), *found])
    is_aside = pl.any_horizontal(pl.col(row).is_in(list(before.aside)) for row in ("one", "other"))
    same = pairs.filter(pl.col("is_match") | _stands(pairs, before.companies, model.match_at))
    order = (is_aside, pl.col("probability"), "one", "other")
    return same.sort(*order, descending=[False, True, False, False]).select("one", "other")


def _stands(pairs: pl.DataFrame, companies: pl.DataFrame, match_at: float) -> pl.Series:
    """Return which of *pairs* were one company before and are nearly a match now."""
    company = dict(companies.iter_rows())
    then, its = (pairs[row].replace_strict(company, default=None, return_dtype=pl.String) for row in ("one", "other"))
    return (then == its).fill_null(False) & (pairs["probability"] >= least(match_at))


def _of_two(ours: pl.DataFrame, others: pl.DataFrame, engine: Engine, model: Model) -> pl.DataFrame:
    """Return what may be one company of rows of two CRMs, or of one CRM twice, with the columns of `_FOUND`."""
    theirs = others.with_columns(partner=pl.lit(_OURSELVES), id=_row("id"))
    model = replace(model, ladders=tuple(map(_untaken, model.ladders)), most_lost=0.0)
    if ours["crm"][0] == others["crm"][0]:
        model = _for_one_list(model, ours)
    found = engine.match(ours, theirs, model)
    same = found.filter(pl.col("relation") == SAME).with_columns(is_match=pl.col("decision") == MATCH)
    pairs = same.select("is_match", "probability", one=_row("ours_id"), other="theirs_id")
    if ours["crm"][0] == others["crm"][0]:  # each pair is found from both of its rows
        return pairs.filter(pl.col("one") < pl.col("other"))
    smaller, greater = pl.min_horizontal("one", "other"), pl.max_horizontal("one", "other")
    return pairs.select("is_match", "probability", one=smaller, other=greater)


def _for_one_list(model: Model, ours: pl.DataFrame) -> Model:
    """Return *model* with the prior of lists that have as many namesakes as *ours* among itself."""
    own = names.variants(ours["name"]).filter(pl.col("variant") == 0)
    namesakes = ours.select("name").join(own, on="name")["squeezed"].is_duplicated().sum()
    shares = {"crm": [_OURSELVES], "partner": [_OURSELVES], "rows": [ours.height], "equal": [namesakes]}
    return replace(model, prior=float(priors(pl.DataFrame(shares), model)["prior"][0]), lists=0.0)


def _untaken(ladder: Ladder) -> Ladder:
    """Return *ladder*, weighing nothing if it is about namesakes elsewhere: each row is its own."""
    if ladder.comparison != "taken":
        return ladder
    return replace(ladder, levels=tuple(replace(level, weight=0.0) for level in ladder.levels))


def _may_join(rows: pl.DataFrame, pairs: pl.DataFrame, apart: Apart) -> Callable[[Sequence[str], Sequence[str]], bool]:
    """Return the question whether two groups of rows contradict each other nowhere; see `clusters.connected`."""
    known = websites.domains(rows["website"].drop_nulls().unique())
    domain = rows["website"].replace_strict(known["website"], known["domain"], default=None, return_dtype=pl.String)
    facts = zip(domain, places.country_codes(rows["country"]), strict=True)
    said = dict(zip(rows["row"], facts, strict=True))
    matched = set(pairs.select("one", "other").iter_rows())

    def contradict(one: str, other: str) -> bool:
        pair = (min(one, other), max(one, other))
        differ = any(a and b and a != b for a, b in zip(said[one], said[other], strict=True))
        return pair in apart or (differ and pair not in matched)

    return lambda company, others: not any(contradict(one, other) for one in company for other in others)
