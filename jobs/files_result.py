"""The result of `overlap match LEFT RIGHT` as a CSV for programs, a workbook for people, or Parquet.

The one thing to know: names come from a partner's file and are opened in a spreadsheet. In a workbook all is text; in a
CSV what would run as a formula gets a "'" in front, ids as well, and then a note says so.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import polars as pl

from overlap.errors import ConfigError

#: The columns of a result, with their width in a workbook, in characters. ``evidence`` only where it was asked for.
COLUMNS: Final = {
    "left_id": 20,
    "left_name": 36,
    "right_id": 20,
    "right_name": 36,
    "score": 8,
    "decision": 11,
    "relation": 12,
    "reasons": 80,
    "evidence": 60,
}
#: Columns with words that are not ours.
_FOREIGN: Final = ("left_id", "left_name", "right_id", "right_name")
_ENDINGS: Final = (".csv", ".xlsx", ".parquet")
_COLOURS: Final = {"match": "#D9EAD3", "review": "#FFF2CC", "no match": "#F4CCCC"}
_SHEET_ROWS: Final = 1_048_575
#: What a spreadsheet runs or takes for one; a number may have a sign. Source: OWASP, "CSV Injection".
_FORMULA: Final = r"^([=@\t\r\n]|[+-](?:\D|$))"


def check_output(output: Path, *inputs: Path) -> None:
    """Find out now, not after the matching, that the result has no place.

    Raises:
        ConfigError: *output* has no ending that is written, is one of *inputs*, or its folder is not there or closed.
    """
    if output.suffix.lower() not in _ENDINGS:
        raise ConfigError(f"{output}: the result is .csv, .xlsx or .parquet; give it a name with one of these endings")
    if output.is_dir():
        raise ConfigError(f"{output} is a folder; name a file")
    if any(_is_same(output, path) for path in inputs):
        raise ConfigError(f"{output} is one of the two files to match; give the result another name")
    if not output.parent.is_dir():
        raise ConfigError(f"{output}: there is no folder {output.parent}; make it, or choose another")
    if not os.access(output.parent, os.W_OK):
        raise ConfigError(
            f"{output}: the folder {output.parent} is not yours to write to; choose another with --output"
        )


def result_of(pairs: pl.DataFrame, ours: pl.DataFrame, theirs: pl.DataFrame, explain: bool) -> pl.DataFrame:
    """Return *pairs* (`overlap.model.Match`, sorted by ids) with `COLUMNS`, the surest first and then by ids.

    *score* is the match probability, 0..1. Without *explain* there is no ``evidence``.
    """
    left = ours.select(left_id="id", left_name="name")
    right = theirs.select(right_id="id", right_name="name")
    named = (
        pairs.rename({"ours_id": "left_id", "theirs_id": "right_id"})
        .with_columns(score=pl.col("probability").round(4))
        .join(left, on="left_id", how="left", maintain_order="left")
        .join(right, on="right_id", how="left", maintain_order="left")
    )
    wanted = [column for column in COLUMNS if explain or column != "evidence"]
    return named.select(wanted).sort("score", descending=True, maintain_order=True)


def write(found: pl.DataFrame, output: Path) -> tuple[str, ...]:
    """Write *found* to *output* by its ending, whole or not at all, and return notes.

    Raises:
        ConfigError: it cannot be written.
    """
    partial = output.with_name(f".{output.name}.partial")
    ending = output.suffix.lower()
    try:
        if ending == ".csv":
            notes = _write_csv(found, partial)
        elif ending == ".xlsx":
            notes = _write_workbook(found, partial)
        else:
            found.write_parquet(partial)
            notes = ()
        partial.replace(output)
    except OSError as error:
        raise ConfigError(f"{output} cannot be written: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)
    return notes


def _is_same(output: Path, path: Path) -> bool:
    return output.resolve() == path.resolve() or (output.exists() and path.exists() and output.samefile(path))


def _write_csv(found: pl.DataFrame, path: Path) -> tuple[str, ...]:
    risky = found.select(pl.col(_FOREIGN).str.contains(_FORMULA))
    changed = [column.name for column in risky.get_columns() if column.any()]
    found.with_columns(pl.col(changed).str.replace(_FORMULA, "'$1")).write_csv(path)
    pairs = risky.select(pl.any_horizontal("left_id", "right_id").sum()).item()
    if not pairs:
        return ()
    return (f"{pairs} pairs have an id that a spreadsheet would run as a formula; it has a ' in front",)


def _write_workbook(found: pl.DataFrame, path: Path) -> tuple[str, ...]:
    import xlsxwriter  # type: ignore[import-untyped]  # ships no py.typed

    shown = found.head(_SHEET_ROWS)
    last = shown.height
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as workbook:
        sheet = workbook.add_worksheet("Overlap")
        heading = workbook.add_format({"bold": True, "bottom": 1})
        for at, column in enumerate(shown.columns):
            sheet.set_column(at, at, COLUMNS[column])
            sheet.write_string(0, at, column.replace("_", " "), heading)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, last, shown.width - 1)
        coloured = shown.columns.index("decision")
        formats = {decision: workbook.add_format({"bg_color": colour}) for decision, colour in _COLOURS.items()}
        for row, cells in enumerate(shown.iter_rows(), start=1):
            for at, cell in enumerate(cells):
                if isinstance(cell, float):
                    sheet.write_number(row, at, cell)
                else:  # write_string, not write: a cell is never a formula, a link or a number
                    sheet.write_string(row, at, cell or "", formats.get(cell) if at == coloured else None)
    left_out = found.height - last
    return (f"a sheet ends at {_SHEET_ROWS:,} rows: the last {left_out:,} pairs are missing",) if left_out else ()
