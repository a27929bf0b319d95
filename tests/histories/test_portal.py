"""A portal tells histories what an org would, and what HubSpot's own history leaves out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress

import pytest
import requests

from connectors.sandbox.direct import URL
from connectors.sandbox.hubspot.direct import PortalAdapter
from overlap.errors import RecordError
from tests.histories import oracle, portal
from tests.histories.crms import HUBSPOT
from tests.histories.portal import API, PortalOrg, company_id, deal_id
from tests.jobs.world import OTHER_SELLER, SELLER, START

UPDATE = "/crm/v3/objects/companies/batch/update"


@pytest.fixture
def org(tmp_path) -> Iterator[PortalOrg]:
    with PortalOrg(tmp_path) as org:
        org.set_time(START)
        org.found(portal.LONG_AGO)
        yield org


def write(org, key="", **properties):
    """Write into the first company as the API does, with the portal's own *key* or another."""
    with requests.Session() as session:
        session.mount("https://", PortalAdapter(org.portal))
        session.headers["Authorization"] = f"Bearer {key or org.key}"
        sent = {"inputs": [{"id": company_id(0), "properties": properties}]}
        return session.post(URL + UPDATE, json=sent).status_code


def first(org, object_name):
    return min(org.records(object_name), key=lambda row: row["Id"])


def test_people_edit_and_see_what_an_org_has(org):
    org.edit("Account", company_id(0), {"Website": "elsewhere.example", "OwnerId": OTHER_SELLER})
    org.edit("Opportunity", deal_id(0), {"StageName": "Closed Won"})
    account, deal = first(org, "Account"), first(org, "Opportunity")
    assert (account["Website"], account["OwnerId"]) == ("elsewhere.example", OTHER_SELLER)
    assert (deal["StageName"], deal["OwnerId"], deal["AccountId"]) == ("closedwon", SELLER, company_id(0))
    with pytest.raises(RecordError, match="no Lead"):
        org.create("Lead", {"Company": "Alder"})


def test_a_write_that_changes_nothing_is_told(org):
    assert [write(org, phone="1"), write(org, phone="1")] == [200, 200]
    made = [change for change in org.history() if change.user == API]
    assert [(change.object_name, change.id, bool(change.effective)) for change in made] == [
        ("Account", company_id(0), True),
        ("Account", company_id(0), False),
    ]
    assert oracle.written(made, API).repeated == 1


@pytest.mark.parametrize("fault", ["lost-request", "rolled-back"])
def test_what_was_never_written_is_no_write(org, fault):
    org.set_faults([{"fault": fault, "method": "POST"}])
    with suppress(requests.ConnectionError):
        write(org, phone="1")
    assert not [change for change in org.history() if change.user == API]


def test_a_link_to_another_record_is_another_write(org):
    for number in (1, 2):
        org.set_time(START.replace(hour=10 + number))
        org.portal.associate(("deals", deal_id(0)), ("companies", company_id(number)), user=API)
    made = [change for change in org.history() if change.user == API]
    assert len(made) == 2
    assert oracle.written(made, API).repeated == 0


def test_properties_and_links_of_one_try_are_one_write(org):
    write(org, phone="1")
    write(org, city="Bonn")
    org.set_time(START.replace(hour=12))
    write(org, city="Ulm")
    made = [change for change in org.history() if change.user == API]
    assert [sorted(change.changed) for change in made] == [["city", "phone"], ["city"]]


def test_a_field_of_people_in_a_payload_is_found(org):
    body = json.dumps({"inputs": [{"id": "1", "properties": {"partner_engagement": "Open", "overlap_icp_tier": "A"}}]})
    found = HUBSPOT.problems(org, [("POST", UPDATE, body), ("POST", UPDATE.replace("update", "read"), body)])
    assert found == ["Account: Partner_Engagement__c is people's and was sent"]


def test_ids_of_what_people_make_do_not_hang_on_what_the_api_made(org):
    org.portal.create("companies", {"name": "by the API"}, API)
    org.create("Account", {"Name": "by a person"})
    org.portal.create("companies", {"name": "by the API"}, API)
    org.create("Account", {"Name": "by a person"})
    numbers = [int(row["Id"]) - 9_000_000_000 for row in org.records("Account") if row["Name"].startswith("by ")]
    assert numbers == [1, 2, 500_001, 500_002]


@pytest.mark.parametrize(("kind", "status"), [("refused sign-in", 401), ("calls used up", 429)])
def test_what_is_wrong_with_a_portal_ends_with_the_try(kind, status, org):
    key = org.key
    HUBSPOT.breaks[kind](org, 1)
    assert write(org, key, phone="1") == status
    HUBSPOT.repair(org)
    assert write(org, key, phone="1") == 200
