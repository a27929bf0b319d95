"""The small world, in which the newest list of Globex names four companies that may be ours."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import fastexcel
import pytest
import xlsxwriter

from connectors.sandbox.store import Store
from tests.jobs.conftest import Org, Prepared
from tests.jobs.world import GLOBEX, LISTED, Row, World, listed

DOUBTFUL = (  # id, name, website, country
    ("Y-0", "Ginkgo Textiles", "ginkgo-group.fr", "France"),
    ("Y-1", "Hazel Foundry Services", "hfs.es", "Spain"),
    ("Y-2", "Iris Turbines", "turbinas.fr", "France"),
    ("Y-3", "Iris", "iristurbines.fr", "Spain"),
)


def doubtful_rows(prefix: str = "Y") -> list[Row]:
    """Rows of a partner's list; with another *prefix*, their ids are others."""
    names = ("Account ID", "Account Name", "Website", "Country")
    said = [(one[0].replace("Y", prefix), *one[1:]) for one in DOUBTFUL]
    return [row for one in said for row in listed(6, **dict(zip(names, one, strict=True)))]


@pytest.fixture(scope="module")
def doubting_files(org: Org, first_run: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = org.again(first_run, tmp_path_factory.mktemp("doubting"))
    with Store.open(org.folder) as store:
        world = World(folder, store, first_run.now)
        world.send(GLOBEX, [*listed(*LISTED), *doubtful_rows()])
        world.pull()
        world.match()
    return org.keep(folder, world.now)


@pytest.fixture
def doubting(org: Org, store: Store, doubting_files: Prepared, tmp_path: Path) -> World:
    return World(org.again(doubting_files, tmp_path), store, doubting_files.now)


def fill(workbook: Path, target: Path, verdicts: Mapping[str, str], name: str | None = None) -> Path:
    """Save *workbook* as a spreadsheet would, with *verdicts* by the partner's row and the *name* of who gave them."""
    sheet = fastexcel.read_excel(workbook).load_sheet(0, header_row=None, skip_rows=0, dtypes="string")
    rows = [[cell or "" for cell in row] for row in sheet.to_polars().rows()]
    headings = next(row for row in rows if "their id" in row)
    for row in rows:
        at = row[headings.index("their id")]
        row[headings.index("verdict")] = verdicts.get(at, row[headings.index("verdict")])
        if row[0] == "Your name:":
            row[1] = name or ""
    with xlsxwriter.Workbook(target) as book:
        written = book.add_worksheet("Overlap review")
        for at, row in enumerate(rows):
            for column, cell in enumerate(row):
                if cell:
                    written.write_string(at, column, cell)
    return target
