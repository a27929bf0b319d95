"""Single records and lists of them."""

from __future__ import annotations

import json

import pytest

from connectors.sandbox.direct import URL

COMPANIES = "/crm/v3/objects/companies"


def problems(body):
    return [(one["context"]["propertyName"][0], one["code"]) for one in body["errors"]]


@pytest.mark.parametrize("path", [COMPANIES, "/crm/objects/2026-03/companies", "/crm/objects/2026-09/0-2"])
def test_one_portal_is_behind_every_version_of_a_path(portal, api, path):
    portal.seed("companies", [{"id": 7, "name": "A"}])
    assert [one["id"] for one in api.get(path)[1]["results"]] == ["7"]


def test_pages_end_where_there_is_nothing_more(portal, api):
    ids = portal.seed("companies", [{"name": f"C{n}"} for n in range(7)])
    read, after = [], {}
    while True:
        _, page = api.get(COMPANIES, limit=3, properties=["name", "city"], **after)
        assert page["results"][0]["properties"].keys() >= {"name", "city"}
        read += [one["id"] for one in page["results"]]
        if "paging" not in page:
            break
        after = {"after": page["paging"]["next"]["after"]}
        link = page["paging"]["next"]["link"].removeprefix(URL)
        assert api.get(link) == api.get(COMPANIES, limit=3, properties=["name", "city"], **after)
    assert read == ids


@pytest.mark.parametrize("query", [{"limit": 101}, {"limit": 0}, {"archived": "True"}, {"after": "x"}])
def test_a_page_that_cannot_be_is_refused(api, query):
    assert api.get(COMPANIES, **query)[1]["category"] == "VALIDATION_ERROR"


def test_unknown_properties_are_left_out_and_empty_ones_are_null(portal, api):
    portal.seed("companies", [{"id": 1, "name": "A"}])
    _, body = api.get(f"{COMPANIES}/1", properties=["name", "foo", "city"])
    assert body["properties"].keys() == {"name", "city", "createdate", "hs_lastmodifieddate", "hs_object_id"}
    assert body["properties"]["city"] is None


def test_a_refused_record_names_every_property_that_is_wrong(portal, api):
    given = {
        "name": "A",
        "foo": "1",
        "industry": "Machinery",
        "numberofemployees": "many",
        "hs_object_id": "5",
        "is_public": "True",
        "hubspot_owner_id": "99",
    }
    status, body = api.post(COMPANIES, {"properties": given, "associations": []})
    assert (status, body["category"]) == (400, "VALIDATION_ERROR")
    assert body["message"].startswith('Property values were not valid: [{"isValid":false,')
    told = json.loads(body["message"].partition(": ")[2])
    assert [(one["name"], one["error"]) for one in told] == problems(body)
    assert problems(body) == [
        ("foo", "PROPERTY_DOESNT_EXIST"),
        ("industry", "INVALID_OPTION"),
        ("numberofemployees", "INVALID_INTEGER"),
        ("hs_object_id", "READ_ONLY_VALUE"),
        ("is_public", "INVALID_OPTION"),
        ("hubspot_owner_id", "INVALID_OWNER_ID"),
    ]
    assert portal.records("companies") == portal.history() == []


@pytest.mark.parametrize("properties", [{"numberofemployees": 5}, {"city": None}, ["name"], None])
def test_a_value_that_is_no_text_is_refused(portal, api, properties):
    portal.seed("companies", [{"id": 1, "name": "A"}])
    assert api.patch(f"{COMPANIES}/1", {"properties": properties})[0] == 400


def test_an_empty_text_clears_and_a_repeated_value_changes_nothing(portal, api):
    portal.seed("companies", [{"id": 1, "name": "A", "city": "Ulm", "createdate": "2026-01-01T00:00:00Z"}])
    _, before = api.get(f"{COMPANIES}/1")
    _, same = api.patch(f"{COMPANIES}/1", {"properties": {"city": "Ulm"}})
    assert same["updatedAt"] == before["updatedAt"]
    _, after = api.patch(f"{COMPANIES}/1", {"properties": {"city": ""}})
    assert "city" not in after["properties"]
    assert after["updatedAt"] > before["updatedAt"]
    assert [change.changed for change in portal.history()] == [{"city": ("Ulm", None)}]


@pytest.mark.parametrize(
    ("given", "kept"),
    [("1767225600000", "2026-01-01T00:00:00.000Z"), ("2026-01-01T01:30:00.5+01:00", "2026-01-01T00:30:00.500Z")],
)
def test_a_time_is_kept_in_utc(portal, api, given, kept):
    portal.seed("deals", [{"id": 1, "dealname": "D", "dealstage": "closedwon"}])
    _, body = api.patch("/crm/v3/objects/deals/1", {"properties": {"closedate": given}})
    assert body["properties"]["closedate"] == kept


