"""Apply by bulk jobs: the same result as by calls, few calls, and nothing twice whatever befalls a job."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import update

from connectors.sandbox import ingest_work
from jobs import steps
from jobs.stores import outbox
from jobs.stores.bulk_jobs import open_ones
from jobs.stores.entries import State
from jobs.stores.ledger import utc_now
from jobs.stores.schema import bulk_jobs
from jobs.writeback import bulk_writing, writing
from overlap.errors import AccessError, ConfigError, GuardError, PausedError, TransientError
from tests.jobs.conftest import by_jobs
from tests.jobs.trials import assert_written_once
from tests.jobs.world import GLOBEX, INITECH, LISTED, api_writes, listed, said

OBJECT = "Partner_Overlap__c"


def jobs_run(store):
    return [request.path for request in store.requests() if request.method == "PUT"]


@contextmanager
def at(name, act):
    """Do *act* when the job comes to the step *name* for the first time."""
    waiting = [act]

    def hook(step):
        if step == name and waiting:
            waiting.pop()()

    steps.listen(hook)
    try:
        yield
    finally:
        steps.listen(None)
    assert not waiting, f"it never came to '{name}'"


def put_jobs(store, state):
    """Let every job that has not ended say that it is in *state*."""
    sql = "update ingest_job set job = json_set(job, '$.state', ?) where json_extract(job, '$.state') != 'JobComplete'"
    store.database.rows(sql, (state,))


def states(world, planned):
    with world.context() as context:
        return outbox.tally(context.ledger, planned.id)


def assert_made_once(store):
    made = [change.id for change in api_writes(store) if change.operation == "create"]
    assert len(made) == len(set(made))
    assert all(change.effective for change in api_writes(store))


def by_collection(store):
    return [request for request in store.requests() if request.method == "PATCH" and "/composite/" in request.path]


def test_many_records_go_by_jobs_and_say_the_same(bulk, org, store, first_run):
    planned = bulk.plan_made
    report = bulk.apply(planned, approve=True)
    assert report.states == {State.ACKNOWLEDGED: len(planned.changes)}
    assert_written_once(store)
    assert (len(jobs_run(store)), by_collection(store)) == (len({c.object_name for c in planned.changes}), [])
    by_job = said(store)
    org.put_back(first_run.state)
    assert said(store) == by_job
    assert jobs_run(store) == [], "few records go by calls"


def test_updates_and_retirements_go_by_jobs_too(written):
    by_jobs(written)
    written.wait(days=1)
    written.send(GLOBEX, listed(*LISTED, Status="Prospect"))
    written.send(INITECH, listed(0, 1, Status="Customer"))
    calls = by_collection(written.store)
    report = written.apply(written.look(), approve=True)
    assert report.troubles == ()
    assert {written.overlap(number)["Partner_Population__c"] for number in LISTED} == {"Prospects"}
    assert by_collection(written.store) == calls
    assert written.run().plans[0].changes == ()


def test_a_busy_server_while_a_job_works_aborts_nothing(bulk):
    planned = bulk.plan_made
    ingest_work.slow_down(bulk.store.database, 2)
    ingest_work.fail_looks(bulk.store.database, 1)
    report = bulk.apply(planned, approve=True)
    assert report.states == {State.ACKNOWLEDGED: len(planned.changes)}
    assert_written_once(bulk.store)
    states = [request.body for request in bulk.store.requests() if request.method == "PATCH"]
    assert not [body for body in states if "Aborted" in body]


def test_rows_that_are_locked_are_tried_again_alone(bulk):
    planned = bulk.plan_made
    bulk.store.lock_rows(3)
    report = bulk.apply(planned, approve=True)
    assert report.states == {State.ACKNOWLEDGED: len(planned.changes)}
    assert_made_once(bulk.store)


def test_rows_that_the_answer_does_not_name_are_read_back_and_not_sent_again(bulk):
    planned = bulk.plan_made
    ingest_work.lose_results(bulk.store.database, 1)
    report = bulk.apply(planned, approve=True)
    assert report.states == {State.ACKNOWLEDGED: len(planned.changes)}
    assert_written_once(bulk.store)


def test_a_job_that_fails_half_way_stops_with_its_message_and_the_next_apply_goes_on(bulk):
    planned = bulk.plan_made
    ingest_work.fail_after(bulk.store.database, 1)
    with pytest.raises(AccessError, match=f"failed: InternalServerError.*'overlap apply {planned.id}'"):
        bulk.apply(planned, approve=True)
    ingest_work.fail_after(bulk.store.database, None)
    report = bulk.apply(planned)
    assert report.states == {State.ACKNOWLEDGED: len(planned.changes)}
    assert_made_once(bulk.store)


def test_rows_that_are_refused_for_their_number_come_in_calls_the_next_time(bulk):
    planned = bulk.plan_made
    ingest_work.refuse_next(bulk.store.database, 2, "TOO_MANY_APEX_REQUESTS:Too many queueable jobs added to the queue")
    report = bulk.apply(planned, approve=True)
    assert report.states == {State.ACKNOWLEDGED: len(planned.changes)}
    assert len(jobs_run(bulk.store)) == len({change.object_name for change in planned.changes})
    assert ["Overlap_Partner__c" in request.path for request in by_collection(bulk.store)] == [True]


def test_rows_that_a_job_did_not_get_to_are_never_rejected(bulk):
    planned = bulk.plan_made
    ingest_work.fail_after(bulk.store.database, 1)
    with pytest.raises(AccessError, match="InternalServerError"):
        bulk.apply(planned, approve=True)
    assert State.REJECTED not in states(bulk, planned)
    ingest_work.fail_after(bulk.store.database, None)
    assert bulk.apply(planned).states == {State.ACKNOWLEDGED: len(planned.changes)}
    assert_made_once(bulk.store)


def test_a_job_in_a_state_that_nobody_knows_is_waited_for_and_never_sent_again(bulk, monkeypatch):
    planned = bulk.plan_made
    monkeypatch.setattr(bulk_writing, "_FIRST_PAUSE_S", 0.0)
    monkeypatch.setattr(writing, "_FIRST_WAIT_S", 0.0)
    with (
        at("overlap_partner: closed", lambda: put_jobs(bulk.store, "Dreaming")),
        pytest.raises(TransientError, match=f"in the state 'Dreaming'.*'overlap apply {planned.id}' again"),
    ):
        bulk.apply(planned, approve=True)
    assert len(jobs_run(bulk.store)) == 1
    put_jobs(bulk.store, "InProgress")
    assert bulk.apply(planned).states == {State.ACKNOWLEDGED: len(planned.changes)}
    assert_written_once(bulk.store)


@pytest.mark.parametrize("is_given_up", [False, True])
def test_a_young_job_that_is_not_found_is_not_sent_again_and_an_old_or_given_up_one_is_read_back(
    bulk, monkeypatch, is_given_up
):
    """Replicas lag, and another user's jobs are not shown; after a week, Salesforce keeps none."""
    planned = bulk.plan_made
    monkeypatch.setattr(bulk_writing, "_FIRST_PAUSE_S", 0.0)
    monkeypatch.setattr(writing, "_FIRST_WAIT_S", 0.0)
    not_found = {"status": 404, "body": '[{"errorCode": "NOT_FOUND", "message": "The resource does not exist"}]'}
    lost = {"fault": "http", "method": "GET", "path": "jobs/ingest/*", "probability": 1.0, **not_found}
    ingest_work.slow_down(bulk.store.database, 12)
    with (
        at("overlap_partner: closed", lambda: bulk.store.set_faults([lost])),
        pytest.raises(TransientError, match="not found, and may be at work: nothing of it is sent again") as told,
    ):
        bulk.apply(planned, approve=True)
    assert len(jobs_run(bulk.store)) == 1
    gone = None
    if is_given_up:
        gone = re.search(rf"overlap apply {planned.id} --give-up-job (\w+)", str(told.value))[1]
        with pytest.raises(ConfigError, match=f"plan {planned.id} waits for no bulk job 'X'; it waits for {gone}"):
            bulk.apply(planned, gone="X")
    else:
        with bulk.context() as context, context.ledger.engine.begin() as connection:
            connection.execute(update(bulk_jobs).values(opened_at=utc_now() - timedelta(days=7)))
    with at("overlap_partner: job known", lambda: bulk.store.set_faults([])):
        assert bulk.apply(planned, gone=gone).states == {State.ACKNOWLEDGED: len(planned.changes)}
    said = ("ada", "gave up bulk job", {"plan": planned.id, "job": gone})
    assert (said in bulk.audit()) is is_given_up


