"""Rows of a list that cannot be used, each with its one reason, and the file that a partner manager reads them in.

The one thing to know: the file is opened in a spreadsheet, so a value that would run as a formula gets a "'" in front.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from connectors.files.raw import ROW
from connectors.files.reader import ROW_NUMBER

SCHEMA: Final = {ROW: pl.Int64, "column": pl.String, "value": pl.String, "reason": pl.String}
_FORMULA: Final = "^([=+@\t\r\n-])"
_CONTROL: Final = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"


@dataclass(frozen=True, slots=True)
class Check:
    """What a row must not be: *fails* is true where the value in *column* (ours) makes the row useless."""

    column: str
    fails: pl.Expr
    reason: str


def sift(rows: pl.DataFrame, checks: Sequence[Check], headings: Mapping[str, str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows that pass all *checks*, and the others as a frame of `SCHEMA`, each with the first that it fails.

    *headings* (our column to the partner's) is how a reason names a column, so that the partner finds it.
    """
    failed = pl.coalesce(pl.when(check.fails).then(pl.lit(at)) for at, check in enumerate(checks))
    judged = rows.with_columns(failed.alias("#failed"))
    refused = [
        judged.filter(pl.col("#failed") == at).select(
            pl.col(ROW_NUMBER).alias(ROW),
            pl.lit(headings.get(check.column, check.column)).alias("column"),
            pl.col(check.column).alias("value"),
            pl.lit(check.reason).alias("reason"),
        )
        for at, check in enumerate(checks)
    ]
    kept = judged.filter(pl.col("#failed").is_null()).drop("#failed")
    return kept, pl.concat([pl.DataFrame(schema=SCHEMA), *refused]).sort(ROW)


def of_rejects(rejects: pl.DataFrame) -> pl.DataFrame:
    """Return what the reader rejected as a frame of `SCHEMA`: the value is the whole row, the column is empty."""
    return rejects.select(ROW, pl.lit("").alias("column"), pl.col("text").alias("value"), "reason")


def write(quarantine: pl.DataFrame, path: Path) -> None:
    """Write *quarantine* (of `SCHEMA`) as CSV to *path*, whole or not at all; what stood there is replaced.

    Spreadsheets read it as UTF-8, and run no formula in it. Source: OWASP, "CSV Injection".
    """
    shown = quarantine.with_columns(
        pl.col(pl.String).str.replace_all(_CONTROL, "\N{REPLACEMENT CHARACTER}").str.replace(_FORMULA, "'$1")
    ).rename({ROW: "Row", "column": "Column", "value": "Value", "reason": "Reason"})
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as file:
            shown.write_csv(file, include_bom=True, line_terminator="\r\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make a rename in *folder* survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
