"""The matching engine: DuckDB proposes and compares pairs, the model weighs them. See `matching.engine.Engine`.

Nothing here knows what a good pair is: the levels are in ``sql/comparisons.sql``, their weights in `matching.weights`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import polars as pl

from matching import candidates, comparisons
from matching.decide import NO_MATCH, decide
from matching.explain import explain
from matching.normalize.accounts import Tables, tables
from matching.statements import land
from overlap.model import Match, empty

if TYPE_CHECKING:
    from matching.weights import Model


class DuckDbEngine:
    """Compares all of ours with all of theirs in one pass, in memory."""

    def match(self, ours: pl.DataFrame, theirs: pl.DataFrame, model: Model) -> pl.DataFrame:
        """Return the pairs that are a ``match`` or need ``review``, as `matching.engine.Engine` promises."""
        if ours.is_empty() or theirs.is_empty():
            return empty(Match)
        read = tables(ours, theirs)
        with duckdb.connect() as connection:
            comparisons.load(connection, read, model)
            candidates.propose(connection)
            levels = comparisons.levels(connection)
        decided = decide(_with_ids(levels, read), model)
        return explain(decided.filter(pl.col("decision") != NO_MATCH), model)

    def compare(self, ours: pl.DataFrame, theirs: pl.DataFrame, pairs: pl.DataFrame, model: Model) -> pl.DataFrame:
        """Return what is thought of exactly these *pairs* (crm, ours_id, partner, theirs_id), ``no match`` included.

        Word statistics come from all of *ours* and *theirs*; only the given pairs are rivals of one another. A pair
        whose row is not there, or has no name, is left out.
        """
        if ours.is_empty() or theirs.is_empty() or pairs.is_empty():
            return empty(Match)
        read = tables(ours, theirs)
        with duckdb.connect() as connection:
            comparisons.load(connection, read, model)
            land(connection, "pairs", _rows_of(pairs, read))
            levels = comparisons.levels(connection)
        return explain(decide(_with_ids(levels, read), model), model)


def _ids(read: Tables, side: str, row: str, book: str, identifier: str) -> pl.DataFrame:
    """Return row number, crm or partner, and id of one side under these names."""
    accounts = read.accounts.filter(pl.col("side") == side)
    return accounts.select(pl.col("row").alias(row), pl.col("book").alias(book), pl.col("id").alias(identifier))


def _with_ids(levels: pl.DataFrame, read: Tables) -> pl.DataFrame:
    """Add crm, ours_id, partner and theirs_id to *levels*, which know rows only."""
    levels = levels.join(_ids(read, "o", "o", "crm", "ours_id"), on="o", maintain_order="left")
    return levels.join(_ids(read, "t", "t", "partner", "theirs_id"), on="t", maintain_order="left")


def _rows_of(pairs: pl.DataFrame, read: Tables) -> pl.DataFrame:
    """Return *pairs* as distinct row numbers (o, t)."""
    found = pairs.join(_ids(read, "o", "o", "crm", "ours_id"), on=["crm", "ours_id"])
    found = found.join(_ids(read, "t", "t", "partner", "theirs_id"), on=["partner", "theirs_id"])
    return found.select("o", "t").unique()
