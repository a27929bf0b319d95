"""Associations and labels."""

from __future__ import annotations

import pytest

from connectors.sandbox.hubspot.associations import MOST_READ

V4, V03, V09 = "/crm/v4/associations", "/crm/associations/2026-03", "/crm/associations/2026-09"
PRIMARY = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 5}
PLAIN = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 341}
CHILD_TO_PARENT = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 14}


@pytest.fixture
def linked(portal, api):
    """An API user of a portal with two deals and three companies."""
    portal.seed("deals", [{"id": n, "dealname": f"D{n}", "dealstage": "closedwon"} for n in (1, 2)])
    portal.seed("companies", [{"id": n, "name": f"C{n}"} for n in (11, 12, 13)])
    return api


def pair(start, end, *types):
    return {"from": {"id": str(start)}, "to": {"id": str(end)}, "types": list(types)}


def held(api, start, end="companies", kind="deals"):
    _, body = api.post(f"{V4}/{kind}/{end}/batch/read", {"inputs": [{"id": str(start)}]})
    return {
        int(to["toObjectId"]): {one["label"] or one["typeId"] for one in to["associationTypes"]}
        for row in body["results"]
        for to in row["to"]
    }


@pytest.mark.parametrize(("path", "status"), [(V4, 201), (V03, 201), (V09, 200)])
def test_pairs_are_associated_in_both_directions(portal, linked, path, status):
    inputs = [pair(1, 11, PRIMARY), pair(1, 12, PLAIN)]
    answer = linked.post(f"{path}/deals/companies/batch/create", {"inputs": inputs})
    assert (answer[0], [row["labels"] for row in answer[1]["results"]]) == (status, [["Primary"], []])
    assert held(linked, 1) == {11: {"Primary", 341}, 12: {341}}
    assert held(linked, 11, "deals", "companies") == {1: {"Primary", 342}}
    before = portal.history()
    linked.post(f"{path}/deals/companies/batch/create", {"inputs": inputs})
    assert portal.history() == before
    assert {change.operation for change in before} == {"associate"}


def test_what_is_associated_with_nothing_is_a_row_of_errors(linked):
    status, body = linked.post(f"{V4}/deals/companies/batch/read", {"inputs": [{"id": "1"}, {"id": "x"}]})
    assert (status, body["numErrors"]) == (207, 2)
    assert body["errors"][0]["message"] == "No company is associated with deal 1."
    found = [row["subCategory"].removeprefix("crm.associations.") for row in body["errors"]]
    assert found == ["NO_ASSOCIATIONS_FOUND", "INVALID_IDENTIFIER"]


def test_one_pair_that_is_refused_leaves_the_others(linked):
    inputs = [pair(1, 11, PLAIN), pair(1, 99, PLAIN), pair(1, 12, CHILD_TO_PARENT)]
    status, body = linked.post(f"{V4}/deals/companies/batch/create", {"inputs": inputs})
    assert (status, body["numErrors"]) == (207, 2)
    assert [row["context"]["to"] for row in body["errors"]] == [["99"], ["12"]]
    assert body["errors"][1]["subCategory"] == "crm.associations.INVALID_ASSOCIATION_TYPE"
    assert held(linked, 1) == {11: {341}}


def test_a_deal_has_one_primary_company_and_the_first_is_it(portal, linked):
    for company in (11, 12):
        assert linked("PUT", f"/crm/v4/objects/deals/1/associations/default/companies/{company}")[0] == 200
    assert held(linked, 1) == {11: {"Primary", 341}, 12: {341}}
    linked("PUT", "/crm/objects/2026-09/deals/1/associations/companies/12", [PRIMARY])
    assert held(linked, 1) == {11: {341}, 12: {"Primary", 341}}
    assert portal.records("deals")[0]["hs_primary_associated_company"] == "12"


def test_a_company_has_one_parent_and_its_children_are_counted(portal, linked):
    for parent in (12, 13):
        linked.post(f"{V4}/companies/companies/batch/create", {"inputs": [pair(11, parent, CHILD_TO_PARENT)]})
    companies = {one["id"]: one for one in portal.records("companies")}
    assert companies["11"]["hs_parent_company_id"] == "13"
    assert [companies[n].get("hs_num_child_companies") for n in ("12", "13")] == [None, "1"]
    assert held(linked, 13, "companies", "companies") == {11: {"Child Company"}}
    portal.set_parent("11", "12")
    assert held(linked, 11, "companies", "companies") == {12: {"Parent Company"}}


