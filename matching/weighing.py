"""Weigh pairs: their levels, who they are, and what is thought of the two lists before looking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from matching.comparisons import compare
from matching.pairs import least_weight, with_prior

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matching.accounts import Tables
    from matching.features import Features
    from matching.model import Model
    from matching.statistics import Statistics

    Array = NDArray[Any]


def weigh(
    read: Tables, statistics: Statistics, features: Features, pairs: tuple[Array, Array], model: Model, least: float
) -> pl.DataFrame:
    """Return the levels of *pairs* (rows of ours, rows of theirs) that may reach the probability *least*.

    Columns: those of `comparisons.compare`, the pair's ``crm``, ``ours_id``, ``partner``, ``theirs_id``, ``domain``
    (the website that speaks, if any) and ``prior``, which ``weight`` contains.
    """
    found = compare(features, *pairs, model, least_weight(statistics, model, least))
    names = read.accounts.select("book", "id", "domain")
    ours, theirs = names[found["o"]], names[found["t"]]
    found = found.with_columns(
        crm=ours["book"],
        ours_id=ours["id"],
        partner=theirs["book"],
        theirs_id=theirs["id"],
        domain=ours["domain"].zip_with(ours["domain"].is_not_null(), theirs["domain"]),
    )
    return with_prior(found, statistics, model)


def rows_of(pairs: pl.DataFrame, read: Tables) -> tuple[Array, Array]:
    """Return the rows of *pairs* (four ids), each pair once; one whose row is not there is left out."""
    rows = read.accounts.select("side", "book", "id").with_row_index("row")
    for side, row, book, identifier in (("o", "o", "crm", "ours_id"), ("t", "t", "partner", "theirs_id")):
        of_side = rows.filter(pl.col("side") == side).select(pl.col("row").alias(row), book="book", id="id")
        pairs = pairs.join(of_side, left_on=[book, identifier], right_on=["book", "id"])
    found = pairs.select("o", "t").unique().sort("o", "t")
    return found["o"].to_numpy().astype(np.int64), found["t"].to_numpy().astype(np.int64)
