"""A table as its file has it: text in numbered rows, before anybody asks what the columns mean.

Columns are still named by position ("0", "1", ...), because headings may be empty or come twice. `ROW` counts as a
person does in a spreadsheet: the first line is 1, blank rows count, a cell with line breaks is one row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import polars as pl

ROW: Final = "row_number"
#: False where no cell of a row needs trimming; only where that was known at no cost.
UNTIDY: Final = "untidy"
#: The sheet of each row, where sheets say what population their rows are in.
SHEET: Final = "sheet"
REJECTS: Final = {ROW: pl.Int64, "reason": pl.String, "text": pl.String}
#: A reject is shown to a person, who recognises a row by its beginning.
_SHOWN_CHARACTERS: Final = 500


class Reject(NamedTuple):
    """A row that cannot be read, and why; *text* is the row as it stands in the file."""

    row: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class RawTable:
    """Headings as they stand, *body* with `ROW` and one String column per heading, *rejects* as `REJECTS`.

    Rows without any text are in neither. *body* may also have `UNTIDY` and `SHEET`. *encoding* is how bytes became
    text, *notes* what a person should know.
    """

    headings: tuple[str, ...]
    body: pl.DataFrame
    rejects: pl.DataFrame
    encoding: str
    notes: tuple[str, ...] = ()


def rejects_of(rejects: Sequence[Reject]) -> pl.DataFrame:
    """Return *rejects* as a frame in the order of rows; long texts are cut for display."""
    shown = [(row, reason, text.rstrip("\r\n")[:_SHOWN_CHARACTERS]) for row, reason, text in sorted(rejects)]
    return pl.DataFrame(shown, schema=REJECTS, orient="row")
