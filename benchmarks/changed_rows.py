"""Match again when 1 % of theirs changed and the engine's state of the last run is on disk.

`commands` is all that `benchmarks.match_speed` asks of this file.

Usage: python -m benchmarks.changed_rows first FOLDER STATE
       python -m benchmarks.changed_rows again STATE

``first`` lands both files of FOLDER in a warehouse in the folder STATE and matches them; ``again`` replaces 1 % of
theirs, as a pull would, and matches again. Both say on stdout what they did.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import duckdb
import polars as pl

from jobs.stores.statistics import StatisticsFolder
from matching import incremental
from matching.statements import ArrowView
from matching.weights import DEFAULT

_CHANGED = "changed.parquet"


@dataclass(frozen=True, slots=True)
class Again:
    """Two commands: *first* leaves the engine's state on disk, *again* is the one to be measured."""

    first: tuple[str, ...]
    again: tuple[str, ...]


def commands(folder: Path, work: Path) -> Again | None:
    """Return how to match left.csv and right.csv of *folder*, and again with 1 % of right.csv changed.

    Files may be written to *work* only.
    """
    command, state = (sys.executable, "-m", "benchmarks.changed_rows"), work / "state"
    return Again((*command, "first", str(folder), str(state)), (*command, "again", str(state)))


def first(folder: Path, state: Path) -> None:
    """Land both files, match them, and leave in *state* what `again` needs."""
    from connectors.files.accounts import read_accounts  # `again` reads no file: it should not pay for the reader

    state.mkdir()
    with duckdb.connect(state / "warehouse.duckdb") as warehouse:
        _land(warehouse, "accounts", read_accounts(folder / "left.csv", "left_id").rows.with_columns(crm=pl.lit("crm")))
        theirs = read_accounts(folder / "right.csv", "right_id").rows.with_columns(partner=pl.lit("partner"))
        _changed(theirs).write_parquet(state / _CHANGED)
        _land(warehouse, "partner_accounts", theirs)
        del theirs  # a pull would be over by now
        _match(warehouse, state)


def again(state: Path) -> None:
    """Replace 1 % of theirs and match."""
    with duckdb.connect(state / "warehouse.duckdb") as warehouse:
        changed = f"read_parquet('{state / _CHANGED}')"
        warehouse.execute(f"delete from partner_accounts where id in (select id from {changed})").fetchall()
        warehouse.execute(f"insert into partner_accounts by name select * from {changed}").fetchall()
        _match(warehouse, state)


def _land(warehouse: duckdb.DuckDBPyConnection, table: str, rows: pl.DataFrame) -> None:
    warehouse.register("landing", ArrowView(rows))
    warehouse.execute(f"create table {table} as select * from landing").fetchall()
    warehouse.unregister("landing")


def _match(warehouse: duckdb.DuckDBPyConnection, state: Path) -> None:
    warehouse.execute("begin transaction").fetchall()
    found = incremental.match(warehouse, DEFAULT, StatisticsFolder(state / "stats"))
    warehouse.execute("commit").fetchall()
    print(
        f"{found.rows} rows new, {found.compared} pairs compared, {found.decided} decided, {found.pairs.height} given "
        f"out; {process_time():.2f} s of CPU"
    )


def _changed(theirs: pl.DataFrame) -> pl.DataFrame:
    """Return every hundredth row, changed: half are other companies, a quarter moved, a quarter lost their website."""
    rows = theirs.gather_every(100).with_row_index("number")
    kind = pl.col("number") % 4
    return rows.with_columns(
        name=pl.when(kind < 2).then(pl.col("name").shuffle(seed=1)).otherwise("name"),
        city=pl.when(kind == 2).then(pl.col("city").shuffle(seed=2)).otherwise("city"),
        website=pl.when(kind == 3).then(None).otherwise("website"),
    ).drop("number")


if __name__ == "__main__":
    first(*map(Path, sys.argv[2:])) if sys.argv[1] == "first" else again(Path(sys.argv[2]))
