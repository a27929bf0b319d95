"""Rows of a list that cannot be used, each with its one reason, and the file that a partner manager corrects them in.

The one thing to know: the file is opened in a spreadsheet, so a value that would run as a formula gets a "'" in front,
and loses it when it comes back.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from connectors.files.raw import ROW
from connectors.files.reader import ROW_NUMBER, Table

#: The sheet of a row, in frames of lists with several sheets.
SHEET_OF_ROW: Final = "#sheet"
#: *cells* is the whole row, as the list has it and in the order of its headings; empty where it could not be read.
SCHEMA: Final[dict[str, Any]] = {
    ROW: pl.Int64,
    "column": pl.String,
    "value": pl.String,
    "reason": pl.String,
    "remedy": pl.String,
    "cells": pl.List(pl.String),
}
#: What stands above each of them in the file; the list's own headings follow.
TITLES: Final = ("Row", "Column", "Value", "Reason", "Remedy")
#: Behind any number of "'", so that one in front is always ours to take off. Source: OWASP ASVS 5.0, 1.2.10.
_FORMULA: Final = "^('*[=+@\t\r\n\0＝＋－＠-])"
_NEUTRALISED: Final = "^'('*[=+@\t\r\n\0＝＋－＠-])"
_CONTROL: Final = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
_UNREADABLE: Final = "type its cells under the headings to the right"


@dataclass(frozen=True, slots=True)
class Check:
    """What a row must not be: *fails* is true where the value in *column* (ours) makes the row useless."""

    column: str
    fails: pl.Expr
    reason: str
    remedy: str


def sift(
    rows: pl.DataFrame, checks: Sequence[Check], headings: Mapping[str, str], table: Table
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows that pass all *checks*, and the others as a frame of `SCHEMA`, each with the first that it fails.

    *headings* (our column to the partner's) is how a reason names a column, so that the partner finds it, on a sheet as
    a spreadsheet would: ``Prospects!Website``. *table* is where *rows* come from.
    """
    has_sheets = SHEET_OF_ROW in rows.columns
    sheet = pl.format("{}!", SHEET_OF_ROW) if has_sheets else pl.lit("")
    failed = pl.coalesce(pl.when(check.fails).then(pl.lit(at)) for at, check in enumerate(checks))
    judged = rows.with_columns(failed.alias("#failed"))
    refused = [
        judged.filter(pl.col("#failed") == at).select(
            pl.col(ROW_NUMBER).alias(ROW),
            (sheet + pl.lit(headings.get(check.column, check.column))).alias("column"),
            pl.col(check.column).alias("value"),
            pl.lit(check.reason).alias("reason"),
            pl.lit(check.remedy).alias("remedy"),
            *([SHEET_OF_ROW] if has_sheets else []),
        )
        for at, check in enumerate(checks)
    ]
    kept = judged.filter(pl.col("#failed").is_null()).drop("#failed")
    bare = pl.concat(refused).sort(ROW)
    return kept, _with_cells(bare, table)


def of_rejects(rejects: pl.DataFrame) -> pl.DataFrame:
    """Return what the reader rejected as a frame of `SCHEMA`: the value is the whole row, the column is empty."""
    return rejects.select(
        ROW,
        pl.lit("").alias("column"),
        pl.col("text").alias("value"),
        "reason",
        pl.lit(_UNREADABLE).alias("remedy"),
        pl.lit([], pl.List(pl.String)).alias("cells"),
    )


def write(quarantine: pl.DataFrame, path: Path, titles: Sequence[str]) -> None:
    """Write *quarantine* (of `SCHEMA`) as CSV to *path*, whole or not at all; what stood there is replaced.

    *titles* are the list's headings. Spreadsheets read the file as UTF-8, and run no formula in it.
    """
    names = [*SCHEMA][:-1]
    cells = (pl.col("cells").list.get(at, null_on_oob=True).alias(f"#{at}") for at in range(len(titles)))
    shown = quarantine.select(*names, *cells).with_columns(
        _neutralised(pl.col(pl.String).str.replace_all(_CONTROL, "\N{REPLACEMENT CHARACTER}"))
    )
    heading = io.StringIO()
    safe = pl.DataFrame({"": [*titles]}, schema={"": pl.String}).select(_neutralised(pl.col(""))).to_series()
    csv.writer(heading, lineterminator="\r\n").writerow([*TITLES, *safe])
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(heading.getvalue().encode("utf-8-sig"))
            shown.write_csv(file, include_header=False, line_terminator="\r\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


def unharmed(text: pl.Expr) -> pl.Expr:
    """Return *text* from the file as it was before a "'" was put in front of it."""
    return text.str.replace(_NEUTRALISED, "$1")


def shown(text: str) -> str:
    """Return *text* as the file shows it, but for what `unharmed` takes off."""
    return re.sub(_CONTROL, "\N{REPLACEMENT CHARACTER}", text)


def _neutralised(text: pl.Expr) -> pl.Expr:
    return text.str.replace(_FORMULA, "'$1")


def _with_cells(bare: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Add the whole row of each; rows of several sheets may have one number."""
    rows = table.rows.select(pl.col(ROW_NUMBER).alias(ROW), pl.concat_list(pl.exclude(ROW_NUMBER)).alias("cells"))
    keys = [ROW]
    if table.sheets is not None:
        rows, keys = rows.with_columns(table.sheets.alias(SHEET_OF_ROW)), [ROW, SHEET_OF_ROW]
    rows = rows.filter(pl.col(ROW).is_in(bare[ROW].implode()))
    return bare.join(rows, on=keys, how="left", maintain_order="left").select(*SCHEMA).match_to_schema(SCHEMA)


def _sync_folder(folder: Path) -> None:
    """Make a rename in *folder* survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
