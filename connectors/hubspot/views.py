"""One stream out of what was read of an object: which of its columns fill which of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

#: What a record is called whose name is empty: HubSpot wants none.
NAME: Final = ":name"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of ours. *property* is what HubSpot calls what fills it, *source* the column of the frame.

    They differ where a column is worked out, such as a stage's label, or comes from an association: then *property* is
    the one that it hangs on, or empty.
    """

    name: str
    source: str
    property: str
    required: bool = False


@dataclass(frozen=True)
class View:
    """The part of an object that becomes one stream. A column of *schema* without a `Column` is null.

    *custom* are properties of the settings that have no column: they become one JSON object in the column ``custom``.
    """

    stream: str
    schema: Mapping[str, Any]
    columns: tuple[Column, ...]
    custom: tuple[Column, ...] = ()

    @property
    def properties(self) -> tuple[str, ...]:
        """What to ask HubSpot for."""
        return tuple(column.property for column in (*self.columns, *self.custom) if column.property)

    def of(self, found: pl.DataFrame, crm: str, zone: str) -> pl.DataFrame:
        """Return *found* with the columns of *schema*; a moment becomes the date that it has in *zone*."""
        filled = {
            column.name: _fitting(found, column.source, self.schema[column.name], zone) for column in self.columns
        }
        filled["crm"] = pl.lit(crm)
        if NAME in found.columns and "name" in filled:
            filled["name"] = pl.coalesce(filled["name"], NAME)
        if self.custom:
            filled["custom"] = self._custom(found)
        nothing = pl.lit(None)
        return found.select(filled.get(name, nothing).cast(dtype).alias(name) for name, dtype in self.schema.items())

    def _custom(self, found: pl.DataFrame) -> pl.Expr:
        """Return one JSON object per row: numbers and booleans as such, everything else as text."""
        plain = (pl.Float64, pl.Boolean)
        said = [
            (pl.col(one.source) if found.schema[one.source] in plain else pl.col(one.source).cast(pl.String)).alias(
                one.name
            )
            for one in self.custom
        ]
        return pl.struct(said).struct.json_encode()


def _fitting(found: pl.DataFrame, source: str, wanted: Any, zone: str) -> pl.Expr:
    column = pl.col(source)
    if wanted == pl.Date and isinstance(found.schema[source], pl.Datetime):
        return column.dt.convert_time_zone(zone).dt.date()
    if wanted == pl.String and found.schema[source] == pl.Float64:
        # 42 is written without the point that it gets as a number.
        return (
            pl.when(column == column.round())
            .then(column.cast(pl.Int64).cast(pl.String))
            .otherwise(column.cast(pl.String))
        )
    return column
