"""A list of which rows were corrected, from one pull to the next."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.partners.corrections import Correction, correct
from jobs.stores import lists
from overlap.errors import GuardError
from tests.jobs.world import GLOBEX, World, listed

SHORT = "X-9,Zinnia Foods\n"


@pytest.fixture
def bad_rows(world: World) -> Path:
    """Globex has sent a list with one bad row; the file of bad rows, as `pull` names it."""
    world.send(GLOBEX, listed(0, 1))
    [sent] = world.folder.glob("inbox/globex-*.csv")
    sent.write_text(sent.read_text() + SHORT)
    return world.folder / "quarantine" / f"{sent.stem}.csv"


def corrected(world: World, file: Path, approve: bool = False) -> Correction:
    with world.context() as context:
        return correct(context, GLOBEX, file, approve)


def fix(file: Path) -> None:
    heading, row = file.read_text("utf-8-sig").splitlines()
    file.write_text(f"{heading}\n{row.rstrip(',')},X-9,Zinnia Foods,,,Customer,,\n")


def test_a_corrected_row_is_in_force_and_the_sent_list_does_not_come_back(world: World, bad_rows: Path) -> None:
    world.pull()
    fix(bad_rows)
    done = corrected(world, bad_rows)
    assert (done.corrected, done.report.state) == (1, "accepted")
    assert (done.report.rows_out, done.report.quarantined) == (3, 0)
    assert not bad_rows.exists()
    assert world.match().partner_accounts == 5, "no pull is needed for it to count"
    report = next(one for one in world.pull().lists if one.partner == GLOBEX)
    assert (report.state, report.rows_out) == ("unchanged", 3)
    with world.context() as context:
        now, _ = lists.in_force(context.ledger, GLOBEX, context.workspace.zone)
        assert now is not None and now.rows_in == 3


def test_a_held_list_is_taken_once_it_is_corrected(world: World, bad_rows: Path) -> None:
    world.change_settings("[partners.globex]", "[guards]\nlist_rejects = 0\n\n[partners.globex]")
    assert [one.state for one in world.pull().held] == ["held"]
    fix(bad_rows)
    assert corrected(world, bad_rows).report.state == "accepted"
    assert not world.pull().held


def test_a_correction_that_is_held_changes_nothing_until_a_person_lets_it_through(world: World, bad_rows: Path) -> None:
    sent = next(world.folder.glob("inbox/globex-*.csv"))
    sent.write_text(sent.read_text() + SHORT)
    world.change_settings("[partners.globex]", "[guards]\nlist_rejects = 0\n\n[partners.globex]")
    world.pull()
    lines = bad_rows.read_text("utf-8-sig").splitlines()
    bad_rows.write_text("\n".join(lines[:2]))
    fix(bad_rows)
    before = bad_rows.read_text()
    assert corrected(world, bad_rows).report.state == "held"
    assert bad_rows.read_text() == before
    assert corrected(world, bad_rows, approve=True).report.state == "accepted"
    assert len(bad_rows.read_text("utf-8-sig").splitlines()) == 2, "what is still bad, numbered anew"


def test_a_list_in_force_is_corrected_also_when_its_file_is_gone(world: World, bad_rows: Path) -> None:
    world.pull()
    for sent in world.folder.glob("inbox/*"):
        sent.unlink()
    fix(bad_rows)
    assert corrected(world, bad_rows).report.rows_out == 3, "the list in force is kept"


def test_no_row_gets_lost_by_correcting_another(world: World, bad_rows: Path) -> None:
    sent = next(world.folder.glob("inbox/globex-*.csv"))
    heading, *rows = sent.read_text().splitlines()
    # Put below the others, it would be taken for what a report has under its rows.
    sent.write_text("\n".join((heading, "Copyright (c) 2026 salesforce.com", *rows)) + "\n")
    world.pull()
    lines = bad_rows.read_text("utf-8-sig").splitlines()
    bad_rows.write_text(f"{lines[0]}\n{lines[2]}")
    fix(bad_rows)
    with pytest.raises(GuardError, match="4 rows would be 3"):
        corrected(world, bad_rows)
    assert next(one for one in world.pull().lists if one.partner == GLOBEX).rows_out == 2, "as it was sent"