def test_a_deal_needs_a_stage_of_its_pipeline_which_says_whether_it_is_won(api):
    deals = "/crm/v3/objects/deals"
    assert problems(api.post(deals, {"properties": {"dealname": "D"}})[1]) == [("dealstage", "REQUIRED_PROPERTY")]
    given = {"dealname": "D", "dealstage": "nowhere"}
    assert problems(api.post(deals, {"properties": given})[1]) == [("dealstage", "INVALID_OPTION")]
    _, made = api.post(deals, {"properties": {"dealname": "D", "dealstage": "contractsent", "amount": "10.50"}})
    api.patch(f"{deals}/{made['id']}", {"properties": {"dealstage": "closedlost"}})
    names = ["pipeline", "hs_is_closed", "hs_is_closed_won", "amount"]
    _, body = api.get(f"{deals}/{made['id']}", properties=names)
    assert [body["properties"][name] for name in names] == ["default", "true", "false", "10.50"]


def test_a_record_is_made_with_its_associations_or_not_at_all(portal, api):
    portal.seed("companies", [{"id": 5, "name": "A"}])
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 5}]
    deal = {"properties": {"dealname": "D", "dealstage": "closedwon"}}
    path = "/crm/objects/2026-03/deals"
    status, body = api.post(path, {**deal, "associations": [{"to": {"id": "6"}, "types": types}]})
    assert (status, body["category"]) == (404, "OBJECT_NOT_FOUND")
    assert portal.records("deals") == []
    _, made = api.post(path, {**deal, "associations": [{"to": {"id": "5"}, "types": types}]})
    _, read = api.get(f"{path}/{made['id']}", associations="companies", properties="hs_primary_associated_company")
    assert read["associations"]["companies"]["results"][0]["id"] == "5"
    assert read["properties"]["hs_primary_associated_company"] == "5"


def test_what_is_archived_is_seen_only_by_who_asks_for_it(portal, api):
    portal.seed("companies", [{"id": 1, "name": "A"}, {"id": 2, "name": "B"}])
    assert api("DELETE", f"{COMPANIES}/1")[0] == 204
    assert api("DELETE", f"{COMPANIES}/1")[0] == api("DELETE", f"{COMPANIES}/99")[0] == 204
    assert api.get(f"{COMPANIES}/1")[0] == api.patch(f"{COMPANIES}/1", {"properties": {}})[0] == 404
    _, gone = api.get(COMPANIES, archived="true")
    assert [(one["id"], one["archived"]) for one in gone["results"]] == [("1", True)]
    assert gone["results"][0]["archivedAt"]
    assert [one["id"] for one in api.get(COMPANIES)[1]["results"]] == ["2"]
    assert [change.operation for change in portal.history()] == ["archive"]


@pytest.mark.parametrize("keeps", [False, True])
def test_a_merge_unites_two_records_and_old_ids_lead_to_what_came_of_it(portal, api, keeps):
    portal.set_merge_keeps_id(keeps)
    a = {"id": 1, "name": "A", "domain": "a.example", "createdate": "2026-02-01T00:00:00Z"}
    b = {"id": 2, "name": "B", "domain": "b.example", "city": "Ulm", "createdate": "2026-01-01T00:00:00Z"}
    portal.seed("companies", [a, b])
    portal.seed("deals", [{"id": 3, "dealname": "D", "dealstage": "closedwon"}])
    portal.associate(("deals", "3"), ("companies", "2"))
    _, merged = api.post(f"{COMPANIES}/merge", {"primaryObjectId": "1", "objectIdToMerge": "2"})
    assert (merged["id"] == "1") is keeps
    names = ["name", "city", "domain", "hs_additional_domains", "hs_merged_object_ids", "createdate"]
    for old in ("1", "2"):
        _, read = api.get(f"{COMPANIES}/{old}", properties=names)
        assert read["id"] == merged["id"]
    assert [read["properties"][name] for name in names] == [
        *("A", "Ulm", "a.example", "b.example"),
        "2" if keeps else "1;2",
        "2026-01-01T00:00:00.000Z",
    ]
    assert [end[1] for end in portal.links() if end[2] == "deals"] == [merged["id"]]
    assert len(portal.records("companies")) == 1


def test_a_validation_rule_of_the_portal_holds_for_people_and_the_api(portal, api):
    portal.require("companies", "city", {"country": "Germany"}, message="Germans live somewhere")
    status, body = api.post(COMPANIES, {"properties": {"name": "A", "country": "Germany"}})
    assert (status, problems(body)) == (400, [("city", "REQUIRED_PROPERTY")])
    assert "Germans live somewhere" in body["message"]
    assert api.post(COMPANIES, {"properties": {"name": "A", "country": "France"}})[0] == 201


@pytest.mark.parametrize(
    ("name", "message"),
    [("widgets", "Unable to infer object type from: widgets"), ("0-9999", "Invalid object or event type id: 0-9999")],
)
def test_an_unknown_object_is_told_without_a_category(api, name, message):
    status, body = api.get(f"/crm/v3/objects/{name}")
    assert (status, body["message"]) == (400, message)
    assert "category" not in body


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status"),
    [
        ("GET", "/crm/v3/nothing", {}, "", 404),
        ("PUT", COMPANIES, {"Content-Type": "application/json"}, "{}", 405),
        ("POST", COMPANIES, {"Content-Type": "text/csv"}, "name", 415),
        ("POST", COMPANIES, {"Content-Type": "application/json"}, "{not json", 400),
        ("GET", f"{COMPANIES}/x", {}, "", 404),
    ],
)
def test_what_leads_nowhere_is_refused(api, method, path, headers, body, status):
    assert api.raw(method, path, headers=headers, data=body).status_code == status
