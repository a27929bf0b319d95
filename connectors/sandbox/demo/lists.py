"""The lists that the demo's two partners send, written as their own tools would write them.

A list is kept here as UTF-8 and with days instead of dates; only `DemoList.write` makes the real file of it. The
damage in it is on purpose: a row without a company, a row that comes twice, names and domains that differ from ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Final

import polars as pl
import xlsxwriter  # type: ignore[import-untyped]  # ships no py.typed

#: The columns that hold days before today in the stored lists and dates in the written ones.
_DATES: Final = ("Beitrag am", "Influence Date")
#: Excel keeps numbers as numbers; German Excel's CSV has them as text with a dot for thousands.
_NUMBERS: Final = ("Number of Employees",)


@dataclass(frozen=True, slots=True, eq=False)
class DemoList:
    """One partner's list, and what a workspace must know to read it.

    *partner* is its key in the settings, *name* its label, *account_id* the partner's own account in our CRM (18
    characters). *populations* maps the partner's words for a status to our populations. *rows* has the partner's own
    headings; *as_of* is the day on which it was sent.
    """

    partner: str
    name: str
    account_id: str
    file_name: str
    populations: Mapping[str, str]
    rows: pl.DataFrame
    as_of: date

    def write(self, path: Path) -> None:
        """Write the list to *path*: the same list gives the same bytes.

        ``.csv`` is what German Excel saves: semicolons, Windows-1252, dates as 31.12.2026, numbers as 1.234.
        ``.xlsx`` has ids as text, numbers as numbers and dates as dates.

        Raises:
            ValueError: *path* ends in neither, or a name cannot be written in Windows-1252.
        """
        if path.suffix == ".csv":
            path.write_bytes(_as_german_csv(self.rows))
        elif path.suffix == ".xlsx":
            _write_xlsx(self.rows, path, self.as_of)
        else:
            raise ValueError(f"'{path.name}': a demo list is written as .csv or .xlsx; choose one of these endings")


def northwind(account_id: str, today: date) -> DemoList:
    """Return the list of Northwind Cloud, a cloud host: 140 rows with German headings, for a CSV file."""
    populations = {
        "Kunde": "Customers",
        "In Verhandlung": "Open Opportunities",
        "Interessent": "Prospects",
        "Ehemaliger Kunde": "Other",
    }
    return _list("northwind.csv", "Northwind Cloud", account_id, populations, today)


def fabrikam(account_id: str, today: date) -> DemoList:
    """Return the list of Fabrikam Analytics, an analytics vendor: 101 rows, for an Excel workbook."""
    populations = {"customer": "Customers", "opportunity": "Open Opportunities", "lead": "Prospects"}
    return _list("fabrikam.xlsx", "Fabrikam Analytics", account_id, populations, today)


def _list(file_name: str, name: str, account_id: str, populations: Mapping[str, str], today: date) -> DemoList:
    partner = Path(file_name).stem
    rows = _stored(f"{partner}.csv", today)
    return DemoList(partner, name, account_id, file_name, MappingProxyType(dict(populations)), rows, today)


def _stored(resource: str, today: date) -> pl.DataFrame:
    """Return a stored list: text as it stands there, but for days before today as dates, and for numbers."""
    content = files("connectors.sandbox.demo").joinpath(resource).read_bytes()
    table = pl.read_csv(content, infer_schema=False)
    dates, numbers = ([name for name in kind if name in table.columns] for kind in (_DATES, _NUMBERS))
    return table.with_columns(
        *((pl.lit(today) - pl.duration(days=pl.col(name).cast(pl.Int64))).alias(name) for name in dates),
        pl.col(numbers).cast(pl.Int64),
    )


def _as_german_csv(rows: pl.DataFrame) -> bytes:
    text = rows.write_csv(separator=";", date_format="%d.%m.%Y", line_terminator="\r\n")
    return text.encode("cp1252")


def _write_xlsx(rows: pl.DataFrame, path: Path, as_of: date) -> None:
    with xlsxwriter.Workbook(path) as workbook:
        # Excel stores when a workbook was made; left alone that is now, and no two files would be equal.
        workbook.set_properties({"created": datetime.combine(as_of, time(8))})
        rows.write_excel(workbook, worksheet="Accounts", dtype_formats={pl.Int64: "0", pl.Date: "yyyy-mm-dd"})