def test_a_job_that_does_not_end_is_left_to_itself_after_a_while(bulk, monkeypatch):
    planned = bulk.plan_made
    ingest_work.slow_down(bulk.store.database, 99)
    monkeypatch.setattr(bulk_writing, "_PATIENCE_S", 0.0)
    with pytest.raises(PausedError, match=f"goes on by itself. Go on with 'overlap apply {planned.id}'"):
        bulk.apply(planned, approve=True)
    ingest_work.slow_down(bulk.store.database, 1)
    assert bulk.apply(planned).states == {State.ACKNOWLEDGED: len(planned.changes)}
    assert_written_once(bulk.store)


def test_what_goes_with_a_later_job_is_looked_at_when_its_turn_comes(written):
    """Changes go in one job, what is new in another: while the first works, somebody makes the new one."""
    by_jobs(written)
    written.wait(days=1)
    written.send(GLOBEX, listed(*LISTED, 8, Status="Prospect"))
    planned = written.look()
    (new,) = [one.key for one in planned.changes if one.object_name == "partner_overlap" and one.record_id is None]
    by_hand = {"Overlap_Key__c": new, "Name": "Made by hand"}
    with at("partner_overlap: job settled", lambda: written.store.create(OBJECT, by_hand)):
        report = written.apply(planned, approve=True)
    assert report.troubles == (
        ("Globex: Iris Turbines", State.CONFLICT, "the record was made in the CRM since the plan"),
    )
    assert [one["Name"] for one in written.store.records(OBJECT) if one["Overlap_Key__c"] == new] == ["Made by hand"]
    assert written.overlap(3)["Partner_Population__c"] == "Prospects"


