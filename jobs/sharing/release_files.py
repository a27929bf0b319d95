"""The file that a partner gets, as CSV or XLSX, made of its share alone: this module knows no other source.

Names come from partners and from CRMs, and people open these files in a spreadsheet. Whatever a spreadsheet would run
gets a ``'`` in front; in a workbook all text is typed as text besides. The same share gives the same bytes.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Final

import polars as pl

from jobs.stores import shares
from overlap.errors import ConfigError

KINDS: Final = ("csv", "xlsx")
#: What begins a formula, as ASVS 5.0 (1.2.10) lists it, and the same signs at full width and small.
_SIGNS: Final = r"=+\-@\x00＝＋－＠﹦﹢﹣﹫"
_BLANK: Final = r"[\s\x00-\x20\u{feff}\u{200b}]*"
_START: Final = rf"^(?:{_BLANK}[{_SIGNS}]|[\x00-\x1f])"
#: The same after what, in another locale or to another program, ends the cell before.
_LATER: Final = rf"([;,|\t\r\n\"]{_BLANK})([{_SIGNS}])"
_SHEET_ROWS: Final = 1_048_575
_CELL_LENGTH: Final = 32_767
#: A workbook says when it was made; the same share is the same workbook on every day.
_NEVER: Final = datetime(2000, 1, 1)


def export(share: Path, file: Path, kind: str) -> None:
    """Write *share* to *file* as *kind*, one of `KINDS`; it is on the disk when this returns.

    Raises:
        ConfigError: a workbook has no room for so many rows.
    """
    rows = shares.read(share)
    if kind == "xlsx" and rows.height > _SHEET_ROWS:
        raise ConfigError(f"a sheet ends at {_SHEET_ROWS:,} rows, and these are {rows.height:,}; say --format csv")
    headings = pl.DataFrame({"name": rows.columns}).select(neutral(pl.col("name"))).to_series()
    safe = rows.rename(dict(zip(rows.columns, headings, strict=True))).with_columns(neutral(pl.col(pl.String)))
    if kind == "xlsx":
        _write_workbook(safe, file)
    else:
        safe.write_csv(file, include_bom=True, quote_style="non_numeric")
    shares.sync(file)


def neutral(text: pl.Expr) -> pl.Expr:
    """Return *text* as no spreadsheet runs it, whichever sign it takes for the end of a cell."""
    return text.str.replace_all(_LATER, "${1}'${2}").str.replace(_START, "'${0}")


def _write_workbook(rows: pl.DataFrame, file: Path) -> None:
    import xlsxwriter  # type: ignore[import-untyped]  # ships no py.typed

    options: dict[str, Any] = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options | {"strings_to_numbers": False}) as workbook:
        workbook.set_properties({"created": _NEVER})
        sheet = workbook.add_worksheet("Shared")
        for at, name in enumerate(rows.columns):
            sheet.write_string(0, at, name.replace("_", " "))
        sheet.freeze_panes(1, 0)
        for row, cells in enumerate(rows.iter_rows(), start=1):
            for at, cell in enumerate(cells):
                if isinstance(cell, int):
                    sheet.write_number(row, at, cell)
                elif cell is not None:
                    sheet.write_string(row, at, cell[:_CELL_LENGTH])
