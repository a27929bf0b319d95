"""A review workbook of ours, filled in by colleagues: who judged, and what stands in each row under which key.

The one thing to know: it left our hands, so it is read like any file of others. What its rows say is only believed as
far as their keys, which nobody can guess, and the names beside them fit what was asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import fastexcel
import polars as pl

from connectors.files.raw import ROW
from connectors.files.sheet_xml import valueless
from connectors.files.workbook import MIDNIGHT, REVIEW_SHEET, check_archive
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
#: How the files of those that we write are called, whatever programs put before and behind it.
NAMED: Final = "overlap-review"
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
        GuardError: it is no workbook, or damaged, its headings or keys are gone, or two sheets of it hold answers.
    """
    check_archive(path)
    try:
        workbook = fastexcel.read_excel(path)
        sheets = {name: _texts(workbook, name) for name in _candidates(workbook.sheet_names, path)}
    except fastexcel.FastExcelError as error:
        said = str(error).partition("\n")[0]
        raise GuardError(f"{path.name}: damaged workbook ({said}); save it again as .xlsx") from error
    tops = {name: top for name, texts in sheets.items() if (top := _top(texts)) is not None}
    if len(tops) > 1:
        raise GuardError(
            f"{path.name}: the sheets {' and '.join(map(repr, tops))} all hold answers; delete all but one"
        )
    if not tops and REVIEW_SHEET not in sheets:
        return None
    if not tops:
        raise GuardError(
            f"{path.name}: the row of headings with {', '.join(map(repr, HEADINGS))} is gone; fill in a new workbook, "
            "see 'overlap review --workbook'"
        )
    ((name, top),) = tops.items()
    return _answers(sheets[name], top, valueless(path, name))


def _candidates(names: Sequence[str], path: Path) -> list[str]:
    """Return the sheets that may hold answers: programs add to its name, and in a file of ours it may have another."""
    named = [name for name in names if REVIEW_SHEET.lower() in name.lower()]
    return named or [name for name in names if "review" in path.name.lower()]


def _texts(workbook: fastexcel.ExcelReader, name: str) -> pl.DataFrame:
    sheet = workbook.load_sheet(
        name, header_row=None, skip_rows=0, dtypes="string", schema_sample_rows=None, n_rows=_MOST_ROWS
    )
    cells: pl.DataFrame = sheet.to_polars()
    texts = cells.with_columns(pl.all().str.strip_chars().str.slice(0, _LONGEST_CELL).replace("", None))
    return texts.with_columns(pl.all().str.replace(MIDNIGHT, "$1"))


def _top(texts: pl.DataFrame) -> int | None:
    """Return the place of the row of headings, None if there is none."""
    return next((at for at, row in enumerate(texts.rows()) if set(HEADINGS) <= set(row)), None)


def _answers(texts: pl.DataFrame, top: int, odd: Mapping[tuple[int, int], str]) -> Answers:
    """Return what stands in *texts* below the headings in row *top*; *odd* are cells that only look empty."""
    headings = texts.row(top)
    places = {column: headings.index(heading) for heading, column in HEADINGS.items()}
    said = {row: text for (row, place), text in odd.items() if place == places["verdict"]}
    body = (
        texts.with_row_index(ROW, offset=1)
        .slice(top + 1)
        .select(pl.col(ROW).cast(pl.Int64), *(pl.col(texts.columns[at]).alias(name) for name, at in places.items()))
        .with_columns(pl.coalesce("verdict", pl.col(ROW).replace_strict(said, default=None, return_dtype=pl.String)))
        .filter(pl.any_horizontal(pl.col("verdict", "key").is_not_null()))
    )
    return Answers(_named(texts.rows()[:top]), body.select(list(SCHEMA)))


def _named(rows: list[tuple[str | None, ...]]) -> str | None:
    """Return what stands beside the label for the name."""
    for row in rows:
        if NAME_LABEL in row:
            return next((cell for cell in row[row.index(NAME_LABEL) + 1 :] if cell), None)
    return None
