"""What records show of writes that left without a receipt. Pure: entries and rows that a test writes by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from jobs.stores.entries import Entry, State
from jobs.writeback.looking import half_taken, proven, said_now
from overlap.plan import Action, Change

BEFORE = {"account": "1", "owner_id": "u1", "match_reason": "name", "priority": 5.0, "status": "Active"}
AFTER = {"account": "2", "owner_id": "u2", "match_reason": "domain", "priority": 10.0, "status": "Active"}
CASES = [  # what the record says now, was the write taken by a CRM that writes a record whole, and with links apart?
    (BEFORE, False, False),
    (AFTER, True, True),
    (AFTER | {"priority": 50.0}, True, True),  # a person came after us
    (AFTER | {"account": "3"}, True, True),  # a merge did
    (AFTER | {"account": "1"}, True, False),  # links are written last there, in a call of their own
    (BEFORE | {"priority": 10.0}, True, False),
    (BEFORE | {"owner_id": "u2"}, False, False),  # a person gave it to the same one
]


def entry(seq: int, old: dict[str, Any], new: dict[str, Any], record_id: str | None = "7") -> Entry:
    action = Action.UPDATE if record_id else Action.CREATE
    change = Change(
        *("crm", "partner_overlap", "k", record_id, action, "Globex: Acme", "globex", "1", ""), old=old, new=new
    )
    return Entry(seq, State.SENT, 1, change, old)


def said(**values: Any) -> dict[str, dict[str, Any]]:
    return {address: {"id": "7", **values} for address in ("7", "k")}


@pytest.mark.parametrize(("now", "whole", "apart"), CASES)
def test_one_field_proves_the_rest_unless_it_may_say_so_by_itself(now, whole, apart):
    left = entry(1, BEFORE, AFTER)
    taken = [bool(proven([left], said(**now), links_apart=links)) for links in (False, True)]
    assert taken == [whole, apart]


@pytest.mark.parametrize(
    ("now", "apart", "landed"),
    [
        (AFTER | {"account": "1"}, True, {"owner_id", "match_reason", "priority"}),
        (AFTER | {"account": "1", "priority": 50.0}, True, {"owner_id", "match_reason"}),  # a person came after us
        (BEFORE | {"owner_id": "u2"}, True, set()),
        (AFTER | {"account": "1"}, False, set()),
        (None, True, set()),
    ],
)
def test_what_was_written_before_the_links_is_known_to_have_landed(now, apart, landed):
    left = replace(entry(1, BEFORE, AFTER), landed={"play": "a"})
    wanted = {name: AFTER[name] for name in landed} | {"play": "a"}
    assert half_taken(left, now, links_apart=apart) == wanted


def test_a_link_that_is_empty_proves_nothing_since_its_other_end_may_be_gone():
    left = entry(1, {"account": "1", "priority": 5.0}, {"account": None, "priority": 10.0})
    assert proven([left], said(account=None, priority=5.0), links_apart=False) == set()
    assert proven([left], said(account=None, priority=10.0), links_apart=True) == {1}


def test_a_record_with_our_key_is_ours_if_a_fact_of_it_is():
    new = {"overlap_key": "k", "owner_id": "u1", "priority": 5.0, "status": "Active"}
    left = entry(1, dict.fromkeys(new), new, record_id=None)
    assert proven([left], said(**new | {"priority": 9.0}), links_apart=True) == {1}
    assert proven([left], said(**new | {"priority": 9.0, "status": None}), links_apart=True) == set()


@pytest.mark.parametrize(
    ("now", "taken"),
    [
        ({"status": "Active", "play": "a", "priority": 1.0}, 1),
        ({"status": "Active", "play": "b", "priority": 1.0}, 2),
        ({"status": "Active", "play": "c", "priority": 1.0}, 2),  # people changed what told them apart
        ({"status": "Active", "play": "a", "priority": 9.0}, 1),
    ],
)
def test_what_arrived_is_the_change_of_which_the_record_shows_most_and_the_newest_of_those(now, taken):
    facts = {"overlap_key": "k", "status": "Active", "priority": 1.0}
    first, second = (
        entry(seq, dict.fromkeys([*facts, "play"]), {**facts, "play": play}, record_id=None)
        for seq, play in ((1, "a"), (2, "b"))
    )
    assert proven([first, second], said(overlap_key="k", **now), links_apart=False) == {taken}


def test_a_change_that_leaves_a_fact_as_it_was_is_not_what_arrived_if_another_one_explains_all():
    facts = {"play": "a", "priority": 10.0}, {"play": "b", "priority": 20.0}
    first = entry(1, *facts)
    second = entry(2, facts[0] | {"icp_tier": "B"}, facts[1] | {"icp_tier": "A"})
    assert proven([first, second], said(**facts[1], icp_tier="B"), links_apart=False) == {1}
    assert proven([first, second], said(**facts[1], icp_tier="A"), links_apart=False) == {2}


@pytest.mark.parametrize("was_told", [False, True])
def test_a_link_without_an_end_is_our_doing_unless_the_crm_said_that_it_took_nothing(was_told):
    class Portal:
        links_apart = True

        def current(self, *_):
            return pl.DataFrame([{"id": "7", "overlap_key": "k", "account": None}])

    left = entry(1, {"account": "1"}, {"account": "2"})
    if was_told:
        left = replace(left, state=State.PENDING, error="LOCKED: try again")
    now = said_now(Portal(), [left])
    assert now["7"]["account"] == (None if was_told else "1")