# --- refusals that end an apply -------------------------------------------------------------------------------------


def test_an_unknown_refusal_stops_the_apply_and_the_next_one_leaves_the_record_out(bulk):
    planned = bulk.plan_made
    ingest_work.refuse_next(bulk.store.database, 1, "BRAND_NEW_CODE:nobody has seen this")
    with pytest.raises(AccessError, match=rf"BRAND_NEW_CODE.*not a known one.*'overlap apply {planned.id}'"):
        bulk.apply(planned, approve=True)
    partners = bulk.store.records("Overlap_Partner__c")
    assert len(partners) == 1, "what was taken before stands, and nothing came after"
    assert bulk.store.records("Partner_Overlap__c") == []
    report = bulk.apply(planned)
    assert {state for _, state, _ in report.troubles} == {State.REJECTED}
    assert report.written > 1


def test_one_unknown_word_for_many_records_rejects_one_and_stops_once(bulk):
    planned = bulk.plan_made
    refusal = "BRAND_NEW_CODE:nobody has seen this"
    ingest_work.refuse_next(bulk.store.database, 2, refusal)
    with pytest.raises(AccessError, match=r"BRAND_NEW_CODE.*every other that is refused so"):
        bulk.apply(planned, approve=True)
    assert states(bulk, planned) == {State.REJECTED: 1, State.PENDING: len(planned.changes) - 1}
    ingest_work.refuse_next(bulk.store.database, 1, refusal)
    report = bulk.apply(planned)
    assert len([error for _, _, error in report.troubles if error.startswith("BRAND_NEW_CODE")]) == 2
    assert report.states.keys() == {State.REJECTED, State.ACKNOWLEDGED}, "who goes on was asked: nothing waits any more"


