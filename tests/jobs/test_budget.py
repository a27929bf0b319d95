"""The day's budget of API calls: a plan says what it takes, and an apply pauses before it takes too much."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connectors.sandbox import ingest_work
from connectors.sandbox.store import API_ALLOWANCE
from jobs import steps
from jobs.stores import api_calls
from jobs.stores.entries import State
from jobs.writeback import bulk_writing
from overlap.errors import PausedError
from tests.jobs.trials import assert_written_once
from tests.jobs.world import GLOBEX, LISTED, listed


def test_a_plan_says_how_many_calls_it_takes_and_an_apply_how_many_it_took(unwritten):
    planned = unwritten.plan_made
    objects = {change.object_name for change in planned.changes}
    assert planned.calls == 2 * len(objects)
    report = unwritten.apply(planned, approve=True)
    assert report.calls == planned.calls + 1 + len(objects), "which org it is, and a look at each object's fields"


def test_what_everybody_used_of_the_day_pauses_an_apply_before_it_writes(unwritten):
    planned = unwritten.plan_made
    unwritten.store.set_limit_used(API_ALLOWANCE * 80 // 100)
    with pytest.raises(PausedError, match=f"paused: .*0 are left .* go on with 'overlap apply {planned.id}'"):
        unwritten.apply(planned, approve=True)
    assert unwritten.writes() == []
    unwritten.store.set_limit_used(0)
    assert unwritten.apply(planned).states == {State.ACKNOWLEDGED: len(planned.changes)}
    assert_written_once(unwritten.store)


def test_an_apply_that_runs_out_in_the_middle_goes_on_where_it_stopped(unwritten):
    planned = unwritten.plan_made
    # Room for signing in and the partners' records, and not for the overlaps'.
    unwritten.store.set_limit_used(API_ALLOWANCE * 80 // 100 - 6)
    with pytest.raises(PausedError):
        unwritten.apply(planned, approve=True)
    assert len(unwritten.store.records("Overlap_Partner__c")) == 2
    assert unwritten.store.records("Partner_Overlap__c") == []
    unwritten.store.set_limit_used(0)
    assert unwritten.apply(planned).states == {State.ACKNOWLEDGED: len(planned.changes)}
    assert_written_once(unwritten.store)


def test_no_apply_takes_more_than_is_left_whatever_it_is_doing(bulk, monkeypatch):
    """Room for a few more calls each time: looks, jobs, waiting for them, and asking what became of them."""
    monkeypatch.setattr(bulk_writing, "_FIRST_PAUSE_S", 0.0)
    ingest_work.slow_down(bulk.store.database, 3)
    planned = bulk.plan_made
    most, paused = API_ALLOWANCE * 80 // 100, 0
    for room in (4, 9, 11, 12, 13, 14, 18, 24, 36, 90):
        bulk.store.set_limit_used(most - room)
        try:
            report = bulk.apply(planned, approve=True)
        except PausedError:
            paused += 1
        assert bulk.store.limit_used <= most
    assert paused >= 6
    assert report.states == {State.ACKNOWLEDGED: len(planned.changes)}
    assert_written_once(bulk.store)


def test_reading_back_waits_for_room_too(unwritten):
    def end(step):
        if step == "partner_overlap: sent":
            raise KeyboardInterrupt

    planned = unwritten.plan_made
    steps.listen(end)
    try:
        with pytest.raises(KeyboardInterrupt):
            unwritten.apply(planned, approve=True)
    finally:
        steps.listen(None)
    unwritten.store.set_limit_used(API_ALLOWANCE * 80 // 100)
    before = len(unwritten.store.requests())
    with pytest.raises(PausedError, match=f"'overlap apply {planned.id}'"):
        unwritten.apply(planned)
    assert not [asked for asked in unwritten.store.requests()[before:] if "Partner_Overlap__c" in asked.query]
    unwritten.store.set_limit_used(0)
    assert unwritten.apply(planned).states == {State.ACKNOWLEDGED: len(planned.changes)}
    assert_written_once(unwritten.store)


def test_our_own_share_counts_what_we_called_in_the_last_24_hours(unwritten):
    planned = unwritten.plan_made
    with unwritten.context() as context:
        ours = api_calls.since(context.ledger, "salesforce", unwritten.now - timedelta(hours=24))
        assert 0 < ours < 100, "what pull and plan took"
        api_calls.note(context.ledger, "salesforce", API_ALLOWANCE // 4, unwritten.now - timedelta(hours=23))
    with pytest.raises(PausedError):
        unwritten.apply(planned, approve=True)
    unwritten.wait(hours=2)
    assert unwritten.apply(planned).written == len(planned.changes)


def test_a_call_counts_for_24_hours_from_about_when_it_was_made(ledger):
    """A command may wait for a bulk job for half a day."""
    began = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    meter = api_calls.start(ledger, "crm", began)
    for minutes, calls in ((0, 3), (10, 5), (300, 20), (310, 50), (600, 60)):
        with ledger.engine.begin() as transaction:
            meter.count(transaction, calls, began + timedelta(minutes=minutes))
    for minutes, calls in ((-1, 60), (1, 55), (299, 55), (301, 10), (601, 0)):
        assert api_calls.since(ledger, "crm", began + timedelta(minutes=minutes)) == calls


def test_calls_are_counted_also_when_the_transaction_that_began_a_line_is_undone(ledger):
    began = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    meter = api_calls.start(ledger, "crm", began)
    with pytest.raises(KeyboardInterrupt), ledger.engine.begin() as transaction:
        meter.count(transaction, 7, began + timedelta(hours=1))
        raise KeyboardInterrupt
    with ledger.engine.begin() as transaction:
        meter.count(transaction, 8, began + timedelta(hours=1))
    assert api_calls.since(ledger, "crm", began - timedelta(hours=1)) == 8


def test_a_plan_of_more_calls_than_a_days_share_is_held(written):
    written.change_settings("[partners.globex]", "[guards]\napi_budget_percent = 0\n\n[partners.globex]")
    written.wait(days=1)
    written.send(GLOBEX, listed(*LISTED, 6))
    (why,) = written.look().held
    assert why.endswith(f"API calls, more than 0 % of the day's {API_ALLOWANCE:,}")


def test_a_plan_that_does_not_fit_says_so(world):
    world.store.set_limit_used(API_ALLOWANCE * 80 // 100)
    (note,) = world.look().notes
    assert note.startswith("about ")
    assert "0 are left of today's budget: apply will pause" in note
