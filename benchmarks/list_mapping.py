"""Are lists understood without a hint? Reads every CSV of a folder as a partner's list and compares the mapping.

What is expected is written below, by the file's name; a name that stands for several files is that of all of them. The
demo's two lists are read besides, as their partners would write them. Then each CSV is read once more without its row
of headings: columns that are told by what is in them may be few, but none may be wrong.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

from benchmarks import report
from config.partners import PartnerSettings
from connectors.files.headings import squashed
from connectors.files.reading import Reading
from connectors.files.source import read_headings
from connectors.sandbox.demo.lists import fabrikam, northwind
from overlap.errors import OverlapError

#: Columns that bear our own names.
_PLAIN: Final = ("name", "website", "country", "state", "city", "postcode", "industry")
_OTHERS: Final = {"street": "address", "headcount": "employees"}
#: Files of pairs of ids: they are no lists of companies, and nothing in them may be taken for a company's name.
_NO_LISTS: Final = ("truth.csv", "ignore.csv")
_BY_FILE: Final[Mapping[str, Mapping[str, str]]] = {
    "left_as_salesforce_report.csv": {
        "id": "Account ID",
        "name": "Account Name",
        "website": "Website",
        "phone": "Phone",
        "street": "Billing Street",
        "city": "Billing City",
        "state": "Billing State/Province",
        "postcode": "Billing Zip/Postal Code",
        "country": "Billing Country",
        "industry": "Industry",
        "headcount": "Employees",
        "population": "Type",
        "owner_name": "Account Owner",
    },
    "right_as_hubspot_export.csv": {
        "id": "Record ID",
        "name": "Company name",
        "website": "Company Domain Name",
        "phone": "Phone Number",
        "street": "Street Address",
        "city": "City",
        "state": "State/Region",
        "postcode": "Postal Code",
        "country": "Country/Region",
        "industry": "Industry",
        "headcount": "Number of Employees",
        "population": "Lifecycle Stage",
        "owner_name": "Company owner",
    },
    "northwind.csv": {
        "id": "Kundennummer",
        "name": "Firmenname",
        "website": "Internetseite",
        "country": "Land",
        "city": "Ort",
        "industry": "Branche",
        "headcount": "Mitarbeiter",
        "population": "Kundenstatus",
        "owner_name": "Betreuer",
        "owner_email": "Betreuer E-Mail",
        "claim": "Beitrag zum Geschäft",
        "claimed_on": "Beitrag am",
    },
    "fabrikam.xlsx": {
        "id": "Account ID",
        "name": "Account Name",
        "website": "Company Domain Name",
        "country": "Country/Region",
        "city": "City",
        "industry": "Industry",
        "headcount": "Number of Employees",
        "population": "Lifecycle Stage",
        "owner_name": "Company owner",
        "owner_email": "Owner Email",
        "claim": "Partner Influence",
        "claimed_on": "Influence Date",
    },
    # "Name 1" is SAP's heading for the first line of a company's name.
    "pairs.csv": {"name": "name1"},
}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--data", type=Path, default=os.environ.get("OVERLAP_BENCH_DATA"), help="a folder of CSV files")
    data = asked.parse_args().data
    with tempfile.TemporaryDirectory() as folder:
        files = [*(sorted(Path(data).rglob("*.csv")) if data else []), *_demo(Path(folder))]
        found = [_measured(path) | _bare(path, Path(folder)) for path in files]
    misses = sum(len(one["misses"]) for one in found)
    counts = {"files": len(found), "columns": sum(one["columns"] for one in found), "misses": misses}
    bare = [one["bare"] for one in found if one["bare"]]
    counts |= {"bare_files": len(bare), "bare_right": sum(one["right"] for one in bare)}
    counts |= {"bare_wrong": sum(len(one["wrong"]) for one in bare)}
    print(
        report.save(
            "list_mapping", "make bench-lists DATA=FOLDER", {**counts, "lists": found}, _sections(counts, found)
        )
    )


def _demo(folder: Path) -> Iterator[Path]:
    for one in (northwind("001000000000001AAA", date(2026, 1, 5)), fabrikam("001000000000002AAA", date(2026, 1, 5))):
        one.write(folder / one.file_name)
        yield folder / one.file_name


def _read(path: Path) -> Reading:
    return read_headings(path, "partner", PartnerSettings(name="Partner", files="*"))


def _measured(path: Path) -> dict[str, Any]:
    """Return how the list at *path* is read, and where that is not what is expected."""
    read = _read(path)
    headings = [one.heading for one in read.headings]
    expected = _expected(path.name, headings)
    misses = [
        f"{column}: {read.columns.get(column, 'nothing')} instead of {expected.get(column, 'nothing')}"
        for column in sorted({*read.columns, *expected})
        if read.columns.get(column) != expected.get(column)
    ]
    name = path.name if path.name in ("northwind.csv", "fabrikam.xlsx") else f"{path.parent.name}/{path.name}"
    told = {"list": name, "headings": headings, "columns": len(expected), "signature": read.signature}
    return {**told, "by_content": sum(one.why == "content" for one in read.headings), "misses": misses}


def _bare(path: Path, folder: Path) -> dict[str, Any]:
    """Return what is read of the list at *path* without its headings: how many columns rightly, and which wrongly."""
    if path.suffix != ".csv" or path.name in _NO_LISTS:
        return {"bare": None}
    headings = [one.heading for one in _read(path).headings]
    stripped = folder / f"bare_{path.name}"
    stripped.write_bytes(path.read_bytes().partition(b"\n")[2])
    expected = {heading: column for column, heading in _expected(path.name, headings).items()}
    try:
        read = _read(stripped)
    except OverlapError:  # held, since nothing in it tells data from headings
        return {"bare": {"right": 0, "wrong": [], "is_held": True}}
    if not read.headings[0].heading.startswith("column "):  # a list without a name is held, one with a name is not
        wrong = ["the first company was taken for headings"] if "name" in read.columns else []
        return {"bare": {"right": 0, "wrong": wrong, "is_held": not wrong}}
    found = [(one.column, heading) for one, heading in zip(read.headings, headings, strict=True) if one.column]
    wrong = [f"{column}: {heading}" for column, heading in found if not _is_right(column, heading, expected)]
    return {"bare": {"right": len(found) - len(wrong), "wrong": wrong, "is_held": False}}


def _is_right(column: str, heading: str, expected: Mapping[str, str]) -> bool:
    """Whether *heading* stands for *column*; where a list has two for one, as a host and a URL, either does."""
    return expected.get(heading, column if column in squashed(heading) else None) == column


def _expected(name: str, headings: list[str]) -> Mapping[str, str]:
    if name in _BY_FILE:
        return _BY_FILE[name]
    if name in _NO_LISTS:
        return {}
    named = {column: column for column in _PLAIN if column in headings}
    return named | {column: heading for column, heading in _OTHERS.items() if heading in headings}


def _sections(counts: Mapping[str, int], found: list[dict[str, Any]]) -> Iterator[str]:
    yield f"{counts['files']} lists, {counts['columns']} columns to be read, **{counts['misses']} misses**.\n"
    yield (
        f"Without their headings, {counts['bare_files']} of them: {counts['bare_right']} columns read rightly by what "
        f"is in them, **{counts['bare_wrong']} wrongly**; the others are left to a person.\n"
    )
    rows = [
        (
            one["list"],
            one["columns"],
            one["signature"] or "",
            "; ".join(one["misses"]) or "none",
            one["bare"]["right"] if one["bare"] else "",
            ("held" if one["bare"]["is_held"] else "; ".join(one["bare"]["wrong"]) or "none") if one["bare"] else "",
        )
        for one in found
    ]
    yield report.table(("list", "columns", "read as", "misses", "bare: right", "bare: wrong"), rows)


if __name__ == "__main__":
    main()
