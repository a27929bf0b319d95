"""The rows of a delimited file: whole blocks at once where they are clean, record by record where they are not.

The one thing to know: a block is clean only if every byte of it is accounted for. Quotes stand where RFC 4180 wants
them, each line end outside quotes made one row, and cells, delimiters, quotes and line ends add up to the block's
length. So no row is cut, filled up or swallowed unseen: such a block goes to `connectors.files.records`, which says
what is wrong with it.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from connectors.files.raw import ROW, UNTIDY
from connectors.files.records import Record, records

#: Each block costs a call of its own, and a bad row costs its neighbourhood of the smallest size.
_LARGEST: Final = 16_000_000
_SMALLEST: Final = 64_000
#: What a processor has at hand while it is looked at again and again.
_WINDOW: Final = 1_000_000
#: What Python's csv takes for one cell; longer ones are for it to refuse.
_CELL_BYTES: Final = 131_072
#: Anything but white space, by Python's rules.
_TEXT: Final = r"[^\s\x1c-\x1f]"
_QUOTE, _LF, _CR, _SPACE = b'"\n\r '
#: The first two bytes, in UTF-8, of white space beyond ASCII and of characters that show nothing.
_WIDE_SPACES: Final = (b"\xc2\x85", b"\xc2\xa0", b"\xe1\x9a", b"\xe2\x80", b"\xe2\x81", b"\xe3\x80", b"\xef\xbb")

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Layout:
    """How rows are written: *width* cells between *delimiter*; *path* is named in errors."""

    delimiter: str
    width: int
    path: Path


class Rows(NamedTuple):
    """*good* rows as `connectors.files.raw.RawTable.body`, and the *odd* records that hold text, in their order."""

    good: pl.DataFrame
    odd: list[Record]


class _Block(NamedTuple):
    """*height* rows, all blank ones included, whose *cells* are numbered from 0 in `ROW`; *end* is where it ends."""

    cells: pl.DataFrame
    height: int
    end: int


def read_rows(data: bytes, at: int, row: int, layout: Layout) -> Rows:
    """Return what stands in *data*, UTF-8, from byte *at* on; the first row there has number *row*.

    Raises:
        GuardError: a quote that is opened is not closed properly.
    """
    frames, odd = [_frame([], layout.width)], list[Record]()
    size = _LARGEST
    while at < len(data):
        block = _clean_block(data, at, size, layout)
        if block:
            frames.append(block.cells.with_columns(pl.col(ROW) + row))
            at, row, size = block.end, row + block.height, min(size * 4, _LARGEST)
        elif size > _SMALLEST:
            size //= 4
        else:
            good, stop = list[Record](), at + _SMALLEST
            for record in records(data, at, row, layout.delimiter, layout.path):
                at, row = record.end, record.row + 1
                if record.holds_text:
                    is_good = len(record.cells) == layout.width and "\0" not in record.text
                    (good if is_good else odd).append(record)
                if at >= stop:
                    break
            frames.append(_frame(good, layout.width))
    return Rows(pl.concat(frames), odd)


def _clean_block(data: bytes, at: int, size: int, layout: Layout) -> _Block | None:
    """Return the rows that end within *size* bytes from *at*, or None if `records` should look at them."""
    text = np.frombuffer(data, np.uint8, min(size, len(data) - at), at)
    breaks, quotes = np.flatnonzero(text == _LF), np.flatnonzero(text == _QUOTE)
    is_inside = _is_quoted(breaks, quotes)
    ends, inside = breaks[~is_inside], breaks[is_inside]
    if not ends.size:
        return None
    length = int(ends[-1]) + 1
    piece, text = data[at : at + length], text[:length]
    quotes, breaks, inside = (places[: np.searchsorted(places, length)] for places in (quotes, breaks, inside))
    # A break at 0 looks at the last byte, which is a line feed.
    has_lone_cr = b"\r" in piece and piece.count(b"\r") != np.count_nonzero(text[breaks - 1] == _CR)
    escaped = _escaped(text, quotes, ord(layout.delimiter))
    # A byte order mark at its beginning would be skipped as if the file began there.
    if escaped is None or has_lone_cr or b"\0" in piece or piece.startswith(codecs.BOM_UTF8):
        return None
    cells = _parsed(piece, layout)
    if cells is None or cells.height != ends.size:
        return None
    returns = np.count_nonzero(text[ends - 1] == _CR)
    in_cells, longest = _lengths(cells)
    if in_cells + ends.size * layout.width + returns + quotes.size - escaped != length or longest > _CELL_BYTES:
        return None
    untidy = _untidy(text, quotes, inside, ord(layout.delimiter))
    cells = cells.with_columns(_marked(np.searchsorted(ends, untidy), cells.height))
    return _Block(_holding_text(cells), cells.height, at + length)


def _escaped(text: Bytes, quotes: Places, delimiter: int) -> int | None:
    """Return how many quotes inside cells are written twice, or None if any stands where none should."""
    if not quotes.size:
        return 0
    opening, closing = quotes[::2], quotes[1::2]
    before = np.where(opening > 0, text[opening - 1], _LF)
    after = text[closing + 1]
    twice = before == _QUOTE
    opens = twice | (before == delimiter) | (before == _LF)
    closes = (after == _QUOTE) | (after == delimiter) | (after == _LF) | (after == _CR)
    return int(np.count_nonzero(twice)) if opens.all() and closes.all() else None


def _untidy(text: Bytes, quotes: Places, inside: Places, delimiter: int) -> Places:
    """Return where *text* may hold what `connectors.files.rows.trim` takes off; *inside* are line ends in cells."""
    loose = [_loose(text[at : at + _WINDOW + 2], delimiter) + at for at in range(0, text.size, _WINDOW)]
    tabs = np.flatnonzero(text == delimiter) if quotes.size and delimiter < _SPACE else quotes[:0]
    high = np.flatnonzero(text >= _WIDE_SPACES[0][0])
    pairs = text[high].astype(np.uint16) << 8 | text[high + 1]
    wide = high[np.isin(pairs, [int.from_bytes(pair) for pair in _WIDE_SPACES])]
    return np.concatenate([*loose, inside, tabs[_is_quoted(tabs, quotes)], wide])


def _loose(text: Bytes, delimiter: int) -> Places:
    """Return where spaces stand beside what parts cells or words, and where controls do; either end is any text."""
    is_edge = text <= _QUOTE  # spaces, line ends and quotes, and little else
    is_edge |= text == delimiter
    is_loose = text == _SPACE
    is_loose[1:-1] &= is_edge[:-2] | is_edge[2:]
    is_control = text < _SPACE
    for usual in (_LF, _CR, delimiter):
        is_control &= text != usual
    is_loose |= is_control
    return np.flatnonzero(is_loose)


def _is_quoted(places: Places, quotes: Places) -> npt.NDArray[np.bool_]:
    """Return whether each of *places* lies within *quotes*."""
    return np.searchsorted(quotes, places) % 2 == 1 if quotes.size else np.zeros(places.size, np.bool_)


def _marked(rows: Places, height: int) -> pl.Series:
    marks = np.zeros(height, np.bool_)
    marks[rows] = True
    return pl.Series(UNTIDY, marks)


def _parsed(piece: bytes, layout: Layout) -> pl.DataFrame | None:
    """Return the cells, an empty one as None or ""; None if a row has too many."""
    schema: dict[str, Any] = {str(at): pl.String for at in range(layout.width)}
    try:
        return pl.read_csv(piece, has_header=False, separator=layout.delimiter, schema=schema, low_memory=True)
    except pl.exceptions.PolarsError:
        return None


def _lengths(cells: pl.DataFrame) -> tuple[int, int]:
    """Return the bytes in all *cells* together, and in the longest."""
    length = pl.all().str.len_bytes()
    total, longest = cells.select(
        pl.sum_horizontal(length.sum()).alias("total"), pl.max_horizontal(length.max()).alias("longest")
    ).row(0)
    return total, longest or 0


def _holding_text(cells: pl.DataFrame) -> pl.DataFrame:
    """Number the rows from 0 in `ROW` and leave out the blank ones."""
    cells = cells.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias(ROW))
    if cells["0"].str.contains(_TEXT).sum() == cells.height:  # nearly always: the first column is an id or a name
        return cells
    return cells.filter(pl.any_horizontal(pl.exclude(ROW, UNTIDY).str.contains(_TEXT)))


def _frame(good: list[Record], width: int) -> pl.DataFrame:
    columns = zip(*(record.cells for record in good), strict=True) if good else [()] * width
    rows = pl.Series(ROW, [record.row for record in good], dtype=pl.Int64)
    cells = (pl.Series(str(at), column, dtype=pl.String) for at, column in enumerate(columns))
    return pl.DataFrame([*cells, pl.Series(UNTIDY, [True] * len(good), dtype=pl.Boolean), rows])
