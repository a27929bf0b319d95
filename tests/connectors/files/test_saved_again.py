"""A review workbook says the same whichever program saved it again, and what is odd in it keeps its row."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.files.answers import read_answers
from connectors.files.raw import ROW
from connectors.files.sheet_xml import NEVER_WORKED_OUT
from connectors.files.source import read_list
from overlap.errors import GuardError
from tests.connectors.files.spreadsheets import PROGRAMS, Cell, Program, save

SHEET = "Overlap review"
HEADINGS = ["verdict", "comment", "our account", "our id", "their account", "their id", "key"]
TOP = [["Which of these are one company?"], ["Your name:", "Bea  "], ["Choose."], [], HEADINGS]


def row(key, verdict, comment=None, ours="Acme", theirs="Acme GmbH"):
    return [verdict, comment, ours, "001A", theirs, "G1", key]


ROWS = [
    row("k1", " same "),
    row("k2", None),
    row("k3", "Different", "I called them  "),
    row("k4", "later", ours="名前 & <Söhne>"),
    row("k5", Cell("rich", "same")),
    row("k6", Cell("formula", 'IF(1,"same","")', "same")),
    row("k7", Cell("formula", 'IF(1,"","same")', "")),
    row("k8", "same", Cell("date", "46000")),
    row("k9", "same", Cell("number", "3.0"), ours=Cell("number", "365.0")),
    row("k10", "same\u00a0"),
]
SAID = [
    (6, "same", None, "Acme", "Acme GmbH", "k1"),
    (7, None, None, "Acme", "Acme GmbH", "k2"),
    (8, "Different", "I called them", "Acme", "Acme GmbH", "k3"),
    (9, "later", None, "名前 & <Söhne>", "Acme GmbH", "k4"),
    (10, "same", None, "Acme", "Acme GmbH", "k5"),
    (11, "same", None, "Acme", "Acme GmbH", "k6"),
    (12, None, None, "Acme", "Acme GmbH", "k7"),
    (13, "same", "2025-12-09", "Acme", "Acme GmbH", "k8"),
    (14, "same", "3", "365", "Acme GmbH", "k9"),
    (15, "same", None, "Acme", "Acme GmbH", "k10"),
]


def read(path: Path):
    found = read_answers(path)
    assert found is not None
    return found.judged_by, found.rows.rows()


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_every_program_gives_back_the_same_answers_in_the_same_rows(program: Program, tmp_path: Path) -> None:
    sheets = {"Notes of Bea": [["verdict"], ["same"]], SHEET: [*TOP, *ROWS]}
    path = save(tmp_path / "overlap-review-globex (1).xlsx", sheets, program)
    assert read(path) == ("Bea", SAID)


def test_rows_that_a_filter_hides_and_rows_in_another_order_are_answers_too(tmp_path: Path) -> None:
    shuffled = [ROWS[at] for at in (2, 0, 1)]
    path = save(tmp_path / "x.xlsx", {SHEET: [*TOP, *shuffled]}, hidden={6, 7})
    assert [(one[0], one[-1]) for one in read(path)[1]] == [(6, "k3"), (7, "k1"), (8, "k2")]


def test_rows_and_columns_may_be_put_between(tmp_path: Path) -> None:
    rows = [["", *line] for line in [[], *TOP, ROWS[0], [], [], ROWS[2]]]
    _, found = read(save(tmp_path / "x.xlsx", {SHEET: rows}))
    assert [(one[0], one[1]) for one in found] == [(7, "same"), (10, "Different")]


ODD = [
    (Cell("error", "#N/A"), "#N/A"),
    (Cell("formula", "A6"), NEVER_WORKED_OUT),
    (Cell("boolean", "1"), "true"),
    (Cell("number", "1"), "1"),
    (Cell("date", "46000"), "2025-12-09"),
]


@pytest.mark.parametrize(("cell", "says"), ODD)
@pytest.mark.parametrize("name", ["Excel", "LibreOffice", "Google Sheets", "Excel, strict"])
def test_what_is_no_verdict_is_not_taken_for_an_empty_cell(cell: Cell, says: str, name: str, tmp_path: Path) -> None:
    path = save(tmp_path / "x.xlsx", {SHEET: [*TOP, ROWS[0], row("k2", cell), row("k3", None, cell)]}, PROGRAMS[name])
    assert [one[1] for one in read(path)[1]] == ["same", says, None]


@pytest.mark.parametrize("sheet", ["Tabelle1", "Sheet1", "Overlap review - Table 1", "overlap Review"])
def test_a_sheet_of_another_name_is_found_in_a_file_that_is_called_a_review(sheet: str, tmp_path: Path) -> None:
    sheets = {"Cover": [["x"]], sheet: [*TOP, *ROWS]}
    assert read(save(tmp_path / "Copy of overlap-review-globex-2026-03-02.xlsx", sheets)) == ("Bea", SAID)


def test_two_sheets_with_answers_are_told_and_none_is_read(tmp_path: Path) -> None:
    path = save(tmp_path / "x.xlsx", {SHEET: [*TOP, *ROWS], f"{SHEET} (2)": [*TOP, ROWS[0]]})
    with pytest.raises(GuardError, match=r"the sheets 'Overlap review' and 'Overlap review \(2\)' all hold answers"):
        read_answers(path)


def test_a_partners_own_sheet_of_a_like_name_is_a_list(tmp_path: Path, partner) -> None:
    accounts = [["Account Name", "Website"], ["Acme", "acme.example"]]
    path = save(tmp_path / "Overlap review of Globex.xlsx", {"Q3 Overlap Review": accounts})
    assert read_answers(path) is None
    assert read_list(path, "globex", partner()).rows.height == 1


def test_rows_are_counted_from_the_top_of_the_sheet(tmp_path: Path) -> None:
    found = read_answers(save(tmp_path / "x.xlsx", {SHEET: [[], [], *TOP, [], ROWS[0]]}))
    assert found is not None
    assert found.rows[ROW].to_list() == [9]
