"""The workbook that was written, saved again by spreadsheet programs, in an inbox with what they leave beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from jobs.reviewing.answers import read_workbook
from jobs.reviewing.kept import kept
from jobs.reviewing.verdicts import undo
from tests.connectors.files.spreadsheets import PROGRAMS, Cell, grid_of, save
from tests.jobs.reviewing.test_reviewing import judged, written_workbook
from tests.jobs.world import GLOBEX, World

SHEET = "Overlap review"
Grid = list[list[str | Cell | None]]
#: What Excel and LibreOffice lay beside a workbook that is open: its user, padded, and a line of text.
LOCKS = {"~$": b"\x03Bea" + b" " * 161, ".~lock.": b",bea,desk,02.03.2026 09:00,file:///home/bea;"}


def filled(world: World, verdicts: Mapping[str, str | Cell], name: str | None = None) -> Grid:
    """The cells of the workbook about Globex with *verdicts* by the partner's row, and the *name* of who gave them."""
    grid = grid_of(written_workbook(world))
    grid[1][1] = name
    for line in grid[5:]:
        line[0] = verdicts.get(str(line[place(grid, "their id")]))
    return grid


def place(grid: Grid, heading: str) -> int:
    return grid[4].index(heading)


def put(world: World, grid: Grid, program: str, name: str = "overlap-review-globex-2026-03-02.xlsx", **how) -> Path:
    return save(world.folder / "inbox" / name, {SHEET: grid}, PROGRAMS[program], **how)


@pytest.mark.parametrize("program", ["Excel", "LibreOffice", "Numbers"])
def test_answers_are_taken_from_whatever_saved_them_and_what_lies_beside_is_no_workbook(doubting, program):
    grid = filled(doubting, {"Y-0": "same", "Y-1": "Different", "Y-2": "later"}, "Bea")
    grid[5:] = sorted(grid[5:], key=lambda line: str(line[place(grid, "their account")]), reverse=True)
    grid = [[*line, None, None] for line in grid]
    name = "overlap-review-globex-2026-03-02 (1).xlsx"
    put(doubting, grid, program, name, hidden={5, 7})
    for before, content in LOCKS.items():
        (doubting.folder / "inbox" / f"{before}{name}").write_bytes(content)
    (report,) = doubting.pull().reviews
    assert (report.judged_by, report.taken, report.known, report.later, report.bad) == ("Bea", 2, 0, 2, ())
    assert report.kept == f"inbox/reviewed/{GLOBEX}/{name}"
    assert judged(doubting) == {"Y-0": ("same", "workbook", "Bea"), "Y-1": ("different", "workbook", "Bea")}
    assert doubting.pull().reviews == ()


def no_change(_: Grid, __: list[str | Cell | None]) -> None:
    """The row is as it was but for its verdict."""


def of_a_day(grid: Grid, line: list[str | Cell | None]) -> None:
    line[place(grid, "their account")] = Cell("date", "46000")


def of_a_number(grid: Grid, line: list[str | Cell | None]) -> None:
    line[place(grid, "our account")] = Cell("number", "3.14")


def without_a_key(grid: Grid, line: list[str | Cell | None]) -> None:
    line[place(grid, "key")] = None


def with_a_key_as_a_number(grid: Grid, line: list[str | Cell | None]) -> None:
    line[place(grid, "key")] = Cell("number", "1.2345E+17")


ODD = [
    (Cell("error", "#N/A"), no_change, "#N/A", "this is no verdict"),
    (Cell("formula", "A7"), no_change, "a formula without a result", "this is no verdict"),
    (Cell("boolean", "1"), no_change, "true", "this is no verdict"),
    (Cell("date", "46000"), no_change, "2025-12-09", "this is no verdict"),
    ("yes", no_change, "yes", "this is no verdict"),
    ("same", of_a_day, "same", "its names are not those that were asked about"),
    ("same", of_a_number, "same", "its names are not those that were asked about"),
    ("same", without_a_key, "same", "its key is none of ours"),
    ("same", with_a_key_as_a_number, "same", "its key is none of ours"),
]


