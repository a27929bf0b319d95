"""A partner that is erased is found in no byte of the workspace nor in the CRM, and nobody else loses anything."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import asdict

import pytest
from sqlalchemy import insert

from jobs.cli import share_tables
from jobs.erasing.erasure import erase_partner
from jobs.partners import partner_settings
from jobs.stores import erasures, lists, releases, schema
from jobs.writeback import writing
from jobs.writeback.undo import undo_plans
from overlap.erasing import mark_of
from overlap.errors import ConfigError, GuardError, TransientError
from tests.jobs.erasing import CANARIES, KEY, listed_again, places_of, said_by_the_crm
from tests.jobs.trials import KILLED, Fate
from tests.jobs.world import GLOBEX, LISTED, START, World, api_writes, listed, said

MARK = mark_of("contoso-1a2b3c", KEY)
STEPS = (
    *("erase: begun", "erase: is set off", "partner_overlap: sent", "snapshot: named", "erase: published"),
    *("erase: runs are gone", "erase: warehouse is gone", "erase: files are gone", "erase: ledger has forgotten"),
)


def erased(world: World, **options):
    with world.context() as context:
        return erase_partner(context, KEY, **options)


def of_initech(world: World):
    """What the CRM says of another partner, and of influence."""
    return {place: record for place, record in said(world.store).items() if record.get("Partner_Name__c") == "Initech"}


def test_no_byte_of_an_erased_partner_is_left_and_nobody_else_loses_anything(left):
    shutil.copy(left.folder / "ledger.sqlite", left.folder / "ledger.before-0013.sqlite")  # as a migration leaves one
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


def test_what_another_partner_sent_too_stays(left):
    left.change_settings('files = "inbox/initech*"', 'files = "inbox/*-both.csv"')
    both = left.folder / "inbox" / f"{KEY}-both.csv"
    both.write_text("Account Name\nAlder Pumps\n")
    with left.context() as context:
        sent = lists.history(context.ledger, KEY)[0]
        with context.ledger.engine.begin() as connection:
            connection.execute(insert(schema.lists).values(asdict(sent) | {"partner": "initech"}))
        kept = sent.path(context.workspace.lists)
    assert erased(left).kept == (f"inbox/{KEY}-both.csv",)
    assert (both.exists(), kept.exists()) == (True, True)


def test_nobody_is_erased_while_something_is_on_its_way(left, monkeypatch):
    monkeypatch.setattr(writing, "_FIRST_WAIT_S", 0.0)
    left.wait(days=1)
    left.send(GLOBEX, listed(*LISTED, Status="Prospect"))
    planned = left.look()
    left.store.lock_rows(10_000)
    with pytest.raises(TransientError):
        left.apply(planned, approve=True)
    with pytest.raises(TransientError, match=f"plan {planned.id} is not finished; run 'overlap apply {planned.id}'"):
        erased(left)
    assert places_of(left.folder, CANARIES).keys() == set(CANARIES)
    left.store.lock_rows(0)
    erased(left)
    assert places_of(left.folder, CANARIES) == {}


def test_an_erasure_of_which_the_crm_refused_a_record_is_not_over(left):
    refused = {"fault": "reject-rows", "rows": [0], "code": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "method": "PATCH"}
    left.store.set_faults([{**refused, "contains": "Retired", "probability": 1.0}])
    with pytest.raises(GuardError, match=r"'salesforce' did not take 1 records, .*; mend that, then again"):
        erased(left)
    assert places_of(left.folder, CANARIES).keys() == set(CANARIES), "it is still known whose records those are"
    left.store.set_faults([])
    erased(left)
    assert said_by_the_crm(left.store, CANARIES) == set()


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
