"""Apply by bulk jobs: the same result as by calls, few calls, and nothing twice whatever befalls a job."""

from __future__ import annotations

import pytest

from connectors.sandbox import ingest_work
from jobs import steps
from jobs.stores.outbox import State
from overlap.errors import AccessError, GuardError
from tests.jobs.conftest import new_world
from tests.jobs.trials import assert_written_once
from tests.jobs.world import GLOBEX, INITECH, LISTED, api_writes, listed, said

CRM = 'type = "salesforce"'


@pytest.fixture
def bulk(world):
    """Everything goes by bulk jobs, however little it is."""
    world.change_settings(CRM, f"{CRM}\nbulk_write_from = 1")
    return world


def jobs_run(store):
    return [request.path for request in store.requests() if request.method == "PUT"]


def by_collection(store):
    return [request for request in store.requests() if request.method == "PATCH" and "/composite/" in request.path]


def test_many_records_go_by_jobs_and_say_the_same(world, org, store, tmp_path):
    planned = world.look()
    world.apply(planned, approve=True)
    by_calls = said(store)
    org.put_back()
    other = new_world(org, store, tmp_path / "other")
    other.change_settings(CRM, f"{CRM}\nbulk_write_from = 1")
    report = other.apply(other.look(), approve=True)
    assert report.states == {State.ACKNOWLEDGED: len(planned.changes)}
    assert said(store) == by_calls
    assert_written_once(store)
    assert (len(jobs_run(store)), by_collection(store)) == (len({c.object_name for c in planned.changes}), [])


def test_few_records_go_by_calls(world):
    world.apply(world.look(), approve=True)
    assert jobs_run(world.store) == []


def test_updates_and_retirements_go_by_jobs_too(bulk):
    bulk.apply(bulk.look(), approve=True)
    bulk.wait(days=1)
    bulk.send(GLOBEX, listed(*LISTED, Status="Prospect"))
    bulk.send(INITECH, listed(0, 1, Status="Customer"))
    report = bulk.apply(bulk.look(), approve=True)
    assert report.troubles == ()
    assert {bulk.overlap(number)["Partner_Population__c"] for number in LISTED} == {"Prospects"}
    assert by_collection(bulk.store) == []
    assert bulk.run().plans[0].changes == ()


def test_a_busy_server_while_a_job_works_aborts_nothing(bulk):
    planned = bulk.look()
    ingest_work.slow_down(bulk.store.database, 2)
    ingest_work.fail_looks(bulk.store.database, 1)
    report = bulk.apply(planned, approve=True)
    assert report.states == {State.ACKNOWLEDGED: len(planned.changes)}
    assert_written_once(bulk.store)
    states = [request.body for request in bulk.store.requests() if request.method == "PATCH"]
    assert not [body for body in states if "Aborted" in body]


def test_rows_that_are_locked_are_tried_again_alone(bulk):
    planned = bulk.look()
    bulk.store.lock_rows(3)
    report = bulk.apply(planned, approve=True)
    assert report.states == {State.ACKNOWLEDGED: len(planned.changes)}
    made = [change.id for change in api_writes(bulk.store) if change.operation == "create"]
    assert len(made) == len(set(made))
    assert all(change.effective for change in api_writes(bulk.store))


def test_rows_that_the_answer_does_not_name_are_read_back_and_not_sent_again(bulk):
    planned = bulk.look()
    ingest_work.lose_results(bulk.store.database, 1)
    report = bulk.apply(planned, approve=True)
    assert report.states == {State.ACKNOWLEDGED: len(planned.changes)}
    assert_written_once(bulk.store)


def test_a_job_that_fails_half_way_stops_with_its_message_and_the_next_apply_goes_on(bulk):
    planned = bulk.look()
    ingest_work.fail_after(bulk.store.database, 1)
    with pytest.raises(AccessError, match=f"failed: InternalServerError.*'overlap apply {planned.id}'"):
        bulk.apply(planned, approve=True)
    ingest_work.fail_after(bulk.store.database, None)
    report = bulk.apply(planned)
    assert report.states == {State.ACKNOWLEDGED: len(planned.changes)}
    made = [change.id for change in api_writes(bulk.store) if change.operation == "create"]
    assert len(made) == len(set(made))


