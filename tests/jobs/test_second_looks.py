"""What a first version got wrong, each as the story that showed it."""

from __future__ import annotations

import os

import pytest

from connectors.sandbox.salesforce import settle
from jobs import steps
from jobs.cli.show import applied
from jobs.run import run
from jobs.stores import given_up, outbox
from jobs.stores.entries import State
from jobs.writeback.apply import finish_leftovers
from tests.jobs.world import GLOBEX, LISTED, listed


class CutShortError(Exception):
    """The process ends here."""


def cut_short(world, planned, at):
    def hook(name):
        if name == at:
            raise CutShortError

    steps.listen(hook)
    try:
        with pytest.raises(CutShortError):
            world.apply(planned, approve=True)
    finally:
        steps.listen(None)


def test_a_first_plan_that_was_cut_short_and_given_up_approves_nothing_that_comes_after(world):
    world.pull()
    world.match()
    cut_short(world, world.plan(), at="overlap_partner: receipts stored")
    world.wait(days=7)
    world.send(GLOBEX, listed(*LISTED, 8))
    with world.context() as context:
        report = run(context)
    assert report.plans[0].held == ("the first plan for 'salesforce'",)
    assert report.applied == ()
    assert world.overlap(8) is None


def test_a_plan_that_was_given_up_says_so(written, capsys):
    written.wait(days=7)
    written.send(GLOBEX, listed(*LISTED, 8))
    written.pull()
    written.match()
    planned = written.plan()
    cut_short(written, planned, at="overlap_partner: receipts stored")
    written.match()
    report = written.apply(planned)
    assert (report.superseded, report.states[State.ACKNOWLEDGED]) == (len(planned.changes) - 1, 1)
    applied(report)
    assert "what it had not sent was given up" in capsys.readouterr().out


def test_what_was_taken_long_after_its_plan_was_given_up_is_ours(written):
    written.wait(days=7)
    written.send(GLOBEX, listed(*LISTED, Status="Prospect"))
    planned = written.look()
    fault = {"fault": "delayed-commit", "method": "PATCH", "contains": "Partner_Overlap__c", "requests": 1000}
    written.store.set_faults([fault])
    cut_short(written, planned, at="read back: read")
    written.store.set_faults([])
    written.match()
    report = written.apply(planned)
    assert State.ACKNOWLEDGED in report.states, "the partner's record"
    assert report.superseded == len(planned.changes) - report.written > len(LISTED)
    settle(written.store)
    assert written.overlap(2)["Partner_Population__c"] == "Prospects"
    written.run()
    with written.context() as context:
        taken = [change.key for change in outbox.taken(context.ledger, planned.id)]
        assert len(taken) == report.written + len(LISTED), "it is known by now, and could be undone"
        assert given_up.doubtful(context.ledger, "salesforce") == []


def test_what_an_older_plan_made_late_is_not_taken_for_what_a_newer_one_sent(world):
    planned = world.look()
    ours = {"method": "PATCH", "contains": "Overlap_Key__c"}
    world.store.set_faults([{"fault": "delayed-commit", "requests": 1000, **ours}])
    cut_short(world, planned, at="read back: read")
    world.match()
    world.apply(planned)
    world.wait(minutes=2)
    world.send(GLOBEX, listed(*LISTED, Status="Prospect"))
    newer = world.look()
    world.store.set_faults([{"fault": "lost-request", **ours}])
    steps.listen(lambda name: settle(world.store) if name == "partner_overlap: marked sent" else None)
    try:
        report = world.apply(newer, approve=True)
    finally:
        steps.listen(None)
    assert ("Globex: Cedar Robotics", State.CONFLICT) in {trouble[:2] for trouble in report.troubles}
    assert world.overlap(2)["Partner_Population__c"] == "Customers"
    world.run()
    assert world.overlap(2)["Partner_Population__c"] == "Prospects", "nobody is thought to have edited it"


def test_what_left_and_never_arrived_is_looked_for_for_a_while(written):
    written.wait(days=7)
    written.send(GLOBEX, listed(*LISTED, Status="Prospect"))
    planned = written.look()
    cut_short(written, planned, at="partner_overlap: marked sent")
    written.match()
    written.apply(planned)
    with written.context() as context:
        doubts = given_up.doubtful(context.ledger, "salesforce")
        assert {entry.change.object_name for entry in doubts} == {"partner_overlap"}
    written.wait(minutes=14)
    with written.context() as context:
        finish_leftovers(context, "salesforce")
        assert given_up.doubtful(context.ledger, "salesforce") == doubts
    written.wait(minutes=2)
    with written.context() as context:
        finish_leftovers(context, "salesforce")
        assert given_up.doubtful(context.ledger, "salesforce") == []
        assert State.ACKNOWLEDGED in outbox.tally(context.ledger, planned.id)


def test_a_record_that_a_person_deleted_before_we_knew_that_it_was_made_is_not_made_again(world):
    planned = world.look()
    cut_short(world, planned, at="partner_overlap: sent")
    world.store.delete("Partner_Overlap__c", world.overlap(2)["Id"], user="Bob")
    report = world.apply(planned)
    ((label, state, why),) = [trouble for trouble in report.troubles if trouble[0].endswith("Cedar Robotics")]
    assert (label, state) == ("Globex: Cedar Robotics", State.CONFLICT)
    assert why == "it was made, and a person deleted it in the CRM; it is not made again"
    world.workspace.warehouse_file.unlink()
    world.run()
    assert world.overlap(2) is None, "and a new warehouse, which knows no deletions, makes no difference"


def test_influence_does_not_point_to_an_overlap_that_a_person_deleted(written):
    written.store.delete("Partner_Overlap__c", written.overlap(0)["Id"])
    written.wait(days=7)
    claim = {"Partner Influence": "We introduced you to the CIO"}
    written.send(GLOBEX, [*listed(0, **claim), *listed(*(number for number in LISTED if number))])
    report = written.run()
    assert not report.applied[0].troubles
    assert written.influence(0)["Overlap__c"] is None
    written.wait(hours=1)
    assert written.look().changes == ()


def test_feedback_waits_until_its_pair_is_there(written):
    """A record may be spoken of while the partner's list lacks its row."""
    for _ in range(2):
        written.wait(days=7)
        written.send(GLOBEX, listed(*LISTED[:-1]))
        written.run(lists=[GLOBEX])
    gone = written.overlap(LISTED[-1])
    assert gone["Status__c"] == "Retired"
    written.store.edit("Partner_Overlap__c", gone["Id"], {"Feedback__c": "Wrong company"})
    written.wait(days=7)
    written.send(GLOBEX, listed(*LISTED))
    written.run(lists=[GLOBEX])
    written.wait(days=1)
    written.run()
    assert written.overlap(LISTED[-1])["Status__c"] == "Retired"


def test_the_same_file_touched_again_is_no_second_list(written):
    written.change_settings('files = "inbox/globex*"', 'files = "inbox/plain*"')
    inbox = written.folder / "inbox"
    written.wait(days=7)
    written.send(GLOBEX, listed(*LISTED[:-1]))
    newest = max(inbox.glob("globex*"))
    plain = inbox / "plain.csv"
    for day in (1, 2):
        plain.write_bytes(newest.read_bytes())
        stamp = written.now.timestamp() - 3600 * (3 - day)
        os.utime(plain, (stamp, stamp))
        report = written.run(lists=[GLOBEX])
        written.wait(days=7)
    assert report.pulled.lists[0].state == "unchanged"
    assert written.overlap(LISTED[-1])["Status__c"] == "Active"
