"""The oracle of histories sees what it is there to see."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from connectors.sandbox.store import Change
from tests.histories import oracle
from tests.histories.oracle import Edit

NOW = datetime(2026, 3, 9, tzinfo=UTC)
API, ADA = "the API user", "Ada"


def change(user, operation="update", object_name="Partner_Overlap__c", record="a1", **changed):
    return Change(NOW, user, object_name, record, operation, changed)


@pytest.mark.parametrize(
    ("changes", "repeated"),
    [
        ([change(API, Play__c=("x", "y")), change(API, Play__c=("y", "z"))], 0),
        ([change(API, Play__c=("x", "y")), change(API)], 1),
        ([change(API, Play__c=("x", "y")), change(API, Play__c=("y", "x")), change(API, Play__c=("x", "y"))], 1),
        ([change(API, Play__c=("x", "y")), change(ADA, Play__c=("y", "x")), change(API, Play__c=("x", "y"))], 0),
        ([change(ADA)], 0),
    ],
)
def test_a_write_that_says_nothing_new_is_a_repeat(changes, repeated):
    count = oracle.written(changes, API)
    assert (count.repeated, len(count.problems)) == (repeated, repeated)


def test_a_repeat_that_nobody_could_know_of_is_counted_apart():
    changes = [change(API, Play__c=("x", "y")), change(API), change(API, record="a2")]
    count = oracle.written(changes, API, late=frozenset({"a1"}))
    assert (count.effective, count.repeated, count.unavoidable) == (1, 1, 1)


@pytest.mark.parametrize(
    ("made", "is_wrong"),
    [
        (change(API, Feedback__c=(None, "Not now")), True),
        (change(ADA, Feedback__c=(None, "Not now")), False),
        (change(API, "create", Feedback__c=(None, "Not now")), False),  # the org's default, not a payload
        (change(API, object_name="Account", Website=("a", "b")), True),
        (change(API, object_name="Account", Overlap_Best_Play__c=("a", "b")), False),
    ],
)
def test_what_people_own_is_not_the_apis_to_change(made, is_wrong):
    assert bool(oracle.written([made], API).problems) == is_wrong


def test_a_field_of_people_in_a_payload_is_found():
    body = '{"records": [{"attributes": {"type": "Overlap_Partner__c"}, "Name": "Globex", "Tier__c": "Growth"}]}'
    assert oracle.sent([body]) == ["Overlap_Partner__c: Tier__c is people's and was sent"]


def test_a_field_of_people_in_an_uploaded_file_is_found():
    objects = {"750x": "Overlap_Partner__c", "750y": "Partner_Overlap__c"}
    loads = [("750x", "Name,Tier__c\nGlobex,Growth\n"), ("750y", "Overlap_Key__c,Play__c\npi1-a,x\n")]
    assert oracle.uploaded(loads, objects) == ["Overlap_Partner__c: Tier__c is people's and was uploaded"]


@pytest.mark.parametrize(
    ("rows", "problems"),
    [
        ([("acknowledged", "a1", 1, 1)], 0),
        ([("acknowledged", "a1", 2, 1)], 0),
        ([("unneeded", "a1", 1, 1)], 1),
        ([("acknowledged", "a1", 1, 1), ("acknowledged", "a1", 1, 1)], 1),
        ([("acknowledged", "a1", 1, 1), ("sent", "a2", 1, 1)], 1),
        ([("acknowledged", "a1", 1, 1), ("conflict", "a2", 1, 1)], 0),
        ([("rejected", "a1", 1, 1)], 1),
    ],
)
def test_the_outbox_says_what_the_org_took(rows, problems, tmp_path):
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as ledger, ledger:
        keep(ledger, rows)
    taken = [change(API, Play__c=("x", "y")), change(API, record="a9")]
    assert len(oracle.kept_books(tmp_path / "ledger.sqlite", taken, ())) == problems


def keep(ledger: sqlite3.Connection, rows: Iterable[tuple[str, str, int, int]]) -> None:
    ledger.execute("create table plans (id integer, crm text)")
    ledger.executemany("insert into plans values (?, ?)", [(1, "salesforce"), (2, "hubspot")])
    ledger.execute("create table outbox (state text, record_id text, attempts integer, plan_id integer)")
    ledger.executemany("insert into outbox values (?, ?, ?, ?)", rows)


@pytest.mark.parametrize(
    ("plan", "attempts", "late", "problems"),
    [(2, 2, (), 0), (2, 1, (), 1), (1, 2, (), 1), (2, 1, ("a1",), 0), (2, 1, ("a2",), 1), (1, 1, ("a1",), 1)],
)
def test_a_portal_may_take_a_part_of_a_record_with_each_try_or_late(plan, attempts, late, problems, tmp_path):
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as ledger, ledger:
        keep(ledger, [("acknowledged", "a1", attempts, plan)])
    taken = [change(API, Play__c=("x", "y")), change(API, Partner__c=("", "p"))]
    assert len(oracle.kept_books(tmp_path / "ledger.sqlite", taken, (), {"hubspot"}, late)) == problems


def test_a_raced_record_may_differ_for_a_week_and_its_day_for_good():
    place = ("Partner_Overlap__c", "pi1-x")
    ours, twins = {place: {"Play__c": "a", "Changed_On__c": "1"}}, {place: {"Play__c": "a", "Changed_On__c": "2"}}
    everyone, nobody = frozenset({place}), frozenset()
    assert oracle.differences(ours, twins, nobody, nobody)
    assert not oracle.differences(ours, twins, nobody, everyone)
    assert oracle.differences(ours, {place: {**twins[place], "Play__c": "b"}}, nobody, everyone)
    assert not oracle.differences(ours, {}, everyone, everyone)
    assert oracle.differences({}, twins, nobody, everyone)
    partner = frozenset({("Overlap_Partner__c", "p1")})
    ours, twins = ({place: {**row, "Partner__c": "p1"}} for row in (ours[place], twins[place]))
    assert oracle.differences(ours, twins, nobody, nobody)
    assert not oracle.differences(ours, twins, nobody, partner)


def test_a_racing_deletion_takes_along_what_points_to_it():
    partner, pointing = ("Overlap_Partner__c", "p1"), ("Partner_Overlap__c", "o1")
    ours = {partner: {"IsDeleted": True}, pointing: {"IsDeleted": False, "Partner__c": None}}
    twins = {partner: {"IsDeleted": False}, pointing: {"IsDeleted": False, "Partner__c": "p1"}}
    assert not oracle.differences(ours, twins, frozenset({partner}), frozenset({partner}))
    assert len(oracle.differences(ours, twins, frozenset(), frozenset({partner}))) == 2


def test_what_pointed_to_a_record_before_its_deletion_belongs_to_that_race():
    partner, pointing = frozenset({("Overlap_Partner__c", "p1")}), ("Partner_Influence__c", "i1")
    ours, before = {pointing: {"Partner__c": None}}, {pointing: {"Partner__c": "p1"}}
    assert not oracle.differences(ours, {}, partner, partner, before)
    assert oracle.differences(ours, {}, partner, partner)


def test_a_deleted_account_is_let_be_if_it_was_raced():
    place = ("Account", "001A")
    ours, twins = ({place: {"IsDeleted": True, "Overlap_Best_Partner__c": said}} for said in ("a", "b"))
    assert oracle.differences(ours, twins, frozenset(), frozenset())
    assert not oracle.differences(ours, twins, frozenset(), frozenset({place}))


def test_what_is_retired_is_not_linked_again_to_a_partner_that_people_deleted():
    partner, place = frozenset({("Overlap_Partner__c", "p1")}), ("Partner_Overlap__c", "o1")
    ours = {place: {"Status__c": "Retired", "Partner__c": "p1", "Play__c": "x"}}
    twins = {place: {"Status__c": "Retired", "Partner__c": None, "Play__c": "x"}}
    assert not oracle.differences(ours, twins, frozenset(), partner)
    assert oracle.differences(ours, twins, frozenset(), frozenset())
    assert oracle.differences(ours, {place: {**twins[place], "Play__c": "y"}}, frozenset(), partner)
    assert oracle.differences(ours, {place: {**twins[place], "Play__c": None}}, frozenset(), partner)
    active = [{place: {**row[place], "Status__c": "Active"}} for row in (ours, twins)]
    assert oracle.differences(*active, frozenset(), partner)


def test_a_link_to_a_raced_record_that_was_deleted_is_there_or_was_never_made():
    gone, place = ("Partner_Overlap__c", "o1"), ("Partner_Influence__c", "i1")
    ours = {gone: {"IsDeleted": True}, place: {"Overlap__c": "o1", "Partner__c": "p1"}}
    twins = {gone: {"IsDeleted": True}, place: {"Overlap__c": "", "Partner__c": "p1"}}
    nobody, raced = frozenset(), frozenset({gone})
    assert not oracle.differences(ours, twins, nobody, raced)
    assert not oracle.differences(twins, ours, nobody, raced)
    assert oracle.differences(ours, twins, nobody, nobody)
    assert oracle.differences(ours, {**twins, place: {"Overlap__c": "o2", "Partner__c": "p1"}}, nobody, raced)
    assert oracle.differences(ours, {**twins, place: {"Overlap__c": "", "Partner__c": ""}}, nobody, raced)
    alive = [{**said, gone: {"IsDeleted": False}} for said in (ours, twins)]
    assert oracle.differences(*alive, nobody, raced)


def test_an_edit_that_is_kept_if_it_comes_after_ours_may_stand_in_one_org_and_nothing_else():
    place, nobody = ("Account", "001A"), frozenset()
    ours = {place: {"Overlap_Best_Partner__c": "somebody", "Overlap_Best_Play__c": "x"}}
    twins = {place: {"Overlap_Best_Partner__c": "Globex", "Overlap_Best_Play__c": "x"}}
    kept = [Edit(1, "crm", place, "Overlap_Best_Partner__c", "Globex", "somebody")]
    assert not oracle.differences(ours, twins, nobody, nobody, kept=kept)
    assert not oracle.differences(twins, ours, nobody, nobody, kept=kept)
    assert oracle.differences(ours, twins, nobody, nobody, edits=kept)
    for name in ours[place]:
        other = {place: {**ours[place], name: None}}
        assert oracle.differences(other, twins, nobody, nobody, kept=kept)


def test_an_edit_is_overtaken_if_ours_came_before_it_in_one_org_only():
    place = ("Account", "001A")
    edit = Edit(1, "crm", place, "Priority__c", 40, 1)
    assert oracle.overtaken([edit], [replace(edit, before=30)]) == [edit]
    assert oracle.overtaken([edit], [edit]) == oracle.overtaken([edit], []) == []
    assert oracle.overtaken([edit], [replace(edit, before=30, week=2)]) == []
    assert oracle.overtaken([replace(edit, after=None)], [replace(edit, before=30)]) == []


def test_a_retired_record_may_say_what_a_racing_edit_brought_and_nothing_else():
    place, nobody = ("Partner_Overlap__c", "o1"), frozenset()
    raced = frozenset({place})
    edits = [Edit(1, "crm", place, "Match_Reason__c", "x", None)]
    ours = {place: {"Status__c": "Retired", "Match_Reason__c": "x", "Play__c": "a"}}
    twins = {place: {**ours[place], "Match_Reason__c": None}}
    assert not oracle.differences(ours, twins, nobody, raced, edits=edits)
    assert oracle.differences(ours, twins, nobody, raced)
    assert oracle.differences({place: {**ours[place], "Play__c": "b"}}, twins, nobody, raced, edits=edits)
    assert oracle.differences(ours, {place: {**ours[place], "Match_Reason__c": "y"}}, nobody, raced, edits=edits)
    active = [{place: {**said[place], "Status__c": "Active"}} for said in (ours, twins)]
    assert oracle.differences(*active, nobody, raced, edits=edits)


def test_a_list_that_lost_a_row_is_found(tmp_path):
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as ledger, ledger:
        ledger.execute("create table lists (id, partner, rows_in, rows_out, quarantined, duplicates)")
        ledger.executemany("insert into lists values (?, 'globex', 10, ?, 1, 2)", [(1, 7), (2, 6)])
    assert oracle.kept_rows(tmp_path / "ledger.sqlite") == ["list 2 of globex lost 1 rows"]


@pytest.mark.parametrize("spoil", ["other bytes", "one more", "one less"])
def test_a_run_that_is_not_whole_is_found(spoil, tmp_path):
    run = tmp_path / "7"
    run.mkdir()
    (run / "a.parquet").write_bytes(b"rows")
    named = {"a.parquet": {"sha256": hashlib.sha256(b"rows").hexdigest()}}
    (run / "manifest.json").write_text(json.dumps({"files": named}))
    assert oracle.whole_runs(tmp_path) == []
    if spoil == "one less":
        (run / "a.parquet").unlink()
    else:
        (run / ("a.parquet" if spoil == "other bytes" else "b.parquet")).write_bytes(b"rowz")
    assert oracle.whole_runs(tmp_path) == ["run 7 is not what its manifest says"]


def test_a_secret_is_found_wherever_it_stands_but_in_its_file(tmp_path):
    (tmp_path / "token").write_text("pat-1")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "log").write_text("all is well")
    assert oracle.leaked(tmp_path, ()) == []
    (tmp_path / "runs" / "log").write_text("Authorization: Bearer pat-1")
    assert oracle.leaked(tmp_path, (tmp_path / "token",)) == ["log holds a secret", "token holds a secret"]
