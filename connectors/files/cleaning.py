"""A list without some persons: their addresses, and the names that stand beside these, become empty cells.

The one thing to know: what comes out is a new file of the same kind. A workbook keeps each text once for all cells that
say it, and hidden copies of it besides; only a new one holds nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl

from connectors.files import values
from connectors.files.populations import default_population
from connectors.files.reader import ROW_NUMBER, Table
from connectors.files.reading import Reading
from connectors.files.rewriting import as_before
from connectors.files.source import Hints, understood
from overlap.erasing import Marks, addresses_in, without_addresses, without_words

if TYPE_CHECKING:
    from config.partners import PartnerSettings

#: What the column is called that says where an account stands with the partner, if the list has none.
_STATUS: Final = "Status"
#: Columns of ours in which people write sentences, or name the person.
_IN_WORDS: Final = ("owner_name", "owner_email", "claim")


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The *content* of the new file, how many *rows* were changed, and the *names* that stood beside the addresses."""

    content: bytes
    rows: int
    names: frozenset[str]


def cleaned(path: Path, partner: str, settings: PartnerSettings, hints: Hints, erased: Marks) -> Cleaned | None:
    """Return the list at *path* without the persons that were *erased*; None if it names none of them.

    Raises what `connectors.files.source.read_headings` does.
    """
    table, reading = understood(path, partner, settings, hints)
    cells = _in_one(table, reading, default_population(partner, settings, hints.file_name or path.name)[0])
    named = _named(pl.concat([cells.unpivot()["value"].drop_nulls(), table.rejects["text"]]), erased)
    if not named:
        return None
    about = _About(named, reading.columns.get("owner_name"), _texts(table, reading))
    rows = [about.left_of(row) for row in cells.iter_rows(named=True)]
    left = pl.DataFrame(rows, schema=dict.fromkeys(cells.columns, pl.String))
    rejects = [without_addresses(text, named.__contains__) for text in table.rejects["text"]]
    content = as_before(left, rejects, path.suffix.lower(), settings.sheet)
    return Cleaned(content, about.rows, frozenset(about.names))


def _named(texts: pl.Series, erased: Marks) -> frozenset[str]:
    """Return the addresses in *texts* of persons that were *erased*."""
    holding = texts.filter(texts.str.contains("@", literal=True)).unique()
    return frozenset(found for text in holding for found in addresses_in(text) if erased.has(found))


def _texts(table: Table, reading: Reading) -> frozenset[str]:
    """Return the headings of what people write in words: all that do not say which company it is."""
    facts = {heading for column, heading in reading.columns.items() if column not in _IN_WORDS}
    return frozenset(table.headings) - facts


@dataclass(slots=True)
class _About:
    """Takes persons out of rows: their *addresses* anywhere, the name beside one where the row has words.

    *names* and *rows* say what was found. A short name is part of many a company's: it goes as a word of its own only,
    and never from what says which company it is.
    """

    addresses: frozenset[str]
    name_column: str | None
    in_words: frozenset[str]
    names: set[str] = field(default_factory=set)
    rows: int = 0

    def left_of(self, row: Mapping[str, str | None]) -> dict[str, str | None]:
        """Return *row* without them."""
        left = {
            column: value and without_addresses(value, self.addresses.__contains__) for column, value in row.items()
        }
        if left == row:
            return left
        self.rows += 1
        name = (row.get(self.name_column) or "").strip() if self.name_column else ""
        if name:
            self.names.add(name)
            left |= {column: without_words(left[column] or "", (name,)) for column in self.in_words if left.get(column)}
        return {
            column: value if value == row[column] else (value or "").strip() or None for column, value in left.items()
        }


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
