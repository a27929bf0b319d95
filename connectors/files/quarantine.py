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

    *headings* (our column to the partner's) is how a reason names a column, so that the partner finds it; *table* is
    where *rows* come from.
    """
    failed = pl.coalesce(pl.when(check.fails).then(pl.lit(at)) for at, check in enumerate(checks))
    judged = rows.with_columns(failed.alias("#failed"))
    refused = [
        judged.filter(pl.col("#failed") == at).select(
            pl.col(ROW_NUMBER).alias(ROW),
            pl.lit(headings.get(check.column, check.column)).alias("column"),
            pl.col(check.column).alias("value"),
            pl.lit(check.reason).alias("reason"),
            pl.lit(check.remedy).alias("remedy"),
        )
        for at, check in enumerate(checks)
    ]
    kept = judged.filter(pl.col("#failed").is_null()).drop("#failed")
    bare = pl.concat([pl.DataFrame(schema=SCHEMA).drop("cells"), *refused]).sort(ROW)
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
    rows = table.rows.filter(pl.col(ROW_NUMBER).is_in(bare[ROW].implode()))
    cells = rows.select(pl.col(ROW_NUMBER).alias(ROW), pl.concat_list(pl.exclude(ROW_NUMBER)).alias("cells"))
    return bare.join(cells, on=ROW, how="left", maintain_order="left")


def _sync_folder(folder: Path) -> None:
    """Make a rename in *folder* survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
