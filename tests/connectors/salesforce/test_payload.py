from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Write
from connectors.salesforce.payload import body, entry
from overlap.errors import RecordError
from overlap.fields import ACCOUNT, INFLUENCE, OBJECTS, OVERLAP, PARTNER, Kind, Owner

#: A value that each kind of field takes, for tests that go through every field.
SAMPLES = {
    Kind.TEXT: "x",
    Kind.LONG_TEXT: "x",
    Kind.URL: "x.example",
    Kind.EMAIL: "a@x.example",
    Kind.PICKLIST: "Same",
    Kind.NUMBER: 1.5,
    Kind.CHECKBOX: True,
    Kind.DATE: date(2026, 11, 21),
    Kind.DATETIME: datetime(2026, 11, 21, tzinfo=UTC),
    Kind.MULTI_PICKLIST: ["Globex", "Initech"],
    Kind.LOOKUP: "001000000000001AAA",
}


def upsert(thing=OVERLAP, key="pi1-k", **values):
    return body(thing, Write(key, None, values))


def value_of(thing, name, value):
    return entry(thing.by_name[name], value)


@pytest.mark.parametrize(
    ("thing", "name"),
    [(thing, field.name) for thing in OBJECTS for field in thing.fields if field.owner is not Owner.ENGINE],
    ids=lambda value: getattr(value, "name", value),
)
def test_a_field_of_a_person_or_a_formula_never_gets_out(thing, name) -> None:
    for value in (None, "x", SAMPLES[thing.by_name[name].kind]):
        with pytest.raises(ValueError, match=name):
            body(thing, Write("k", "001", {name: value}))


def test_a_field_that_nobody_knows_never_gets_out() -> None:
    with pytest.raises(ValueError, match="ownerid"):
        upsert(ownerid="005")


@given(st.data())
def test_a_payload_holds_the_engines_fields_and_its_address_only(data) -> None:
    thing = data.draw(st.sampled_from(OBJECTS))
    names = data.draw(
        st.sets(st.sampled_from([field.name for field in thing.engine_fields if field.name != thing.key]))
    )
    sent = body(thing, Write("k", "001", {name: SAMPLES[thing.by_name[name].kind] for name in names}))
    assert len(sent) == len(names) + 2
    assert {"attributes", "Id"} < sent.keys() or not names
    json.dumps(sent, allow_nan=False)


def test_an_upsert_holds_its_key_once_and_no_id() -> None:
    assert upsert(name="N") == {"attributes": {"type": "Partner_Overlap__c"}, "Overlap_Key__c": "pi1-k", "Name": "N"}
    assert upsert(name="N", overlap_key="pi1-k") == upsert(name="N")


def test_an_update_goes_by_id_and_gives_no_key_unless_told() -> None:
    by_id = body(INFLUENCE, Write("pi1-k", "a03", {"origin": "Person"}))
    assert by_id == {"attributes": {"type": "Partner_Influence__c"}, "Id": "a03", "Origin__c": "Person"}
    adopted = body(INFLUENCE, Write("pi1-k", "a03", {"influence_key": "pi1-k"}))
    assert adopted == {"attributes": {"type": "Partner_Influence__c"}, "Id": "a03", "Influence_Key__c": "pi1-k"}


def test_an_upsert_under_another_key_is_refused() -> None:
    with pytest.raises(ValueError, match="key"):
        upsert(overlap_key="pi1-other")


def test_a_record_of_the_crm_itself_needs_its_id() -> None:
    with pytest.raises(ValueError, match="no record id"):
        upsert(ACCOUNT, overlap_icp_fit=1)


def test_a_lookup_to_ours_goes_by_key_and_is_cleared_by_name() -> None:
    assert value_of(OVERLAP, "partner", "pi1-p") == {"Partner__r": {"Partner_Key__c": "pi1-p"}}
    assert value_of(OVERLAP, "partner", None) == {"Partner__c": None}
    assert value_of(OVERLAP, "account", "001") == {"Account__c": "001"}


def test_dates_and_times_are_iso() -> None:
    berlin = datetime(2026, 11, 21, 13, 30, tzinfo=timezone(timedelta(hours=1)))
    assert value_of(OVERLAP, "first_seen", date(2026, 11, 21)) == {"First_Seen__c": "2026-11-21"}
    assert value_of(PARTNER, "list_as_of", berlin) == {"List_As_Of__c": "2026-11-21T12:30:00.000+0000"}


def test_a_list_is_joined_and_an_empty_one_clears() -> None:
    assert value_of(ACCOUNT, "overlap_customer_of", ["A", "B"]) == {"Overlap_Customer_Of__c": "A;B"}
    assert value_of(ACCOUNT, "overlap_customer_of", ()) == {"Overlap_Customer_Of__c": None}


def test_a_value_that_would_become_two_is_refused() -> None:
    with pytest.raises(ValueError, match="';'"):
        value_of(ACCOUNT, "overlap_customer_of", ["A;B"])


@pytest.mark.parametrize("value", [None, float("nan")])
def test_nothing_clears(value) -> None:
    assert value_of(OVERLAP, "icp_fit", value) == {"ICP_Fit__c": None}


def test_a_text_is_never_cut() -> None:
    assert value_of(OVERLAP, "name", "x" * 80) == {"Name": "x" * 80}
    with pytest.raises(RecordError, match=r"81 characters, 80 fit \(Name\)"):
        value_of(OVERLAP, "name", "x" * 81)
    with pytest.raises(RecordError, match="4099 fit"):
        value_of(ACCOUNT, "overlap_customer_of", ["x" * 2050, "y" * 2050])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", 7),
        ("priority", "7"),
        ("priority", True),
        ("match_probability", float("inf")),
        ("first_seen", "2026-11-21"),
        ("first_seen", datetime(2026, 11, 21, tzinfo=UTC)),
        ("account", ""),
    ],
)
def test_a_value_of_the_wrong_type_is_a_bug_and_says_so(name, value) -> None:
    with pytest.raises(ValueError, match=name):
        value_of(OVERLAP, name, value)


@pytest.mark.parametrize(("thing", "name", "value"), [(PARTNER, "list_as_of", datetime(2026, 11, 21))])
def test_a_time_without_a_zone_is_refused(thing, name, value) -> None:
    with pytest.raises(ValueError, match="time zone"):
        value_of(thing, name, value)


def test_values_joined_by_hand_are_refused() -> None:
    with pytest.raises(ValueError, match="list of texts"):
        value_of(ACCOUNT, "overlap_customer_of", "A;B")
