"""A review workbook of ours, filled in by colleagues: who judged, and what stands in each row under which key.

The one thing to know: it left our hands, so it is read like any file of others. What its rows say is only believed as
far as their keys, which nobody can guess, and the names beside them fit what was asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import fastexcel
import polars as pl

from connectors.files.raw import ROW
from connectors.files.workbook import REVIEW_SHEET, check_archive
from overlap.errors import GuardError

#: The headings that are read, by the column of `SCHEMA` that they become; the others are for people.
HEADINGS: Final = {
    "verdict": "verdict",
    "comment": "comment",
    "our account": "ours",
    "their account": "theirs",
    "key": "key",
}
SCHEMA: Final = {ROW: pl.Int64(), **dict.fromkeys(HEADINGS.values(), pl.String())}
#: Where in the inbox those lie whose verdicts were taken: no list of anybody's.
REVIEWED: Final = "reviewed"
NAME_LABEL: Final = "Your name:"
_MOST_ROWS: Final = 20_000
_LONGEST_CELL: Final = 1_000


@dataclass(frozen=True, slots=True)
class Answers:
    """What a review workbook says: *judged_by* is who filled it in, if it says so; *rows* has the columns of `SCHEMA`.

    Every row has a key; empty cells are null.
    """

    judged_by: str | None
    rows: pl.DataFrame


def read_answers(path: Path) -> Answers | None:
    """Return what the review workbook at *path* says; None if it is a workbook, but none of these.

    Raises:
        GuardError: it is no workbook, or damaged, or its headings or keys are gone.
    """
    check_archive(path)
    try:
        workbook = fastexcel.read_excel(path)
        if REVIEW_SHEET not in workbook.sheet_names:
            return None
        sheet = workbook.load_sheet(
            REVIEW_SHEET, header_row=None, skip_rows=0, dtypes="string", schema_sample_rows=None, n_rows=_MOST_ROWS
        )
    except fastexcel.FastExcelError as error:
        said = str(error).partition("\n")[0]
        raise GuardError(f"{path.name}: damaged workbook ({said}); save it again as .xlsx") from error
    cells = sheet.to_polars()
    texts = cells.with_columns(pl.all().str.strip_chars().str.slice(0, _LONGEST_CELL).replace("", None))
    rows = texts.rows()
    top = next((at for at, row in enumerate(rows) if set(HEADINGS) <= set(row)), None)
    if top is None:
        raise GuardError(
            f"{path.name}: the row of headings with {', '.join(map(repr, HEADINGS))} is gone; fill in a new workbook, "
            "see 'overlap review --workbook'"
        )
    places = {texts.columns[rows[top].index(heading)]: column for heading, column in HEADINGS.items()}
    body = (
        texts.with_row_index(ROW, offset=1)
        .slice(top + 1)
        .select(pl.col(ROW).cast(pl.Int64), *(pl.col(place).alias(column) for place, column in places.items()))
        .filter(pl.any_horizontal(pl.col("verdict", "key").is_not_null()))
    )
    return Answers(_named(rows[:top]), body.select(list(SCHEMA)))


def _named(rows: list[tuple[str | None, ...]]) -> str | None:
    """Return what stands beside the label for the name."""
    for row in rows:
        if NAME_LABEL in row:
            return next((cell for cell in row[row.index(NAME_LABEL) + 1 :] if cell), None)
    return None
