"""Load two files into DuckDB, cleaned alike for every peer.

Runs in Splink's environment too, so it may import nothing but DuckDB.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

_READ = ("name", "website", "country", "city", "phone")


def load(connection: duckdb.DuckDBPyConnection, folder: Path, *columns: str) -> None:
    """Make tables ``ours`` and ``theirs`` of left.csv and right.csv in *folder*: id, and these cleaned *columns*.

    There are name, domain, country, city and phone; a peer pays only for what it names. A column that a file lacks is
    null in every row.
    """
    connection.execute((Path(__file__).parent / "clean.sql").read_text(encoding="utf-8"))
    for side, name in (("ours", "left"), ("theirs", "right")):
        rows = connection.read_csv(folder / f"{name}.csv", header=True, all_varchar=True)
        read = [column if column in rows.columns else f"null::varchar as {column}" for column in _READ]
        rows.select(f"{name}_id as id, {', '.join(read)}").create_view(f"{side}_file")
        connection.execute(f"create table {side} as select id, {', '.join(columns)} from cleaned('{side}_file')")
