"""Turns the texts that HubSpot answers with into typed columns, one per property; an empty text is null.

A column is named by its property, and has the type that the portal gives it. Beside the value of an enumeration stands
what people read in its place, as ``<property>:label``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from connectors.hubspot.session import Properties

_STAMP_FORMAT: Final = "%Y-%m-%dT%H:%M:%S%.f%z"
DATETIME: Final = pl.Datetime("us", "UTC")
#: By HubSpot's type of a property; every other one is text.
_TYPES: Final[Mapping[str, pl.DataType]] = {
    "number": pl.Float64(),
    "bool": pl.Boolean(),
    "date": pl.Date(),
    "datetime": DATETIME,
}
LABEL: Final = ":label"

Record = Mapping[str, Any]


def kind_of(definition: Mapping[str, Any]) -> pl.DataType:
    """Return the type of the column of a property."""
    return _TYPES.get(str(definition.get("type")), pl.String())


def frame(records: Sequence[Record], properties: Sequence[str], defined: Properties) -> pl.DataFrame:
    """Return *records* as a frame: ``id``, and the *properties*, all of which are *defined*."""
    texts: dict[str, list[str | None]] = {"id": [str(record["id"]) for record in records]}
    texts |= {name: [record["properties"].get(name) or None for record in records] for name in properties}
    found = pl.DataFrame(texts, schema=dict.fromkeys(texts, pl.String))
    kinds = {name: kind_of(defined[name]) for name in properties}
    found = found.with_columns(_typed(pl.col(name), kind) for name, kind in kinds.items() if kind != pl.String)
    return found.with_columns(_labelled(name, defined[name]) for name in properties if defined[name].get("options"))


def _typed(texts: pl.Expr, kind: pl.DataType) -> pl.Expr:
    if kind == pl.Boolean:
        return texts.replace_strict({"true": True, "false": False}, default=None, return_dtype=pl.Boolean)
    if kind == pl.Float64:
        return texts.cast(pl.Float64, strict=False)
    moments = texts.str.replace("Z$", "+0000").str.to_datetime(_STAMP_FORMAT, time_unit="us", strict=False)
    if kind == DATETIME:
        return moments
    # A date is written as such; some old ones as a moment.
    return pl.coalesce(moments.dt.date(), texts.str.to_date("%Y-%m-%d", strict=False))


def _labelled(name: str, definition: Mapping[str, Any]) -> pl.Expr:
    """Return the labels of an enumeration's values; a value that is no option stays as it is."""
    labels = {str(option["value"]): str(option["label"]) for option in definition["options"]}
    column = pl.col(name).cast(pl.String)
    if definition.get("fieldType") == "checkbox":
        each = column.str.split(";").list.eval(pl.element().replace(labels))
        return each.list.join(";").alias(name + LABEL)
    return column.replace(labels).alias(name + LABEL)
