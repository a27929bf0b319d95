"""A hundred records in one call."""

from __future__ import annotations

import pytest

from connectors.sandbox.hubspot.batches import MOST

PATH = "/crm/v3/objects/companies/batch"


@pytest.fixture
def keyed(portal):
    """A portal with a unique property."""
    portal.create_property(
        "companies",
        {
            "name": "our_key",
            "label": "Our key",
            "type": "string",
            "fieldType": "text",
            "groupName": "companyinformation",
            "hasUniqueValue": True,
        },
    )
    return portal


def upsert(key, **properties):
    return {"id": key, "idProperty": "our_key", "properties": {"name": key, **properties}}


def test_an_upsert_makes_what_nobody_has_and_changes_the_rest(keyed, api):
    keyed.seed("companies", [{"id": 1, "name": "A", "our_key": "k1"}])
    status, body = api.post(f"{PATH}/upsert", {"inputs": [upsert("k1", city="Ulm"), upsert("k2")]})
    assert (status, body["status"]) == (200, "COMPLETE")
    assert {one["properties"]["our_key"]: one["new"] for one in body["results"]} == {"k1": False, "k2": True}
    assert [(one["our_key"], one.get("city")) for one in keyed.records("companies")] == [("k1", "Ulm"), ("k2", None)]
    before = keyed.history()
    assert api.post(f"{PATH}/upsert", {"inputs": [upsert("k1", city="Ulm"), upsert("k2")]})[0] == 200
    assert keyed.history() == before


@pytest.mark.usefixtures("keyed")
def test_results_come_in_another_order_than_inputs(api):
    keys = [f"k{n}" for n in range(20)]
    _, body = api.post(f"{PATH}/upsert", {"inputs": [upsert(key) for key in keys]})
    found = [one["properties"]["our_key"] for one in body["results"]]
    assert found != keys
    assert sorted(found) == sorted(keys)


@pytest.mark.parametrize("name", ["domain", "hs_object_id"])
def test_a_property_that_is_not_unique_is_no_key(portal, api, name):
    given = {"id": "a.example", "idProperty": name, "properties": {"name": "A"}}
    _, body = api.post(f"{PATH}/upsert", {"inputs": [given]})
    said = f"Unable to perform update/upsert by non-unique 0-2 property {name} in portal ID {portal.database.portal_id}"
    assert body["message"] == said


def test_two_inputs_of_one_record_refuse_the_batch(keyed, api):
    keyed.seed("companies", [{"id": 1, "name": "A", "our_key": "k1"}])
    inputs = [{"id": "1", "properties": {"city": "Ulm"}}, {"id": "1", "properties": {"city": "Bonn"}}]
    _, body = api.post(f"{PATH}/update", {"inputs": inputs})
    assert body["message"] == "Duplicate IDs found in batch input: [1]. IDs must be unique"
    traced = [{**upsert("k9"), "objectWriteTraceId": str(n)} for n in range(2)]
    assert api.post(f"{PATH}/upsert", {"inputs": traced})[1]["context"] == {"ids": ["k9"]}
    assert keyed.history()[1:] == []


def test_a_batch_is_refused_whole_unless_its_inputs_can_be_told_apart(portal, api):
    inputs = [{"properties": {"name": "A"}}, {"properties": {"name": "B", "foo": "1"}}]
    assert api.post(f"{PATH}/create", {"inputs": inputs})[0] == 400
    same = [{**one, "objectWriteTraceId": "t"} for one in inputs]
    assert api.post(f"{PATH}/create", {"inputs": same})[0] == 400
    assert portal.records("companies") == []
    traced = [{**one, "objectWriteTraceId": f"t{n}"} for n, one in enumerate(inputs)]
    status, body = api.post(f"{PATH}/create", {"inputs": traced})
    assert (status, body["numErrors"]) == (207, 1)
    assert body["errors"][0].keys() == {"status", "category", "message", "context"}
    assert body["errors"][0]["context"] == {"objectWriteTraceId": ["t1"]}
    assert [one["objectWriteTraceId"] for one in body["results"]] == ["t0"]
    assert [one["name"] for one in portal.records("companies")] == ["A"]


def test_ids_that_lead_nowhere_are_one_row_of_errors(keyed, api):
    keyed.seed("companies", [{"id": 1, "name": "A", "our_key": "k1"}, {"id": 2, "name": "B"}])
    keyed.archive("companies", "2")
    status, body = api.post(f"{PATH}/read", {"inputs": [{"id": one} for one in ("1", "2", "3")]})
    assert (status, [one["id"] for one in body["results"]]) == (207, ["1"])
    assert body["errors"][0]["context"] == {"ids": ["2", "3"]}
    assert body["errors"][0]["message"].startswith("Could not get some COMPANY objects, they may be deleted")
    inputs = [{"id": "1", "properties": {"city": "Ulm"}}, {"id": "3", "properties": {"city": "Ulm"}}]
    assert api.post(f"{PATH}/update", {"inputs": inputs})[1]["errors"][0]["context"] == {"ids": ["3"]}
    by_key = {"inputs": [{"id": "K1"}], "idProperty": "our_key", "properties": ["our_key"]}
    assert api.post(f"{PATH}/read", by_key)[1]["results"][0]["properties"]["our_key"] == "k1"


def test_a_unique_value_has_one_owner(keyed, api):
    keyed.seed("companies", [{"id": 1, "name": "A", "our_key": "k1"}, {"id": 2, "name": "B"}])
    status, body = api.patch("/crm/v3/objects/companies/2", {"properties": {"our_key": "k1"}})
    where = f"portalId={keyed.database.portal_id}, objectTypeId=ObjectTypeId{{legacyObjectType=COMPANY}}"
    value = f"PropertyValueCoordinates{{{where}, propertyName=our_key, value=k1}}"
    assert (status, body["message"]) == (400, f"Cannot set {value} on 2. 1 already has that value.")
    keyed.archive("companies", "1")
    assert api.patch("/crm/v3/objects/companies/2", {"properties": {"our_key": "k1"}})[0] == 200


@pytest.mark.usefixtures("keyed")
@pytest.mark.parametrize("does", ["read", "create", "update", "upsert", "archive"])
def test_a_batch_has_a_hundred_inputs_at_most_and_one_at_least(api, does):
    one = {"id": "1", "idProperty": "our_key", "properties": {}}
    for inputs in ([], [{**one, "id": str(n)} for n in range(MOST + 1)]):
        assert api.post(f"{PATH}/{does}", {"inputs": inputs})[1]["category"] == "VALIDATION_ERROR"


def test_a_merged_record_is_written_by_its_old_id(keyed, api):
    keyed.seed("companies", [{"id": 1, "name": "A"}, {"id": 2, "name": "B"}])
    made = keyed.merge("companies", "1", "2")
    both = [{"id": "1", "properties": {"city": "Ulm"}}, {"id": "2", "properties": {"city": "Ulm"}}]
    assert api.post(f"{PATH}/update", {"inputs": both})[1]["context"] == {"ids": [made]}
    _, body = api.post(f"{PATH}/update", {"inputs": both[:1]})
    assert body["results"][0]["id"] == made


def test_archiving_takes_what_is_there(portal, api):
    portal.seed("companies", [{"id": 1, "name": "A"}, {"id": 2, "name": "B"}])
    status, _ = api.post("/crm/objects/2026-09/companies/batch/archive", {"inputs": [{"id": "2"}, {"id": "3"}]})
    assert (status, [one["archived"] for one in portal.records("companies")]) == (204, [False, True])
