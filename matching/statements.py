"""Run static SQL, statement by statement, and hand frames to DuckDB and back.

This module must not import duckdb: polars remembers the classes that it was given, and with them what their module
holds, longer than DuckDB's own classes may live.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    import duckdb


class ArrowView:
    """Passes a polars frame to DuckDB, or DuckDB's answer to polars, without pyarrow."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Hand over the table's Arrow stream."""
        return self._table.__arrow_c_stream__(requested_schema)


def read(connection: duckdb.DuckDBPyConnection, query: str) -> pl.DataFrame:
    """Return the rows that *query* gives."""
    return pl.DataFrame(ArrowView(connection.sql(query)))


def run(connection: duckdb.DuckDBPyConnection, name: str, **values: Any) -> None:
    """Run ``sql/<name>.sql``; each statement takes those of *values* that it names as ``$parameters``."""
    text = files("matching").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    for statement in connection.extract_statements(text):
        wanted = {parameter: values[parameter] for parameter in statement.named_parameters}
        connection.execute(statement, wanted).fetchall()  # an unread result would block the connection
