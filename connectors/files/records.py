"""Delimited text, one record after the other: slow, and exact about what is wrong with each.

The one thing to know: a bad quote inside one line costs that record, but a quote that runs on over line ends holds the
whole file, because nobody can say how many records it swallowed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from overlap.errors import GuardError


class Record(NamedTuple):
    """One record: its row number, its cells, and the text that it was read from.

    *end* is the byte at which the next one begins. *fault* says why there are no cells, "" where they could be read.
    """

    row: int
    cells: list[str]
    text: str
    end: int
    fault: str = ""

    @property
    def holds_text(self) -> bool:
        """Whether there is anything in it for a person: blank records are no rows of a table."""
        return bool(self.fault) or any(map(str.strip, self.cells))


class _Lines:
    """The lines of *data* from byte *at* on. *taken* are those handed out since it was last cleared."""

    def __init__(self, data: bytes, at: int) -> None:
        self.at = at
        self.taken: list[str] = []
        self._lines = lines(data, at)

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.taken.append(line)
        self.at += len(line.encode())
        return line


def lines(data: bytes, at: int) -> Iterator[str]:
    r"""Yield the lines of *data*, UTF-8, from byte *at* on, each with its end: ``\n``, ``\r\n`` or ``\r``."""
    while at < len(data):
        end = data.find(b"\n", at) + 1 or len(data)
        text = data[at:end].decode()
        if "\r" in text:
            yield from io.StringIO(text, newline="")
        else:
            yield text
        at = end


def records(data: bytes, at: int, row: int, delimiter: str, path: Path) -> Iterator[Record]:
    """Yield the records of *data*, UTF-8, from byte *at* on, blank ones too; the first one has number *row*.

    Raises:
        GuardError: a quote that is opened is not closed properly, so that the end of the record is unknown.
    """
    source = _Lines(data, at)
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    while True:
        began = source.at
        source.taken.clear()
        try:
            cells, fault = next(reader), ""
        except StopIteration:
            return
        except csv.Error as error:
            if len(source.taken) > 1 or "end of data" in str(error):
                raise GuardError(
                    f"{path.name}: a quote opened in row {row} is not closed properly, so the end of the row is "
                    f"unknown; correct line {_line_number(data, began)}, which begins {source.taken[0][:40]!r}"
                ) from error
            cells, fault = [], f"quotes cannot be read ({error})"
        yield Record(row, cells, "".join(source.taken), source.at, fault)
        row += 1


def _line_number(data: bytes, at: int) -> int:
    return data.count(b"\n", 0, at) + data.count(b"\r", 0, at) - data.count(b"\r\n", 0, at) + 1
