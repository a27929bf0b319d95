"""What only a Salesforce org can do to a reader; the general promises are in `tests/connectors/contract.py`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from connectors.base import Write
from connectors.salesforce.columns import Wishes, readings
from connectors.salesforce.objects import api_name
from connectors.salesforce.reader import PAGE_SIZE
from connectors.salesforce.source import SalesforceSource, Scope
from overlap.errors import AccessError, TransientError
from overlap.fields import ACCOUNT, PARTNER, Owner
from tests.connectors.contract import START, WORKSPACE, partner, read, rows
from tests.connectors.salesforce.bench import SalesforceBench, connected
from tests.connectors.salesforce.scripted import describe, opened, scripted
from tests.sandbox import Sandbox

STAMP = "2026-11-21T10:00:00.000+0000"
STAMPED_AT = datetime(2026, 11, 21, 10, tzinfo=UTC)


@pytest.fixture
def org(salesforce: Sandbox) -> Iterator[SalesforceBench]:
    with connected(salesforce) as connection:
        yield SalesforceBench(connection, salesforce.store)


def test_each_field_of_an_account_lands_in_its_column(org: SalesforceBench) -> None:
    [parent] = org.add_accounts(["Parent"])
    [owner] = org.store.seed("User", [{"LastName": "Owner", "Name": "An Owner", "Email": "o@x.example"}])
    [account] = org.store.seed(
        "Account",
        [
            {
                "Name": "Acme GmbH",
                "Website": "https://acme.example/de",
                "Phone": "+49 30 1",
                "BillingStreet": "Hauptstr. 1\nHof",
                "BillingCity": "Berlin",
                "BillingState": "BE",
                "BillingPostalCode": "01067",
                "BillingCountry": "Germany",
                "Industry": "Chemicals",
                "NumberOfEmployees": 1234,
                "AnnualRevenue": 5_000_000,
                "Type": "Prospect",
                "ParentId": parent,
                "OwnerId": owner,
                "Partner_Engagement__c": "Off limits",
                "Overlap_Customer_Of__c": "Globex;Initech",
                "Overlap_ICP_Fit__c": 70,
                "Overlap_Changed_On__c": "2026-11-20",
                "SystemModstamp": STAMP,
            }
        ],
    )
    pages = read(org)
    assert rows(pages, "accounts").filter(pl.col("id") == account).to_dicts() == [
        {
            "crm": "crm",
            "id": account,
            "name": "Acme GmbH",
            "website": "https://acme.example/de",
            "phone": "+49 30 1",
            "street": "Hauptstr. 1\nHof",
            "city": "Berlin",
            "state": "BE",
            "postcode": "01067",
            "country": "Germany",
            "industry": "Chemicals",
            "headcount": 1234,
            "revenue": 5e6,
            "currency": None,
            "account_type": "Prospect",
            "record_type": None,
            "parent_id": parent,
            "owner_id": owner,
            "engagement": "Off limits",
            "is_lead": False,
            "custom": None,
            "modified_at": STAMPED_AT,
        }
    ]
    flat = rows(pages, "record:account").row(by_predicate=pl.col("id") == account, named=True)
    assert flat["overlap_customer_of"] == "Globex;Initech"
    assert flat["overlap_icp_fit"] == 70.0
    assert flat["overlap_changed_on"] == date(2026, 11, 20)
    assert flat["partner_engagement"] == "Off limits"
    assert flat["overlap_best_play"] is None


def test_each_field_of_a_deal_and_its_partner_lands_in_its_column(org: SalesforceBench) -> None:
    [account] = org.add_accounts(["Acme"])
    [deal] = org.store.seed(
        "Opportunity",
        [
            {
                "Name": "Big one",
                "AccountId": account,
                "StageName": "Closed Won",
                "Amount": 12.5,
                "IsClosed": True,
                "IsWon": True,
                "CloseDate": "2026-12-31",
                "CreatedDate": STAMP,
                "SystemModstamp": STAMP,
            }
        ],
    )
    [link] = org.store.seed(
        "OpportunityPartner", [{"OpportunityId": deal, "AccountToId": account, "Role": "Agency", "CreatedDate": STAMP}]
    )
    pages = read(org)
    [landed] = rows(pages, "opportunities").drop("owner_id").to_dicts()
    assert landed == {
        "crm": "crm",
        "id": deal,
        "account_id": account,
        "name": "Big one",
        "deal_type": None,
        "record_type": None,
        "stage": "Closed Won",
        "amount": 12.5,
        "currency": None,
        "is_closed": True,
        "is_won": True,
        "close_date": date(2026, 12, 31),
        "engagement": None,
        "custom": None,
        "created_at": STAMPED_AT,
        "modified_at": STAMPED_AT,
    }
    assert rows(pages, "opportunity_partners").rows() == [
        ("crm", link, deal, account, "Agency", STAMPED_AT, STAMPED_AT)
    ]


def test_more_equal_stamps_than_a_page_come_once_and_end(org: SalesforceBench) -> None:
    count = 2 * PAGE_SIZE + 1
    ids = org.store.seed("Account", [{"Name": f"A{n}", "SystemModstamp": STAMP} for n in range(count)])
    ids += org.store.seed("Account", [{"Name": "Later", "SystemModstamp": "2026-11-21T10:00:01.000+0000"}])
    assert Counter(rows(read(org), "accounts")["id"].to_list()) == Counter(ids)
    assert Counter(dict(org.connection.source.ids())["accounts"]) == Counter(ids)


def test_more_deletions_than_a_page_are_all_named(org: SalesforceBench) -> None:
    gone = {"Name": "Gone", "SystemModstamp": STAMP, "IsDeleted": True}
    ids = org.store.seed("Account", [gone] * (PAGE_SIZE + 1))
    pages = [page for page in read(org) if page.deleted]
    assert {page.stream for page in pages} == {"accounts", "record:account"}
    for stream in ("accounts", "record:account"):
        assert sorted(id_ for page in pages if page.stream == stream for id_ in page.deleted) == sorted(ids)


def test_one_query_feeds_both_streams_of_an_account(org: SalesforceBench) -> None:
    org.add_accounts(["Acme"])
    read(org)
    queries = [r.query for r in org.store.requests() if r.path.endswith("/query/") and " FROM Account " in r.query]
    assert len(queries) == 1


def test_reads_again_what_may_have_been_committed_late(salesforce: Sandbox) -> None:
    with connected(salesforce, look_back_hours=24) as connection:
        org = SalesforceBench(connection, salesforce.store)
        [early] = org.add_accounts(["Early"])
        org.wait(60)
        watermark = connection.source.now()
        org.wait(23 * 3600)
        assert rows(read(org, watermark), "accounts")["id"].to_list() == [early]
        assert not [p for p in read(org, watermark + timedelta(hours=25)) if p.stream == "accounts"]


def test_what_is_stamped_after_the_window_waits_for_the_next_one(org: SalesforceBench) -> None:
    until = org.connection.source.now()
    org.wait(60)
    org.add_accounts(["Too new"])
    assert "accounts" not in {page.stream for page in org.connection.source.pages(None, until)}


def test_its_time_stays_two_seconds_behind_the_orgs(org: SalesforceBench) -> None:
    assert org.connection.source.now() == START - timedelta(seconds=2)


def test_reads_the_records_of_its_own_workspace_only(org: SalesforceBench) -> None:
    sink = org.connection.sink
    sink.send("overlap_partner", [partner("k1"), partner("k2", workspace="another")])
    pages = read(org)
    assert rows(pages, "record:overlap_partner")["partner_key"].to_list() == ["k1"]
    assert len(dict(org.connection.source.ids())["record:overlap_partner"]) == 1


def test_reads_influence_that_a_person_entered_by_hand(org: SalesforceBench) -> None:
    by_hand = org.store.create("Partner_Influence__c", {"Evidence__c": "They told us", "Sourced__c": False})
    theirs = Write("k1", None, {"workspace": "another", "origin": "Engine"})
    ours = Write("k2", None, {"workspace": WORKSPACE, "origin": "Engine"})
    org.connection.sink.send("partner_influence", [theirs, ours])
    influence = rows(read(org), "record:partner_influence")
    assert sorted(influence["influence_key"].fill_null("by hand")) == ["by hand", "k2"]
    [row] = influence.filter(pl.col("id") == by_hand).to_dicts()
    assert (row["evidence"], row["sourced"], row["status"], row["workspace"]) == (
        "They told us",
        False,
        "Suggested",
        None,
    )


def test_a_lookup_to_ours_is_read_as_its_key(org: SalesforceBench) -> None:
    [account] = org.add_accounts(["Acme"])
    org.connection.sink.send("overlap_partner", [partner("k1")])
    overlap = {"name": "G: A", "workspace": WORKSPACE, "partner": "k1", "account": account}
    org.connection.sink.send("partner_overlap", [Write("k2", None, overlap)])
    [row] = rows(read(org), "record:partner_overlap").to_dicts()
    assert (row["partner"], row["account"]) == ("k1", account)


def test_a_token_that_dies_between_two_pages_is_renewed(org: SalesforceBench) -> None:
    ids = org.store.seed("Account", [{"Name": f"A{n}", "SystemModstamp": STAMP} for n in range(PAGE_SIZE + 1)])
    pages = org.connection.source.pages(None, org.connection.source.now())
    landed = [next(pages)]
    org.store.expire_tokens()
    landed += pages
    assert Counter(rows(landed, "accounts")["id"].to_list()) == Counter(ids)


def test_credentials_that_die_in_the_middle_stop_the_run(org: SalesforceBench) -> None:
    org.store.set_credentials_valid(False)
    org.store.expire_tokens()
    with pytest.raises(AccessError, match="sign-in refused: invalid_client"):
        read(org)


def test_a_server_that_goes_down_is_worth_another_try(org: SalesforceBench) -> None:
    until = org.connection.source.now()
    org.store.set_down(True)
    with pytest.raises(TransientError, match="HTTP 503"):
        list(org.connection.source.pages(None, until))


def test_an_optional_field_that_is_hidden_reads_as_null(org: SalesforceBench) -> None:
    org.store.seed("Account", [{"Name": "Acme", "Website": "acme.example"}])
    org.store.hide_field("Account", "Website")
    assert rows(read(org), "accounts")["website"].to_list() == [None]


@pytest.mark.parametrize(
    ("object_name", "field"),
    [
        ("Opportunity", "StageName"),
        ("Partner_Overlap__c", "Feedback__c"),
        ("Partner_Influence__c", "Overlap__c"),
        ("Account", "Partner_Engagement__c"),
        ("Opportunity", "Overlap_Sourced_By__c"),
    ],
)
def test_a_hidden_field_that_would_read_as_cleared_stops_the_run(
    org: SalesforceBench, object_name: str, field: str
) -> None:
    org.store.hide_field(object_name, field)
    with pytest.raises(AccessError, match=f"field {field} of {object_name} is missing or hidden.*permission set"):
        next(org.connection.source.pages(None, START))
    with pytest.raises(AccessError, match=field):
        next(org.connection.source.ids())


def test_an_org_without_flat_fields_reads_them_as_null(org: SalesforceBench) -> None:
    org.add_accounts(["Acme"])
    for field in ACCOUNT.fields:
        org.store.hide_field("Account", api_name(field))
    [row] = rows(read(org), "record:account").to_dicts()
    assert {row[field.name] for field in ACCOUNT.fields if field.owner is not Owner.FORMULA} == {None}


def test_an_object_of_ours_whose_fields_are_all_hidden_stops_the_run(org: SalesforceBench) -> None:
    for field in PARTNER.fields:
        org.store.hide_field("Overlap_Partner__c", api_name(field))
    with pytest.raises(AccessError, match=r"Partner_Key__c.* of Overlap_Partner__c is missing or hidden"):
        next(org.connection.source.pages(None, START))


def test_an_org_without_our_objects_is_told_to_deploy_them(org: SalesforceBench) -> None:
    org.store.set_deployed(False)
    with pytest.raises(AccessError, match=r"object Overlap_Partner__c is missing or hidden; deploy"):
        next(org.connection.source.pages(None, START))


def test_asks_for_what_this_org_has(tmp_path: Path) -> None:
    """An org with person accounts and several currencies, and without OpportunityPartner."""
    with scripted(tmp_path) as script:
        for reading in readings(WORKSPACE):
            fields = {column.field for view in reading.views for column in view.columns}
            if reading.object_name == "Account":
                fields.add("IsPersonAccount")
            describe(script, reading.object_name, fields)
        del script.answers["sobjects/OpportunityPartner/describe"]
        script.answers["/query/"] = [(200, {"done": True, "records": []})]
        with closing(opened(script)) as session:
            source = SalesforceSource(session, Scope("crm", WORKSPACE, timedelta(0), tmp_path / "pull"))
            assert list(source.pages(None, START)) == []
            assert "opportunity_partners" not in dict(source.ids())
    queries = [request for request in script.requests if "/query/" in request]
    assert not [query for query in queries if "FROM+OpportunityPartner" in query]
    assert all("CurrencyIsoCode" in query for query in queries if "Amount" in query)
    assert all("IsPersonAccount+%3D+false" in query for query in queries if "FROM+Account+" in query)
    assert not script.count("queryAll")  # nothing here has IsDeleted


def test_leads_are_accounts_until_they_are_converted(tmp_path: Path) -> None:
    with scripted(tmp_path) as script:
        for reading in readings(WORKSPACE, read_leads=True):
            fields = {column.field for view in reading.views for column in view.columns}
            more = {"IsDeleted", "IsConverted", "ConvertedAccountId"} if reading.object_name == "Lead" else set()
            describe(script, reading.object_name, fields | more)
        lead = dict.fromkeys(("Website", "Phone", "Street", "City", "State", "PostalCode", "Country", "Industry"))
        lead |= {"Id": "00Q1", "Company": "Acme GmbH", "NumberOfEmployees": 5, "OwnerId": "00G1", "RecordType": None}
        lead |= {"AnnualRevenue": 1e6, "CurrencyIsoCode": "EUR", "SystemModstamp": STAMP}
        script.answers["FROM+Lead+WHERE+IsConverted"] = [(200, {"done": True, "records": [lead]})]
        gone = {"Id": "00Q2", "SystemModstamp": STAMP, "ConvertedAccountId": "0012"}
        script.answers["FROM+Lead+WHERE+SystemModstamp"] = [(200, {"done": True, "records": [gone]})]
        script.answers["/query/"] = [(200, {"done": True, "records": []})]
        with closing(opened(script)) as session:
            scope = Scope("crm", WORKSPACE, timedelta(0), tmp_path / "pull", Wishes(read_leads=True))
            pages = list(SalesforceSource(session, scope).pages(STAMPED_AT, START))
    [landed] = rows(pages, "accounts").to_dicts()
    assert (landed["id"], landed["name"], landed["is_lead"], landed["headcount"]) == ("00Q1", "Acme GmbH", True, 5)
    assert (landed["revenue"], landed["currency"], landed["account_type"]) == (1e6, "EUR", None)
    assert [(page.deleted, page.merged) for page in pages if page.deleted] == [(("00Q2",), {"00Q2": "0012"})]


def test_the_losers_of_a_merge_name_the_account_that_is_left(org: SalesforceBench) -> None:
    kept, lost, binned = org.add_accounts(["Kept", "Lost", "Binned"])
    org.store.seed("Account", [{"Id": lost, "IsDeleted": True, "MasterRecordId": kept}])
    org.store.delete("Account", binned)
    gone = {page.stream: page for page in read(org) if page.deleted}
    assert set(gone["accounts"].deleted) == {lost, binned}
    assert gone["accounts"].merged == {lost: kept}


def test_rows_are_read_by_id_up_to_a_time(org: SalesforceBench) -> None:
    early, other = org.add_accounts(["Early", "Other"])
    until = org.connection.source.now() + timedelta(seconds=30)
    org.wait(60)
    [late] = org.add_accounts(["Late"])
    pages = list(org.connection.source.rows("accounts", [early, late], until))
    assert rows(pages, "accounts")["id"].to_list() == [early]
    assert {page.stream for page in pages} == {"accounts", "record:account"}
    assert other not in rows(pages, "accounts")["id"]


def test_the_outline_says_which_field_of_which_type_fills_a_column(org: SalesforceBench) -> None:
    said = org.connection.source.outline()
    assert said["accounts.website"] == "Website, url(255)"
    assert said["accounts.headcount"] == "NumberOfEmployees, int"
    assert said["record:partner_overlap.partner"].startswith("Partner__r.Partner_Key__c")
    assert said["accounts"] == "Account"
    assert "accounts.record_type" not in said, "this org has none"


def test_a_hierarchy_that_is_a_circle_is_read_as_it_is(org: SalesforceBench) -> None:
    a, b = org.add_accounts(["A", "B"])
    org.store.seed("Account", [{"Id": a, "ParentId": b}, {"Id": b, "ParentId": a}])
    assert dict(rows(read(org), "accounts").select("id", "parent_id").iter_rows()) == {a: b, b: a}
