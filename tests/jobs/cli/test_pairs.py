"""Explain and judge: the pair that a person means, and a verdict that holds until it is undone."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

import polars as pl
import pytest

from tests.jobs.cli.terminal import Desk
from tests.jobs.world import COMPANIES, GLOBEX, LISTED, account_id, listed

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


def test_rows_that_have_nothing_but_a_name_are_explained_and_judged_like_any(desk: Desk):
    ours = desk.store.create("Account", {"Name": "Bare Company"})
    bare = listed(0, 1, 2, 3, 4, 5)
    bare[0] |= {"Account Name": "Bare Firm", "Website": "", "Country": ""}
    desk.world.send(GLOBEX, bare)
    desk.pull()
    assert desk.overlap("match").code == 0
    assert "globex:X-0 Bare Firm (no country); initech:X-0" in desk.overlap("explain", ours, "X-0").error
    assert desk.overlap("explain", ours, "globex:X-0", "--why-not").code == 0
    assert desk.overlap("judge", ours, "globex:X-0", "same").code == 0
    assert desk.overlap("match").code == 0
    assert "judged the same company by" in desk.overlap("explain", ours, "globex:X-0").out
    assert desk.overlap("judge", ours, "globex:X-0", "undo").code == 0


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


def test_explains_every_pair_as_the_run_found_it(desk: Desk):
    runs = sorted(desk.folder.glob("runs/[0-9]*"), key=lambda run: int(run.name))
    found = pl.read_parquet(runs[-1] / "matches.parquet")
    assert found.height >= len(LISTED)
    for row in found.iter_rows(named=True):
        said = desk.overlap("explain", row["ours_id"], f"{row['partner']}:{row['theirs_id']}", "--json").json
        assert said["match"] == row
        assert said["compared"]
        assert said["bits"] == pytest.approx(sum(step["bits"] for step in said["ladder"]), abs=0.01)
        assert 1 / (1 + 2 ** -said["bits"]) == pytest.approx(row["probability"], abs=0.001)


def test_shows_both_rows_the_ladder_the_sum_and_the_thresholds(desk: Desk):
    said = desk.overlap("explain", *PAIR).out
    for words in ("cedarrobotics.com", "same website", "before looking", "nothing to compare", "sum"):
        assert words in said
    assert re.search(r"match, probability \d", said)
    assert re.search(r"A match from \d+% on, for you to judge from \d+% on; model shipped-1", said)


def test_says_that_a_pair_was_never_compared_what_would_have_found_it_and_what_would_settle_it(desk: Desk):
    pair = ("Ginkgo Textiles", "globex:X-2")  # Cedar Robotics is X-2
    assert "Never compared in a run" in desk.overlap("explain", *pair).out
    said = desk.overlap("explain", *pair, "--why-not", "--json").json
    assert (said["compared"], said["why_not"]["proposed"], said["match"]["decision"]) == (False, False, "no match")
    assert any("website" in fact for fact in said["why_not"]["would_find"])
    shown = desk.overlap("explain", *pair, "--why-not").out
    assert "Never compared: the two rows share nothing that few others have." in shown
    for fact in said["why_not"]["settling"][:2]:
        assert fact["said"] in shown
    assert "Won instead: their row Cedar Robotics" not in shown  # nobody won what nobody asked for


def test_names_the_two_likeliest_facts_that_would_settle_a_pair(desk: Desk):
    stranger = listed(7, Website="", Country="") + listed(0, 1, 2, 3, 4, 5)
    stranger[0]["Account Name"] = "Hazel"
    desk.world.send(GLOBEX, stranger)
    for verb in ("pull", "match"):
        assert desk.overlap(verb).code == 0
    said = desk.overlap("explain", COMPANIES[7][0], "globex:X-7", "--why-not", "--json").json
    settling = said["why_not"]["settling"]
    assert len(settling) > 2
    assert settling[0]["said"].startswith("If their list gave")
    assert f"this would be a match ({settling[0]['probability']:.0%})" in settling[0]["said"]
    shown = desk.overlap("explain", COMPANIES[7][0], "globex:X-7", "--why-not").out
    assert [fact["said"] in shown for fact in settling[:3]] == [True, True, False]
    assert "Found by" in shown or "Never compared" in shown
    assert "--why-not" not in shown
    assert "overlap explain OURS THEIRS --why-not" in desk.overlap("explain", COMPANIES[7][0], "globex:X-7").out