def test_a_full_org_stops_the_apply_and_the_next_one_finishes(bulk):
    planned = bulk.plan_made
    ingest_work.refuse_next(bulk.store.database, 1, "STORAGE_LIMIT_EXCEEDED:storage limit exceeded")
    with pytest.raises(AccessError, match="make room in the org"):
        bulk.apply(planned, approve=True)
    report = bulk.apply(planned)
    assert report.states == {State.ACKNOWLEDGED: len(planned.changes)}


def test_a_permission_that_was_taken_away_holds_the_rest_for_a_person(bulk):
    planned = bulk.plan_made
    why = "INVALID_FIELD_FOR_INSERT_UPDATE:Unable to create/update fields: Name"
    ingest_work.refuse_next(bulk.store.database, 2, why)
    with pytest.raises(GuardError, match="overlap check"):
        bulk.apply(planned, approve=True)
    assert bulk.apply(planned).states == {State.ACKNOWLEDGED: len(planned.changes)}


# --- a process that ends in the middle of a job ---------------------------------------------------------------------


def cut_short_at(name, act):
    def end():
        raise KeyboardInterrupt

    with at(name, end), pytest.raises(KeyboardInterrupt):
        act()


def test_a_job_that_the_crm_knows_is_waited_for_although_a_person_gave_it_up(bulk):
    planned = bulk.plan_made
    cut_short_at("partner_overlap: closed", lambda: bulk.apply(planned, approve=True))
    with bulk.context() as context:
        (job,) = open_ones(context.ledger, planned.id)
    assert bulk.apply(planned, gone=job).states == {State.ACKNOWLEDGED: len(planned.changes)}
    assert_made_once(bulk.store)
    assert "gave up bulk job" not in [did for _, did, _ in bulk.audit()]


@pytest.mark.parametrize("name", ["job kept", "uploaded", "closed"])
def test_a_job_that_was_left_behind_is_asked_before_anything_is_sent_again(bulk, name):
    planned = bulk.plan_made
    ingest_work.slow_down(bulk.store.database, 4)  # it commits long after the process that closed it has gone
    cut_short_at(f"partner_overlap: {name}", lambda: bulk.apply(planned, approve=True))
    report = bulk.apply(planned)
    assert report.states == {State.ACKNOWLEDGED: len(planned.changes)}
    aborted = [request for request in bulk.store.requests() if '"Aborted"' in request.body]
    assert len(aborted) == (name != "closed"), "a job that works is waited for, one that is open is ended"
    with bulk.context() as context:
        settled = outbox.entries(context.ledger, planned.id, (State.ACKNOWLEDGED,))
    assert not any(entry.in_doubt for entry in settled), "of what never began, nothing comes late"
    assert_made_once(bulk.store)


def test_what_a_job_that_was_left_behind_says_counts_whatever_people_did_since(written):
    """A person takes back what the job wrote, before anybody has asked what became of it."""
    by_jobs(written)
    written.wait(days=1)
    written.send(GLOBEX, listed(*LISTED, Status="Prospect"))
    before = written.overlap(2)
    planned = written.look()
    cut_short_at("partner_overlap: job ended", lambda: written.apply(planned, approve=True))
    after = written.overlap(2)
    moved = {name for name in before if name.endswith("__c") and after[name] != before[name]} - {"As_Of__c"}
    written.store.edit(OBJECT, before["Id"], {name: before[name] for name in moved})
    assert written.apply(planned).states == {State.ACKNOWLEDGED: len(planned.changes)}
    assert written.overlap(2)["Partner_Population__c"] == "Customers"
    assert len([change for change in api_writes(written.store) if change.id == before["Id"]]) == 2


def test_a_stale_plan_with_a_job_at_work_is_settled_by_what_the_job_did(bulk):
    planned = bulk.plan_made
    ingest_work.slow_down(bulk.store.database, 3)
    cut_short_at("overlap_partner: closed", lambda: bulk.apply(planned, approve=True))
    bulk.wait(days=2)
    bulk.send(GLOBEX, listed(*LISTED))
    report = bulk.run()
    assert report.applied[0].troubles == ()
    assert len(bulk.store.records("Overlap_Partner__c")) == 2
    assert bulk.overlap(3)["Status__c"] == "Active"
