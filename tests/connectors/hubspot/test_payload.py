"""What a portal is sent; what may get in at all is held against Salesforce's payload too, see its tests."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pytest

from connectors.base import Write
from connectors.hubspot.payload import draft
from overlap.errors import RecordError
from overlap.fields import ACCOUNT, OBJECTS, OVERLAP, PARTNER, Owner


@pytest.mark.parametrize(
    ("thing", "name"),
    [(thing, field.name) for thing in OBJECTS for field in thing.fields if field.owner is not Owner.ENGINE],
    ids=lambda value: getattr(value, "name", value),
)
@pytest.mark.parametrize("value", [None, "x", True])
def test_a_field_of_a_person_or_a_formula_never_gets_out(thing, name, value) -> None:
    with pytest.raises(ValueError, match=name):
        draft(thing, Write("k", "1", {name: value}))


def test_values_are_texts_as_hubspot_writes_them() -> None:
    values = {"icp_fit": 80.0, "match_probability": 0.975, "first_seen": date(2026, 11, 21), "play": None}
    assert draft(OVERLAP, Write("k", "1", values)).texts == {
        "icp_fit": "80",
        "match_probability": "0.975",
        "first_seen": "2026-11-21",
        "play": "",
    }
    berlin = datetime(2026, 11, 21, 13, 30, tzinfo=timezone(timedelta(hours=1)))
    assert draft(PARTNER, Write("k", "1", {"list_as_of": berlin})).texts == {"list_as_of": "2026-11-21T12:30:00.000Z"}


def test_a_write_without_an_address_of_its_own_is_refused() -> None:
    for thing, values in ((ACCOUNT, {"overlap_icp_tier": "A"}), (OVERLAP, {"overlap_key": "another", "name": "x"})):
        with pytest.raises(ValueError, match="no record id, and no key to find it by"):
            draft(thing, Write("k", None, values))


def test_a_text_is_never_cut() -> None:
    with pytest.raises(RecordError, match=r"81 characters, 80 fit \(name\)"):
        draft(OVERLAP, Write("k", "1", {"name": "x" * 81}))
