"""The matching engine: DuckDB proposes pairs, compiled rules compare them, the model weighs them.

See `matching.engine.Engine`. Nothing here knows what a good pair is: the rules are in `matching.rules`, their weights
in the model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import polars as pl

from matching import candidates, statistics
from matching.accounts import tables
from matching.decide import decide
from matching.explain import explain
from matching.features import featurise
from matching.pairs import FLOOR
from matching.rivals import compete
from matching.weighing import rows_of, weigh
from overlap.model import Match, empty

if TYPE_CHECKING:
    from matching.model import Model

    Config = dict[str, str | bool | int | float | list[str]]


class DuckDbEngine:
    """Compares all of ours with all of theirs in one pass. *memory_limit* is DuckDB's, such as ``2GB``."""

    def __init__(self, memory_limit: str | None = None) -> None:
        self._config: Config = {} if memory_limit is None else {"memory_limit": memory_limit}

    def match(self, ours: pl.DataFrame, theirs: pl.DataFrame, model: Model, least: float | None = None) -> pl.DataFrame:
        """Return pairs as `matching.engine.Engine` promises."""
        if ours.is_empty() or theirs.is_empty():
            return empty(Match)
        least = model.review_at if least is None else least
        decided = decide(self._compared(ours, theirs, model, least=min(least, FLOOR)), model)
        return explain(decided.filter(pl.col("probability") >= least), model)

    def compare(self, ours: pl.DataFrame, theirs: pl.DataFrame, pairs: pl.DataFrame, model: Model) -> pl.DataFrame:
        """Return what is thought of exactly these *pairs* (crm, ours_id, partner, theirs_id), ``no match`` included.

        Word statistics come from all of *ours* and *theirs*; only the given pairs are rivals of one another. A pair
        whose row is not there, or has no name, is left out.
        """
        if ours.is_empty() or theirs.is_empty() or pairs.is_empty():
            return empty(Match)
        return explain(decide(self._compared(ours, theirs, model, pairs), model), model)

    def levels(
        self, ours: pl.DataFrame, theirs: pl.DataFrame, model: Model, pairs: pl.DataFrame | None = None
    ) -> pl.DataFrame:
        """Return the levels that *pairs* (all that are proposed, if None) reach, those that rivals decide included.

        Columns: the pair's four ids and one per comparison of the model.
        """
        return compete(self._compared(ours, theirs, model, pairs), model)

    def _compared(
        self,
        ours: pl.DataFrame,
        theirs: pl.DataFrame,
        model: Model,
        pairs: pl.DataFrame | None = None,
        least: float = 0.0,
    ) -> pl.DataFrame:
        """Return the levels of *pairs*, or of all candidates, that may reach the probability *least*.

        Columns: those of `comparisons.compare`, the pair's ``crm``, ``ours_id``, ``partner``, ``theirs_id``, ``domain``
        (the website that speaks, if any) and ``prior``.
        """
        read = tables(ours, theirs)
        counted = statistics.measure(read)
        features = featurise(read, counted)
        if pairs is None:
            with duckdb.connect(config=self._config) as connection:
                rows = candidates.propose(connection, features, counted)
        else:
            rows = rows_of(pairs, read)
        return weigh(read, counted, features, rows, model, least)
