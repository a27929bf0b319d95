from __future__ import annotations

from datetime import UTC, datetime

from overlap.plan import Action, Change, SyncPlan


def change(action: Action) -> Change:
    return Change("salesforce", "partner_overlap", "k", None, action, "l", None, None, "c", {}, {})


def test_counts_the_changes_of_some_actions() -> None:
    made = tuple(map(change, [Action.CREATE, Action.UPDATE, Action.UPDATE, Action.CLEAR]))
    plan = SyncPlan("1", "1", "salesforce", "00D", "f", datetime(2026, 3, 2, tzinfo=UTC), made, {}, (), ())
    assert plan.count(Action.UPDATE) == 2
    assert plan.count(Action.UPDATE, Action.CLEAR) == 3
    assert plan.count(Action.RETIRE) == plan.count() == 0


def test_no_action_deletes() -> None:
    assert {action.value for action in Action} == {"create", "update", "adopt", "retire", "clear"}
