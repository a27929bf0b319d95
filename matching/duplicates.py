"""Find which of our own accounts are one company: duplicates within a CRM, and one company in two CRMs.

Our accounts are matched with themselves by the same engine. What rivals do to one another does not hold here: a company
may be there three times, so no row is taken by another; and how many rows have a double is counted anew. Chains are
cut: two groups of rows become one company only if no row of one contradicts a row of the other (another website,
another country), but for rows that match each other in spite of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import polars as pl

from matching.decide import MATCH, priors
from matching.normalize import names, places, websites
from overlap.clusters import connected
from overlap.model import SAME

if TYPE_CHECKING:
    from matching.engine import Engine
    from matching.model import Ladder, Model

#: The name of the list that our accounts are when they stand on the other side.
_OURSELVES: Final = "ourselves"


def duplicates(ours: pl.DataFrame, engine: Engine, model: Model) -> pl.DataFrame:
    """Return ``crm``, ``id``, ``company`` for each row of *ours* (see `matching.engine.Engine`), sorted by both ids.

    *company* is the smallest ``crm:id`` of the rows that are the same company. Only pairs that *model* calls a match
    and the same company count.
    """
    rows = ours.select("crm", "id", "website", "country", row=_row("id")).sort("crm", "id")
    pairs = _pairs(ours, engine, model)
    if pairs.is_empty():
        return rows.select("crm", "id", company="row")
    company = connected(pairs.iter_rows(), _may_join(rows, pairs))
    return rows.select("crm", "id", company=pl.col("row").replace(company))


def _row(key: str) -> pl.Expr:
    return pl.concat_str("crm", key, separator=":")


def _pairs(ours: pl.DataFrame, engine: Engine, model: Model) -> pl.DataFrame:
    """Return ``one`` and ``other`` (``crm:id``, the smaller first) of pairs that are one company, the surest first."""
    if ours.is_empty():
        return pl.DataFrame(schema={"one": pl.String, "other": pl.String})
    theirs = ours.with_columns(partner=pl.lit(_OURSELVES), id=_row("id"))
    found = engine.match(ours, theirs, _for_ourselves(model, ours))
    same = found.filter((pl.col("decision") == MATCH) & (pl.col("relation") == SAME))
    pairs = same.select("probability", one=_row("ours_id"), other="theirs_id").filter(pl.col("one") < pl.col("other"))
    return pairs.sort("probability", "one", "other", descending=[True, False, False]).drop("probability")


def _for_ourselves(model: Model, ours: pl.DataFrame) -> Model:
    """Return *model* without rivals, and with the prior of lists that have as many namesakes as *ours* among itself."""
    own = names.variants(ours["name"]).filter(pl.col("variant") == 0)
    namesakes = ours.select("name").join(own, on="name")["squeezed"].is_duplicated().sum()
    shares = {"crm": [_OURSELVES], "partner": [_OURSELVES], "rows": [ours.height], "equal": [namesakes]}
    prior = float(priors(pl.DataFrame(shares), model)["prior"][0])
    return replace(model, ladders=tuple(map(_untaken, model.ladders)), prior=prior, lists=0.0, most_lost=0.0)


def _untaken(ladder: Ladder) -> Ladder:
    """Return *ladder*, weighing nothing if it is about namesakes elsewhere: each row is its own."""
    if ladder.comparison != "taken":
        return ladder
    return replace(ladder, levels=tuple(replace(level, weight=0.0) for level in ladder.levels))


def _may_join(rows: pl.DataFrame, pairs: pl.DataFrame) -> Callable[[Sequence[str], Sequence[str]], bool]:
    """Return the question whether two groups of rows contradict each other nowhere; see `clusters.connected`."""
    known = websites.domains(rows["website"].drop_nulls().unique())
    domain = rows["website"].replace_strict(known["website"], known["domain"], default=None, return_dtype=pl.String)
    facts = zip(domain, places.country_codes(rows["country"]), strict=True)
    said = dict(zip(rows["row"], facts, strict=True))
    matched = set(pairs.select("one", "other").iter_rows())

    def contradict(one: str, other: str) -> bool:
        differ = any(a and b and a != b for a, b in zip(said[one], said[other], strict=True))
        return differ and (min(one, other), max(one, other)) not in matched

    return lambda company, others: not any(contradict(one, other) for one in company for other in others)
