"""A partner that is erased is found in no byte of the workspace nor in the CRM, and nobody else loses anything."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from connectors.sandbox.store import Store
from jobs import steps
from jobs.cli import share_tables
from jobs.erasing.erasure import erase_partner
from jobs.erasing.person import erase_person
from jobs.finding.pairs import judge
from jobs.partners import partner_settings
from jobs.stores import erasures, releases
from jobs.writeback.undo import undo_plans
from overlap.erasing import mark_of
from overlap.errors import ConfigError
from tests.jobs.conftest import Prepared, new_world
from tests.jobs.erasing import (
    CANARIES,
    KEY,
    NAME,
    places_of,
    said_by_the_crm,
    send_csv,
    send_workbook,
    settings_of,
    share,
    tell,
)
from tests.jobs.trials import KILLED, Fate
from tests.jobs.world import START, World, api_writes, said

MARK = mark_of("contoso-1a2b3c", KEY)
STEPS = (
    *("erase: begun", "erase: is set off", "partner_overlap: sent", "snapshot: named", "erase: published"),
    *("erase: runs are gone", "erase: warehouse is gone", "erase: files are gone", "erase: ledger has forgotten"),
)


@pytest.fixture(scope="module")
def two_weeks(org, tmp_path_factory) -> Prepared:
    """A third partner sent two lists; its records are in the CRM, people judged, and its table was taken out."""
    folder = tmp_path_factory.mktemp("two-weeks") / "workspace"
    org.put_back()
    now = datetime.now(UTC)
    with Store.open(org.folder) as store:
        world = new_world(org, store, folder)
        world.now = now
        store.set_time(now)
        path = folder / "overlap.toml"
        before = path.read_text()
        path.write_text(before + settings_of(f"inbox/{KEY}*"))
        send_csv(world)
        world.run(lists=[KEY])
        with world.context() as context:
            judge(context, "Alder Pumps", f"{KEY}:ZYID-1", "different")
        world.wait(days=1)
        send_workbook(world)
        world.run(lists=[KEY])
        path.write_text(before)
        with world.context() as context:
            share(context)
    return org.keep(folder, world.now)


@pytest.fixture
def left(org, store, two_weeks, tmp_path) -> World:
    return World(org.again(two_weeks, tmp_path), store, two_weeks.now)


def erased(world: World, **options):
    with world.context() as context:
        return erase_partner(context, KEY, **options)


def of_initech(world: World):
    """What the CRM says of another partner, and of influence."""
    return {place: record for place, record in said(world.store).items() if record.get("Partner_Name__c") == "Initech"}


def test_no_byte_of_an_erased_partner_is_left_and_nobody_else_loses_anything(left):
    before = places_of(left.folder, CANARIES)
    assert before.keys() == set(CANARIES), "the search would not see what is there"
    kinds = {place.partition("/")[0].removesuffix("-wal") for where in before.values() for place in where}
    assert kinds >= {"ledger.sqlite", "warehouse.duckdb", "runs", "lists", "inbox", "quarantine", "shares", "shared"}
    assert len(said_by_the_crm(left.store, CANARIES)) > 4
    others = of_initech(left)
    assert others
    report = erased(left)
    assert places_of(left.folder, CANARIES) == {}
    assert said_by_the_crm(left.store, CANARIES) == set()
    assert (len(report.lists), report.judgements) == (2, 1)
    assert of_initech(left) == others
    line = left.audit()[-1]
    assert (line[:2], line[2]["partner"], line[2]["lists"]) == (("ada", "erased partner"), MARK, list(report.lists))
    with pytest.raises(ConfigError, match="was erased on"):
        erased(left)
    with left.context() as context:
        (back,) = undo_plans(context, "1", keep=False)
    assert not [word for word in CANARIES if word.lower() in repr(back).lower()], "an undo would bring it back"
    assert left.run(approve=False).held == (), "nothing that it left would have to be approved"
    again = left.look()
    assert again.changes == ()
    assert of_initech(left) == others
    assert left.overlap(0, "Globex") is not None
    assert places_of(left.folder, CANARIES) == {}


def test_a_preview_changes_nothing_and_says_what_would_go(left):
    crm, files = said(left.store), sorted(left.folder.rglob("*"))
    report = erased(left, preview=True)
    assert said(left.store) == crm
    assert sorted(left.folder.rglob("*")) == files
    assert report.records["salesforce"] > 6
    assert {name.partition("/")[0] for name in report.files} == {
        *("lists", "inbox", "quarantine", "shares", "shared", "briefs")
    }


def test_what_was_released_to_it_is_still_known_by_number_and_hash(left, capsys):
    erased(left)
    with left.context() as context:
        (release,) = releases.every(context.ledger)
        rows = [releases.row_of(text) for text in releases.rows_of(context.ledger, release.id)]
    assert (release.partner, release.rows, rows) == (MARK, 1, [{}])
    share_tables.release(release, rows, limit=5)
    assert "the partner was erased" in capsys.readouterr().out


def test_an_erasure_killed_at_any_step_is_finished_by_the_same_command(left, runner):
    others, before = of_initech(left), len(api_writes(left.store))
    for name in STEPS:
        died = runner.overlap(left.folder, "erase-partner", KEY, "--yes", fate=Fate(die_at=name))
        assert died.code == KILLED, (name, died.stderr)
    done = runner.overlap(left.folder, "erase-partner", KEY, "--yes")
    assert done.code == 0, done.stderr
    written = Counter((write.object_name, write.id) for write in api_writes(left.store)[before:])
    assert set(written.values()) == {1}
    assert places_of(left.folder, CANARIES) == {}
    assert said_by_the_crm(left.store, CANARIES) == set()
    assert of_initech(left) == others


def test_a_partner_that_the_settings_name_is_not_erased_and_a_misspelt_one_is_pointed_out(left):
    with pytest.raises(ConfigError, match=f"did you mean '{KEY}'"), left.context() as context:
        erase_partner(context, KEY[:-1])
    listed_again(left)
    with pytest.raises(ConfigError, match="take it out first"):
        erased(left)
    assert places_of(left.folder, CANARIES).keys() == set(CANARIES)


def test_the_ledger_drops_what_pulls_told_of_a_list_and_its_free_pages_hold_nothing(ledger, tmp_path):
    reports = [{"partner": KEY, "notes": ["row 7: 'qqcell'"]}, {"partner": "initech", "notes": ["row 8"]}]
    number = ledger.start_run("pull", START)
    ledger.finish_run(number, "done", START, {"lists": reports})
    with ledger.engine.begin() as connection:
        connection.exec_driver_sql("pragma secure_delete = off")
        erasures.drop_reports(connection, KEY)
    assert ledger.last_runs()[0].summary == {"lists": reports[1:]}
    ledger.pin("note", "qqnote" * 2000)
    ledger.unpin("note")
    assert places_of(tmp_path, ("qqcell", "qqnote")).keys() == {"qqcell", "qqnote"}
    erasures.end(ledger, 1, tmp_path / "ledger.sqlite", START)
    assert places_of(tmp_path, ("qqcell", "qqnote")) == {}


# --- a person -------------------------------------------------------------------------------------------------------

ADDRESS = "qqmail2@partner.example"
PERSON = ("qqmail2@", "Qqowner 2")


def listed_again(world: World) -> None:
    """The partner's table stands in the settings again."""
    path = world.folder / "overlap.toml"
    path.write_text(path.read_text() + settings_of(f"inbox/{KEY}*"))


