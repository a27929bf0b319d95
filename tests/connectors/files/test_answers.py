"""What a review workbook that came back says, whatever was done to it on the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import xlsxwriter

from config.lists import ListsSettings
from connectors.files.answers import read_answers
from connectors.files.guarded import Reader
from connectors.files.source import newest_list, read_list
from overlap.errors import GuardError

HEADINGS = ["verdict", "comment", "our account", "our id", "their account", "their id", "key"]
TOP = [["Which of these are one company?"], ["Your name:", "Bea"], [], HEADINGS]
ROW = [" same ", "", "Acme", "001A", "Acme GmbH", "G1", "k1"]


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    def write(rows: Sequence[Sequence[object]], sheet: str = "Overlap review") -> Path:
        path = tmp_path / "globex.xlsx"
        with xlsxwriter.Workbook(path) as workbook:
            workbook.add_worksheet("Cover")
            written = workbook.add_worksheet(sheet)
            for at, row in enumerate(rows):
                written.write_row(at, 0, row)
        return path

    return write


def test_rows_are_read_with_their_numbers_and_who_judged(save) -> None:
    found = read_answers(save([*TOP, ROW, ["", "no verdict", "", "", "", "", "k2"], ["", "a note"]]))
    assert found is not None
    assert found.judged_by == "Bea"
    assert found.rows.rows() == [
        (5, "same", None, "Acme", "Acme GmbH", "k1"),
        (6, None, "no verdict", None, None, "k2"),
    ]


def test_columns_may_be_moved_and_others_added(save) -> None:
    moved = [[*reversed(row), "x"] for row in (HEADINGS, ROW)]
    found = read_answers(save([*TOP[:2], *moved]))
    assert found is not None
    assert found.rows.rows() == [(4, "same", None, "Acme", "Acme GmbH", "k1")]


def test_another_workbook_is_none_and_one_without_headings_is_told(save) -> None:
    assert read_answers(save([*TOP, ROW], sheet="Accounts")) is None
    with pytest.raises(GuardError, match=r"the row of headings with 'verdict', .* is gone"):
        read_answers(save([TOP[0], ROW]))


def test_a_review_workbook_is_no_list_of_a_partner(save, partner) -> None:
    with pytest.raises(GuardError, match="a review workbook, no list; take its verdicts with 'overlap review --read"):
        read_list(save([["Name", "Website"], *TOP, ROW]), "globex", partner())


def test_a_workbook_that_was_taken_is_never_the_newest_list(tmp_path: Path) -> None:
    for name in ("list-2026-03-01.xlsx", "reviewed/globex/list-2026-03-09.xlsx"):
        path = tmp_path / "inbox" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert newest_list("inbox/**/*.xlsx", tmp_path) == tmp_path / "inbox" / "list-2026-03-01.xlsx"


def test_the_parsing_process_says_the_same(save) -> None:
    with Reader(ListsSettings()) as reader:
        path = save([*TOP, ROW])
        said, plain = reader.read_answers(path), read_answers(path)
        assert said is not None
        assert plain is not None
        assert (said.judged_by, said.rows.rows()) == (plain.judged_by, plain.rows.rows())
        assert reader.read_answers(save([*TOP, ROW], sheet="Accounts")) is None
