"""Properties and their groups."""

from __future__ import annotations

import pytest

PATH = "/crm/v3/properties/companies"
TEXT = {"name": "our_key", "label": "Our key", "type": "string", "fieldType": "text", "groupName": "ours"}
OPTIONS = [{"label": label, "value": label.lower(), "hidden": False, "displayOrder": 0} for label in ("Gold", "Tin")]
LIST = {**TEXT, "name": "our_tier", "type": "enumeration", "fieldType": "select", "options": OPTIONS}


@pytest.fixture
def grouped(api):
    """An API user who has made a group."""
    assert api.post(f"{PATH}/groups", {"name": "ours", "label": "Ours"})[0] == 201
    return api


@pytest.mark.parametrize("path", [PATH, "/crm/properties/2026-03/company", "/crm/properties/2026-09/0-2"])
def test_a_property_is_made_and_can_be_written(portal, grouped, path):
    status, made = grouped.post(path, {**TEXT, "hasUniqueValue": True})
    assert (status, made["hasUniqueValue"], made["modificationMetadata"]["readOnlyValue"]) == (201, True, False)
    assert grouped.get(f"{path}/our_key")[1] == made
    assert made in grouped.get(path)[1]["results"]
    record = portal.create("companies", {"name": "A", "our_key": "k"})
    assert portal.edit("companies", "k", {"city": "Ulm"}) == record
    assert ("properties", "companies.our_key", "create") in [
        (change.object_name, change.id, change.operation) for change in portal.history()
    ]


@pytest.mark.parametrize(
    "given",
    [
        {"type": "money"},
        {"fieldType": "select"},
        {"groupName": "nowhere"},
        {"name": "Our Key"},
        {"name": "hs_key"},
        {"label": ""},
        {"options": OPTIONS},
        {**LIST, "options": []},
        {**LIST, "options": [OPTIONS[0], OPTIONS[0]]},
        {**LIST, "options": [{**OPTIONS[0], "value": "a;b"}]},
        {**LIST, "hasUniqueValue": True},
        {"type": "bool", "fieldType": "booleancheckbox", "options": OPTIONS},
    ],
)
def test_a_property_that_cannot_be_is_refused(portal, grouped, given):
    status, body = grouped.post(PATH, {**TEXT, **given})
    assert (status, body["category"]) == (400, "VALIDATION_ERROR")
    assert not {"our_key", "our_tier"} & set(portal.database.properties(portal._kind("companies")))


def test_a_name_is_taken_once_and_for_all(grouped):
    assert grouped.post(PATH, TEXT)[0] == 201
    status, body = grouped.post(PATH, TEXT)
    assert (status, body["message"]) == (409, "A property named 'our_key' already exists.")
    assert grouped("DELETE", f"{PATH}/our_key")[0] == 204
    assert grouped.get(f"{PATH}/our_key")[1]["subCategory"] == "PROPERTY_DOESNT_EXIST"
    assert [one["name"] for one in grouped.get(PATH, archived="true")[1]["results"]] == ["our_key"]
    assert grouped.post(PATH, TEXT)[0] == 409
    refused = grouped.patch("/crm/v3/objects/companies/1", {"properties": {"our_key": "k"}})
    assert refused[0] == 404


def test_options_that_are_given_take_the_place_of_all_that_were_there(portal, grouped):
    grouped.post(PATH, LIST)
    portal.seed("companies", [{"id": 1, "name": "A", "our_tier": "tin"}])
    _, after = grouped.patch(f"{PATH}/our_tier", {"options": OPTIONS[:1], "label": "Tier"})
    assert ([option["value"] for option in after["options"]], after["label"]) == (["gold"], "Tier")
    company = "/crm/v3/objects/companies/1"
    assert grouped.get(company, properties="our_tier")[1]["properties"]["our_tier"] == "tin"
    assert grouped.patch(company, {"properties": {"our_tier": "tin"}})[0] == 400
    portal.add_option("companies", "our_tier", "tin", "Tin")
    assert grouped.patch(company, {"properties": {"our_tier": "tin"}})[0] == 200


@pytest.mark.parametrize("given", [{"hasUniqueValue": True}, {"name": "other"}])
def test_names_and_uniqueness_are_for_ever(grouped, given):
    grouped.post(PATH, TEXT)
    assert grouped.patch(f"{PATH}/our_key", given)[0] == 400


