"""`overlap.planning` against the slow reference, over random small worlds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings

from overlap.fields import BY_NAME, OBJECTS, Owner
from overlap.planning import Intent, intent
from tests.overlap.frames import TODAY, WORKSPACE
from tests.overlap.reference import expected
from tests.overlap.reference_records import World
from tests.overlap.worlds import as_findings, worlds

# A failing world is small as it is; making it smaller takes minutes.
quietly = settings(
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def planned(world: World, days_later: int = 0) -> Intent:
    found, reasons = as_findings(world)
    return intent(found, reasons, TODAY + timedelta(days=days_later), flat_fields=True)


def carried_out(world: World) -> World:
    """*world* after a CRM took every planned change as it stands."""
    for number, change in enumerate(planned(world).changes):
        records = world.current[change.object_name]
        if change.record_id is None:
            empty = dict.fromkeys(field.name for field in BY_NAME[change.object_name].fields)
            records.append(empty | change.new | {"id": f"new{number}", "is_deleted": False})
        else:
            next(record for record in records if record["id"] == change.record_id).update(change.new)
    return world


@settings(quietly, max_examples=30)
@given(worlds())
def test_plans_what_the_slow_reference_plans_and_nothing_that_people_own(world: World) -> None:
    made = planned(world)
    changes, notes, unchanged = expected(world)
    assert {
        (c.object_name, str(c.action), c.key, c.record_id, frozenset(c.new.items()), frozenset(c.old.items()))
        for c in made.changes
    } == changes
    assert (len(made.changes), len(made.notes)) == (len(changes), len(notes))
    assert {name: count for name, count in made.unchanged.items() if count} == {n: c for n, c in unchanged.items() if c}
    for change in made.changes:
        thing = BY_NAME[change.object_name]
        assert {thing.by_name[name].owner for name in change.new} == {Owner.ENGINE}
        assert set(change.new) - thing.bookkeeping


@settings(quietly, max_examples=12)
@given(worlds())
def test_a_plan_that_was_carried_out_leaves_nothing_to_do_on_any_later_day(world: World) -> None:
    before = {row["id"] for row in _current_suggestions(world)}
    after = carried_out(world)
    assert planned(after, days_later=400).changes == ()
    now = _current_suggestions(after)
    # What stood before may stand on, put back on the deal that it lost; what is new must have found room there.
    for deal in {row["opportunity"] for row in now if row["id"] not in before}:
        assert sum(row["opportunity"] == deal for row in now) <= world.most


@settings(quietly, max_examples=8)
@given(worlds())
def test_the_order_of_rows_in_the_crm_does_not_matter(world: World) -> None:
    forward = planned(world)
    for thing in OBJECTS:
        world.current[thing.name].reverse()
    backward = planned(world)
    assert sorted(map(repr, forward.changes)) == sorted(map(repr, backward.changes))
    assert sorted(forward.notes) == sorted(backward.notes)


def _current_suggestions(world: World) -> list[dict[str, Any]]:
    """Return those of this workspace: another one's, or one that a person took out of it, takes no room here."""
    ours = {"workspace": WORKSPACE, "origin": "Engine", "suggestion_state": "Current", "is_deleted": False}
    return [row for row in world.current["partner_influence"] if ours.items() <= row.items()]
