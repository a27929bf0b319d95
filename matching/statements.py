"""Run the static SQL of this package, statement by statement, and hand polars frames to DuckDB."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb
    import polars as pl


class _ArrowView:
    """Lets DuckDB scan a polars frame without pyarrow: it only asks for this one method."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._frame.__arrow_c_stream__(requested_schema)


def run(connection: duckdb.DuckDBPyConnection, name: str, **values: Any) -> None:
    """Run ``sql/<name>.sql``; each statement takes those of *values* that it names as ``$parameters``."""
    text = files("matching").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    for statement in connection.extract_statements(text):
        wanted = {parameter: values[parameter] for parameter in statement.named_parameters}
        connection.execute(statement, wanted).fetchall()  # an unread result would block the connection


def land(connection: duckdb.DuckDBPyConnection, name: str, frame: pl.DataFrame) -> None:
    """Copy *frame* into a temporary table *name* of *connection*."""
    connection.register("landing", _ArrowView(frame))
    connection.execute(f"create temp table {name} as select * from landing").fetchall()
    connection.unregister("landing")
