"""Word statistics in the folder ``stats/``: what pairs were weighed by, immutable, each file named by its bytes.

Back them up: without them, words are counted again, and weights move a little although no company has changed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import polars as pl

from jobs.steps import step
from jobs.stores.digest import digest
from matching.statistics import Statistics
from overlap.errors import OverlapError

#: The tables of `Statistics`: their columns, and how many of these, from the first on, tell rows apart.
_TABLES: Final[dict[str, tuple[tuple[str, ...], int]]] = {
    "words": (("hash", "occurrences", "word"), 1),
    "homonyms": (("hash", "companies"), 1),
    "sharers": (("side", "book", "domain", "sharers"), 3),
    "shares": (("crm", "partner", "rows", "equal"), 2),
}


class StatisticsFolder:
    """The store of `matching.incremental.match` in *folder*."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, statistics: Statistics, engine: str) -> str:
        """Write *statistics* and return their name; the same counts have the same. A file that has it is complete."""
        self._folder.mkdir(exist_ok=True)
        partial = self._folder / ".partial"
        _as_one(statistics, engine).write_parquet(partial)
        name = digest(partial)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        step("statistics: name")
        partial.rename(self._folder / f"{name}.parquet")
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        step("statistics: named")
        return name

    def load(self, name: str, engine: str) -> Statistics | None:
        """Return the statistics *name*; None if they are gone or another version of the *engine* made them.

        Raises:
            OverlapError: the file is not what was written.
        """
        path = self._folder / f"{name}.parquet"
        if not path.exists():
            return None
        if digest(path) != name:
            raise OverlapError(f"{path} was changed after it was written; delete it, and words are counted again")
        rows = pl.read_parquet(path)
        ((made_by, names),) = rows.filter(pl.col("table") == "counted").select("engine", "names").rows()
        return _apart(rows, names) if made_by == engine else None


def _as_one(statistics: Statistics, engine: str) -> pl.DataFrame:
    """Return all tables below one another, their rows in one order, led by one row of what is counted once."""
    tables = [pl.DataFrame({"table": "counted", "engine": engine, "names": statistics.names})]
    for name, (columns, key) in _TABLES.items():
        rows: pl.DataFrame = getattr(statistics, name).sort(columns[:key])
        tables.append(rows.select(pl.lit(name).alias("table"), *columns))
    return pl.concat(tables, how="diagonal_relaxed")


def _apart(rows: pl.DataFrame, names: int) -> Statistics:
    tables = {name: rows.filter(pl.col("table") == name).select(columns) for name, (columns, _) in _TABLES.items()}
    return Statistics(names=names, **tables)
