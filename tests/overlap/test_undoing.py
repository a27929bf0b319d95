"""Taking back: every field as it was before, and nothing that somebody touched since."""

from __future__ import annotations

from datetime import date

from overlap.plan import Action, Change
from overlap.undoing import take_back

TODAY = date(2026, 3, 9)
OVERLAP = ("partner_overlap", "k1")


def change(old: dict, new: dict, action=Action.UPDATE, thing="partner_overlap", key="k1") -> Change:
    return Change("salesforce", thing, key, "a01", action, "Globex: Acme", "globex", "001A", "c", old, new)


def back(*done: Change, now: dict | None, written: dict | None = None):
    place = (done[0].object_name, done[0].key)
    last = (
        written if written is not None else {name: value for one in reversed(done) for name, value in one.new.items()}
    )
    said = None if now is None else {"id": "a01", **now}
    return take_back(done, {place: said}, {place: last}, TODAY)


def test_a_field_goes_back_to_what_it_was() -> None:
    (one,) = back(
        change({"play": "Old", "priority": 1}, {"play": "New", "priority": 2}), now={"play": "New", "priority": 2}
    ).changes
    assert (one.action, one.record_id) == (Action.UPDATE, "a01")
    assert (one.old, one.new) == ({"play": "New", "priority": 2}, {"play": "Old", "priority": 1})


def test_a_field_that_was_empty_is_emptied_again() -> None:
    (one,) = back(change({"play": None}, {"play": "New"}), now={"play": "New"}).changes
    assert one.new == {"play": None}


def test_what_a_person_changed_since_stays_and_the_rest_is_taken_back() -> None:
    done = change({"play": "Old", "priority": 1}, {"play": "New", "priority": 2})
    made = back(done, now={"play": "Mine", "priority": 2})
    assert [one.new for one in made.changes] == [{"priority": 1}]
    assert [(one.field, one.why) for one in made.refused] == [("play", "somebody changed it in the CRM since")]


def test_what_a_later_plan_wrote_again_says_to_undo_that_first() -> None:
    made = back(change({"play": "Old"}, {"play": "New"}), now={"play": "Newer"}, written={"play": "Newer"})
    assert made.changes == ()
    assert [one.why for one in made.refused] == ["a later plan wrote it again: undo that one first"]


def test_what_is_as_it_was_needs_nothing() -> None:
    made = back(change({"play": "Old"}, {"play": "New"}), now={"play": "Old"})
    assert (made.changes, made.refused) == ((), ())


def test_several_plans_are_taken_back_to_before_the_first() -> None:
    newer, older = change({"play": "B"}, {"play": "C"}), change({"play": "A"}, {"play": "B"})
    (one,) = back(newer, older, now={"play": "C"}).changes
    assert (one.old, one.new) == ({"play": "C"}, {"play": "A"})


def test_an_undo_goes_no_further_back_than_to_what_a_person_wrote_between_two_plans() -> None:
    newer, older = change({"play": "Mine"}, {"play": "B"}), change({"play": "A"}, {"play": "B"})
    (one,) = back(newer, older, now={"play": "B"}).changes
    assert one.new == {"play": "Mine"}


def test_a_record_that_was_made_is_retired() -> None:
    made = change({"name": None, "status": None}, {"name": "x", "status": "Active"}, Action.CREATE)
    (one,) = back(made, now={"name": "x", "status": "Active", "changed_on": None, "first_seen": None}).changes
    assert (one.action, one.new) == (Action.RETIRE, {"status": "Retired", "changed_on": TODAY})


def test_a_suggestion_that_was_made_is_withdrawn_and_a_partner_stays() -> None:
    made = change({"suggestion_state": None}, {"suggestion_state": "Current"}, Action.CREATE, "partner_influence")
    (one,) = back(made, now={"suggestion_state": "Current"}).changes
    assert one.new == {"suggestion_state": "Withdrawn"}
    partner = change({"name": None}, {"name": "Globex"}, Action.CREATE, "overlap_partner")
    assert back(partner, now={"name": "Globex"}) == take_back((), {}, {}, TODAY)


def test_a_record_that_people_retired_since_is_left() -> None:
    made = change({"status": None}, {"status": "Active"}, Action.CREATE)
    assert back(made, now={"status": "Retired"}).changes == ()


def test_a_record_that_is_gone_is_told() -> None:
    made = back(change({"play": "Old"}, {"play": "New"}), now=None)
    assert made.changes == ()
    assert [(one.field, one.why) for one in made.refused] == [(None, "the record is gone from the CRM")]


def test_the_day_of_a_change_goes_back_with_it_and_never_alone() -> None:
    done = change({"play": "Old", "changed_on": date(2026, 1, 1)}, {"play": "New", "changed_on": date(2026, 3, 2)})
    (one,) = back(done, now=dict(done.new)).changes
    assert one.new == {"play": "Old", "changed_on": date(2026, 1, 1)}
    made = back(done, now={"play": "Mine", "changed_on": date(2026, 3, 2)})
    assert (made.changes, len(made.refused)) == ((), 1)


def test_adopting_is_taken_back_as_adopting() -> None:
    """By its id, as it was adopted: a record without a key cannot be found by one."""
    done = change({"influence_key": None}, {"influence_key": "k1"}, Action.ADOPT, "partner_influence")
    (one,) = back(done, now={"influence_key": "k1"}).changes
    assert (one.action, one.record_id, one.new) == (Action.ADOPT, "a01", {"influence_key": None})
