"""What people do in a portal."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from connectors.sandbox.demo import load
from connectors.sandbox.hubspot.demo import fill
from connectors.sandbox.hubspot.portal import Portal
from overlap.errors import RecordError


def test_a_person_edits_as_the_api_does_and_is_named(portal):
    company = portal.create("companies", {"name": "A", "is_public": True}, user="Ada")
    portal.edit("companies", company, {"city": "Ulm", "is_public": None}, user="Ada")
    assert [(change.user, change.operation, change.request) for change in portal.history()] == [
        ("Ada", "create", None),
        ("Ada", "update", None),
    ]
    assert portal.history()[-1].changed == {"city": (None, "Ulm"), "is_public": ("true", None)}


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda portal: portal.edit("companies", "1", {"foo": "x"}), "foo"),
        (lambda portal: portal.edit("companies", "99", {}), "no record '99'"),
        (lambda portal: portal.edit("Account", "1", {}), "it has companies, deals"),
        (lambda portal: portal.label("1", "1", "Sourced by"), "there are: Primary"),
        (lambda portal: portal.restore("companies", "1"), "not in the archive"),
        (lambda portal: portal.merge("companies", "1", "1"), "itself"),
        (lambda portal: portal.seed("companies", [{"name": "A"}, {"industry": "Machines"}]), "row 2, industry"),
        (lambda portal: portal.in_a_long_transaction("buy", "companies"), "take create, edit"),
    ],
)
def test_what_hubspot_would_refuse_is_told(portal, act, said):
    portal.seed("companies", [{"id": 1, "name": "A"}])
    before = portal.records("companies")
    with pytest.raises(RecordError, match=said):
        act(portal)
    assert portal.records("companies") == before
    assert portal.history() == []


def test_a_person_makes_a_label_and_says_by_it_who_brought_a_deal(portal):
    portal.seed("companies", [{"id": 1, "name": "A"}])
    portal.seed("deals", [{"id": 2, "dealname": "D", "dealstage": "closedwon"}])
    portal.create_label("deals", "companies", "Sourced by", "Sourced", user="Ada")
    portal.label("2", "1", "Sourced by", user="Ada")
    assert ("companies", "1", "deals", "2", "Sourced") in portal.links()
    portal.unlabel("2", "1", "sourced by", user="Bob")
    assert [link[4] for link in portal.links()] == ["company_to_deal", "deal_to_company"]
    assert [(change.user, change.operation) for change in portal.history()] == [
        ("Ada", "create"),
        ("Ada", "associate"),
        ("Bob", "dissociate"),
    ]
    portal.set_tier("starter")
    with pytest.raises(RecordError, match="no association labels"):
        portal.create_label("deals", "companies", "Endorsed by")


def test_the_archive_gives_back_for_ninety_days(portal):
    portal.seed("companies", [{"id": n, "name": "A"} for n in (1, 2)])
    for company in ("1", "2"):
        portal.archive("companies", company)
    portal.advance(timedelta(days=89))
    portal.restore("companies", "1")
    portal.advance(timedelta(days=2))
    with pytest.raises(RecordError, match="more than 90 days"):
        portal.restore("companies", "2")
    assert [one["archived"] for one in portal.records("companies")] == [False, True]


def test_a_long_transaction_is_seen_late_and_stamped_early(portal, api):
    portal.seed("companies", [{"id": 1, "name": "A", "createdate": "2026-01-01T00:00:00Z"}])
    portal.in_a_long_transaction("edit", "companies", "1", {"city": "Ulm"}, seconds=60)
    portal.advance(timedelta(seconds=30))
    assert api.get("/crm/v3/objects/companies/1")[1]["updatedAt"] == "2026-01-01T00:00:00.000Z"
    portal.settle()
    assert api.get("/crm/v3/objects/companies/1")[1]["updatedAt"] == "2026-11-21T10:00:00.000Z"


def test_owners_and_pipelines_are_read(portal, api):
    ann, bob = portal.add_owner(firstName="Ann"), portal.add_owner(firstName="Bob", archived=True)
    assert [one["id"] for one in api.get("/crm/v3/owners")[1]["results"]] == [ann]
    assert [one["id"] for one in api.get("/crm/owners/2026-09", archived="true")[1]["results"]] == [bob]
    assert api.get(f"/crm/v3/owners/{ann}")[1]["firstName"] == "Ann"
    assert api.get(f"/crm/v3/owners/{bob}")[0] == 404
    stage = {"id": "won", "label": "Won", "metadata": {"isClosed": "true", "probability": "1.0"}}
    portal.add_pipeline({"id": "second", "label": "Second", "stages": [stage]})
    _, found = api.get("/crm/v3/pipelines/deals")
    assert [(one["id"], len(one["stages"])) for one in found["results"]] == [("default", 7), ("second", 1)]
    assert api.get("/crm/pipelines/2026-09/deals/second/stages")[1]["results"][0]["id"] == "won"
    deal = portal.create("deals", {"dealname": "D", "pipeline": "second", "dealstage": "won"})
    _, read = api.get(f"/crm/v3/objects/deals/{deal}", properties="hs_is_closed_won")
    assert read["properties"]["hs_is_closed_won"] == "true"


def test_the_demo_is_the_same_companies_and_no_history(portal):
    today = date(2026, 11, 21)
    fill(portal, today)
    data = load(today).records
    assert [one["name"] for one in portal.records("companies")] == [row["Name"] for row in data["Account"]]
    won = [one["dealname"] for one in portal.records("deals") if one["hs_is_closed_won"] == "true"]
    assert won == [row["Name"] for row in data["Opportunity"] if row["StageName"] == "Closed Won"]
    names = {one["id"]: one["name"] for one in portal.records("companies")}
    parents = {
        one["name"]: names[one["hs_parent_company_id"]]
        for one in portal.records("companies")
        if "hs_parent_company_id" in one
    }
    accounts = {row["Id"]: row["Name"] for row in data["Account"]}
    assert parents == {row["Name"]: accounts[row["ParentId"]] for row in data["Account"] if row["ParentId"]}
    assert sum(link[4] == "Primary" and link[0] == "deals" for link in portal.links()) == len(data["Opportunity"])
    assert portal.history() == []


def test_a_portal_is_the_same_when_it_is_opened_again(tmp_path):
    with Portal.open(tmp_path) as portal:
        portal.create("companies", {"name": "A"})
        before = portal.key, portal.app, portal.database.portal_id, portal.records("companies")
    with Portal.open(tmp_path) as portal:
        assert (portal.key, portal.app, portal.database.portal_id, portal.records("companies")) == before
