"""What changed between two runs, as a file for people or programs. No cell of it is run by a spreadsheet."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl

from jobs import files_result
from jobs.sharing.release_files import neutral
from overlap.errors import ConfigError

_WIDTHS: Final = {"account_name": 32, "theirs_name": 32, "why": 80, "play": 28, "changed": 28}
_SHEET_ROWS: Final = 1_048_575


def require_place(output: Path) -> None:
    """Make sure that *output* can be written, before anything is compared.

    Raises:
        ConfigError: it has another ending than .csv, .xlsx or .parquet, or its folder is not there or closed.
    """
    files_result.check_output(output)


def write(found: pl.DataFrame, output: Path) -> None:
    """Write *found* to *output* by its ending, whole or not at all.

    Raises:
        ConfigError: it cannot be written, or a sheet has no room for it.
    """
    partial = output.with_name(f".{output.name}.partial")
    safe = found.with_columns(neutral(pl.col(pl.String)))
    try:
        match output.suffix.lower():
            case ".csv":
                safe.write_csv(partial, include_bom=True)
            case ".xlsx" if found.height > _SHEET_ROWS:
                raise ConfigError(f"a sheet ends at {_SHEET_ROWS:,} rows, and these are {found.height:,}; write a .csv")
            case ".xlsx":
                _write_workbook(safe, partial)
            case _:
                found.write_parquet(partial)
        partial.replace(output)
    except OSError as error:
        raise ConfigError(f"{output} cannot be written: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)


def _write_workbook(found: pl.DataFrame, path: Path) -> None:
    import xlsxwriter  # type: ignore[import-untyped]  # ships no py.typed

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, options) as workbook:
        sheet = workbook.add_worksheet("Changes")
        for at, name in enumerate(found.columns):
            sheet.set_column(at, at, _WIDTHS.get(name, 16))
            sheet.write_string(0, at, name.replace("_", " "))
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, found.height, found.width - 1)
        for row, cells in enumerate(found.iter_rows(), start=1):
            for at, cell in enumerate(cells):
                if isinstance(cell, int):
                    sheet.write_number(row, at, cell)
                elif cell is not None:
                    sheet.write_string(row, at, cell)