def test_a_label_is_made_put_on_and_taken_off_and_tells_no_stamp(portal, linked):
    _, made = linked.post(f"{V4}/deals/companies/labels", {"label": "Sourced by", "name": "sourced_by"})
    assert [one["category"] for one in made["results"]] == ["USER_DEFINED", "USER_DEFINED"]
    assert linked.post(f"{V4}/deals/companies/labels", {"label": "sourced by", "name": "b"})[0] == 409
    portal.associate(("deals", "1"), ("companies", "11"))
    before = portal.records("deals")
    portal.label("1", "11", "Sourced by", user="Ada")
    assert portal.records("deals") == before
    assert held(linked, 1) == {11: {"Sourced by", 341}}
    assert portal.history()[-1].user == "Ada"
    types = [{"associationCategory": "USER_DEFINED", "associationTypeId": made["results"][0]["typeId"]}]
    status, _ = linked.post(f"{V4}/deals/companies/batch/labels/archive", {"inputs": [pair(1, 11, *types)]})
    assert (status, held(linked, 1)) == (204, {11: {341}})
    type_id = made["results"][0]["typeId"]
    changed = linked("PUT", f"{V03}/deals/companies/labels", {"associationTypeId": type_id, "label": "Brought by"})
    assert changed[0] == 204
    _, known = linked.get(f"{V09}/deals/companies/labels")
    assert [one["label"] for one in known["results"]] == ["Primary", None, "Brought by"]
    assert linked("DELETE", f"{V4}/deals/companies/labels/{type_id}")[0] == 204


def test_labels_are_the_tiers(portal, linked):
    for tier, status in (("starter", 403), ("professional", 200)):
        portal.set_tier(tier)
        assert linked.post(f"{V4}/deals/companies/labels", {"label": "L", "name": "l"})[0] == status
    asked = {"fromObjectTypeId": "0-3", "toObjectTypeId": "0-2"}
    _, limits = linked.get("/crm/limits/2026-09/associations/labels", **asked)
    assert [(one["usage"], one["allLabels"]) for one in limits["results"]] == [(1, ["L"])]


@pytest.mark.parametrize(("path", "status"), [(V4, 204), (V03, 200), (V09, 200)])
def test_an_association_ends_with_all_its_types(portal, linked, path, status):
    portal.associate(("deals", "1"), ("companies", "11"), "Primary")
    inputs = [{"from": {"id": "1"}, "to": [{"id": "11"}]}]
    assert linked.post(f"{path}/deals/companies/batch/archive", {"inputs": inputs})[0] == status
    assert portal.links() == []
    assert "hs_primary_associated_company" not in portal.records("deals")[0]
    assert linked("DELETE", "/crm/v4/objects/deals/1/associations/companies/11")[0] == 204


def test_a_record_is_read_in_pages_but_not_by_the_newest_version(portal, linked):
    portal.seed("deals", [{"id": n, "dealname": "D", "dealstage": "closedwon"} for n in range(100, 105)])
    for deal in range(100, 105):
        portal.associate(("deals", str(deal)), ("companies", "11"))
    read, after = [], {}
    while True:
        _, page = linked.get("/crm/objects/2026-03/companies/11/associations/deals", limit=2, **after)
        read += [int(one["toObjectId"]) for one in page["results"]]
        if "paging" not in page:
            break
        after = {"after": page["paging"]["next"]["after"]}
    assert read == [*range(100, 105)]
    assert linked.get("/crm/objects/2026-09/companies/11/associations/deals")[0] == 404


def test_a_batch_reads_a_thousand_at_most(linked):
    inputs = [{"id": str(n)} for n in range(MOST_READ + 1)]
    assert linked.post(f"{V4}/deals/companies/batch/read", {"inputs": inputs})[0] == 400


def test_what_is_archived_is_associated_with_nothing(portal, linked):
    portal.associate(("deals", "1"), ("companies", "11"))
    portal.archive("companies", "11")
    assert held(linked, 1) == {}
    portal.restore("companies", "11")
    assert held(linked, 1) == {11: {341}}
