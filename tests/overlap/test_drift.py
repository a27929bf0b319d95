"""A field of ours that a person changed: found, told, and kept for as long as nobody hands it back."""

from __future__ import annotations

from datetime import date

import pytest

from overlap.drift import settle
from overlap.plan import Action, Change, Outcome

PLACE = ("partner_overlap", "k1")
DAY = date(2026, 3, 2)


def change(old: dict, new: dict, action: Action = Action.UPDATE) -> Change:
    return Change("salesforce", "partner_overlap", "k1", "a01", action, "Globex: Acme", "globex", "001A", "c", old, new)


def outcome(old, new, written, on_drift="keep", action=Action.UPDATE):
    (found, drifts) = settle((change(old, new, action),), {PLACE: written}, on_drift)
    return found, [(drift.field, drift.outcome) for drift in drifts]


def test_what_a_person_wrote_over_is_kept_while_the_fact_stands() -> None:
    kept, drifts = outcome({"play": "Mine"}, {"play": "Co-sell"}, {"play": "Co-sell"})
    assert (kept, drifts) == ((), [("play", Outcome.KEPT)])


def test_the_other_fields_of_its_record_are_written() -> None:
    old = {"play": "Mine", "priority": 5, "changed_on": None}
    new = {"play": "Co-sell", "priority": 10, "changed_on": DAY}
    ((left,), drifts) = outcome(old, new, {"play": "Co-sell", "priority": 5})
    assert (left.new, left.cause) == ({"priority": 10, "changed_on": DAY}, "priority")
    assert left.old.keys() == left.new.keys()
    assert drifts == [("play", Outcome.KEPT)]


def test_a_change_that_is_left_with_its_day_only_is_dropped() -> None:
    new = {"play": "Co-sell", "changed_on": DAY}
    assert outcome({"play": "Mine", "changed_on": None}, new, {"play": "Co-sell"})[0] == ()


def test_a_fact_that_moved_is_written_over_it_and_told() -> None:
    ((left,), drifts) = outcome({"play": "Mine"}, {"play": "Co-sell"}, {"play": "Prospect together"})
    assert left.new == {"play": "Co-sell"}
    assert drifts == [("play", Outcome.OVERWRITTEN)]


def test_emptying_a_field_hands_it_back() -> None:
    ((left,), drifts) = outcome({"play": None}, {"play": "Co-sell"}, {"play": "Co-sell"})
    assert (left.new, drifts) == ({"play": "Co-sell"}, [])


@pytest.mark.parametrize("on_drift", ["restore", "hold"])
def test_it_is_written_again_where_the_settings_say_so(on_drift) -> None:
    ((left,), drifts) = outcome({"play": "Mine"}, {"play": "Co-sell"}, {"play": "Co-sell"}, on_drift)
    assert (left.new, drifts) == ({"play": "Co-sell"}, [("play", Outcome.RESTORED)])


def test_what_we_never_wrote_has_not_drifted() -> None:
    ((left,), drifts) = outcome({"play": "Theirs"}, {"play": "Co-sell"}, {"priority": 5})
    assert (left.new, drifts) == ({"play": "Co-sell"}, [])


def test_what_still_says_what_we_wrote_has_not_drifted() -> None:
    ((left,), drifts) = outcome({"play": "Old"}, {"play": "Co-sell"}, {"play": "Old"})
    assert (left.new, drifts) == ({"play": "Co-sell"}, [])


def test_a_retirement_is_not_kept_from_a_record_that_people_retired_otherwise() -> None:
    ((left,), drifts) = outcome({"status": "Odd"}, {"status": "Retired"}, {"status": "Active"}, action=Action.RETIRE)
    assert (left.cause, drifts) == ("c", [("status", Outcome.OVERWRITTEN)])


def test_says_what_we_wrote_what_is_there_and_what_should_be() -> None:
    _, (drift,) = settle((change({"priority": 1}, {"priority": 3}),), {PLACE: {"priority": 3}}, "keep")
    assert (drift.label, drift.written, drift.found, drift.wanted) == ("Globex: Acme", 3, 1, 3)
