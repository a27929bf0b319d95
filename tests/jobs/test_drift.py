"""What becomes of a field of ours that a person changed in the CRM, from run to run."""

from __future__ import annotations

import pytest

from overlap.plan import Outcome
from tests.jobs.world import GLOBEX, INITECH, LISTED, listed

OBJECT = "Partner_Overlap__c"


def edit(world, number, **values):
    world.store.edit(OBJECT, world.overlap(number)["Id"], values, user="Bob")
    world.wait(hours=1)


def test_an_edit_is_kept_and_told_in_every_plan_until_it_is_emptied(written):
    was = written.overlap(2)["Match_Reason__c"]
    edit(written, 2, Match_Reason__c="mine")
    for _ in range(2):
        sent = len(written.writes())
        report = written.run()
        (drift,) = report.plans[0].drift
        assert (drift.field, drift.found, drift.written, drift.outcome) == ("match_reason", "mine", was, Outcome.KEPT)
        assert (report.plans[0].changes, len(written.writes())) == ((), sent)
        assert report.applied[0].drift == report.plans[0].drift
    edit(written, 2, Match_Reason__c=None)
    assert written.run().plans[0].drift == ()
    assert written.overlap(2)["Match_Reason__c"] == was


def test_a_fact_that_moves_is_written_over_an_edit_and_beside_one(written):
    for number in (2, 3):
        edit(written, number, Match_Reason__c="mine")
    edit(written, 3, Partner_Population__c="Other")
    written.send(GLOBEX, listed(*LISTED, Status="Prospect"))
    written.send(INITECH, listed(0, 1, Status="Prospect"))
    report = written.run()
    told = {(drift.label, drift.field): drift.outcome for drift in report.plans[0].drift}
    assert told[("Globex: Dogwood Ceramics", "partner_population")] is Outcome.OVERWRITTEN
    assert told[("Globex: Dogwood Ceramics", "match_reason")] is Outcome.KEPT
    assert (written.overlap(3)["Partner_Population__c"], written.overlap(3)["Match_Reason__c"]) == ("Prospects", "mine")


def test_an_edit_of_a_flat_field_is_kept_too(written):
    written.store.edit("Account", written.account(2)["Id"], {"Overlap_Best_Reason__c": "ask Bob"}, user="Bob")
    written.wait(hours=1)
    written.run()
    assert written.account(2)["Overlap_Best_Reason__c"] == "ask Bob"


def test_restore_writes_it_again(written):
    written.change_settings('type = "salesforce"', 'type = "salesforce"\non_drift = "restore"')
    was = written.overlap(2)["Match_Reason__c"]
    edit(written, 2, Match_Reason__c="mine")
    report = written.run(approve=False)
    assert [drift.outcome for drift in report.plans[0].drift] == [Outcome.RESTORED]
    assert written.overlap(2)["Match_Reason__c"] == was


def test_hold_asks_a_person(written):
    written.change_settings('type = "salesforce"', 'type = "salesforce"\non_drift = "hold"')
    edit(written, 2, Match_Reason__c="mine")
    report = written.run(approve=False)
    assert report.plans[0].held == ("1 fields of ours that people changed would be written again",)
    assert written.overlap(2)["Match_Reason__c"] == "mine"
    written.run(approve=True)
    assert written.overlap(2)["Match_Reason__c"] != "mine"


def test_a_plan_says_what_the_crm_says_at_its_own_moment(written):
    written.wait(days=1)
    written.send(GLOBEX, listed(*LISTED, Status="Prospect"))
    written.pull()
    written.match()
    populations = {2: "Other", 3: "Prospects"}  # since the pull; the other one as we would
    for number, population in populations.items():
        edit(written, number, Partner_Population__c=population)
    planned = written.plan()
    before = {change.key: change.old.get("partner_population") for change in planned.changes}
    said = {number: before.get(written.overlap(number)["Overlap_Key__c"]) for number in (*populations, 4)}
    assert said == {2: "Other", 3: None, 4: "Customers"}


@pytest.mark.parametrize("on_drift", ["restore", "keep", "hold"])
def test_an_edit_after_the_plan_is_a_conflict_whatever_the_setting(written, on_drift):
    written.change_settings('type = "salesforce"', f'type = "salesforce"\non_drift = "{on_drift}"')
    written.wait(days=1)
    written.send(GLOBEX, listed(*LISTED, Status="Prospect"))
    planned = written.look()
    edit(written, 2, Partner_Population__c="Other")
    report = written.apply(planned, approve=True)
    assert [(label, str(state)) for label, state, _ in report.troubles] == [("Globex: Cedar Robotics", "conflict")]
    assert written.overlap(2)["Partner_Population__c"] == "Other"
