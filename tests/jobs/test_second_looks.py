"""What a first version got wrong, each as the story that showed it."""

from __future__ import annotations

import os

import pytest

from jobs import steps
from jobs.cli.show import applied
from jobs.run import run
from jobs.stores.outbox import State
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
