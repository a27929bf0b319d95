"""Lists that cannot be trusted: named with their fault, not used, and the list before them stays in force."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.jobs.cli.terminal import Desk

HEADINGS = "Account ID,Account Name,Website,Country,Status,Partner Influence,Influence Date\n"
ROW = "X-0,Alder Pumps,alderpumps.com,Germany,Customer,,\n"
UNREADABLE = {
    "empty": (b"", "the file is empty; ask the partner to export the list again"),
    "headings only": (HEADINGS.encode(), "headings but no rows; ask the partner to export the list again"),
    "html": (b"<!doctype html><title>Sign in</title>", "HTML or XML, perhaps a login or error page"),
    "json": (b'{"error": "expired"}', "JSON; ask for the list as .csv, .xlsx or .parquet"),
    "encoding": ((HEADINGS + ROW).encode("utf-16-le"), "export"),
    "damaged utf-8": ((HEADINGS + ROW + "X-1,Böhler ").encode() + b"\xfc\n", "damaged letters from line 3 on"),
    "duplicate heading": ((HEADINGS.replace("Country", "Website") + ROW).encode(), "stands in columns C and D"),
    "no company": (b"Colour,Taste\nred,sweet\n", "ame"),
    "a workbook": (b"PK\x03\x04 and so on", "if it is a workbook, rename it to .xlsx"),
    "open quote": ((HEADINGS + 'X-0,"Alder Pumps,,,,,\n').encode(), "a quote opened in row 2 is not closed"),
}


@pytest.fixture
def inbox(desk: Desk) -> Path:
    """Where today's list of Globex goes; the one in force is of yesterday."""
    return desk.folder / "inbox" / f"globex-{desk.world.now:%Y-%m-%d}.csv"


@pytest.mark.parametrize(("content", "says"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_is_no_list_is_held_with_its_fault(desk: Desk, inbox: Path, content, says):
    inbox.write_bytes(content)
    with desk.keeps_everything():
        said = desk.overlap("pull")
    assert said.code == 6
    held = next(line for line in said.out.splitlines() if line.startswith("globex held"))
    assert inbox.name in held
    assert says in held
    assert "--accept" not in said.out, "nobody can accept what cannot be read"
    assert "the list accepted before stays in force" in said.out


def test_a_run_with_an_unreadable_list_goes_on_with_the_list_before_it(desk: Desk, inbox: Path):
    inbox.write_bytes(b"")
    said = desk.overlap("run")
    assert said.code == 6
    assert "8 overlaps" in said.out
    assert "nothing to write" in said.out


def test_a_ragged_row_goes_to_quarantine_with_its_number_and_reason_and_the_rest_is_taken(desk: Desk, inbox: Path):
    sent = next(desk.folder.glob("inbox/globex-*.csv")).read_text()
    inbox.write_text(sent + "X-6,Ginkgo Textiles,ginkgotextiles.com\n")
    said = desk.overlap("pull")
    assert said.code == 0
    assert f"globex accepted {inbox.name}: 7 rows in, 6 out, 1 quarantined" in said.out
    with (desk.folder / "quarantine" / inbox.name).open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["Row"] == "8"  # the heading is row 1
    assert row["Reason"] == "3 cells where the heading has 7"
    assert row["Remedy"] == "type its cells under the headings to the right"
    assert "Ginkgo Textiles" in row["Value"]


def test_a_status_that_nobody_mapped_is_quarantined_and_not_guessed(desk: Desk, inbox: Path):
    inbox.write_text(
        HEADINGS + "".join(ROW.replace("X-0", f"X-{n}") for n in range(6)) + ROW.replace("Customer", "Foe")
    )
    said = desk.overlap("pull", "--accept", "globex")
    assert "1 quarantined" in said.out
    quarantine = (desk.folder / "quarantine" / inbox.name).read_text("utf-8-sig")
    assert "map it in the partner's setting 'populations'" in quarantine


def test_a_list_that_lost_its_accounts_is_held_until_a_person_accepts_it(desk: Desk, inbox: Path):
    inbox.write_text(HEADINGS + ROW)
    with desk.keeps_everything():
        held = desk.overlap("pull")
    assert held.code == 6
    assert "5 of the last list's 6 accounts are missing" in held.out
    assert "overlap pull --accept globex" in held.out
    accepted = desk.overlap("pull", "--accept", "globex")
    assert accepted.code == 0
    assert f"globex accepted {inbox.name}: 1 rows in, 1 out" in accepted.out
    assert next(one["file"] for one in desk.overlap("status", "--json").json["lists"]) == inbox.name


def test_a_list_from_the_future_is_held_because_it_would_outdate_every_list_until_then(desk: Desk):
    (desk.folder / "inbox/globex-2099-01-31.csv").write_text(HEADINGS + ROW)
    with desk.keeps_everything():
        said = desk.overlap("pull")
    assert said.code == 6
    assert "its date, 2099-01-31, lies in the future" in said.out


def test_accepting_a_misspelt_partner_is_an_error_and_pulls_nothing(desk: Desk):
    with desk.keeps_everything():
        said = desk.overlap("pull", "--accept", "globx")
    assert said.code == 2
    assert said.error == "there is no partner 'globx'; did you mean 'globex'?"


def test_a_heading_that_the_settings_name_and_the_list_lacks_is_answered_with_those_it_has(desk: Desk, inbox: Path):
    desk.set_up('name = "Globex"', 'name = "Globex"\nheadings = { name = "Firma" }')
    inbox.write_text(HEADINGS + ROW)
    with desk.keeps_everything():
        said = desk.overlap("pull")
    assert said.code == 6
    assert "headings.name: the file has no heading 'Firma'; there are: Account ID, Account Name, " in said.out


def test_a_partner_without_any_list_is_shown_as_missing(fresh: Desk):
    for sent in fresh.folder.glob("inbox/initech*"):
        sent.unlink()
    said = fresh.overlap("pull")
    assert said.code == 0
    assert "initech missing no file fits 'inbox/initech*'" in said.out
    check = fresh.overlap("check")
    assert check.code == 3
    assert f"→ put the partner's list into {fresh.folder / 'inbox'}" in check.out


def test_a_pull_reads_a_list_in_a_process_of_its_own_and_follows_no_link_out_of_the_inbox(desk: Desk, inbox: Path):
    desk.world.change_settings("separate_process = false", "separate_process = true")
    outside = desk.folder / "outside.csv"
    outside.write_text(HEADINGS + "".join(ROW.replace("X-0", f"X-{n}") for n in range(6)))
    inbox.symlink_to(outside)
    said = desk.overlap("pull")
    assert said.code == 6
    assert f"{inbox.name}: a link that leads out" in said.out
    inbox.unlink()
    outside.rename(inbox)
    said = desk.overlap("pull", "--accept", "globex")
    assert said.code == 0
    assert f"globex accepted {inbox.name}: 6 rows in, 6 out" in said.out
