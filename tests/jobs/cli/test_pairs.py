"""Explain and judge: the pair that a person means, and a verdict that holds until it is undone."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from tests.jobs.cli.terminal import Desk
from tests.jobs.world import COMPANIES, GLOBEX, account_id, listed

PAIR = ("Cedar Robotics", "globex:X-2")


@pytest.mark.parametrize("ours", [account_id(2), f"salesforce:{account_id(2)}", "Cedar Robotics", " cedar robotics"])
@pytest.mark.parametrize("theirs", ["X-2", "globex:X-2", "CEDAR ROBOTICS"])
def test_a_side_is_named_by_id_by_book_and_id_or_by_name(desk: Desk, ours, theirs):
    said = desk.overlap("explain", ours, theirs, "--json")
    assert said.code == 0
    assert (said.json["ours"]["id"], said.json["theirs"]["id"]) == (account_id(2), "X-2")


@pytest.mark.parametrize("verb", [("explain",), ("judge", "same")])
def test_an_unknown_side_is_answered_with_the_nearest_names(desk: Desk, verb):
    with desk.keeps_everything():
        ours = desk.overlap(verb[0], "Ceder Robotic", "X-2", *verb[1:])
        theirs = desk.overlap(verb[0], "Cedar Robotics", "Ceder", *verb[1:])
    assert (ours.code, theirs.code) == (2, 2)
    assert ours.error.startswith("ours 'Ceder Robotic' is no id and no name in the last run; did you mean Cedar Robot")
    assert theirs.error.startswith("theirs 'Ceder' is no id and no name in the last run; did you mean Cedar Robotics")


@pytest.mark.parametrize("verb", [("explain",), ("judge", "different")])
def test_a_name_that_two_rows_have_is_answered_with_the_ids_of_both(desk: Desk, verb):
    desk.store.create("Account", {"Name": "Cedar Robotics", "BillingCountry": "Chile"})
    desk.pull()
    assert desk.overlap("match").code == 0
    twin = next(row["Id"] for row in desk.store.records("Account") if row["BillingCountry"] == "Chile")
    with desk.keeps_everything():
        said = desk.overlap(verb[0], *PAIR, *verb[1:])
    assert said.code == 2
    assert "ours 'Cedar Robotics' is 2 rows; name one by its id: " in said.error
    for row in (account_id(2), twin):
        assert f"salesforce:{row} Cedar Robotics" in said.error


def test_an_unknown_verdict_is_answered_with_the_three_that_are(desk: Desk):
    with desk.keeps_everything():
        said = desk.overlap("judge", *PAIR, "maybe")
    assert said.code == 2
    assert "'maybe' is no verdict; say same, different or undo" in said.err


def test_undoing_what_nobody_judged_is_an_error(desk: Desk):
    with desk.keeps_everything():
        said = desk.overlap("judge", *PAIR, "undo")
    assert said.code == 2
    assert said.error == "nobody judged 'Cedar Robotics' and 'Cedar Robotics'; there is nothing to undo"


def test_a_pair_judged_different_is_explained_and_retired_and_undoing_brings_it_back(desk: Desk):
    assert desk.world.overlap(2)["Status__c"] == "Active"
    said = desk.overlap("judge", *PAIR, "different")
    assert (said.code, "next: overlap match" in said.out) == (0, True)
    assert _planned(desk) == ("retire", "judged different")
    explained = desk.overlap("explain", *PAIR)
    assert "no match, probability 0.0%" in explained.out
    assert "judged different companies by" in explained.out
    assert desk.overlap("apply", "latest", "--yes").code == 0
    assert desk.world.overlap(2)["Status__c"] == "Retired"
    assert desk.overlap("judge", *PAIR, "undo").code == 0
    assert _planned(desk) == ("update", "status")
    assert "judged" not in desk.overlap("explain", *PAIR).out
    assert desk.overlap("apply", "latest", "--yes").code == 0
    assert desk.world.overlap(2)["Status__c"] == "Active"


def test_a_pair_judged_same_is_created_and_undoing_retires_it(desk: Desk):
    stranger = listed(7, Website="elsewhere.example", Country="Peru") + listed(0, 1, 2, 3, 4, 5)
    stranger[0]["Account Name"] = "Quite Another Name"
    desk.world.send(GLOBEX, stranger)
    for verb in ("pull", "match"):
        assert desk.overlap(verb).code == 0
    pair = (COMPANIES[7][0], "Quite Another Name")
    assert "no match" in desk.overlap("explain", *pair).out
    assert desk.overlap("judge", *pair, "same").code == 0
    assert desk.overlap("run").code == 0
    assert desk.world.overlap(7)["Match_Reason__c"].startswith("judged the same company by ")
    assert "match, probability 100.0%" in desk.overlap("explain", *pair).out
    assert desk.overlap("judge", *pair, "undo").code == 0
    desk.pull()
    for verb in ("match", "plan"):
        assert desk.overlap(verb).code == 0
    assert desk.overlap("apply", "latest", "--yes").code == 0
    assert desk.world.overlap(7)["Status__c"] == "Retired"


def test_a_verdict_is_in_the_audit_with_who_gave_it(desk: Desk):
    desk.overlap("judge", *PAIR, "same")
    with closing(sqlite3.connect(desk.folder / "ledger.sqlite")) as ledger:
        ((who, what),) = ledger.execute("select who, what from audit where did = 'judged'").fetchall()
    assert who
    assert "X-2" in what
    assert "same" in what


def _planned(desk: Desk) -> tuple[str, str]:
    """What a new run would do to the overlap of the pair, and why."""
    assert desk.overlap("match").code == 0
    (plan,) = desk.overlap("plan", "--json").json["plans"]
    (change,) = [change for change in plan["changes"] if change["object_name"] == "partner_overlap"]
    assert "Cedar Robotics" in change["label"]
    return change["action"], change["cause"].partition(",")[0]
