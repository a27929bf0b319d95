"""A list written anew, as the kind of file that it was: rows that could not be read stay among the others."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

import polars as pl


def as_csv(cells: pl.DataFrame, rejects: Iterable[str]) -> bytes:
    """Return *cells* under their headings, then *rejects*: each in one cell, which is another number than headings."""
    out, lines = io.BytesIO(), io.StringIO()
    cells.write_csv(out, quote_style="always", line_terminator="\n")
    csv.writer(lines, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
        [text.replace("\0", "\N{REPLACEMENT CHARACTER}")] * (2 if cells.width == 1 else 1) for text in rejects
    )
    return out.getvalue() + lines.getvalue().encode()


def as_before(cells: pl.DataFrame, rejects: Iterable[str], suffix: str, sheet: str | None) -> bytes:
    """Return *cells* as a file with that *suffix*, a workbook's in the sheet called *sheet*."""
    out = io.BytesIO()
    if suffix == ".xlsx":
        _write_workbook(cells, out, sheet or "List")
    elif suffix == ".parquet":
        cells.write_parquet(out)
    else:
        out.write(as_csv(cells, rejects))
    return out.getvalue()


def _write_workbook(cells: pl.DataFrame, out: io.BytesIO, sheet: str) -> None:
    import xlsxwriter  # type: ignore[import-untyped]  # ships no py.typed

    texts_alone = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, texts_alone) as book:
        page = book.add_worksheet(sheet)
        for at, row in enumerate((cells.columns, *cells.iter_rows())):
            page.write_row(at, 0, row)
