"""Undo: what an apply wrote is taken back, field by field, and what people did since is left as it is."""

from __future__ import annotations

import pytest

from jobs import steps
from jobs.stores.entries import State
from jobs.writeback.apply import apply
from jobs.writeback.undo import undo_plans
from overlap.errors import ConfigError, GuardError
from tests.jobs.world import FLAT, GLOBEX, INITECH, LISTED, World, api_writes, listed, said

OBJECT = "Partner_Overlap__c"
CLAIM = {"Partner Influence": "introduced the CIO", "Influence Date": "2026-02-20"}


def take_back(world: World, what: str = "latest", approve: bool = True):
    with world.context() as context:
        (undone,) = undo_plans(context, what)
        return undone, apply(context, undone.plan.id, approve) if undone.plan.changes else None


def facts(world: World):
    """What the org says, but for the days on which facts moved."""
    return said(world.store)


def changed(world: World) -> None:
    """A day later Globex calls everybody a prospect, claims a deal, and names one company more."""
    world.wait(days=1)
    world.send(GLOBEX, [*listed(0, Status="Prospect", **CLAIM), *listed(*LISTED[1:], 6, Status="Prospect")])
    world.send(INITECH, listed(0, 1, Status="Prospect"))


def test_every_record_that_was_there_says_again_what_it_said(written):
    before = facts(written)
    changed(written)
    written.run()
    assert facts(written) != before
    undone, report = take_back(written)
    assert (undone.refused, report.troubles) == ((), ())
    after = facts(written)
    assert {place: after[place] for place in before} == before
    assert written.overlap(6)["Status__c"] == "Retired", "what was made is retired"
    assert written.influence(0)["Suggestion_State__c"] == "Withdrawn"
    assert not [change for change in api_writes(written.store) if change.operation == "delete"]


def test_a_first_apply_is_taken_back_to_retired_records_and_empty_fields(written):
    undone, report = take_back(written)
    assert report.states == {State.ACKNOWLEDGED: len(undone.plan.changes)}
    assert {record["Status__c"] for record in written.store.records(OBJECT)} == {"Retired"}
    for name in FLAT:
        for record in written.store.records(name):
            assert {field: value for field, value in record.items() if field.startswith("Overlap_") and value} == {}


def test_an_undo_is_held_by_the_same_guards(written):
    with pytest.raises(GuardError, match="would retire"):
        take_back(written, approve=False)
    assert written.overlap(2)["Status__c"] == "Active"


def test_the_plan_after_an_undo_is_held_until_a_person_approves_it(written):
    changed(written)
    written.run()
    expected = facts(written)
    take_back(written)
    for _ in range(2):
        report = written.run(approve=False)
        assert "took back plan" in report.plans[0].held[-1]
        assert report.applied == ()
    written.run(approve=True)
    again = facts(written)
    days = {"First_Seen__c", "Changed_On__c", "Overlap_Changed_On__c"}
    for place, fields in expected.items():
        assert {n: v for n, v in again[place].items() if n not in days} == {
            n: v for n, v in fields.items() if n not in days
        }
    written.wait(days=1)
    assert written.run(approve=False).plans[0].held == ()


def test_a_field_that_a_person_edited_since_stays_and_is_named(written):
    changed(written)
    written.run()
    written.store.edit(OBJECT, written.overlap(2)["Id"], {"Partner_Population__c": "Other"}, user="Bob")
    undone, report = take_back(written)
    assert [(one.label, one.field, one.why) for one in undone.refused] == [
        ("Globex: Cedar Robotics", "partner_population", "somebody changed it in the CRM since")
    ]
    assert report.troubles == ()
    assert written.overlap(2)["Partner_Population__c"] == "Other"
    assert written.overlap(2)["Play__c"] == "Ask for a reference or endorsement", "the rest of it was taken back"
    assert written.overlap(3)["Partner_Population__c"] == "Customers"


def test_an_undo_can_be_undone(written):
    changed(written)
    written.run()
    expected = facts(written)
    take_back(written)
    undone, _ = take_back(written)
    assert undone.refused == ()
    assert facts(written) == expected


def test_undoing_twice_writes_nothing_the_second_time(written):
    changed(written)
    number = written.run().plans[0].id
    take_back(written, number)
    sent = written.writes()
    undone, report = take_back(written, number)
    assert (undone.plan.changes, report, written.writes()) == ((), None, sent)


def test_an_older_plan_says_which_fields_a_later_one_wrote_again(written):
    first = written.run().plans[0].id
    changed(written)
    written.run()
    undone, _ = take_back(written, "1")
    assert first != "1"
    assert {one.why for one in undone.refused if one.field == "partner_population"} <= {
        "a later plan wrote it again: undo that one first"
    }
    assert [one for one in undone.refused if "later plan" in one.why]


def test_all_that_a_run_wrote_is_taken_back_at_once(written):
    before = facts(written)
    changed(written)
    written.look()
    written.wait(minutes=1)
    run_id = written.plan().run_id
    written.apply(written.plan(), approve=True)
    undone, _ = take_back(written, f"run:{run_id}")
    after = facts(written)
    assert {place: after[place] for place in before} == before
    assert len(undone.plan.undoes) == 1


def test_to_look_at_an_undo_writes_and_keeps_nothing(written):
    sent = written.writes()
    with written.context() as context:
        (undone,) = undo_plans(context, "latest", keep=False)
        assert undone.plan.id == ""
        assert undone.plan.changes
    assert written.writes() == sent
    assert written.plan().held == (), "no undo is on record"


@pytest.mark.parametrize(
    ("what", "said_"),
    [("99", "there is no plan '99'"), ("nonsense", "there is no plan"), ("run:99", "nothing that run 99 found")],
)
def test_what_does_not_exist_is_named(written, what, said_):
    with written.context() as context, pytest.raises(ConfigError, match=said_):
        undo_plans(context, what)


def test_a_plan_that_was_cut_short_is_finished_before_it_is_taken_back(unwritten):
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
    with (
        unwritten.context() as context,
        pytest.raises(ConfigError, match=f"was cut short: finish it first with 'overlap apply {planned.id}'"),
    ):
        undo_plans(context, planned.id)
    unwritten.apply(planned)
    undone, _ = take_back(unwritten)
    assert len(undone.plan.changes) == len(planned.changes) - 2, "partners' own records stay"


def test_a_plan_that_was_never_applied_has_nothing_to_undo(world):
    planned = world.look()
    with world.context() as context:
        with pytest.raises(ConfigError, match="was never applied"):
            undo_plans(context, planned.id)
        with pytest.raises(ConfigError, match="nothing was ever applied"):
            undo_plans(context, "latest")
