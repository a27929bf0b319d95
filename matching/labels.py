"""Pairs whose truth is known, with the levels that they reach: what `matching.fit` learns from.

Labels from websites teach about everything but websites. They are only given to pairs that would have been compared
without them: pairs that were compared because of their website are all the same, and would make any level look good.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from matching.duckdb_engine import DuckDbEngine
from matching.normalize.websites import domains

if TYPE_CHECKING:
    from matching.weights import Model

#: A domain that more rows of one crm or partner have is a group's or a host's, and says nothing about a single one.
_MOST_SHARERS: Final = 3
#: From this probability on, the levels without the website leave little doubt.
_SURE: Final = 0.95
#: The comparison that labels from websites cannot teach about.
_WEBSITE: Final = "website"


def from_verdicts(ours: pl.DataFrame, theirs: pl.DataFrame, verdicts: pl.DataFrame, model: Model) -> pl.DataFrame:
    """Return the pairs of *verdicts* with a column of level codes per comparison, and ``same``.

    *ours* and *theirs* are those of `matching.engine.Engine`; *verdicts* has the pair's four ids and ``verdict``, as
    `overlap.judgements.resolve` returns them. A pair whose row has no usable name is left out.
    """
    labels = verdicts.select("crm", "ours_id", "partner", "theirs_id", same=pl.col("verdict") == "same")
    return _with_levels(ours, theirs, labels, model)


def from_domains(ours: pl.DataFrame, theirs: pl.DataFrame, model: Model) -> pl.DataFrame:
    """Return pairs of rows that both have a website of their own, with levels (but no website) and ``same``.

    Equal domains are the same company, other ones are not; only another ending (acme.de, acme.com) is neither. The
    pairs are those that the engine proposes where it knows no websites.
    """
    levels = _with_levels(ours.with_columns(website=_none()), theirs.with_columns(website=_none()), None, model)
    mine, yours = _own_domains(ours, "crm", "ours"), _own_domains(theirs, "partner", "theirs")
    both = levels.join(mine, on=["crm", "ours_id"]).join(yours, on=["partner", "theirs_id"])
    same = pl.col("ours_domain") == pl.col("theirs_domain")
    told = both.with_columns(same=same).filter(same | (pl.col("ours_label") != pl.col("theirs_label")))
    return told.drop(_WEBSITE, "ours_domain", "ours_label", "theirs_domain", "theirs_label", strict=False)


def contradicted(levels: pl.DataFrame, model: Model) -> tuple[int, int]:
    """Return how many pairs of `from_domains` *model* is sure of, and how many of these their websites tell apart.

    A few are homonyms. Many mean that here a website does not stand for a company (groups with one site, companies with
    several), and such labels teach the wrong thing.
    """
    weights = [
        pl.col(ladder.comparison).replace_strict(
            {level.code: level.weight for level in ladder.levels}, return_dtype=pl.Float64
        )
        for ladder in model.ladders
        if ladder.comparison in levels.columns
    ]
    sure = levels.filter(model.probability(pl.sum_horizontal(weights) + model.prior) >= _SURE)
    return sure.height, sure.filter(~pl.col("same")).height


def _with_levels(ours: pl.DataFrame, theirs: pl.DataFrame, labels: pl.DataFrame | None, model: Model) -> pl.DataFrame:
    """Return the pairs of *labels*, or if there are none those that are proposed, with one column per comparison."""
    pair = ["crm", "ours_id", "partner", "theirs_id"]
    levels = DuckDbEngine().levels(ours, theirs, model, labels)
    found = levels.select(*pair, *(ladder.comparison for ladder in model.ladders))
    return (found if labels is None else found.join(labels, on=pair)).sort(pair)


def _own_domains(accounts: pl.DataFrame, book: str, side: str) -> pl.DataFrame:
    """Return book, id, domain and its label of the rows whose domain few others of the book have."""
    known = accounts.join(domains(accounts["website"].cast(pl.String)), on="website")
    own = known.filter(pl.len().over(book, "domain") <= _MOST_SHARERS)
    return own.select(book, *(pl.col(name).alias(f"{side}_{name}") for name in ("id", "domain", "label")))


def _none() -> pl.Expr:
    return pl.lit(None, dtype=pl.String)