def test_an_erased_person_is_found_nowhere_and_no_later_list_brings_them_back(left):
    listed_again(left)
    with left.context() as context:
        tell(context, ADDRESS)
    before = places_of(left.folder, PERSON)
    kinds = {place.partition("/")[0].removesuffix("-wal") for place in before["qqmail2@"]}
    assert kinds >= {"ledger.sqlite", "warehouse.duckdb", "runs", "lists", "inbox"}
    assert said_by_the_crm(left.store, PERSON) == set(PERSON)
    with left.context() as context:
        assert erase_person(context, ADDRESS, preview=True).lists
        assert places_of(left.folder, PERSON) == before, "a preview changes nothing"
        report = erase_person(context, ADDRESS.upper())
    assert places_of(left.folder, PERSON) == {}
    assert said_by_the_crm(left.store, PERSON) == set()
    assert said_by_the_crm(left.store, ("Qqowner 3", "qqmail3@")) == {"Qqowner 3", "qqmail3@"}, "others stay"
    assert {(partner, old == new) for partner, old, new in report.lists} == {(KEY, False)}
    left.wait(days=1)
    send_workbook(left)
    assert "qqmail2@" in places_of(left.folder, PERSON)
    ran = left.run(lists=[KEY])
    assert any("a person who was erased" in note for one in ran.pulled.lists for note in one.notes)
    assert places_of(left.folder, PERSON) == {}
    assert said_by_the_crm(left.store, PERSON) == set()
    assert left.overlap(2, NAME)["Status__c"] == "Active"
    assert left.look().changes == ()


def test_a_persons_erasure_that_was_killed_still_knows_the_names_and_what_went_out_with_them(left):
    listed_again(left)
    name, address = "Qqowner 97", "qqmail97@partner.example"  # of a row that matches nothing: only lists have it
    with left.context() as context:
        rows = [releases.row_text({"their_id": "ZYID-97", "note": address.upper()})]
        facts = ("0", "{}", 1, "0" * 64, "0" * 64, "xlsx", "shared/initech/packed.xlsx")
        releases.record(context.ledger, releases.Release(0, "initech", 1, context.now, "ada", *facts), rows)
        plain = context.workspace.shared / "initech" / "plain.csv"
        plain.parent.mkdir()
        plain.write_text(f"x,{address}")
        context.ledger.pin("org:former", "00D000000000077AAA")

        def die(step: str) -> None:
            if step == "erase: files are gone":
                raise KeyboardInterrupt

        steps.listen(die)
        try:
            with pytest.raises(KeyboardInterrupt):
                erase_person(context, address)
        finally:
            steps.listen(None)
        assert name not in repr([path.read_bytes() for path in context.workspace.lists.iterdir()])
        assert erasures.kept_names(context.ledger, "person", address) == {name}
        report = erase_person(context, address)
        assert report.released == ("shared/initech/packed.xlsx", "shared/initech/plain.csv")
        assert report.unreached == ("former",)
        assert erasures.kept_names(context.ledger, "person", address) == frozenset()
    plain.unlink()
    assert places_of(left.folder, (name, address)) == {}


def test_a_partner_that_was_never_pulled_is_erased_with_its_files_and_former_crms_are_told(written):
    sent = written.folder / "inbox" / "umbrella-2026-03-01.csv"
    sent.write_text("Company\nAlder Pumps\n")
    with written.context() as context:
        partner_settings.add(context, "umbrella", {"name": "Umbrella", "files": "inbox/umbrella*"}, {})
        context.ledger.pin("org:former", "00D000000000077AAA")
    with written.context() as context:
        partner_settings.remove(context, "umbrella")
    with written.context() as context:
        report = erase_partner(context, "umbrella")
        assert (report.files, report.unreached) == (("inbox/umbrella-2026-03-01.csv",), ("former",))
        with pytest.raises(ConfigError, match="was erased on"):
            erase_partner(context, "umbrella")
    assert not sent.exists()
    assert places_of(written.folder, ("umbrella",)) == {}
