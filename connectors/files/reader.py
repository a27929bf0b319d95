"""Any table file to one frame of text with the partner's own headings. What the columns mean is decided elsewhere.

Nothing is lost silently: each row is in *rows* or in *rejects*, and a file that cannot be trusted as a whole is held
(`GuardError`) instead of read in part.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from connectors.files import delimited, workbook
from connectors.files.raw import ROW, SHEET, UNTIDY, RawTable
from connectors.files.top import letters
from connectors.files.workbook import FIRST_SHEET, Sheets
from overlap.errors import ConfigError, GuardError

#: The column that `Table.rows` carries beside the file's own: Int64, as a person counts in a spreadsheet.
ROW_NUMBER: Final = "#row"
_TEXT_SUFFIXES: Final = (".csv", ".tsv", ".txt")
_MOST_COLUMNS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Table:
    """What a file says.

    *rows* has `ROW_NUMBER` and one String column per heading, an empty cell is None; *rejects* has row_number, reason
    and text. *rows_in* counts both together: the rows under the heading that hold any text. *encoding* is how text
    was decoded, or ``xlsx`` or ``parquet``; *notes* are sentences for a person. *untidy* is False for rows of which no
    cell needs trimming, None where nobody looked. *sheets* names the sheet of each row if that says its population.
    """

    rows: pl.DataFrame
    rejects: pl.DataFrame
    rows_in: int
    encoding: str
    notes: tuple[str, ...] = ()
    untidy: pl.Series | None = None
    sheets: pl.Series | None = None

    @property
    def headings(self) -> tuple[str, ...]:
        """The file's headings, in its order."""
        return tuple(name for name in self.rows.columns if name != ROW_NUMBER)


def read_table(
    path: Path,
    encoding: str | None = None,
    sheet: str | None = None,
    known: Collection[str] = (),
    by_population: bool = False,
) -> Table:
    """Return the table in *path*: .csv, .tsv, .txt, .xlsx or .parquet.

    *encoding* names that of a text file that is not UTF-8, *sheet* the sheet of a workbook. *known* are headings that
    settings or memory name: the row that bears them is the heading. *by_population*: sheets that are named after
    populations are read together.

    Raises:
        ConfigError: there is no such file, sheet or encoding.
        GuardError: the file as a whole cannot be trusted; the message says why and what to do.
    """
    if not path.is_file():
        raise ConfigError(f"{path}: no such file; correct the path")
    raw = read_raw(path, encoding, Sheets(sheet, by_population), known)
    _check_headings(raw, path)
    return _titled(raw, path)


def read_raw(
    path: Path, encoding: str | None = None, sheets: Sheets = FIRST_SHEET, known: Collection[str] = ()
) -> RawTable:
    """Do what `read_table` does, whatever the headings are."""
    suffix = path.suffix.lower()
    if suffix in _TEXT_SUFFIXES:
        return delimited.read(path, encoding, known)
    if suffix == ".xlsx":
        return workbook.read_xlsx(path, sheets, known)
    if suffix == ".parquet":
        return workbook.read_parquet(path)
    raise GuardError(f"{path.name}: files of type '{suffix}' are not read; save it as .xlsx or .csv")


def _check_headings(raw: RawTable, path: Path) -> None:
    if len(raw.headings) > _MOST_COLUMNS:
        raise GuardError(f"{path.name}: {len(raw.headings)} columns, at most {_MOST_COLUMNS} are read; remove some")
    places: defaultdict[str, list[int]] = defaultdict(list)
    for at, heading in enumerate(raw.headings):
        places[heading.strip().casefold()].append(at)
    unnamed = places.pop("", [])
    for columns in places.values():
        if len(columns) > 1:
            where = " and ".join(map(letters, columns))
            raise GuardError(
                f"{path.name}: heading '{raw.headings[columns[0]].strip()}' stands in columns {where}; "
                "rename or remove one of them"
            )
    if ROW_NUMBER in places:
        raise GuardError(f"{path.name}: the heading '{ROW_NUMBER}' is taken by overlap; rename that column")
    for at in unnamed:
        filled = raw.body.filter(pl.col(str(at)).str.strip_chars().str.len_bytes() > 0)
        if not filled.is_empty():
            raise GuardError(
                f"{path.name}: column {letters(at)} has no heading but holds values, first in row "
                f"{filled[ROW][0]}; give it a heading or remove it"
            )


def _titled(raw: RawTable, path: Path) -> Table:
    rows_in = raw.body.height + raw.rejects.height
    if rows_in == 0:
        raise GuardError(f"{path.name}: headings but no rows; ask the partner to export the list again")
    names = {str(at): heading.strip() for at, heading in enumerate(raw.headings) if heading.strip()}
    rows = raw.body.select(
        pl.col(ROW).alias(ROW_NUMBER),
        *(pl.when(pl.col(at) != "").then(pl.col(at)).alias(name) for at, name in names.items()),
    )
    untidy, sheets = (raw.body[name] if name in raw.body.columns else None for name in (UNTIDY, SHEET))
    return Table(rows, raw.rejects, rows_in, raw.encoding, raw.notes, untidy, sheets)
