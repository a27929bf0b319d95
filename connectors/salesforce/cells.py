"""Turns what Salesforce answers into typed columns: records of the REST API, and CSV of the Bulk API.

A column is named by the path that was selected. Its type is the CRM's own, whatever column of ours it fills later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from connectors.salesforce.pages import value

_TIME: Final = "%Y-%m-%dT%H:%M:%S%.f%z"
#: The same of whole seconds, as stamps are, by the Bulk API and by the REST API: read in a fifth of the time.
_WHOLE_SECONDS: Final = ("%Y-%m-%dT%H:%M:%S.000Z", "%Y-%m-%dT%H:%M:%S.000+0000")
_NUMBER: Final = pl.Float64()
#: Times in a CRM are UTC.
DATETIME: Final = pl.Datetime("us", "UTC")
#: By the type that a describe gives; every other one is text.
_TYPES: Final[Mapping[str, pl.DataType]] = {
    "boolean": pl.Boolean(),
    "date": pl.Date(),
    "datetime": DATETIME,
    **dict.fromkeys(("double", "currency", "percent", "int", "long"), _NUMBER),
}

Kinds = Mapping[str, pl.DataType]


def kind_of(described: str) -> pl.DataType:
    """Return the type of the column of a field that describes call *described*."""
    return _TYPES.get(described, pl.String())


def kind_for(wanted: Any) -> pl.DataType:
    """Return the type that a field should have to fill a column of the type *wanted*: a CRM's numbers have no width."""
    same: pl.DataType = wanted() if isinstance(wanted, type) else wanted
    return _NUMBER if same.is_numeric() else same


def of_records(records: Sequence[Mapping[str, Any]], kinds: Kinds) -> pl.DataFrame:
    """Return *records*, as the REST API nests them, as a frame with the columns *kinds*."""
    return pl.DataFrame([_series(path, _values(records, path), kind) for path, kind in kinds.items()])


def of_csv(body: bytes, kinds: Kinds) -> pl.DataFrame:
    """Return CSV as the Bulk API writes it as a frame with the columns *kinds*; an empty cell is null.

    Raises:
        polars.exceptions.PolarsError: a column is missing, or *body* is no UTF-8, no CSV, or cut off.
    """
    text = pl.read_csv(body, infer_schema=False, truncate_ragged_lines=False)
    said = text.select(pl.when(pl.col(path) != "").then(pl.col(path)).alias(path) for path in kinds)
    return pl.DataFrame([_parsed(said[path], kind) for path, kind in kinds.items()])


def _parsed(said: pl.Series, kind: pl.DataType) -> pl.Series:
    if kind == pl.Boolean:
        return said.replace_strict({"true": True, "false": False}, return_dtype=pl.Boolean)
    if kind == pl.Date:
        return said.str.to_date("%Y-%m-%d")
    return _times(said) if kind == pl.Datetime else said.cast(kind)


def _times(said: pl.Series) -> pl.Series:
    for format_ in _WHOLE_SECONDS:
        times = said.str.to_datetime(format_, time_unit="us", time_zone="UTC", strict=False)
        if times.null_count() == said.null_count():
            return times
    return said.str.replace("Z$", "+0000").str.to_datetime(_TIME, time_unit="us")


def _values(records: Sequence[Mapping[str, Any]], path: str) -> list[Any]:
    if "." not in path:
        return [record[path] for record in records]
    return [value(record, path) for record in records]


def _series(path: str, values: list[Any], kind: pl.DataType) -> pl.Series:
    if kind == pl.Date:
        return pl.Series(path, values, pl.String).str.to_date("%Y-%m-%d")
    if kind == pl.Datetime:
        return _times(pl.Series(path, values, pl.String))
    # JSON does not say whether 500 is whole, and one 500.5 among integers would stop the frame.
    return pl.Series(path, values, kind, strict=kind != pl.Float64)
