"""The ledger, with its plans and their outbox: what is acknowledged survives."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, StatementError

from jobs.context import recorded
from jobs.stores import given_up, outbox, plans, schema
from jobs.stores.entries import Settled, State
from jobs.stores.ledger import open_ledger
from overlap.errors import AccessError, ConfigError
from overlap.fields import OVERLAP
from overlap.plan import Action, Change, Drift, Outcome, SyncPlan

NOW = datetime(2026, 3, 2, 9, 30, 15, 123456, tzinfo=UTC)


def test_the_migrations_make_exactly_the_tables_that_the_code_knows(ledger):
    with ledger.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, schema.metadata) == []


def test_a_ledger_of_the_first_schema_is_brought_up_to_date_and_keeps_its_plans(tmp_path, monkeypatch):
    path = tmp_path / "ledger.sqlite"
    monkeypatch.setattr("jobs.stores.migrating.HEAD", "0001")
    with open_ledger(path, "contoso"):
        pass
    monkeypatch.undo()
    with sqlite3.connect(path) as old:
        old.execute(
            "insert into plans (run_id, crm, org_id, settings_hash, created_at, unchanged, held, notes) "
            "values (3, 'salesforce', '00D', 'abc', '2026-03-02T09:00:00.000000+00:00', '{}', '[]', '[]')"
        )
        old.executemany(
            "insert into outbox (plan_id, object_name, action, label, cause, old, new, created, state, key, attempts, "
            "error) values (1, 'account', 'update', 'Acme', '', '{}', '{}', 0, 'superseded', ?, ?, ?)",
            [("a", 1, None), ("b", 0, None), ("c", 1, "it never arrived")],
        )
    old.close()
    with open_ledger(path, "contoso") as ledger:
        plan = plans.load(ledger, "1")
        assert [entry.change.key for entry in given_up.doubtful(ledger, "salesforce")] == ["a"]
    assert (plan.run_id, plan.calls, plan.drift, plan.undoes) == ("3", 0, (), ())


def test_drift_and_what_a_plan_takes_back_are_kept_as_they_were(ledger):
    drift = Drift(
        "partner_overlap", "k1", "Globex: Acme", "first_seen", NOW.date(), None, date(2026, 1, 1), Outcome.KEPT
    )
    made = SyncPlan("", "3", "salesforce", "00D", "abc", NOW, (), {}, (), (), 7, (drift,), (1, 2))
    stored = plans.store(ledger, made)
    assert plans.load(ledger, stored.id) == replace(made, id=stored.id)


def test_a_ledger_is_opened_again_as_it_was(tmp_path):
    path = tmp_path / "ledger.sqlite"
    with open_ledger(path, "contoso") as ledger:
        ledger.pin("published_run", "7")
    with open_ledger(path, "contoso") as ledger:
        assert ledger.pinned("published_run") == "7"
        with ledger.engine.connect() as connection:
            assert connection.exec_driver_sql("pragma journal_mode").scalar() == "wal"
            assert connection.exec_driver_sql("pragma synchronous").scalar() == 2, "full"
            assert connection.exec_driver_sql("pragma foreign_keys").scalar() == 1


def test_a_ledger_of_another_workspace_is_refused_with_the_id_to_write_back(tmp_path):
    path = tmp_path / "ledger.sqlite"
    with open_ledger(path, "contoso"):
        pass
    with pytest.raises(ConfigError, match="write 'contoso' back"), open_ledger(path, "other"):
        pass


def test_an_org_is_pinned_at_first_sight_and_has_one_name(ledger):
    for _ in range(2):
        ledger.require_same_org("sales", "00D1")
    with pytest.raises(AccessError, match="crm 'sales' is org 00D2, but this workspace belongs to org 00D1"):
        ledger.require_same_org("sales", "00D2")
    with pytest.raises(AccessError, match=r"knows as crm 'sales'; .*: write \[crm\.sales\] back"):
        ledger.require_same_org("renamed", "00D1")
    ledger.require_same_org("second", "00D2")
    assert ledger.pins("org:") == {"sales": "00D1", "second": "00D2"}


def test_times_come_back_as_they_were_and_naive_ones_are_refused(ledger):
    berlin = NOW.astimezone(ZoneInfo("Europe/Berlin"))
    ledger.note("ada", "looked", {}, berlin)
    with ledger.engine.connect() as connection:
        assert connection.execute(select(schema.audit.c.at)).scalar() == NOW
    with pytest.raises(StatementError, match="naive time"):
        ledger.note("ada", "looked", {}, NOW.replace(tzinfo=None))


def test_an_overlap_is_first_seen_once(ledger):
    assert ledger.first_seen(["a", "b"], date(2026, 3, 1)) == {"a": date(2026, 3, 1), "b": date(2026, 3, 1)}
    assert ledger.first_seen(["b", "c"], date(2026, 3, 9)) == {"b": date(2026, 3, 1), "c": date(2026, 3, 9)}


def test_absences_count_sweeps_in_a_row(ledger):
    sweeps = [{"x", "y"}, {"x"}, {"x", "y"}, set(), {"x"}]
    counts = [
        ledger.count_absences("crm", "accounts", absent, NOW + timedelta(days=day)) for day, absent in enumerate(sweeps)
    ]
    assert counts == [{"x": 1, "y": 1}, {"x": 2}, {"x": 3, "y": 1}, {}, {"x": 1}]


def test_two_sweeps_of_one_day_are_one_absence(ledger):
    hours = (0, 1, 19, 24, 30, 48)
    counts = [ledger.count_absences("crm", "accounts", {"x"}, NOW + timedelta(hours=hour)) for hour in hours]
    assert counts == [{"x": 1}, {"x": 1}, {"x": 1}, {"x": 2}, {"x": 2}, {"x": 3}]


def test_absences_of_two_crms_are_counted_apart(ledger):
    ledger.count_absences("one", "accounts", {"x"}, NOW)
    assert ledger.count_absences("two", "accounts", {"x"}, NOW + timedelta(days=1)) == {"x": 1}
    assert ledger.count_absences("one", "accounts", {"x"}, NOW + timedelta(days=1)) == {"x": 2}


def test_runs_are_numbered_above_whatever_is_there(ledger):
    assert [ledger.start_run("pull", NOW), ledger.start_run("match", NOW, above=7)] == [1, 8]
    assert ledger.start_run("plan", NOW, above=3) == 9


def test_a_run_that_fails_says_why(world):
    with world.context() as context:
        with pytest.raises(KeyError), recorded(context, "pull") as (_, summary):
            summary["rows"] = 3
            raise KeyError("lost")
        (run,) = context.ledger.last_runs()
        assert (run.verb, run.state, run.summary) == ("pull", "failed", {"rows": 3, "error": "'lost'"})
        with recorded(context, "pull"):
            pass
        assert [run.state for run in context.ledger.last_runs()] == ["done"]


def test_a_ledger_survives_a_writer_that_was_cut_short(ledger, tmp_path):
    """A transaction that nobody committed is absent, and the next writer does not wait for it."""
    ledger.pin("published_run", "1")
    dead = sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)
    dead.execute("begin immediate")
    dead.execute("update pins set value = '2' where name = 'published_run'")
    dead.close()
    ledger.note("ada", "looked", {}, NOW + timedelta(days=1))
    assert ledger.pinned("published_run") == "1"


# --- plans and the outbox -------------------------------------------------------------------------------------------


def change(key, action=Action.CREATE, record_id=None, **new):
    new = new or {"overlap_key": key, "changed_on": date(2026, 3, 2), "icp_fit": 40.0, "play": None}
    return Change(
        crm="crm",
        object_name=OVERLAP.name,
        key=key,
        record_id=record_id,
        action=action,
        label=f"Ängström {key}",
        partner="globex",
        account_id="001",
        cause="new",
        old=dict.fromkeys(new),
        new=new,
    )


def stored(ledger, *changes, crm="crm"):
    plan = SyncPlan("", "3", crm, "00D", "abc", NOW, changes, {"account": 5}, ("look at it",), ("a note",))
    return plans.store(ledger, replace(plan, changes=tuple(replace(one, crm=crm) for one in changes)))


def test_a_plan_comes_back_as_it_was_stored(ledger):
    planned = stored(ledger, change("a"), change("b", Action.UPDATE, "a02", first_seen=date(2026, 1, 1)))
    assert planned.changes == (change("a"), change("b", Action.UPDATE, "a02", first_seen=date(2026, 1, 1)))
    assert (planned.created_at, planned.held, planned.notes) == (NOW, ("look at it",), ("a note",))
    assert plans.load(ledger, planned.id) == plans.load(ledger, "latest") == planned


@pytest.mark.parametrize("name", ["2", "-1", "1; drop table plans", "", "latest "])
def test_a_plan_that_is_not_there_is_refused(ledger, name):
    stored(ledger)
    with pytest.raises(ConfigError, match="there is no plan"):
        plans.load(ledger, name)


def test_a_plan_has_each_record_once(ledger):
    with pytest.raises(IntegrityError):
        stored(ledger, change("a"), change("a"))
    assert plans.latest_id(ledger) is None, "all or nothing"


def test_changes_go_from_planned_to_pending_to_sent_to_settled(ledger):
    planned = stored(ledger, change("a"), change("b"), change("c"))

    def states():
        with ledger.engine.connect() as connection:
            return list(connection.execute(select(schema.outbox.c.state).order_by("seq")).scalars())

    assert states() == ["planned"] * 3
    assert outbox.unfinished(ledger, "crm") == []
    plans.set_off(ledger, planned.id, NOW, "ada")
    assert (states(), outbox.unfinished(ledger, "crm")) == (["pending"] * 3, [1])
    seqs = [entry.seq for entry in outbox.entries(ledger, planned.id, (State.PENDING,))]
    outbox.mark_sent(ledger, [(seqs[0], {"changed_on": date(2026, 1, 1)}), (seqs[1], {})])
    assert states() == ["sent", "sent", "pending"]
    outbox.settle(
        ledger,
        [
            Settled(seqs[0], State.ACKNOWLEDGED, "a02X", created=True),
            Settled(seqs[1], State.PENDING, error="locked"),
            Settled(seqs[2], State.REJECTED, error="no"),
        ],
        NOW,
    )
    assert states() == ["acknowledged", "pending", "rejected"]
    assert outbox.tally(ledger, planned.id) == {State.ACKNOWLEDGED: 1, State.PENDING: 1, State.REJECTED: 1}
    assert outbox.troubles(ledger, planned.id) == [("Ängström c", State.REJECTED, "no")]
    assert [entry.attempts for entry in outbox.entries(ledger, planned.id, (State.PENDING,))] == [1]
    assert outbox.made(ledger, "crm", OVERLAP.name, ["a", "b"]) == {"a": "a02X"}
    with ledger.engine.connect() as connection:
        row = connection.execute(select(schema.outbox).order_by("seq")).first()
    assert (row.before, row.settled_at) == ('{"changed_on": "2026-01-01"}', NOW)


def in_order(ledger, planned):
    return outbox.entries(ledger, planned.id, tuple(State))


def test_what_left_without_an_answer_stays_in_doubt_until_it_is_closed(ledger):
    planned = stored(ledger, *map(change, "abcd"))
    seqs = [entry.seq for entry in in_order(ledger, planned)]
    outbox.mark_sent(ledger, [(seq, {}) for seq in seqs])
    assert all(entry.is_unanswered for entry in in_order(ledger, planned))
    read_back = [(State.PENDING, True), (State.CONFLICT, True), (State.PENDING, False), (State.PENDING, True)]
    ends = [Settled(seq, state, in_doubt=doubt) for seq, (state, doubt) in zip(seqs, read_back, strict=True)]
    outbox.settle(ledger, ends, NOW)
    refused = [Settled(seqs[0], State.REJECTED, error="no"), Settled(seqs[2], State.REJECTED, error="no")]
    outbox.settle(ledger, [*refused, Settled(seqs[3], State.ACKNOWLEDGED, "a01")], NOW)
    doubts = given_up.doubtful(ledger, "crm")
    assert [entry.change.key for entry in doubts] == ["a", "b"]
    assert [entry.change.key for entry in given_up.older(ledger, in_order(ledger, planned)[1:])] == ["b"]
    given_up.close(ledger, doubts, before=NOW)
    assert given_up.doubtful(ledger, "crm") == doubts
    newer = stored(ledger, change("a"))
    assert given_up.doubtful(ledger, "crm") == doubts, "a plan that nobody applies says nothing"
    plans.set_off(ledger, newer.id, NOW, None)
    assert given_up.doubtful(ledger, "crm") == doubts[1:]
    assert given_up.older(ledger, in_order(ledger, newer)) == doubts[:1]
    given_up.close(ledger, doubts, before=NOW + timedelta(seconds=1))
    assert given_up.doubtful(ledger, "crm") == given_up.older(ledger, doubts) == []


def test_what_left_in_several_tries_is_known_whole(ledger):
    moved = change("a", Action.UPDATE, "a01", play="new", icp_fit=2.0)
    planned = stored(ledger, moved)
    for image in ({"play": "old", "icp_fit": 1.0}, {"icp_fit": 9.0, "changed_on": NOW.date()}):
        [entry] = in_order(ledger, planned)
        left = replace(moved, old=image)
        outbox.mark_sent(ledger, [(entry.seq, entry.image(left))])
    [entry] = in_order(ledger, planned)
    assert entry.before == {"play": "old", "icp_fit": 1.0, "changed_on": NOW.date()}


def test_plans_of_two_crms_are_finished_apart(ledger):
    for crm in ("one", "two"):
        plans.set_off(ledger, stored(ledger, change("a"), crm=crm).id, NOW, None)
    assert (outbox.unfinished(ledger, "one"), outbox.unfinished(ledger, "two")) == ([1], [2])
    assert plans.last_applied(ledger, "one").id == 1
