"""Partners by hand: added, looked at, given a list, compared, removed."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.jobs.cli.terminal import Desk
from tests.jobs.world import LISTED, Row, listed


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    return tmp_path / "mail" / "list from globex.csv"


def write(path: Path, rows: list[Row]) -> Path:
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, listed(0)[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


def globex(desk: Desk, *words: object) -> dict:
    return desk.overlap("partner", "show", "globex", "--json", *words).json


# --- add ------------------------------------------------------------------------------------------------------------


def test_an_added_partner_takes_part_from_the_next_pull_on(desk: Desk):
    before = (desk.folder / "overlap.toml").read_text()
    said = desk.overlap("partner", "add", "umbrella", "--name", "Umbrella", "--files", "inbox/umbrella*")
    assert said.code == 0, said
    assert (desk.folder / "overlap.toml").read_text().startswith(before.rstrip())
    write(desk.folder / "inbox/umbrella-2026-01-31.csv", listed(0, 1))
    assert "umbrella accepted umbrella-2026-01-31.csv: 2 rows in" in desk.overlap("pull").out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("Globex Inc", "--name", "G", "--files", "x*"), "'Globex Inc' is no key: write small letters"),
        (("globex", "--name", "G", "--files", "x*"), "there is a partner 'globex' already: 'Globex'"),
        (("globex-2", "--name", "GLOBEX", "--files", "x*"), "partner 'globex' has the name 'GLOBEX' already"),
        (("umbrella", "--name", "a; b", "--files", "x*"), "partners.umbrella.name: "),
        (("umbrella", "--name", "U", "--files", "x*", "--population", "Foes"), "partners.umbrella.population: "),
        (("umbrella", "--name", "U", "--files", "/lists/x*"), "files = '/lists/x*': write a pattern within"),
        (("umbrella", "--name", "U", "--files", "sftp://h/x*"), "partners.umbrella: [source] needs username, and"),
    ],
)
def test_a_partner_that_does_not_fit_is_refused_and_the_file_stays(desk: Desk, words, says):
    before = (desk.folder / "overlap.toml").read_bytes()
    said = desk.overlap("partner", "add", *words)
    assert (said.code, said.error[: len(says)]) == (2, says)
    assert (desk.folder / "overlap.toml").read_bytes() == before


def test_a_partner_whose_lists_lie_elsewhere_comes_with_the_way_there(desk: Desk):
    how = ("username=acme", "password=env:PW", "host_key=ssh-ed25519 AAAA")
    words = [word for one in how for word in ("--source", one)]
    said = desk.overlap("partner", "add", "umbrella", "--name", "U", "--files", "sftp://127.0.0.1/x*", *words)
    assert said.code == 0, said
    assert "[partners.umbrella] is written into" in said.out
    found = desk.overlap("pull")
    assert (found.code, "umbrella held" in found.out, "the list accepted before stays in force" in found.out) == (
        6,
        True,
        True,
    )
    assert "8 overlaps" in desk.overlap("match").out, "the others' lists are there"


# --- import ---------------------------------------------------------------------------------------------------------


def test_a_list_from_anywhere_is_in_force_for_the_next_match_and_no_plan_is_made_before(desk: Desk, elsewhere: Path):
    write(elsewhere, [*listed(*LISTED), *listed(8)])
    rehearsed = desk.overlap("partner", "import", "globex", elsewhere, "--dry-run")
    assert (rehearsed.code, len(globex(desk)["lists"])) == (0, 1)
    assert "would be accepted list from globex.csv" in rehearsed.out
    said = desk.overlap("partner", "import", "globex", elsewhere)
    assert said.code == 0, said
    newest = globex(desk)["lists"][0]
    assert (newest["file_name"], newest["rows_out"], newest["imported"]) == (elsewhere.name, 7, True)
    elsewhere.unlink()
    assert "is not matched yet" in desk.overlap("plan").error
    assert "9 overlaps" in desk.overlap("match").out
    assert "globex unchanged" in desk.overlap("pull").out, "the older file in the inbox does not come back"


def test_an_imported_list_goes_through_the_guards(desk: Desk, elsewhere: Path):
    write(elsewhere, listed(0))
    with desk.keeps_everything():
        held = desk.overlap("partner", "import", "globex", elsewhere)
    assert held.code == 6
    assert "5 of the last list's 6 accounts are missing" in held.out
    assert desk.overlap("partner", "import", "globex", elsewhere, "--accept").code == 0
    assert globex(desk)["lists"][0]["approved_by"] is not None


def test_an_imported_list_of_the_same_day_stands_against_the_file_that_lay_there_already(desk: Desk, elsewhere: Path):
    (sent,) = desk.folder.glob("inbox/globex-*.csv")
    day = sent.stem.removeprefix("globex-")
    write(elsewhere, [*listed(*LISTED), *listed(8)])
    assert desk.overlap("partner", "import", "globex", elsewhere, "--as-of", day).code == 0
    desk.pull()
    assert globex(desk)["lists"][0]["file_name"] == elsewhere.name
    write(sent, [*listed(*LISTED), *listed(7, 8)])
    desk.pull()
    assert globex(desk)["lists"][0]["file_name"] == sent.name, "what comes later the same day counts"


def test_days_count_and_not_hours_whoever_brought_the_list(desk: Desk, elsewhere: Path):
    (sent,) = desk.folder.glob("inbox/globex-*.csv")
    sent = sent.rename(desk.folder / "inbox/globex.csv")
    write(sent, [*listed(*LISTED), *listed(7)])
    desk.pull()
    assert globex(desk)["lists"][0]["file_name"] == sent.name
    today = globex(desk)["lists"][0]["as_of"][:10]
    write(elsewhere, [*listed(*LISTED), *listed(7, 8)])
    assert desk.overlap("partner", "import", "globex", elsewhere, "--as-of", today).code == 0
    desk.pull()
    assert globex(desk)["lists"][0]["file_name"] == elsewhere.name, "what lay there already does not come back"


def test_an_older_list_a_missing_file_and_a_day_to_come_are_refused(desk: Desk, elsewhere: Path):
    write(elsewhere, listed(*LISTED))
    with desk.keeps_everything():
        older = desk.overlap("partner", "import", "globex", elsewhere, "--as-of", "2020-01-31")
        missing = desk.overlap("partner", "import", "globex", elsewhere.with_name("nothing.csv"))
        future = desk.overlap("partner", "import", "globex", elsewhere, "--as-of", "2099-01-31")
        nobody = desk.overlap("partner", "import", "globx", elsewhere)
    assert (older.code, missing.code, future.code, nobody.code) == (6, 2, 6, 2)
    assert "is of 2020-01-31, the list in force of" in older.error
    assert missing.error.endswith("nothing.csv: there is no such file")
    assert "lies in the future" in future.out
    assert nobody.error == "there is no partner 'globx'; did you mean 'globex'?"


def test_an_imported_list_ends_the_waiting_of_a_held_one(desk: Desk, elsewhere: Path):
    write(desk.folder / "inbox" / f"globex-{desk.world.now:%Y-%m-%d}.csv", listed(0))
    assert desk.overlap("pull").code == 6
    assert "--accept globex" in desk.overlap("status").out
    write(elsewhere, listed(*LISTED))
    assert desk.overlap("partner", "import", "globex", elsewhere).code == 0
    assert "--accept" not in desk.overlap("status").out


# --- look -----------------------------------------------------------------------------------------------------------


def test_the_partners_are_listed_with_age_overlaps_and_what_is_wrong(desk: Desk):
    desk.set_up('name = "Globex"', 'name = "Globex"\nterms = { uses = ["analysis"], fields = ["name"] }')
    one, other = desk.overlap("partner", "list", "--json").json["partners"]
    assert (one["partner"], one["rows"], one["overlaps"], one["age_days"]) == ("globex", 6, 6, 1)
    hidden = "website, phone, address, population, owner name, owner email, claim"
    assert one["terms"] == f"not for crm; not for digest; without {hidden}"
    assert (other["partner"], other["overlaps"], other["terms"]) == ("initech", 2, "")
    assert "globex: terms: not for crm; not" in desk.overlap("partner", "list").out


def test_one_partner_is_shown_with_headings_lists_and_cells(desk: Desk):
    said = desk.overlap("partner", "show", "globex").out
    assert "name = 'Account Name'" in said
    assert "in force" in said
    assert "Open Opportunities x Customers" in said
    assert sum(cell["accounts"] for cell in globex(desk)["cells"]) == 6


def test_two_lists_are_compared_row_by_row(desk: Desk, elsewhere: Path):
    assert "one list yet" in desk.overlap("partner", "diff", "globex").error
    changed = {**listed(1)[0], "Website": "birch.example"}
    write(elsewhere, [*listed(0), changed, *listed(2, 3, 4), *listed(8)])
    assert desk.overlap("partner", "import", "globex", elsewhere, "--accept").code == 0
    found = desk.overlap("partner", "diff", "globex", "--json").json
    assert [(row["what"], row["id"]) for row in found["rows"]] == [
        ("appeared", "X-8"),
        ("vanished", "X-5"),
        ("changed", "X-1"),
    ]
    assert found["rows"][2]["columns"] == {"website": ["birchvalves.com", "birch.example"]}
    assert "website: 'birchvalves.com' → 'birch.example'" in desk.overlap("partner", "diff", "globex").out
    assert (
        "has no list of 2020-01-31; there are: "
        in desk.overlap("partner", "diff", "globex", "--from", "2020-01-31").error
    )


# --- remove ---------------------------------------------------------------------------------------------------------


def test_a_removed_partner_s_overlaps_retire_with_the_next_run_and_what_it_means_is_said_before(desk: Desk):
    asked = desk.overlap("partner", "remove", "initech")
    assert asked.code == 2
    assert "2 overlaps retire" in asked.out
    assert "[partners.initech]" in (desk.folder / "overlap.toml").read_text()
    assert desk.overlap("partner", "remove", "initech", "--yes").code == 0
    assert "initech" not in (desk.folder / "overlap.toml").read_text()
    held = desk.overlap("run", "--json")
    assert held.code == 6
    (plan,) = held.json["plans"]
    assert plan["counts"]["partner_overlap.retire"] == 2
    assert desk.overlap("run", "--approve").code == 0
    assert {
        one["Status__c"] for one in desk.store.records("Partner_Overlap__c") if one["Name"].startswith("Initech")
    } == {"Retired"}
    again = desk.overlap("partner", "add", "initech-2", "--name", "Initech", "--files", "x*")
    assert again.error == "'Initech' was partner 'initech' before; its records bear that key: add it as 'initech'"
    back = desk.overlap("partner", "add", "initech", "--name", "Initech", "--files", "inbox/initech*")
    assert "1 of its lists are known" in back.out


def test_a_partner_is_removed_and_erased_by_one_command(desk: Desk):
    said = desk.overlap("partner", "remove", "initech", "--erase", "--yes")
    assert (said.code, "'initech' is erased" in said.out) == (0, True)
    assert not list((desk.folder / "inbox").glob("initech*"))
    assert not [one for one in desk.store.records("Partner_Overlap__c") if "Initech" in one["Name"]]
    assert "nothing left of it" in desk.overlap("erase-partner", "initech", "--yes").error
    assert desk.overlap("run").code == 0


def test_a_partner_that_an_environment_speaks_of_is_not_half_removed(desk: Desk):
    (desk.folder / "overlap.live.toml").write_text('[partners.globex]\nfiles = "live/globex*"\n')
    before = (desk.folder / "overlap.toml").read_bytes()
    said = desk.overlap("partner", "remove", "globex", "--yes")
    assert (said.code, "overlap.live.toml speaks of 'globex' too" in said.error) == (2, True)
    assert (desk.folder / "overlap.toml").read_bytes() == before


# --- times ----------------------------------------------------------------------------------------------------------


def test_days_and_times_are_those_of_the_workspace(desk: Desk, elsewhere: Path):
    desk.world.change_settings('name = "Contoso"', 'name = "Contoso"\ntime_zone = "Pacific/Kiritimati"')
    write(elsewhere, [*listed(*LISTED), *listed(8)])
    day = datetime.now(ZoneInfo("Pacific/Kiritimati")).date()  # at midnight there, it is the day before in UTC
    said = desk.overlap("partner", "import", "globex", elsewhere, "--as-of", day)
    assert f", as of {day}: " in said.out
    assert f"{day} " in desk.overlap("partner", "list").out
    assert f"{day} " in desk.overlap("partner", "show", "globex").out
    status = desk.overlap("status").out
    assert f"{day} " in status
    assert "started (Pacific/Kiritimati)" in status
