"""What may be written and when: approval, stale plans, conflicts, and what becomes of a refused record."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.sandbox.store import Store
from jobs import steps, views
from jobs.finding import pairs
from jobs.run import UnfinishedRunError
from jobs.stores import plans
from jobs.stores.entries import State
from jobs.upkeep.reconciling import RESTORED_AT
from jobs.writeback import writing
from jobs.writeback.apply import Leftovers, standing
from jobs.writeback.undo import undo_plans
from overlap.errors import ConfigError, GuardError, OverlapError, StalePlanError, TransientError
from tests.jobs.trials import assert_written_once
from tests.jobs.world import GLOBEX, INITECH, LISTED, OTHER_SELLER, World, account_id, api_writes, listed

OBJECT = "Partner_Overlap__c"


@pytest.fixture(scope="session")
def second_plan(org, first_run, tmp_path_factory):
    """Both partners say that all their customers are prospects now; that is planned and within the limits."""
    folder = org.again(first_run, tmp_path_factory.mktemp("second-plan"))
    with Store.open(org.folder) as store:
        world = World(folder, store, first_run.now)
        world.wait(days=1)
        world.send(GLOBEX, listed(*LISTED, Status="Prospect"))
        world.send(INITECH, listed(0, 1, Status="Prospect"))
        planned = world.look()
        assert not planned.held
    return org.keep(folder, world.now), planned


@pytest.fixture
def changed(org, store, second_plan, tmp_path):
    prepared, planned = second_plan
    world = World(org.again(prepared, tmp_path), store, prepared.now)
    world.plan_made = planned
    return world


def assert_written_once_effectively(store):
    """Ten records were made, once each, and no write was without effect; how often they were sent is another matter."""
    created = [change.id for change in api_writes(store) if change.operation == "create"]
    assert len(created) == len(set(created)) == 10
    assert all(change.effective for change in api_writes(store))


# --- approval -------------------------------------------------------------------------------------------------------


def test_a_first_plan_is_written_only_when_a_person_approves_it(unwritten):
    planned = unwritten.plan_made
    assert planned.held == ("the first plan for 'salesforce'",)
    with pytest.raises(GuardError, match=f"overlap apply {planned.id} --approve"):
        unwritten.apply(planned)
    assert unwritten.writes() == []
    report = unwritten.apply(planned, approve=True)
    assert report.states == {State.ACKNOWLEDGED: len(planned.changes)}
    assert_written_once(unwritten.store)
    assert ("ada", "approved plan", {"plan": planned.id, "held": list(planned.held)}) in unwritten.audit()


def test_a_run_does_not_write_a_plan_that_is_held(world):
    report = world.run(approve=False)
    assert (len(report.held), report.applied) == (1, ())
    assert world.writes() == []


def test_a_plan_for_a_crm_that_knows_a_newer_list_is_held(written):
    """A second copy of the workspace has written there."""
    (partner,) = (one for one in written.store.records("Overlap_Partner__c") if one["Name"] == "Globex")
    written.store.edit("Overlap_Partner__c", partner["Id"], {"List_As_Of__c": "2026-12-01T00:00:00.000+0000"})
    written.wait(days=1)
    written.send(GLOBEX, listed(*LISTED, 6))
    assert any("the CRM knows a newer list of 'globex'" in why for why in written.look().held)


def test_a_plan_writes_nothing(changed):
    sent = changed.writes()
    changed.plan()
    assert changed.writes() == sent


def test_a_plan_that_is_within_the_limits_needs_nobody(changed):
    assert changed.apply(changed.plan_made).troubles == ()
    assert {changed.overlap(number)["Partner_Population__c"] for number in LISTED} == {"Prospects"}


def test_a_plan_that_was_applied_is_done_when_applied_again(changed):
    first = changed.apply(changed.plan_made)
    sent = changed.writes()
    again = changed.apply(changed.plan_made)
    assert (again.states, changed.writes()) == (first.states, sent)


def test_applying_a_plan_that_does_not_exist_says_how_to_make_one(world):
    with (
        world.context() as context,
        pytest.raises(ConfigError, match="there is no plan '99'; 'overlap plan' makes one"),
    ):
        plans.load(context.ledger, "99")


# --- stale plans ----------------------------------------------------------------------------------------------------


def another_run(world):
    world.match()


def other_settings(world):
    world.change_settings('name = "Globex"', 'name = "Globex Inc."')


def other_org(world):
    """The workspace was moved to another org by hand, pin and all."""
    other = "00D000000000099AAA"
    world.store.set_org_id(other)
    with world.context() as context:
        context.ledger.pin("org:salesforce", other)


def verdict(world):
    with world.context() as context:
        pairs.judge(context, account_id(2), "globex:X-2", "different")


def a_day_and_a_second(world):
    world.wait(days=1, seconds=1)


def restored(world):
    """A backup was put back a moment after the plan was made."""
    with world.context() as context:
        context.ledger.pin(RESTORED_AT, (world.now + timedelta(seconds=1)).isoformat())


def newer_plan(world):
    world.apply(world.plan())


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (another_run, "another run was published"),
        (other_settings, "the settings changed"),
        (other_org, "it was made for org"),
        (verdict, "pairs were judged since"),
        (a_day_and_a_second, "older than 24 hours"),
        (newer_plan, "a newer plan was applied"),
        (restored, "the workspace was restored from a backup since"),
    ],
)
def test_a_stale_plan_is_refused(changed, happens, reason):
    happens(changed)
    sent = changed.writes()
    with pytest.raises(StalePlanError, match=f"plan {changed.plan_made.id} is stale: .*{reason}.*'overlap plan' again"):
        changed.apply(changed.plan_made, approve=True)
    assert changed.writes() == sent


def test_a_plan_of_24_hours_is_not_stale_nor_after_a_newer_pull(changed):
    changed.wait(hours=23, minutes=59)
    changed.pull()
    assert next_step(changed) == f"overlap apply {changed.plan_made.id}"
    assert changed.apply(changed.plan_made).written == len(changed.plan_made.changes)


def test_after_a_verdict_the_rest_of_a_plan_that_was_cut_short_is_not_written(changed):
    die_at("account: look", changed)
    before = changed.account(2), len(changed.writes())
    verdict(changed)
    report = changed.apply(changed.plan_made)
    assert report.superseded and report.written
    assert (changed.account(2), len(changed.writes())) == before
    assert next_step(changed) == "overlap run"


def test_what_a_verdict_makes_stale_says_what_to_do(changed):
    verdict(changed)
    assert next_step(changed) == "overlap match"
    with pytest.raises(StalePlanError, match="run 'overlap match' and 'overlap plan' again"):
        changed.apply(changed.plan_made)
    changed.match()
    changed.apply(changed.plan(), approve=True)
    verdict(changed)
    with changed.context() as context:
        (undo,) = undo_plans(context, "latest")
        assert standing(context, undo.plan) is None, "what takes back holds whatever is judged"


def next_step(world):
    with world.context() as context:
        return views.status(context).next_step


def die_at(step, world):
    def cut_short(name):
        if name == step:
            raise KeyboardInterrupt

    steps.listen(cut_short)
    try:
        with pytest.raises(KeyboardInterrupt):
            world.apply(world.plan_made)
    finally:
        steps.listen(None)


def test_another_org_behind_the_same_address_is_neither_read_nor_written(changed):
    changed.store.set_org_id("00D000000000099AAA")
    sent = changed.writes()
    for job in (lambda: changed.apply(changed.plan_made), changed.plan, changed.pull):
        with pytest.raises(OverlapError, match="this workspace belongs to org"):
            job()
    assert changed.writes() == sent


def test_a_plan_made_before_a_partner_was_renamed_is_not_reused_for_it(changed):
    other_settings(changed)
    changed.apply(changed.look())
    assert changed.overlap(0, "Globex Inc.")["Name"] == "Globex Inc.: Alder Pumps"


# --- conflicts and refusals -----------------------------------------------------------------------------------------


def test_a_record_that_was_edited_since_the_plan_is_reported_and_not_sent(changed):
    edited = changed.overlap(2)["Id"]
    changed.store.edit(OBJECT, edited, {"Partner_Population__c": "Other"}, user="Bob")
    sent = len(changed.writes())
    report = changed.apply(changed.plan_made)
    assert report.troubles == (
        ("Globex: Cedar Robotics", State.CONFLICT, "partner_population changed in the CRM since the plan"),
    )
    assert report.written == len(changed.plan_made.changes) - 1
    assert edited not in {record.get("Id") for record in changed.writes()[sent:]}
    assert changed.overlap(2)["Partner_Population__c"] == "Other"
    assert changed.overlap(3)["Partner_Population__c"] == "Prospects"


def test_an_edit_of_another_field_is_no_conflict(changed):
    changed.store.edit(
        OBJECT, changed.overlap(2)["Id"], {"Feedback_Note__c": "hm", "Match_Reason__c": "mine"}, user="Bob"
    )
    assert changed.apply(changed.plan_made).troubles == ()
    assert changed.overlap(2)["Partner_Population__c"] == "Prospects"


def test_a_record_that_says_it_already_is_not_sent(changed):
    planned = next(change for change in changed.plan_made.changes if change.label == "Initech")
    as_of = planned.new["list_as_of"].strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    changed.store.edit("Overlap_Partner__c", planned.record_id, {"List_As_Of__c": as_of})
    sent = len(changed.writes())
    report = changed.apply(changed.plan_made)
    assert report.states[State.UNNEEDED] == 1
    assert planned.record_id not in {record.get("Id") for record in changed.writes()[sent:]}
    assert planned.key not in {record.get("Partner_Key__c") for record in changed.writes()[sent:]}


def test_a_plan_of_the_next_day_finds_said_what_a_cut_short_one_of_today_finishes(changed):
    """Both stamp the day on which a fact moved; the same fact on two days is neither a change nor a conflict."""
    die_at("account: look", changed)
    changed.wait(days=1)
    tomorrow = changed.plan()
    assert {change.object_name for change in tomorrow.changes} == {"account", "opportunity"}
    report = changed.apply(tomorrow)
    assert report.finished_first == (int(changed.plan_made.id),)
    assert report.states == {State.UNNEEDED: len(tomorrow.changes)}
    assert changed.account(2)["Overlap_Changed_On__c"] == "2026-03-03"


def test_what_did_not_go_through_of_a_plan_that_was_cut_short_is_told_by_whoever_finishes_it(changed):
    changed.store.delete(OBJECT, changed.overlap(2)["Id"])
    die_at("account: look", changed)
    report = changed.run()
    gone = ("Globex: Cedar Robotics", State.CONFLICT, "the record is gone from the CRM")
    assert report.finished_first == Leftovers((int(changed.plan_made.id),), (gone,))
    assert report.troubles == (gone,)


def test_it_is_told_also_when_what_comes_after_it_fails(changed):
    changed.store.delete(OBJECT, changed.overlap(2)["Id"])
    die_at("account: look", changed)

    def fail(name):
        if name == "match: publish":
            raise OverlapError("the disk is full")

    steps.listen(fail)
    try:
        with pytest.raises(UnfinishedRunError, match=r"^the disk is full$") as told:
            changed.run()
    finally:
        steps.listen(None)
    assert [label for label, *_ in told.value.report.troubles] == ["Globex: Cedar Robotics"]
    assert told.value.exit_code == 1


def test_a_record_that_is_gone_since_the_plan_is_a_conflict(changed):
    changed.store.delete(OBJECT, changed.overlap(2)["Id"])
    report = changed.apply(changed.plan_made)
    assert report.troubles == (("Globex: Cedar Robotics", State.CONFLICT, "the record is gone from the CRM"),)


def test_one_refused_record_is_journalled_and_the_rest_goes_on(world):
    world.store.edit("Account", account_id(3), {"OwnerId": OTHER_SELLER})
    planned = world.look()
    world.store.edit("User", OTHER_SELLER, {"IsActive": False})
    report = world.apply(planned, approve=True)
    ((label, state, error),) = report.troubles
    assert (label, state) == ("Globex: Dogwood Ceramics", State.REJECTED)
    assert "INACTIVE_OWNER_OR_USER" in error
    assert report.written == len(planned.changes) - 1
    assert world.overlap(3) is None
    world.run()
    assert world.overlap(3)["Status__c"] == "Active", "the next run tries again with what it knows then"


@pytest.mark.parametrize("locked", [1, 5])
def test_rows_that_others_have_locked_are_tried_again(unwritten, locked):
    planned = unwritten.plan_made
    unwritten.store.lock_rows(locked)
    report = unwritten.apply(planned, approve=True)
    assert report.states == {State.ACKNOWLEDGED: len(planned.changes)}
    assert_written_once_effectively(unwritten.store)


def test_a_row_that_stays_locked_waits_with_what_points_to_it_and_is_never_given_up(unwritten, monkeypatch):
    monkeypatch.setattr(writing, "_FIRST_WAIT_S", 0.0)
    planned = unwritten.plan_made
    waiting = 2 + 8  # both partners' records, and the overlaps that point to them
    for tries in (4, 8):
        unwritten.store.lock_rows(4 * 2)
        written = len(planned.changes) - waiting
        said = (
            f"plan 1: {written} records are written, {waiting} wait for the CRM; Globex: UNABLE_TO_LOCK_ROW: .* "
            rf"\(tries so far: {tries}\); Initech: .*; run 'overlap apply 1' again to finish"
        )
        with pytest.raises(TransientError, match=said):
            unwritten.apply(planned, approve=True)
    assert unwritten.account(2)["Overlap_Customer_Of__c"] == "Globex", "others are written"
    unwritten.store.lock_rows(4 * 2)
    report = unwritten.run()
    assert (report.applied[0].finished_first, report.applied[0].troubles) == ((1,), ())
    assert_written_once_effectively(unwritten.store)
    assert unwritten.run().plans[0].changes == ()


def test_a_person_who_writes_what_a_refused_row_wanted_is_not_taken_for_us(changed):
    ours = {"method": "PATCH", "contains": "Partner_Populations__c"}
    changed.store.set_faults([{"fault": "reject-rows", "rows": [0], "code": "UNABLE_TO_LOCK_ROW", **ours}])
    edited, waiting = changed.overlap(0)["Id"], ["partner_overlap: receipts stored"]

    def edit(name):
        if name in waiting:
            waiting.remove(name)
            changed.store.edit(OBJECT, edited, {"Partner_Population__c": "Prospects", "Play__c": "Wait"}, user="Bob")

    steps.listen(edit)
    try:
        report = changed.apply(changed.plan_made)
    finally:
        steps.listen(None)
    assert report.troubles == (("Globex: Alder Pumps", State.CONFLICT, "play changed in the CRM since the plan"),)
    assert changed.overlap(0)["Partner_Populations__c"] == "Customers"


@pytest.mark.parametrize("was_pulled", [True, False], ids=["after a pull saw it", "before any pull saw it"])
def test_a_record_that_a_person_deleted_is_not_made_again(written, was_pulled):
    if was_pulled:
        written.run()
    written.store.delete(OBJECT, written.overlap(2)["Id"], user="Bob")
    note = "Globex: Cedar Robotics: deleted in the CRM by a person; it is not made again"
    for _ in range(2):
        written.wait(days=1)
        report = written.run()
        assert (report.plans[0].notes, report.plans[0].changes) == ((note,), ())
    written.workspace.warehouse_file.unlink()
    report = written.run()
    assert (report.plans[0].notes, report.plans[0].changes) == ((note,), ()), "a new warehouse knows no deletions"
    assert written.overlap(2) is None


@pytest.mark.parametrize("was_pulled", [True, False], ids=["after a pull saw it", "before any pull saw it"])
def test_a_partner_record_that_a_person_deleted_is_made_again_because_overlaps_point_to_it(written, was_pulled):
    if was_pulled:
        written.run()
    deleted = next(r["Id"] for r in written.store.records("Overlap_Partner__c") if r["Name"] == "Globex")
    written.store.delete("Overlap_Partner__c", deleted, user="Bob")
    assert written.overlap(2) is None, "Salesforce clears the lookups to it"
    written.wait(days=1)
    assert written.run().applied[0].troubles == ()
    assert written.overlap(2)["Status__c"] == "Active"
    assert written.run().plans[0].changes == ()
