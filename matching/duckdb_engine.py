"""The matching engine: keys propose pairs, compiled rules compare them, the model weighs them.

See `matching.engine.Engine`. Nothing here knows what a good pair is: the rules are in `matching.rules`, their weights
in the model.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from matching import candidates, incremental, partners, statistics
from matching.accounts import Tables, tables
from matching.decide import decide
from matching.explain import explain
from matching.features import featurise
from matching.pairs import FLOOR
from matching.rivals import compete
from matching.statements import ArrowView
from matching.weighing import rows_of, weigh
from overlap.model import Match, empty

if TYPE_CHECKING:
    from matching.model import Model
    from matching.statistics import Statistics

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
        if theirs.height > partners.MOST_ROWS and theirs["partner"].n_unique() > 1:
            return self._in_portions(ours, theirs, model, least)
        decided = decide(self._compared(ours, theirs, model, least=min(least, FLOOR)), model)
        return explain(decided.filter(pl.col("probability") >= least), model)

    def _in_portions(self, ours: pl.DataFrame, theirs: pl.DataFrame, model: Model, least: float) -> pl.DataFrame:
        """Return pairs, found partner by partner with a state on disk that is thrown away: all would not fit memory."""
        with (
            TemporaryDirectory() as folder,
            duckdb.connect(Path(folder) / "state.duckdb", config=self._config) as connection,
        ):
            for table, frame in (("accounts", ours), ("partner_accounts", theirs)):
                connection.register("landing", ArrowView(frame))
                connection.execute(f"create table {table} as select * from landing").fetchall()
                connection.unregister("landing")
            return incremental.match(connection, model, _Nowhere(), least=least).pairs

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
        # Beside the features, only what names a row and its website is still needed: the rest would fill memory.
        read = Tables(read.accounts.select("side", "book", "id", "domain"), read.names.clear())
        rows = candidates.propose(features, counted) if pairs is None else rows_of(pairs, read)
        return weigh(read, counted, features, rows, model, least)


class _Nowhere:
    """Keeps no statistics: there is no next run."""

    def save(self, statistics: Statistics, engine: str) -> str:
        """Return a name that nobody will ask for."""
        del statistics, engine
        return ""

    def load(self, name: str, engine: str) -> None:
        """Find nothing."""
        del name, engine
