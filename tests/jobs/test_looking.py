"""What a record shows of a write that left without a receipt. Pure: entries and rows that a test writes by hand."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.looking import landed
from jobs.stores.outbox import Entry, State
from overlap.plan import Action, Change

BEFORE = {"account": "1", "priority": 5.0, "status": "Active"}
AFTER = {"account": "2", "priority": 10.0, "status": "Active"}
CASES = [  # what the record says now, was the write taken?
    (BEFORE, False),
    (AFTER, True),
    (AFTER | {"priority": 50.0}, True),  # a person came after us
    (AFTER | {"account": "3"}, True),  # a merge did
    (AFTER | {"account": "1"}, False),  # links are written last, in a call of their own
]


@pytest.mark.parametrize(("now", "taken"), CASES)
def test_one_field_proves_the_rest_unless_a_link_is_as_before(now: dict[str, Any], taken: bool) -> None:
    facts = {"crm": "hubspot", "object_name": "partner_overlap", "key": "k", "record_id": "7", "label": "Globex: Acme"}
    change = Change(
        **facts, action=Action.UPDATE, partner="globex", account_id="1", cause="", old=dict(BEFORE), new=dict(AFTER)
    )
    assert landed(Entry(1, State.SENT, 1, change, dict(BEFORE)), {"id": "7", **now}) is taken
