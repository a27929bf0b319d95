"""Workbooks and Parquet files to rows of text. "00007" stays, 100.0 becomes "100", a date becomes 2025-03-01.

The one thing to know: a spreadsheet number has 15 digits, so a longer one typed as a number is already damaged. It is
shown as a spreadsheet shows it ("1.23457E+17"), which is how `connectors.files.source` knows a damaged id.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any, Final

import fastexcel
import polars as pl
import polars.selectors as cs

from connectors.files import values
from connectors.files.headings import recognise, squashed
from connectors.files.raw import ROW, SHEET, RawTable, rejects_of
from connectors.files.sheet_xml import hidden_rows
from connectors.files.tails import without_tail
from connectors.files.top import BARE_NOTE, LOOKED_AT, find_top, made_headings, titles_note
from overlap.errors import ConfigError, GuardError

#: The sheet of our own review workbooks, see `connectors.files.answers`.
REVIEW_SHEET: Final = "Overlap review"
_UNPACKED_BYTES: Final = 500_000_000
_ENTRIES: Final = 1_000
#: Blank rows and titles among them.
_PROBED_ROWS: Final = 80
_HOLDS_TEXT: Final = pl.any_horizontal(pl.exclude(ROW).str.strip_chars().str.len_bytes() > 0)
_LONG_NUMBER: Final = r"^\d{16,}$"
#: How a day looks as a moment.
MIDNIGHT: Final = r"^(\d{4}-\d\d-\d\d)[ T]00:00:00(?:\.0+)?(?:Z|\+00:00)?$"


@dataclass(frozen=True, slots=True)
class Sheets:
    """Which sheets of a workbook are read: the one called *name*, else the first that has a table.

    *by_population*: if several are named after populations ("Customers", "Open Opps"), all of them.
    """

    name: str | None = None
    by_population: bool = False


FIRST_SHEET: Final = Sheets()


def read_xlsx(path: Path, sheets: Sheets, known: Collection[str] = ()) -> RawTable:
    """Return the table in the workbook *path*; *known* are headings that settings or memory name.

    Raises:
        ConfigError: there is no sheet of that name.
        GuardError: the file is no workbook, protected by a password, damaged, or would unpack to over 500 MB.
    """
    check_archive(path)
    try:
        workbook = fastexcel.read_excel(path)
        if sheets.name is None and REVIEW_SHEET in workbook.sheet_names:
            raise GuardError(
                f"{path.name}: a review workbook, no list; take its verdicts with 'overlap review --read FILE'"
            )
        names = _chosen(workbook, path, sheets, known)
        tables = [_table(workbook, path, name, known) for name in names]
    except fastexcel.FastExcelError as error:
        raise GuardError(f"{path.name}: damaged workbook ({_first_line(error)}); save it again as .xlsx") from error
    raw = united(dict(zip(names, tables, strict=True)))
    others = ", ".join(f"'{other}'" for other in workbook.sheet_names if other not in names)
    read = " and ".join(f"'{name}'" for name in names)
    what = f"sheet{'s' * (len(names) > 1)} {read} {'were' if len(names) > 1 else 'was'} read"
    unread = f"only {what}, not {others}; the setting 'sheet' names one"
    several = f"{what}, each with its population"
    notes = (unread,) if others and sheets.name is None else (several,) if len(names) > 1 else ()
    return replace(raw, notes=(*notes, *raw.notes, *_hidden_note(path, names)))


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


def check_archive(path: Path) -> None:
    """Refuse, with a GuardError, what the parser must not see.

    Reading every entry once proves sizes that the directory may lie about.
    """
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


def _chosen(workbook: fastexcel.ExcelReader, path: Path, sheets: Sheets, known: Collection[str]) -> list[str]:
    """Return the names of the sheets to read: a cover sheet has no headings, a hidden one is not meant for us."""
    names = workbook.sheet_names
    if sheets.name is not None:
        if sheets.name not in names:
            near = get_close_matches(sheets.name, names, n=1, cutoff=0.0)
            raise ConfigError(f"{path.name}: no sheet '{sheets.name}'; did you mean '{''.join(near)}'?")
        return [sheets.name]
    beginnings = {name: _load(workbook, name, "string", n_rows=_PROBED_ROWS) for name in names}
    visible = {name: loaded.to_polars() for name, loaded in beginnings.items() if loaded.visible == "visible"}
    if not visible:
        raise GuardError(f"{path.name}: all sheets are hidden; name one in the setting 'sheet'")
    tops = {name: find_top(rows, known) for name, cells in visible.items() if (rows := _rows(cells))}
    certain = [name for name, top in tops.items() if top.is_certain]
    meant = [name for name in certain if values.named_population(name)]
    if sheets.by_population and len({values.named_population(name) for name in meant}) > 1:
        return meant
    bare = [name for name, top in tops.items() if top.is_bare]
    return [*certain, *bare, *tops, *visible][:1]


def _rows(cells: pl.DataFrame) -> list[list[str]]:
    """Return the first rows that hold any text, as lists of cells."""
    rows = ([cell or "" for cell in row] for row in cells.rows())
    return list(islice((row for row in rows if any(map(str.strip, row))), LOOKED_AT))


def _table(workbook: fastexcel.ExcelReader, path: Path, name: str, known: Collection[str]) -> RawTable:
    """Return the table on sheet *name*, under its titles and above its totals."""
    cells = _load(workbook, name, "string").to_polars()
    rows = cells.with_row_index(ROW, offset=1).filter(_HOLDS_TEXT)
    if rows.is_empty():
        raise GuardError(f"{path.name}: sheet '{name}' is empty; name the right one in the setting 'sheet'")
    first = _rows(rows.drop(ROW))
    top = find_top(first, known)
    begin = int(rows[ROW][top.at])  # the row of headings, or the first of data
    exact = _exact_digits(workbook, name, cells, begin - top.is_bare)
    body = exact.with_row_index(ROW, offset=1).filter(_HOLDS_TEXT & (pl.col(ROW) > begin - top.is_bare))
    body = body.rename({column: str(at) for at, column in enumerate(cells.columns)})
    body = body.with_columns(pl.col(ROW).cast(pl.Int64), pl.exclude(ROW).str.replace(MIDNIGHT, "$1"))
    notes = (*titles_note(first[: top.at]), *([BARE_NOTE] if top.is_bare else []))
    headings = made_headings(cells.width) if top.is_bare else tuple(first[top.at])
    return without_tail(RawTable(headings, body, rejects_of([]), "xlsx", notes))


def united(tables: Mapping[str, RawTable]) -> RawTable:
    """Return *tables*, by the sheet that each stands on, as one; `SHEET` says which, where that names a population.

    Headings that mean the same column of ours, or are the same but for their spelling, become one.
    """
    (name, whole), *others = tables.items()
    headings = list(whole.headings)
    bodies = [whole.body.with_columns(pl.lit(name).alias(SHEET))]
    notes = [f"sheet '{name}': {note}" if others else note for note in whole.notes]
    for other, table in others:
        ours, theirs = recognise(headings, {}), recognise(table.headings, {})
        same = {heading: ours[column] for column, heading in theirs.items() if column in ours}
        spelt = {squashed(heading): heading for heading in headings}
        places = {}
        for at, heading in enumerate(table.headings):
            meant = same.get(heading, spelt.get(squashed(heading), heading))
            if meant not in headings:
                headings.append(meant)
            places[str(at)] = str(headings.index(meant))
        if len(set(places.values())) == len(places):
            bodies.append(table.body.rename(places).with_columns(pl.lit(other).alias(SHEET)))
        notes += [f"sheet '{other}': {note}" for note in table.notes]
    body = pl.concat(bodies, how="diagonal")
    if not any(map(values.named_population, tables)):
        body = body.drop(SHEET)
    return replace(whole, headings=tuple(headings), body=body, notes=tuple(notes))


def _hidden_note(path: Path, names: Sequence[str]) -> tuple[str, ...]:
    """Return a note on hidden rows of the sheets *names*: what a filter hides is data all the same."""
    count = sum(hidden_rows(path, name) for name in names)
    return (f"{count} rows that are hidden in the workbook were read like the others",) if count else ()


def _load(workbook: fastexcel.ExcelReader, name: str, dtype: fastexcel.DType | None, **part: Any) -> Any:
    """Return sheet *name* without a heading row; *part* says which rows and columns of it."""
    # skip_rows=0 and not None: None drops empty rows at the top, and row numbers would be wrong.
    return workbook.load_sheet(name, header_row=None, dtypes=dtype, schema_sample_rows=None, **{"skip_rows": 0, **part})


def _exact_digits(workbook: fastexcel.ExcelReader, name: str, cells: pl.DataFrame, begin: int) -> pl.DataFrame:
    """Show numbers of over 15 digits as the spreadsheet does, in columns that hold numbers from row *begin* on."""
    long = [at for at, column in enumerate(cells.get_columns()) if column.str.contains(_LONG_NUMBER).any()]
    if not long:
        return cells
    typed = _load(workbook, name, None, skip_rows=begin, use_columns=long).to_polars()
    damaged = [cells.columns[at] for at, dtype in zip(long, typed.dtypes, strict=True) if dtype.is_numeric()]
    shown = pl.col(damaged).map_elements(lambda text: f"{float(text):.5E}", return_dtype=pl.String)
    return cells.with_columns(
        pl.when(pl.col(damaged).str.contains(_LONG_NUMBER)).then(shown).otherwise(pl.col(damaged)).name.keep()
    )


def _text(values: pl.Series) -> pl.Series:
    if values.dtype.is_float():
        values = values.fill_nan(None)
        whole = (values == values.round(0)) & (values.abs() < 1e15)
        texts = values.cast(pl.String)
        return texts.zip_with(~whole.fill_null(False), values.set(~whole, None).cast(pl.Int64).cast(pl.String))
    return values.cast(pl.String).str.replace(MIDNIGHT, "$1")


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0] or type(error).__name__
