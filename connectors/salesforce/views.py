"""One stream out of an answer: which of its columns fill which of ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from connectors.salesforce import cells
from connectors.salesforce.cells import Kinds


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a frame: *path* is what SOQL selects, *field* what the describe must list for it.

    They differ in a lookup to an object of ours: ``Partner__c`` is described, ``Partner__r.Partner_Key__c`` is read.
    *instead* is the path that is read where this one is empty.
    """

    name: str
    path: str
    field: str
    required: bool = False
    instead: str | None = None


@dataclass(frozen=True)
class View:
    """The part of an answer that becomes one stream. A column of *schema* without a `Column` is null.

    *custom* are fields of the settings that have no column: they become one JSON object in the column ``custom``.
    *constants* are columns that say the same in every row. *kinds* are the CRM's types by path, known once the object
    was described.
    """

    stream: str
    schema: Mapping[str, Any]
    columns: tuple[Column, ...]
    custom: tuple[Column, ...] = ()
    constants: Mapping[str, Any] = field(default_factory=dict)
    kinds: Kinds = field(default_factory=dict)

    @property
    def paths(self) -> tuple[str, ...]:
        """What to select for it."""
        instead = (column.instead for column in self.columns if column.instead is not None)
        return (*(column.path for column in (*self.columns, *self.custom)), *instead)

    def frame(self, records: Sequence[Mapping[str, Any]], crm: str) -> pl.DataFrame:
        """Return *records*, as the REST API gives them, with the columns of *schema*."""
        return self.of_cells(cells.of_records(records, {path: self.kind(path) for path in self.paths}), crm)

    def of_cells(self, found: pl.DataFrame, crm: str) -> pl.DataFrame:
        """Return *found*, a frame of `connectors.salesforce.cells`, with the columns of *schema*."""
        filled = {column.name: self._filled(column, found) for column in self.columns}
        filled |= {name: pl.lit(value) for name, value in {**self.constants, "crm": crm}.items()}
        if self.custom:
            filled["custom"] = self._custom(found)
        nothing = pl.lit(None)
        return found.select(filled.get(name, nothing).cast(dtype).alias(name) for name, dtype in self.schema.items())

    def kind(self, path: str) -> pl.DataType:
        """Return the type of the column *path*: the CRM's, or else the one that ours asks for."""
        if path in self.kinds:
            return self.kinds[path]
        name = next((column.name for column in self.columns if column.path == path), None)
        return cells.kind_for(self.schema[name]) if name else pl.String()

    def _filled(self, column: Column, found: pl.DataFrame) -> pl.Expr:
        """Return what fills *column*, of the type that *schema* says; a whole number is text without a ``.0``."""
        dtype = self.schema[column.name]
        said = [pl.col(path).cast(dtype) for path in (column.path, column.instead) if path is not None]
        if dtype == pl.String and found.schema[column.path] == pl.Float64:
            said[0] = said[0].str.strip_suffix(".0")
        return said[0] if column.instead is None else pl.coalesce(said)

    def _custom(self, found: pl.DataFrame) -> pl.Expr:
        """Return one JSON object per row: numbers and booleans as such, everything else as text."""
        plain = (pl.Float64, pl.Boolean)
        said = [
            (pl.col(column.path) if found.schema[column.path] in plain else pl.col(column.path).cast(pl.String)).alias(
                column.name
            )
            for column in self.custom
        ]
        written = pl.struct(said).struct.json_encode()
        if not any(found.schema[column.path] == pl.Float64 for column in self.custom):
            return written
        # Keys are plain names, and no text holds a bare quote: what follows a key is its value. 12.0 is 12.
        return written.str.replace_all(r'("\w+":-?\d+)\.0([,}])', "$1$2")
