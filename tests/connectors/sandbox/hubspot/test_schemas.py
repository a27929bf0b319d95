"""Custom objects."""

from __future__ import annotations

from datetime import timedelta

import pytest

V3, V03, V09 = (f"/crm-object-schemas/{version}/schemas" for version in ("v3", "2026-03", "2026-09"))
SCHEMA = {
    "name": "overlap_partner",
    "labels": {"singular": "Overlap partner", "plural": "Overlap partners"},
    "properties": [
        {"name": "partner_key", "label": "Key", "type": "string", "fieldType": "text", "hasUniqueValue": True}
    ],
    "requiredProperties": ["partner_key"],
    "searchableProperties": ["partner_key"],
    "secondaryDisplayProperties": [],
    "associatedObjects": ["COMPANY"],
    "allowsSensitiveProperties": False,
    "shouldCreateSameObjectAssociation": False,
}


def without(*names):
    return {name: value for name, value in SCHEMA.items() if name not in names}


@pytest.mark.parametrize(
    ("path", "needless", "missing"),
    [
        (V3, ("allowsSensitiveProperties", "searchableProperties"), "associatedObjects"),
        (V03, (), "shouldCreateSameObjectAssociation"),
        (V09, ("shouldCreateSameObjectAssociation",), "allowsSensitiveProperties"),
    ],
)
def test_a_schema_makes_an_object_that_holds_records(portal, api, path, needless, missing):
    assert api.post(path, without(missing))[0] == 400
    status, made = api.post(path, without(*needless))
    assert (status, made["fullyQualifiedName"]) == (201, f"p{portal.database.portal_id}_overlap_partner")
    assert api.get(path)[1]["results"] == [made]
    record = {"properties": {"partner_key": "p1"}, "associations": []}
    for name in (made["objectTypeId"], made["fullyQualifiedName"], "p_overlap_partner"):
        assert api.post(f"/crm/v3/objects/{name}", {**record, "properties": {"partner_key": name}})[0] == 201
    assert api.post(f"/crm/v3/objects/{name}", {"properties": {}})[1]["errors"][0]["code"] == "REQUIRED_PROPERTY"
    assert api.get("/crm/v3/objects/overlap_partner")[0] == 400
    assert len(portal.records("overlap_partner")) == 3


def test_its_records_are_found_upserted_and_associated(portal, api):
    _, made = api.post(V3, SCHEMA)
    portal.seed("companies", [{"id": 1, "name": "A"}])
    kind = made["objectTypeId"]
    inputs = [{"id": "p1", "idProperty": "partner_key", "properties": {"partner_key": "p1"}}]
    _, body = api.post(f"/crm/v3/objects/{kind}/batch/upsert", {"inputs": inputs})
    partner = body["results"][0]["id"]
    assert api.post(f"/crm/v3/objects/{kind}/search", {"query": "p1"})[1]["total"] == 1
    api.patch(f"{V3}/{kind}", {"searchableProperties": []})
    assert api.post(f"/crm/v3/objects/{kind}/search", {"query": "p1"})[1]["total"] == 0
    status, _ = api("PUT", f"/crm/v4/objects/{kind}/{partner}/associations/default/companies/1")
    assert (status, [link[2:4] for link in portal.links()]) == (200, [("overlap_partner", partner), ("companies", "1")])
    assert api("DELETE", f"{V3}/{kind}")[0] == 400
    portal.archive("overlap_partner", "p1")
    assert api("DELETE", f"{V3}/{kind}")[0] == 204
    assert api.get(V3)[1]["results"] == []


def test_a_new_object_is_known_to_its_records_after_a_while(portal, api):
    portal.set_schema_lag(5)
    _, made = api.post(V3, SCHEMA)
    path = f"/crm/v3/objects/{made['objectTypeId']}"
    assert (api.get(path)[0], api.get(f"{V3}/{made['objectTypeId']}")[0]) == (400, 200)
    portal.advance(timedelta(seconds=5))
    assert api.get(path)[0] == 200


@pytest.mark.parametrize(
    "given",
    [
        {"name": "overlap partner"},
        {"labels": {"singular": "A"}},
        {"properties": []},
        {"requiredProperties": ["nothing"]},
        {"associatedObjects": ["widgets"]},
        {"properties": [{**SCHEMA["properties"][0], "type": "money"}]},
    ],
)
def test_a_schema_that_cannot_be_is_refused_and_leaves_nothing(portal, api, given):
    assert api.post(V3, {**SCHEMA, **given})[0] == 400
    assert api.get(V3)[1]["results"] == portal.history() == []
    assert api.post(V3, SCHEMA)[0] == 201
    assert api.post(V3, SCHEMA)[0] == 409


def test_labels_change_and_the_name_stays(api):
    _, made = api.post(V3, SCHEMA)
    labels = {"singular": "Partner", "plural": "Partners"}
    assert api.patch(f"{V3}/{made['id']}", {"labels": labels})[0] == 400
    assert api.patch(f"{V3}/{made['objectTypeId']}", {"labels": labels})[1]["labels"] == labels
    assert api.patch(f"{V3}/{made['objectTypeId']}", {"name": "other"})[0] == 400
    given = {"fromObjectTypeId": made["objectTypeId"], "toObjectTypeId": "0-3", "name": "partner_to_deal"}
    status, association = api.post(f"{V3}/{made['objectTypeId']}/associations", given)
    assert (status, association["toObjectTypeId"]) == (201, "0-3")
    assert api("DELETE", f"{V3}/{made['objectTypeId']}/associations/{association['id']}")[0] == 204


def test_an_enterprise_account_has_ten_custom_objects_and_others_not_even_the_scope(portal, api):
    for number in range(10):
        assert api.post(V3, {**SCHEMA, "name": f"object_{number}"})[0] == 201
    assert api.post(V3, SCHEMA)[0] == 400
    _, limits = api.get("/crm/v3/limits/custom-object-types")
    assert (limits["limit"], limits["usage"]) == (10, 10)
    portal.set_tier("professional")
    status, body = api.get(V3)
    assert (status, body["category"]) == (403, "MISSING_SCOPES")
    assert body["errors"][0]["context"] == {"requiredGranularScopes": ["crm.schemas.custom.read"]}
