"""`overlap undo`: what it shows, what it asks, and what a script learns."""

from __future__ import annotations

import json

import pytest

from tests.jobs.cli.terminal import Desk
from tests.jobs.world import GLOBEX, listed

OBJECT = "Partner_Overlap__c"


@pytest.fixture
def changed(desk: Desk) -> Desk:
    """Globex lists one more account, and that was written by plan 2."""
    desk.world.send(GLOBEX, listed(0, 1, 2, 3, 4, 5, 6))
    for verb in (("pull",), ("match",), ("plan",), ("apply", "2", "--yes")):
        assert desk.overlap(*verb).code == 0
    return desk


def test_a_dry_run_shows_what_would_be_written_and_writes_nothing(changed: Desk):
    with changed.keeps_everything():
        said = changed.overlap("undo", "2", "--dry-run")
    assert said.code == 0
    assert "Undo of plan 2 in 'salesforce'" in said.out
    assert "retire Globex: Ginkgo Textiles (undo of plan 2)" in said.out
    assert "    status: Active → Retired" in said.out


def test_it_needs_a_yes_where_nobody_can_be_asked(changed: Desk):
    with changed.keeps_everything():
        said = changed.overlap("undo", "latest")
    assert said.code == 2
    assert "say --yes" in said.err


def test_yes_takes_it_back_and_says_how_it_ended(changed: Desk):
    said = changed.overlap("undo", "2", "--yes")
    assert said.code == 0, said.error
    assert "plan 3 for 'salesforce': " in said.out
    assert "acknowledged" in said.out
    assert changed.world.overlap(6)["Status__c"] == "Retired"
    assert changed.overlap("plan").code == 0
    held = changed.overlap("apply", "latest", "--yes")
    assert held.code == 6
    assert "plan 3 took back plan 2" in held.error


def test_what_cannot_be_taken_back_is_named_one_by_one(changed: Desk):
    changed.store.edit(OBJECT, changed.world.overlap(6)["Id"], {"Status__c": None}, user="Bob")
    said = changed.overlap("undo", "2", "--yes")
    assert said.code == 5
    assert "stays: Globex: Ginkgo Textiles, status: somebody changed it in the CRM since" in said.out


def test_json_names_changes_refusals_and_how_they_ended(changed: Desk):
    said = changed.overlap("undo", "run:99", "--json")
    assert said.code == 2
    told = json.loads(changed.overlap("undo", "2", "--yes", "--json").out)
    (undone,) = told["undone"]
    assert undone["undoes"] == [2]
    assert undone["refused"] == []
    assert told["applied"][0]["states"] == {"acknowledged": len(undone["changes"])}


def test_what_was_never_applied_says_so(changed: Desk):
    assert changed.overlap("plan").code == 0
    said = changed.overlap("undo", "3", "--yes")
    assert (said.code, said.error) == (2, "plan 3 was never applied: there is nothing to undo")