def test_an_odd_row_is_told_with_its_number_and_reason_and_the_others_are_taken(doubting):
    plain = filled(doubting, {"Y-0": "same"})
    odd = next(at for at, line in enumerate(plain) if "Y-1" in line)
    for verdict, change, value, reason in ODD:
        grid = [[*line] for line in plain]
        grid[odd][0] = verdict
        change(grid, grid[odd])
        workbook = put(doubting, grid, "LibreOffice")
        with doubting.context() as context:
            report = read_workbook(context, workbook)
        (bad,) = report.bad
        assert (bad.row, bad.value, report.taken + report.known) == (odd + 1, value, 1)
        assert reason in bad.reason
        assert bad.remedy
    assert judged(doubting).keys() == {"Y-0"}


def test_columns_that_were_sorted_apart_move_no_verdict_to_another_pair(doubting):
    grid = filled(doubting, {f"Y-{at}": "same" for at in range(4)})
    keys = [line[-1] for line in grid[5:]]
    for line, key in zip(grid[5:], [*keys[1:], keys[0]], strict=True):
        line[-1] = key
    put(doubting, grid, "Excel")
    (report,) = doubting.pull().reviews
    assert report.taken == 0
    assert [bad.row for bad in report.bad] == [6, 7, 8, 9]
    assert judged(doubting) == {}


def test_a_verdict_that_was_undone_stays_so_when_its_workbook_is_saved_and_sent_again(doubting):
    grid = filled(doubting, {"Y-0": "same", "Y-1": "same"})
    put(doubting, grid, "Excel")
    doubting.pull()
    with doubting.context() as context:
        undo(context, next(one.number for one in kept(context) if one.theirs_id == "Y-1"))
    doubting.wait(days=1)
    put(doubting, grid, "LibreOffice", "overlap-review-globex-2026-03-02 (1).xlsx")
    (report,) = doubting.pull().reviews
    assert (report.taken, report.known) == (0, 1)
    assert "had judged it, which was undone" in report.bad[0].reason
    assert judged(doubting).keys() == {"Y-0"}


def test_who_downloads_the_workbook_again_and_says_otherwise_has_changed_his_mind(doubting):
    grid = filled(doubting, {"Y-0": "same"})
    put(doubting, grid, "Excel")
    doubting.pull()
    doubting.wait(days=1)
    next(line for line in grid if "Y-0" in line)[0] = "different"
    put(doubting, grid, "Excel", "overlap-review-globex-2026-03-02(2).xlsx")
    (report,) = doubting.pull().reviews
    assert (report.taken, report.bad) == (1, ())
    assert judged(doubting)["Y-0"][0] == "different"


def test_a_workbook_of_another_kind_is_told_until_it_is_gone(doubting):
    other = doubting.folder / "inbox" / "overlap-review-globex-2026-03-02.ods"
    other.write_bytes(b"PK\x03\x04 and so on")
    for _ in range(2):
        (report,) = doubting.pull().reviews
        assert "is read as .xlsx only; save it as that" in str(report.unread)
    other.unlink()
    assert doubting.pull().reviews == ()


def test_a_workbook_that_cannot_be_moved_is_taken_and_changes_nothing_the_next_time(doubting, monkeypatch):
    workbook = put(doubting, filled(doubting, {"Y-0": "same"}), "Excel")
    move = Path.replace

    def held(path: Path, target: Path) -> Path:
        if path == workbook:
            raise PermissionError(13, "it is open in another program", str(path))
        return move(path, target)

    monkeypatch.setattr(Path, "replace", held)
    reports = [doubting.pull().reviews[0] for _ in range(2)]
    assert [(one.taken, one.known, one.kept) for one in reports] == [(1, 0, None), (0, 1, None)]
    assert workbook.exists()
    monkeypatch.undo()
    assert doubting.pull().reviews[0].kept is not None
    assert judged(doubting).keys() == {"Y-0"}
