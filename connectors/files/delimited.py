"""Delimited text to rows. Strict, so that a damaged row is set aside instead of shifting cells into wrong columns.

The one thing to know: a bad quote inside one line costs that row, but a quote that runs on over line ends holds the
whole file, because nobody can say how many rows it swallowed.
"""

from __future__ import annotations

import csv
import io
import re
from itertools import islice, takewhile
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from connectors.files.decoding import decode
from connectors.files.raw import ROW, RawTable, Reject, rejects_of
from overlap.errors import GuardError

#: In the order of preference where a heading says nothing (a single column).
_DELIMITERS: Final = (",", ";", "\t", "|")
_PROBED_LINES: Final = 200
#: Excel's own first line; Excel hides it, so it has no row number.
_SEPARATOR_LINE: Final = re.compile(r"sep=([,;\t|])\s*", re.IGNORECASE)
_REPORT_FOOTER: Final = re.compile(r"Copyright \(c\) .*salesforce\.com", re.IGNORECASE)
#: More than the bracket: a heading may be "[Account].[Name]".
_JSON: Final = re.compile(r'\s*(\{|\[\s*["\[{\]\d-])')
#: What a file really is, by how it begins.
_CONTENTS: Final = (
    (b"PK\x03\x04", "a zip or Office file; if it is a workbook, rename it to .xlsx"),
    (b"\xd0\xcf\x11\xe0", "an old or password-protected Office file; save it as .xlsx or .csv without a password"),
    (b"PAR1", "a Parquet file; rename it to .parquet"),
    (b"\x1f\x8b", "a gzip file; unpack it first"),
    (b"%PDF", "a PDF; ask for the list as .csv or .xlsx"),
)


class _Record(NamedTuple):
    """One record: its row number, its cells, and the text that it was read from."""

    row: int
    cells: list[str]
    text: str


def read(path: Path, encoding: str | None) -> RawTable:
    """Return the table in the delimited text file *path*; the delimiter is one of comma, semicolon, tab and bar.

    Raises:
        ConfigError: *encoding* is unknown.
        GuardError: the file is empty, no delimited text, of unknown encoding, or has a quote that is never closed.
    """
    data = path.read_bytes()
    _refuse_other_contents(data, path)
    text, encoding = decode(data, path, encoding)
    _refuse_other_text(text, path)
    lines = list(io.StringIO(text, newline=""))
    separator = _SEPARATOR_LINE.fullmatch(lines[0])
    delimiter = separator.group(1) if separator else _delimiter(lines)
    records, rejects = _records(lines[1:] if separator else lines, delimiter, path)
    if not records or (rejects and rejects[0].row < records[0].row):
        raise GuardError(f"{path.name}: the row of headings cannot be read; correct its quotes")
    heading, *body = records
    if "\0" in heading.text:
        raise GuardError(f"{path.name}: NUL bytes in the heading; it may be UTF-16: export the file as CSV UTF-8")
    width = len(heading.cells)
    body, notes = _without_footer(body, width)
    good, ragged = _even(body, width)
    if not text.endswith(("\n", "\r")):
        notes = (*notes, "the last line does not end with a line break: the file may be cut off")
    return RawTable(tuple(heading.cells), _frame(good, width), rejects_of([*rejects, *ragged]), encoding, notes)


def _refuse_other_contents(data: bytes, path: Path) -> None:
    for beginning, what in _CONTENTS:
        if data.startswith(beginning):
            raise GuardError(f"{path.name}: not text but {what}")


def _refuse_other_text(text: str, path: Path) -> None:
    start = text.lstrip()[:1]
    if not start:
        raise GuardError(f"{path.name}: the file is empty; ask the partner to export the list again")
    if start == "<":
        raise GuardError(f"{path.name}: HTML or XML, perhaps a login or error page; download the list again")
    if _JSON.match(text):
        raise GuardError(f"{path.name}: JSON; ask for the list as .csv, .xlsx or .parquet")


def _delimiter(lines: list[str]) -> str:
    """Return the delimiter under which most rows are as wide as the heading, then the one with the widest heading."""

    def score(delimiter: str) -> tuple[bool, float, int]:
        reader = csv.reader(lines[:_PROBED_LINES], delimiter=delimiter)
        widths = [len(cells) for cells in islice(reader, _PROBED_LINES) if cells]
        if not widths:
            return False, 0.0, 0
        return widths[0] > 1, widths.count(widths[0]) / len(widths), widths[0]

    return max(_DELIMITERS, key=score)


def _records(lines: list[str], delimiter: str, path: Path) -> tuple[list[_Record], list[Reject]]:
    """Split *lines* into records with any text, and rejects."""
    records: list[_Record] = []
    rejects: list[Reject] = []
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    row = 0
    while True:
        row, began = row + 1, reader.line_num
        try:
            cells = next(reader)
        except StopIteration:
            return records, rejects
        except csv.Error as error:
            if reader.line_num > began + 1 or "end of data" in str(error):
                raise GuardError(
                    f"{path.name}: a quote opened in row {row} is not closed properly, so the end of the row is "
                    f"unknown; correct line {began + 1}, which begins {lines[began][:40]!r}"
                ) from error
            rejects.append(Reject(row, f"quotes cannot be read ({error})", lines[began]))
            continue
        text = lines[began] if reader.line_num == began + 1 else "".join(lines[began : reader.line_num])
        if any(map(str.strip, cells)):
            records.append(_Record(row, cells, text))


def _without_footer(records: list[_Record], width: int) -> tuple[list[_Record], tuple[str, ...]]:
    """Leave out the lines that a Salesforce report adds under its rows: they are no rows of the list."""
    footer = list(takewhile(lambda record: len(record.cells) == 1 < width, reversed(records)))
    if not any(_REPORT_FOOTER.search(record.text) for record in footer):
        return records, ()
    note = f"{len(footer)} footer lines of a Salesforce report were left out, from row {footer[-1].row} on"
    return records[: -len(footer)], (note,)


def _even(records: list[_Record], width: int) -> tuple[list[_Record], list[Reject]]:
    """Separate records with *width* clean cells from the others."""
    good: list[_Record] = []
    rejects: list[Reject] = []
    for record in records:
        if len(record.cells) != width:
            reason = f"{len(record.cells)} cells where the heading has {width}"
            rejects.append(Reject(record.row, reason, record.text))
        elif "\0" in record.text:
            rejects.append(Reject(record.row, "holds NUL bytes", record.text))
        else:
            good.append(record)
    return good, rejects


def _frame(records: list[_Record], width: int) -> pl.DataFrame:
    columns = zip(*(record.cells for record in records), strict=True) if records else [()] * width
    rows = pl.Series(ROW, [record.row for record in records], dtype=pl.Int64)
    return pl.DataFrame([rows, *(pl.Series(str(at), cells, dtype=pl.String) for at, cells in enumerate(columns))])