# --- refusals that end an apply -------------------------------------------------------------------------------------


def test_an_unknown_refusal_stops_the_apply_and_the_next_one_leaves_the_record_out(bulk):
    planned = bulk.look()
    ingest_work.refuse_next(bulk.store.database, 1, "BRAND_NEW_CODE:nobody has seen this")
    with pytest.raises(AccessError, match=rf"BRAND_NEW_CODE.*not a known one.*'overlap apply {planned.id}'"):
        bulk.apply(planned, approve=True)
    partners = bulk.store.records("Overlap_Partner__c")
    assert len(partners) == 1, "what was taken before stands, and nothing came after"
    assert bulk.store.records("Partner_Overlap__c") == []
    report = bulk.apply(planned)
    assert {state for _, state, _ in report.troubles} == {State.REJECTED}
    assert report.written > 1


def test_a_full_org_stops_the_apply_and_the_next_one_finishes(bulk):
    planned = bulk.look()
    ingest_work.refuse_next(bulk.store.database, 1, "STORAGE_LIMIT_EXCEEDED:storage limit exceeded")
    with pytest.raises(AccessError, match="make room in the org"):
        bulk.apply(planned, approve=True)
    report = bulk.apply(planned)
    assert report.states == {State.ACKNOWLEDGED: len(planned.changes)}


def test_a_permission_that_was_taken_away_holds_the_rest_for_a_person(bulk):
    planned = bulk.look()
    why = "INVALID_FIELD_FOR_INSERT_UPDATE:Unable to create/update fields: Name"
    ingest_work.refuse_next(bulk.store.database, 2, why)
    with pytest.raises(GuardError, match="overlap check"):
        bulk.apply(planned, approve=True)
    assert bulk.apply(planned).states == {State.ACKNOWLEDGED: len(planned.changes)}


# --- a process that ends in the middle of a job ---------------------------------------------------------------------


def cut_short_at(name, act):
    def hook(step):
        if step == name:
            raise KeyboardInterrupt

    steps.listen(hook)
    try:
        with pytest.raises(KeyboardInterrupt):
            act()
    finally:
        steps.listen(None)


@pytest.mark.parametrize("name", ["job kept", "uploaded", "closed"])
def test_a_job_that_was_left_behind_is_asked_before_anything_is_sent_again(bulk, name):
    planned = bulk.look()
    ingest_work.slow_down(bulk.store.database, 4)  # it commits long after the process that closed it has gone
    cut_short_at(f"partner_overlap: {name}", lambda: bulk.apply(planned, approve=True))
    report = bulk.apply(planned)
    assert report.states == {State.ACKNOWLEDGED: len(planned.changes)}
    aborted = [request for request in bulk.store.requests() if '"Aborted"' in request.body]
    assert len(aborted) == (name != "closed"), "a job that works is waited for, one that is open is ended"
    made = [change.id for change in api_writes(bulk.store) if change.operation == "create"]
    assert len(made) == len(set(made))
    assert all(change.effective for change in api_writes(bulk.store))


def test_a_stale_plan_with_a_job_at_work_is_settled_by_what_the_job_did(bulk):
    planned = bulk.look()
    ingest_work.slow_down(bulk.store.database, 3)
    cut_short_at("overlap_partner: closed", lambda: bulk.apply(planned, approve=True))
    bulk.wait(days=2)
    bulk.send(GLOBEX, listed(*LISTED))
    report = bulk.run()
    assert report.applied[0].troubles == ()
    assert len(bulk.store.records("Overlap_Partner__c")) == 2
    assert bulk.overlap(3)["Status__c"] == "Active"
