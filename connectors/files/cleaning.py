"""A list without some persons: their addresses, and the names that stand beside these, become empty cells.

The one thing to know: whatever the list was, what comes out is CSV. A workbook keeps each text once for all cells that
say it, and hidden copies of it besides; only a new file holds nothing else.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl

from connectors.files import values
from connectors.files.populations import default_population
from connectors.files.reader import ROW_NUMBER, Table
from connectors.files.reading import Reading
from connectors.files.source import Hints, understood
from overlap.erasing import Marks

if TYPE_CHECKING:
    from config.settings import PartnerSettings

SUFFIX: Final = ".csv"
#: What the column is called that says where an account stands with the partner, if the list has none.
_STATUS: Final = "Status"
ADDRESS: Final = re.compile(r"[^\s@,;:<>()\"'|/]+@[^\s@,;:<>()\"'|/]+\.[^\s@,;:<>()\"'|/]+")


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The *content* of the new file, how many *rows* were changed, and the *names* that stood beside the addresses.

    *dropped* rows could not be read: they are not in it.
    """

    content: bytes
    rows: int
    names: frozenset[str]
    dropped: int


def cleaned(path: Path, partner: str, settings: PartnerSettings, hints: Hints, erased: Marks) -> Cleaned | None:
    """Return the list at *path* without the persons that were *erased*; None if it names none of them.

    Raises what `connectors.files.source.read_headings` does.
    """
    table, reading = understood(path, partner, settings, hints)
    cells = _in_one(table, reading, default_population(partner, settings, hints.file_name or path.name)[0])
    texts = pl.concat([cells.unpivot()["value"].drop_nulls(), table.rejects["text"]])
    holding = texts.filter(texts.str.contains("@", literal=True)).unique()
    stopped = {found for text in holding for found in ADDRESS.findall(text) if erased.has(found)}
    if not stopped:
        return None
    about = re.compile("|".join(map(re.escape, sorted(stopped, key=len, reverse=True))), re.IGNORECASE)
    names: set[str] = set()
    changed = 0
    rows = []
    for row in cells.iter_rows(named=True):
        is_named = any(value is not None and about.search(value) for value in row.values())
        changed += is_named
        rows.append(_without(row, about, reading.columns.get("owner_name"), names) if is_named else row)
    out = io.BytesIO()
    left = pl.DataFrame(rows, schema=dict.fromkeys(cells.columns, pl.String))
    left.write_csv(out, include_bom=True, line_terminator="\r\n")
    return Cleaned(out.getvalue(), changed, frozenset(names), table.rejects.height)


def _in_one(table: Table, reading: Reading, default: str) -> pl.DataFrame:
    """Return the cells of *table*; where a sheet says who its rows are, a column says so, since a CSV has no sheets."""
    cells = table.rows.drop(ROW_NUMBER)
    if table.sheets is None:
        return cells
    by_sheet = {name: values.named_population(name) or default for name in table.sheets.unique()}
    said = table.sheets.replace_strict(by_sheet, return_dtype=pl.String)
    status = reading.columns.get("population", _STATUS)
    known = cells[status].replace("", None) if status in cells.columns else pl.Series(status, [None], pl.String)
    return cells.with_columns(pl.coalesce(known, said).alias(status))


def _without(
    row: Mapping[str, str | None], about: re.Pattern[str], name_column: str | None, names: set[str]
) -> dict[str, str | None]:
    """Return *row* without what it says of the persons *about*; who it named is added to *names*."""
    name = (row.get(name_column) or "").strip() if name_column else ""
    gone = [about, re.compile(re.escape(name), re.IGNORECASE)] if name else [about]
    if name:
        names.add(name)
    left: dict[str, str | None] = {}
    for column, value in row.items():
        text = value
        for pattern in gone:
            text = pattern.sub("", text) if text is not None else None
        left[column] = (text or "").strip() or None if text != value else value
    return left
