"""Workbooks and Parquet files to rows of text. "00007" stays, 100.0 becomes "100", a date becomes 2025-03-01.

The one thing to know: a spreadsheet number has 15 digits, so a longer one typed as a number is already damaged. It is
shown as a spreadsheet shows it ("1.23457E+17"), which is how `connectors.files.source` knows a damaged id.
"""

from __future__ import annotations

import zipfile
import zlib
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import fastexcel
import polars as pl
import polars.selectors as cs

from connectors.files.raw import ROW, RawTable, rejects_of
from overlap.errors import ConfigError, GuardError

_UNPACKED_BYTES: Final = 500_000_000
_ENTRIES: Final = 1_000
_HOLDS_TEXT: Final = pl.any_horizontal(pl.exclude(ROW).str.strip_chars().str.len_bytes() > 0)
_LONG_NUMBER: Final = r"^\d{16,}$"
_MIDNIGHT: Final = r"^(\d{4}-\d\d-\d\d)[ T]00:00:00(?:\.0+)?(?:Z|\+00:00)?$"


def read_xlsx(path: Path, sheet: str | None) -> RawTable:
    """Return the table on *sheet* of the workbook *path*, by default on its first visible sheet.

    Raises:
        ConfigError: there is no *sheet*.
        GuardError: the file is no workbook, protected by a password, damaged, or would unpack to over 500 MB.
    """
    _check_archive(path)
    try:
        workbook = fastexcel.read_excel(path)
        name, cells = _chosen(workbook, path, sheet)
        rows = _exact_digits(workbook, name, cells).with_row_index(ROW, offset=1)
    except fastexcel.FastExcelError as error:
        raise GuardError(f"{path.name}: damaged workbook ({_first_line(error)}); save it again as .xlsx") from error
    rows = rows.filter(_HOLDS_TEXT)
    if rows.is_empty():
        raise GuardError(f"{path.name}: sheet '{name}' is empty; name the right one in the setting 'sheet'")
    others = ", ".join(f"'{other}'" for other in workbook.sheet_names if other != name)
    unread = (f"only sheet '{name}' was read, not {others}; the setting 'sheet' names one",)
    return _raw(rows, unread if others and sheet is None else ())


def read_parquet(path: Path) -> RawTable:
    """Return the table in the Parquet file *path*; its first row has number 2, as if the headings were row 1.

    Raises:
        GuardError: the file is damaged or no Parquet file, or a column holds lists, structs or bytes.
    """
    try:
        table = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise GuardError(f"{path.name}: no readable Parquet file ({_first_line(error)}); export it again") from error
    if not table.width:
        raise GuardError(f"{path.name}: the file has no columns; export it again")
    nested = table.select(cs.nested() | cs.binary() | cs.object()).columns
    if nested:
        raise GuardError(f"{path.name}: column '{nested[0]}' holds no plain values; export it as text")
    texts = [_text(table[name]).alias(str(at)) for at, name in enumerate(table.columns)]
    body = pl.DataFrame(texts).with_row_index(ROW, offset=2).with_columns(pl.col(ROW).cast(pl.Int64))
    return RawTable(tuple(table.columns), body.filter(_HOLDS_TEXT), rejects_of([]), "parquet")


def _check_archive(path: Path) -> None:
    """Refuse what the parser must not see. Reading every entry once proves sizes that the directory may lie about."""
    with path.open("rb") as file:
        start = file.read(4)
    if start == b"\xd0\xcf\x11\xe0":
        raise GuardError(f"{path.name}: protected by a password, or an old .xls; save it as .xlsx without a password")
    if not start:
        raise GuardError(f"{path.name}: the file is empty; ask the partner to export the list again")
    if start != b"PK\x03\x04":
        raise GuardError(f"{path.name}: not a workbook; if it is text, rename it to .csv")
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) > _ENTRIES or sum(entry.file_size for entry in entries) > _UNPACKED_BYTES:
                raise GuardError(f"{path.name}: would unpack to over 500 MB; send the list as .csv or in parts")
            if "xl/workbook.xml" not in archive.namelist():
                raise GuardError(f"{path.name}: a zip file, but no workbook; save the list as .xlsx or .csv")
            damaged = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError) as error:
        raise GuardError(f"{path.name}: damaged workbook ({_first_line(error)}); save it again as .xlsx") from error
    if damaged:
        raise GuardError(f"{path.name}: damaged workbook (in {damaged}); save it again as .xlsx")


def _chosen(workbook: fastexcel.ExcelReader, path: Path, sheet: str | None) -> tuple[str, pl.DataFrame]:
    """Return the name and the cells of *sheet*, or of the first one that is not hidden."""
    names = workbook.sheet_names
    if sheet is not None and sheet not in names:
        near = get_close_matches(sheet, names, n=1, cutoff=0.0)
        raise ConfigError(f"{path.name}: no sheet '{sheet}'; did you mean '{''.join(near)}'?")
    for name in [sheet] if sheet is not None else names:
        loaded = _load(workbook, name, "string")
        if sheet is not None or loaded.visible == "visible":
            return name, loaded.to_polars()
    raise GuardError(f"{path.name}: all sheets are hidden; name one in the setting 'sheet'")


def _load(workbook: fastexcel.ExcelReader, name: str, dtype: fastexcel.DType | None, **part: Any) -> Any:
    """Return sheet *name* without a heading row; *part* says which rows and columns of it."""
    # skip_rows=0 and not None: None drops empty rows at the top, and row numbers would be wrong.
    return workbook.load_sheet(name, header_row=None, dtypes=dtype, schema_sample_rows=None, **{"skip_rows": 0, **part})


def _exact_digits(workbook: fastexcel.ExcelReader, name: str, cells: pl.DataFrame) -> pl.DataFrame:
    """Show numbers of over 15 digits as the spreadsheet does, in columns that hold numbers and not text."""
    long = [at for at, column in enumerate(cells.get_columns()) if column.str.contains(_LONG_NUMBER).any()]
    if not long:
        return cells
    heading = cells.select(pl.any_horizontal(pl.all().is_not_null()).arg_max()).item()
    typed = _load(workbook, name, None, skip_rows=heading + 1, use_columns=long).to_polars()
    damaged = [cells.columns[at] for at, dtype in zip(long, typed.dtypes, strict=True) if dtype.is_numeric()]
    shown = pl.col(damaged).map_elements(lambda text: f"{float(text):.5E}", return_dtype=pl.String)
    return cells.with_columns(
        pl.when(pl.col(damaged).str.contains(_LONG_NUMBER)).then(shown).otherwise(pl.col(damaged)).name.keep()
    )


def _raw(rows: pl.DataFrame, notes: tuple[str, ...]) -> RawTable:
    heading, body = rows.row(0)[1:], rows[1:]
    names = {name: str(at) for at, name in enumerate(rows.columns[1:])}
    body = body.rename(names).with_columns(pl.col(ROW).cast(pl.Int64), pl.exclude(ROW).str.replace(_MIDNIGHT, "$1"))
    return RawTable(tuple(cell or "" for cell in heading), body, rejects_of([]), "xlsx", notes)


def _text(values: pl.Series) -> pl.Series:
    if values.dtype.is_float():
        values = values.fill_nan(None)
        whole = (values == values.round(0)) & (values.abs() < 1e15)
        texts = values.cast(pl.String)
        return texts.zip_with(~whole.fill_null(False), values.set(~whole, None).cast(pl.Int64).cast(pl.String))
    return values.cast(pl.String).str.replace(_MIDNIGHT, "$1")


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
