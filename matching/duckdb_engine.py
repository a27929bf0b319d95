"""The matching engine: DuckDB proposes pairs, compiled rules compare them, the model weighs them.

See `matching.engine.Engine`. Nothing here knows what a good pair is: the rules are in `matching.rules`, their weights in
the model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import duckdb
import numpy as np
import polars as pl

from matching import candidates, statistics
from matching.accounts import Tables, tables
from matching.comparisons import compare
from matching.decide import decide, least_bits, priors
from matching.explain import explain
from matching.features import Features, featurise
from matching.rivals import compete
from overlap.model import Match, empty

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matching.model import Model
    from matching.statistics import Statistics

    Array = NDArray[Any]
    Config = dict[str, str | bool | int | float | list[str]]

#: A pair below this probability, before rivals are heard, is nothing, and takes nothing from others.
_FLOOR: Final = 0.5


class DuckDbEngine:
    """Compares all of ours with all of theirs in one pass. *memory_limit* is DuckDB's, such as ``2GB``."""

    def __init__(self, memory_limit: str | None = None) -> None:
        self._config: Config = {} if memory_limit is None else {"memory_limit": memory_limit}

    def match(self, ours: pl.DataFrame, theirs: pl.DataFrame, model: Model, least: float | None = None) -> pl.DataFrame:
        """Return pairs as `matching.engine.Engine` promises."""
        if ours.is_empty() or theirs.is_empty():
            return empty(Match)
        least = model.review_at if least is None else least
        decided = decide(self._compared(ours, theirs, model, least=min(least, _FLOOR)), model)
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
            rows = _rows_of(pairs, read)
        return _levels(read, counted, features, rows, model, least)


def _levels(
    read: Tables, counted: Statistics, features: Features, pairs: tuple[Array, Array], model: Model, least: float
) -> pl.DataFrame:
    """Compare *pairs* (rows of ours, rows of theirs), and add who they are and what is thought before looking."""
    before = priors(counted.shares, model)
    highest = max(before["prior"], default=model.prior)
    found = compare(features, *pairs, model, least_bits(least) - highest if least > 0 else -np.inf)
    names = read.accounts.select("book", "id", "domain")
    ours, theirs = names[found["o"]], names[found["t"]]
    found = found.with_columns(
        crm=ours["book"],
        ours_id=ours["id"],
        partner=theirs["book"],
        theirs_id=theirs["id"],
        domain=ours["domain"].zip_with(ours["domain"].is_not_null(), theirs["domain"]),
    )
    found = found.join(before, on=["crm", "partner"], how="left", maintain_order="left")
    return found.with_columns(weight=pl.col("weight") + pl.col("prior"))


def _rows_of(pairs: pl.DataFrame, read: Tables) -> tuple[Array, Array]:
    """Return the rows of *pairs*, each pair once."""
    rows = read.accounts.select("side", "book", "id").with_row_index("row")
    for side, row, book, identifier in (("o", "o", "crm", "ours_id"), ("t", "t", "partner", "theirs_id")):
        of_side = rows.filter(pl.col("side") == side).select(pl.col("row").alias(row), book="book", id="id")
        pairs = pairs.join(of_side, left_on=[book, identifier], right_on=["book", "id"])
    found = pairs.select("o", "t").unique().sort("o", "t")
    return found["o"].to_numpy().astype(np.int64), found["t"].to_numpy().astype(np.int64)