def test_what_hubspot_defines_stays_as_it_is(grouped):
    assert grouped.patch(f"{PATH}/name", {"label": "Firma"})[0] == 400
    assert grouped("DELETE", f"{PATH}/name")[0] == 400


def test_checkboxes_keep_a_list_and_add_to_it_after_a_semicolon(portal, grouped):
    grouped.post(PATH, {**LIST, "fieldType": "checkbox"})
    portal.seed("companies", [{"id": 1, "name": "A"}])
    company = "/crm/v3/objects/companies/1"
    for given, kept in (("tin", "tin"), (";gold", "tin;gold"), ("gold;gold", "gold"), ("", None)):
        _, body = grouped.patch(company, {"properties": {"our_tier": given}})
        assert body["properties"].get("our_tier") == kept
    _, body = grouped.patch(company, {"properties": {"our_tier": "gold;lead"}})
    assert "lead was not one of the allowed options: [gold, tin]" in body["message"]


def test_a_free_account_has_ten_custom_properties_of_an_object(portal, grouped):
    portal.set_tier("free")
    several = [{**TEXT, "name": f"p{n}"} for n in range(10)]
    assert grouped.post(f"{PATH}/batch/create", {"inputs": several})[0] == 201
    assert grouped.post(PATH, TEXT)[0] == 400
    _, limits = grouped.get("/crm/limits/2026-03/custom-properties")
    assert [(one["limit"], one["usage"]) for one in limits["byObjectType"]] == [(10, 10), (10, 0)]
    portal.set_tier("starter")
    assert grouped.post(PATH, TEXT)[0] == 201


def test_an_object_has_ten_unique_properties(grouped):
    several = [{**TEXT, "name": f"p{n}", "hasUniqueValue": True} for n in range(10)]
    assert grouped.post(f"{PATH}/batch/create", {"inputs": several})[0] == 201
    assert grouped.post(PATH, {**TEXT, "hasUniqueValue": True})[0] == 400


@pytest.mark.parametrize(
    ("path", "made"), [(PATH, 201), ("/crm/properties/2026-03/0-2", 201), ("/crm/properties/2026-09/companies", 200)]
)
def test_of_several_each_is_made_or_a_row_of_the_answer(grouped, path, made):
    status, body = grouped.post(f"{path}/batch/create", {"inputs": [TEXT, {**TEXT, "name": "B"}]})
    assert (status, body["numErrors"], [one["name"] for one in body["results"]]) == (207, 1, ["our_key"])
    assert [(one["category"], one["context"]) for one in body["errors"]] == [("VALIDATION_ERROR", {"name": ["B"]})]
    _, body = grouped.post(f"{path}/batch/create", {"inputs": [TEXT]})
    assert (body["errors"][0]["category"], body["results"]) == ("OBJECT_ALREADY_EXISTS", [])
    several = [{**TEXT, "name": f"p{n}"} for n in range(101)]
    assert grouped.post(f"{path}/batch/create", {"inputs": several})[0] == 400
    assert grouped.post(f"{path}/batch/create", {"inputs": [*several[:99], {"label": "P"}]})[0] == 400
    assert grouped.get(f"{path}/p0")[0] == 404
    assert grouped.post(f"{path}/batch/create", {"inputs": several[:100]})[0] == made


def test_several_are_read_with_rows_for_those_that_are_not_there(grouped):
    status, body = grouped.post(f"{PATH}/batch/read", {"inputs": [{"name": "name"}, {"name": "our_key"}]})
    assert (status, [one["name"] for one in body["results"]]) == (207, ["name"])
    assert body["errors"][0]["context"] == {"name": ["our_key"]}
    grouped.post(PATH, TEXT)
    assert grouped.post(f"{PATH}/batch/archive", {"inputs": [{"name": "our_key"}]})[0] == 204


def test_a_group_with_properties_stays(grouped):
    grouped.post(PATH, TEXT)
    assert grouped.post(f"{PATH}/groups", {"name": "ours", "label": "Ours"})[0] == 409
    assert grouped.patch(f"{PATH}/groups/ours", {"label": "Our own"})[1]["label"] == "Our own"
    assert [one["name"] for one in grouped.get(f"{PATH}/groups")[1]["results"]] == ["ours", "companyinformation"]
    assert grouped("DELETE", f"{PATH}/groups/ours")[0] == 400
    grouped("DELETE", f"{PATH}/our_key")
    assert grouped("DELETE", f"{PATH}/groups/ours")[0] == 204
    assert grouped.get(f"{PATH}/groups/ours")[0] == 404
