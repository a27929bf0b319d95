"""Delimited text to rows. Strict, so that a damaged row is set aside instead of shifting cells into wrong columns.

The one thing to know: what is wrong with a row is decided in `connectors.files.records` alone;
`connectors.files.blocks` only spares it the rows with which nothing is.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection
from contextlib import suppress
from itertools import islice, takewhile
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from connectors.files import tails, top
from connectors.files.blocks import Layout, read_rows
from connectors.files.decoding import to_utf8
from connectors.files.raw import ROW, RawTable, Reject, rejects_of
from connectors.files.records import Record, lines, records
from overlap.errors import GuardError

#: In the order of preference where a heading says nothing (a single column).
_DELIMITERS: Final = (",", ";", "\t", "|")
_PROBED_LINES: Final = 200
_PROBED_BYTES: Final = 64_000
#: Excel's own first line; Excel hides it, so it has no row number.
_SEPARATOR_LINE: Final = re.compile(r"sep=([,;\t|])\s*", re.IGNORECASE)
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


def read(path: Path, encoding: str | None, known: Collection[str] = ()) -> RawTable:
    """Return the table in the delimited text file *path*; the delimiter is one of comma, semicolon, tab and bar.

    *known* are headings that settings or memory name.

    Raises:
        ConfigError: *encoding* is unknown.
        GuardError: the file is empty, no delimited text, of unknown encoding, or has a quote that is never closed.
    """
    data = path.read_bytes()
    _refuse_other_contents(data, path)
    data, encoding = to_utf8(data, path, encoding)
    _refuse_other_text(data, path)
    first = next(lines(data, 0))
    separator = _SEPARATOR_LINE.fullmatch(first)
    begin = len(first.encode()) if separator else 0
    delimiter = separator.group(1) if separator else _delimiter(list(islice(lines(data, 0), _PROBED_LINES)), known)
    start = _start(data, begin, delimiter, path, known)
    width = len(start.headings)
    good, odd = read_rows(data, start.at, start.row, Layout(delimiter, width, path))
    odd, notes = _without_footer(odd, good, width)
    notes = (*start.notes, *notes)
    if not data.endswith((b"\n", b"\r")):
        notes = (*notes, "the last line does not end with a line break: the file may be cut off")
    rejects = rejects_of([_reject(record, width) for record in odd])
    return tails.without_tail(RawTable(start.headings, good, rejects, encoding, notes))


def _refuse_other_contents(data: bytes, path: Path) -> None:
    for beginning, what in _CONTENTS:
        if data.startswith(beginning):
            raise GuardError(f"{path.name}: not text but {what}")


def _refuse_other_text(data: bytes, path: Path) -> None:
    start = data[:_PROBED_BYTES].decode(errors="ignore").lstrip() or data.decode().lstrip()
    if not start:
        raise GuardError(f"{path.name}: the file is empty; ask the partner to export the list again")
    if start.startswith("<"):
        raise GuardError(f"{path.name}: HTML or XML, perhaps a login or error page; download the list again")
    if _JSON.match(start):
        raise GuardError(f"{path.name}: JSON; ask for the list as .csv, .xlsx or .parquet")


def _delimiter(probe: list[str], known: Collection[str]) -> str:
    """Return the delimiter under which most rows are as wide as the heading, then the one with the widest heading.

    One under which headings are known words, and stand in the first row, comes before the others.
    """

    def score(delimiter: str) -> tuple[bool, bool, bool, float, int]:
        rows: list[list[str]] = []
        with suppress(csv.Error):  # a cell too long for one: what follows it tells nothing
            rows.extend(cells for cells in csv.reader(probe, delimiter=delimiter) if cells)
        if not rows:
            return False, False, False, 0.0, 0
        found = top.find_top(rows[: top.LOOKED_AT], known)
        widths = [len(cells) for cells in rows[found.at :]]
        return widths[0] > 1, found.is_certain, found.at == 0, widths.count(widths[0]) / len(widths), widths[0]

    return max(_DELIMITERS, key=score)


class _Start(NamedTuple):
    """*headings*, and where the rows under them begin: the byte *at*, the number of the first *row*."""

    headings: tuple[str, ...]
    at: int
    row: int
    notes: tuple[str, ...]


def _start(data: bytes, begin: int, delimiter: str, path: Path, known: Collection[str]) -> _Start:
    """Return where the table begins, which is not always its first record with any text."""
    every = records(data, begin, 1, delimiter, path)
    first = list(islice((record for record in every if record.holds_text), top.LOOKED_AT))
    if not first or first[0].fault:
        raise GuardError(f"{path.name}: the row of headings cannot be read; correct its quotes")
    if "\0" in first[0].text:
        raise GuardError(f"{path.name}: NUL bytes in the heading; it may be UTF-16: export the file as CSV UTF-8")
    readable = [record for record in first if not record.fault and "\0" not in record.text]
    found = top.find_top([record.cells for record in readable], known)
    heading = readable[found.at]
    notes = top.titles_note([record.cells for record in readable[: found.at]])
    if found.is_bare:
        at = heading.end - len(heading.text.encode())
        return _Start(top.made_headings(len(heading.cells)), at, heading.row, (*notes, top.BARE_NOTE))
    return _Start(tuple(heading.cells), heading.end, heading.row + 1, notes)


def _without_footer(odd: list[Record], good: pl.DataFrame, width: int) -> tuple[list[Record], tuple[str, ...]]:
    """Leave out the lines that a Salesforce report adds under its rows: they are no rows of the list."""
    last_row = 0 if good.is_empty() else good[ROW][-1]
    under = [record for record in odd if record.row > last_row and not record.fault]
    footer = list(takewhile(lambda record: len(record.cells) == 1 < width, reversed(under)))
    if not any(tails.is_report_footer(record.text) for record in footer):
        return odd, ()
    return [record for record in odd if record.fault or record.row < footer[-1].row], (
        tails.footer_note(len(footer), footer[-1].row),
    )


def _reject(record: Record, width: int) -> Reject:
    reason = record.fault or "holds NUL bytes"
    if not record.fault and len(record.cells) != width:
        reason = f"{len(record.cells)} cells where the heading has {width}"
    return Reject(record.row, reason, record.text)
