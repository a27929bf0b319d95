from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import connectors
from connectors.base import Finding
from connectors.salesforce import check
from overlap.errors import AccessError
from overlap.fields import ACCOUNT, OVERLAP
from tests.connectors.salesforce.bench import SalesforceBench, connected
from tests.sandbox import Sandbox

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def org(salesforce: Sandbox) -> Iterator[SalesforceBench]:
    with connected(salesforce) as connection:
        yield SalesforceBench(connection, salesforce.store)


def bad(org: SalesforceBench) -> list[Finding]:
    return [finding for finding in org.connection.check() if not finding.ok and finding.subject != "clock"]


def test_names_the_org_and_its_calls(org: SalesforceBench) -> None:
    details = {finding.subject: finding.detail for finding in org.connection.check()}
    assert org.store.org_id == org.connection.org_id
    assert org.store.org_id in details["sign-in"]
    assert "of 100,000 used" in details["API calls"]
    used, allowed = org.connection.api_calls_left()
    assert (0 < used < 100, allowed) == (True, 100_000)


@pytest.mark.parametrize(
    ("object_name", "field", "remedy"),
    [
        ("Account", "Website", "access"),
        ("Opportunity", "StageName", "access"),
        ("Partner_Influence__c", "Status__c", "permission set"),
        ("Account", "Overlap_Best_Play__c", "permission set"),
    ],
)
def test_names_a_hidden_field_and_how_to_get_it_back(
    org: SalesforceBench, object_name: str, field: str, remedy: str
) -> None:
    org.store.hide_field(object_name, field)
    [finding] = bad(org)
    assert finding.subject == f"{object_name}.{field}"
    assert remedy in finding.remedy


def test_names_each_object_that_is_not_deployed(org: SalesforceBench) -> None:
    org.store.set_deployed(False)
    ours = {"Overlap_Partner__c", "Partner_Overlap__c", "Partner_Influence__c"}
    unseen = {"Account records", "Opportunity records"}  # of what is not there nobody asks
    assert {finding.subject for finding in bad(org)} == ours | {"Account", "Opportunity"} | unseen
    assert all("deploy" in finding.remedy for finding in bad(org) if finding.subject not in unseen)


def test_does_not_miss_flat_fields_that_the_workspace_does_not_use(salesforce: Sandbox) -> None:
    salesforce.store.set_deployed(False)
    with connected(salesforce, flat_fields=False) as connection:
        subjects = {finding.subject for finding in connection.check() if not finding.ok}
    assert not subjects & {"Account", "Opportunity"}


MAPPED = {
    "segment": "Rating",  # as it should be
    "region": "Owner.Department",
    "tier": "Segmnt__c",
    "headcount": "Site",
    "play": "Overlap_Best_Play__c",
    "their_play": "Parent.Overlap_Best_Play__c",
}


def test_leads_and_mapped_fields_are_looked_at_too(salesforce: Sandbox) -> None:
    salesforce.store.hide_field("Lead", "Website")
    with connected(salesforce, read_leads=True, account_fields=MAPPED) as connection:
        found = {one.subject: one for one in connection.check() if one.subject != "clock"}
    wrong = {subject: one.detail for subject, one in found.items() if not one.ok}
    assert wrong.keys() == {
        "Lead.Website",
        *(f"account_fields.{n}" for n in ("tier", "headcount", "play", "their_play")),
    }
    assert "Account has no field 'Segmnt__c', or it is hidden" in wrong["account_fields.tier"]
    assert "Site of Account is string, but 'headcount' needs a number" in wrong["account_fields.headcount"]
    assert "Overlap_Best_Play__c is a field of overlap's own" in wrong["account_fields.play"]
    assert "Overlap_Best_Play__c is a field of overlap's own" in wrong["account_fields.their_play"]
    assert found["Lead records"].ok


def test_a_field_that_another_takes_the_place_of_may_be_hidden(salesforce: Sandbox) -> None:
    salesforce.store.hide_field("Account", "Website")
    with connected(salesforce, account_fields={"website": "Site"}) as connection:
        assert [one for one in connection.check() if not one.ok and one.subject != "clock"] == []


def test_a_key_that_is_not_unique_is_named() -> None:
    described = {"Overlap_Key__c": {"externalId": True, "unique": False, "createable": True, "updateable": True}}
    assert [f.subject for f in check.writable(OVERLAP, described) if not f.ok] == ["Partner_Overlap__c.Overlap_Key__c"]


def test_a_field_that_may_only_be_read_is_named() -> None:
    described = {"Overlap_ICP_Fit__c": {"updateable": False}, "Partner_Engagement__c": {"updateable": False}}
    [finding] = check.writable(ACCOUNT, described)
    assert (finding.ok, finding.subject) == (False, "Account.Overlap_ICP_Fit__c")


def test_a_wrong_secret_stops_at_the_door_and_is_not_shown(salesforce: Sandbox) -> None:
    secret = "a-secret-that-no-message-may-show"
    with pytest.raises(AccessError, match="consumer_secret") as caught, connected(salesforce, secret=lambda _: secret):
        pass
    assert secret not in str(caught.value)


def test_naming_the_connector_does_not_load_its_client() -> None:
    code = (
        "import connectors.salesforce.objects, sys; print('simple_salesforce' in sys.modules, 'polars' in sys.modules)"
    )
    folder = Path(connectors.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=folder)
    assert done.stdout.split() == ["False", "False"]
