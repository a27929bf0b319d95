"""Workbooks for people: sheets of text and numbers, in which nothing runs. The same rows give the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import polars as pl

from jobs.sharing.release_files import neutral

_CELL_LENGTH: Final = 32_767
#: A workbook says when it was made; the same rows are the same workbook on every day.
_NEVER: Final = datetime(2000, 1, 1)
_WIDEST: Final = 60


@dataclass(frozen=True, slots=True)
class Sheet:
    """*notes* stand above the table of *rows*, a line each."""

    name: str
    rows: pl.DataFrame
    notes: Sequence[str] = ()


def write(file: Path, sheets: Sequence[Sheet]) -> None:
    """Write *sheets* to *file*."""
    import xlsxwriter  # type: ignore[import-untyped]  # ships no py.typed

    options: dict[str, Any] = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options | {"strings_to_numbers": False}) as workbook:
        workbook.set_properties({"created": _NEVER})
        bold = workbook.add_format({"bold": True})
        for one in sheets:
            _write(workbook.add_worksheet(one.name), one, bold)


def _write(sheet: Any, one: Sheet, bold: Any) -> None:
    for at, note in enumerate(_safe(list(one.notes))):
        sheet.write_string(at, 0, note, bold)
    top = len(one.notes)
    for at, name in enumerate(_safe(one.rows.columns)):
        sheet.write_string(top, at, name.replace("_", " "), bold)
        longest = one.rows.to_series(at).cast(pl.String).str.len_chars().max()
        sheet.set_column(at, at, min(_WIDEST, max(len(name), longest if isinstance(longest, int) else 0) + 2))
    sheet.freeze_panes(top + 1, 0)
    safe = one.rows.with_columns(neutral(pl.col(pl.String)))
    for row, cells in enumerate(safe.iter_rows(), start=top + 1):
        for at, cell in enumerate(cells):
            if isinstance(cell, (int, float)):
                sheet.write_number(row, at, cell)
            elif cell is not None:
                sheet.write_string(row, at, str(cell)[:_CELL_LENGTH])


def _safe(texts: list[str]) -> list[str]:
    return pl.DataFrame({"text": texts}, schema={"text": pl.String}).select(neutral(pl.col("text")))["text"].to_list()
