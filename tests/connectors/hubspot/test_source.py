from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import polars as pl
import pytest

from connectors.base import Page
from connectors.hubspot import reader
from overlap.errors import AccessError, ConfigError
from tests.connectors.contract import START, SourceContract, rows
from tests.connectors.hubspot.bench import HubSpotBench, Site, connected
from tests.connectors.hubspot.schemas import set_up

FAMILIES = ["v3", "2026-03", "2026-09"]


@pytest.fixture
def bench(hubspot: Site):
    with connected(hubspot) as connection:
        yield HubSpotBench(connection, hubspot.portal)


def read(bench: HubSpotBench, since: datetime | None = None) -> list[Page]:
    bench.wait(60)
    return list(bench.connection.source.pages(since, bench.connection.source.now()))


def account(bench: HubSpotBench, **values: str) -> dict:
    record = bench.portal.create("companies", {"name": "Acme", **values})
    return rows(read(bench), "accounts").row(by_predicate=pl.col("id") == record, named=True)


def deleted(pages: list[Page], stream: str) -> set[str]:
    return {one for page in pages if page.stream == stream for one in page.deleted}


class TestPromises:
    """Those of the contract that need no sink."""

    test_complete = SourceContract.test_a_complete_read_brings_every_account
    test_changes = SourceContract.test_later_reads_bring_only_what_changed
    test_deletions = SourceContract.test_a_deleted_account_is_named_once_it_is_gone
    test_time = SourceContract.test_its_time_is_utc_and_not_ahead


def test_a_company_fills_the_columns_of_an_account(bench) -> None:
    owner = bench.portal.add_owner(firstName="Ann", lastName="Lee")
    found = account(
        bench,
        domain="acme.com",
        industry="COMPUTER_SOFTWARE",
        numberofemployees="42",
        annualrevenue="1500000.5",
        country="Germany",
        zip="10115",
        hubspot_owner_id=owner,
        type="VENDOR",
        lifecyclestage="lead",
    )
    said = {
        "website": "acme.com",
        "industry": "Computer software",
        "headcount": 42,
        "revenue": 1500000.5,
        "country": "Germany",
        "postcode": "10115",
        "owner_id": owner,
        "account_type": "Partner",
        "record_type": "Vendor",
        "is_lead": False,
        "modified_at": START,
    }
    assert {name: found[name] for name in said} == said


CASES = [  # lifecycle stage, type, account type
    ("customer", "PARTNER", "Customer"),
    (None, "RESELLER", "Partner"),
    ("opportunity", "PROSPECT", "Opportunity"),
    (None, None, None),
]


def test_the_account_type_is_what_populations_ask_for(bench) -> None:
    companies = [{"lifecyclestage": stage, "type": kind, "name": "A"} for stage, kind, _ in CASES]
    ids = bench.portal.seed("companies", companies)
    found = dict(rows(read(bench), "accounts").select("id", "account_type").iter_rows())
    assert [found[one] for one in ids] == [says for *_, says in CASES]


def test_further_domains_and_a_website_without_a_domain_are_websites(bench) -> None:
    ids = bench.portal.seed(
        "companies",
        [
            {"name": "A", "domain": "a.com", "hs_additional_domains": "a.de;a.fr"},
            {"name": "B", "website": "https://b.com/about"},
        ],
    )
    found = dict(rows(read(bench), "accounts").select("id", "website").iter_rows())
    assert [found[one] for one in ids] == ["a.com;a.de;a.fr", "https://b.com/about"]


def test_a_company_without_a_name_is_called_by_its_domain_or_its_id(hubspot) -> None:
    companies = [{"domain": "a.com"}, {"phone": "1"}, {"name": "C", "description": "Sea"}, {"name": "D"}]
    ids = hubspot.portal.seed("companies", companies)
    for wishes, says in (
        ({}, ["a.com", ids[1], "C", "D"]),
        ({"name": "description"}, ["a.com", ids[1], "Sea", "D"]),
    ):
        with connected(hubspot, account_fields=wishes) as connection:
            found = rows(read(HubSpotBench(connection, hubspot.portal)), "accounts")
        names = dict(found.select("id", "name").iter_rows())
        assert [names[one] for one in ids] == says


def test_a_parent_company_is_the_parent(bench) -> None:
    child, parent = bench.add_accounts(["Child", "Parent"])
    bench.portal.set_parent(child, parent)
    found = dict(rows(read(bench), "accounts").select("id", "parent_id").iter_rows())
    assert found == {child: parent, parent: None}


STAGES = [  # stage, label, closed, won
    ("contractsent", "Contract sent", False, False),
    ("closedwon", "Closed won", True, True),
    ("closedlost", "Closed lost", True, False),
    ("of-a-pipeline-that-is-gone", "of-a-pipeline-that-is-gone", False, False),
]


def test_a_stage_is_told_by_its_pipeline(bench) -> None:
    deals = [{"dealname": stage, "dealstage": stage, "pipeline": "default"} for stage, *_ in STAGES]
    bench.portal.seed("deals", deals)
    found = rows(read(bench), "opportunities").select("name", "stage", "is_closed", "is_won")
    assert sorted(found.rows()) == sorted(STAGES)


def test_a_day_is_that_of_the_portal(bench) -> None:
    given = {"dealname": "D", "dealstage": "contractsent", "amount": "250", "closedate": "2040-02-01T23:30:00Z"}
    bench.portal.seed("deals", [given])
    [found] = rows(read(bench), "opportunities").to_dicts()
    # The portal is in Berlin, where that evening is the next day.
    assert (found["amount"], found["close_date"]) == (250.0, date(2040, 2, 2))


def test_a_deal_belongs_to_its_primary_company(bench) -> None:
    other, primary = bench.add_accounts(["Other", "Primary"])
    record = bench.portal.create("deals", {"dealname": "D", "dealstage": "contractsent", "pipeline": "default"})
    bench.portal.associate(("deals", record), ("companies", other))
    bench.portal.associate(("deals", record), ("companies", primary), "Primary")
    assert rows(read(bench), "opportunities")["account_id"].to_list() == [primary]


def test_properties_of_the_portals_own_are_read_by_our_names(hubspot) -> None:
    hubspot.portal.seed("companies", [{"name": "Acme", "hs_lead_status": "OPEN_DEAL", "founded_year": "1999"}])
    wishes = {"segment": "hs_lead_status", "website": "linkedin_company_page", "founded": "founded_year"}
    with connected(hubspot, account_fields=wishes) as connection:
        bench = HubSpotBench(connection, hubspot.portal)
        found = rows(read(bench), "accounts").row(0, named=True)
    assert json.loads(found["custom"]) == {"segment": "Open deal", "founded": "1999"}
    assert found["website"] is None


def test_a_property_that_is_not_there_is_named_with_what_may_be_meant(hubspot) -> None:
    asked = r"\[crm.crm.opportunity_fields\] kind = 'deal_typ': .*mean 'dealtype'"
    wishes = {"kind": "deal_typ"}
    with connected(hubspot, opportunity_fields=wishes) as connection, pytest.raises(ConfigError, match=asked):
        connection.source.outline()


def test_a_property_of_the_wrong_type_is_refused(hubspot) -> None:
    says = "city of companies is string, which does not fit 'headcount'"
    wishes = {"headcount": "city"}
    with connected(hubspot, account_fields=wishes) as connection, pytest.raises(AccessError, match=says):
        list(connection.source.pages(None, START))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_of_paths_brings_the_same(hubspot, family) -> None:
    hubspot.portal.seed("companies", [{"id": 1, "name": "Acme"}, {"id": 2, "name": "Globex"}])
    record = hubspot.portal.create("deals", {"dealname": "D", "dealstage": "contractsent", "pipeline": "default"})
    hubspot.portal.associate(("deals", record), ("companies", "2"))
    with connected(hubspot, api=family) as connection:
        bench = HubSpotBench(connection, hubspot.portal)
        whole, changes = read(bench), read(bench, START - timedelta(minutes=1))
        assert connection.session.paths.family == family
        again = list(connection.source.rows("opportunities", [record], bench.time))
    for pages in (whole, changes):
        assert sorted(rows(pages, "accounts")["name"]) == ["Acme", "Globex"]
        assert rows(pages, "opportunities")["account_id"].to_list() == ["2"]
    assert rows(again, "opportunities")["account_id"].to_list() == ["2"]


def test_any_number_of_records_may_share_one_moment(bench) -> None:
    # More than the 10,000 results that one query may have.
    bench.portal.crowd(10_250, equal=10_250, since=START)
    found = rows(read(bench, START - timedelta(minutes=1)), "accounts")
    assert found["id"].n_unique() == found.height == 10_250
    assert found["modified_at"].unique().to_list() == [START]


@pytest.mark.parametrize("keeps_id", [False, True], ids=["a new record", "the primary's"])
def test_the_survivor_of_a_merge_names_its_losers(bench, keeps_id) -> None:
    bench.portal.set_merge_keeps_id(keeps_id)
    primary, other = bench.add_accounts(["Acme", "Acme Inc"])
    bench.wait(60)
    watermark = bench.connection.source.now()
    bench.wait(60)
    survivor = bench.portal.merge("companies", primary, other)
    pages = read(bench, watermark)
    losers = {other} if keeps_id else {primary, other}
    assert rows(pages, "accounts")["id"].to_list() == [survivor]
    assert deleted(pages, "accounts") == losers
    merged = [page.merged for page in pages if page.stream == "accounts" and page.merged]
    assert merged == [dict.fromkeys(losers, survivor)]


def test_a_restored_record_comes_back(bench) -> None:
    [record] = bench.add_accounts(["Acme"])
    bench.wait(60)
    before = bench.connection.source.now()
    bench.wait(60)
    bench.portal.archive("companies", record)
    assert deleted(read(bench, before), "accounts") == {record}
    between = bench.connection.source.now()
    bench.wait(60)
    bench.portal.restore("companies", record)
    pages = read(bench, between)
    assert rows(pages, "accounts")["id"].to_list() == [record]
    assert deleted(pages, "accounts") == set()


def test_what_the_index_did_not_show_yet_comes_with_the_look_back(hubspot) -> None:
    with connected(hubspot, look_back_hours=1) as connection:
        bench = HubSpotBench(connection, hubspot.portal)
        bench.portal.set_index_lag(300)
        watermark = connection.source.now()
        bench.wait(60)
        [record] = bench.add_accounts(["Late"])
        first = read(bench, watermark)
        between = connection.source.now()
        bench.wait(600)
        second = read(bench, between)
    assert [page for page in first if page.stream == "accounts"] == []
    assert rows(second, "accounts")["id"].to_list() == [record]


def test_rows_are_read_by_their_ids_unless_they_changed_since(bench) -> None:
    old, new = bench.add_accounts(["Old", "New"])
    bench.wait(60)
    until = bench.connection.source.now()
    bench.wait(60)
    bench.rename_account(new, "Newer")
    pages = list(bench.connection.source.rows("accounts", [old, new, "1"], until))
    assert rows(pages, "accounts")["id"].to_list() == [old]


def test_owners_who_are_gone_are_inactive_users(bench) -> None:
    there = bench.portal.add_owner(firstName="Ann", lastName="Lee", email="ann@acme.com")
    gone = bench.portal.add_owner(firstName="", lastName="", email="bob@acme.com", archived=True)
    found = {one["id"]: (one["name"], one["is_active"]) for one in rows(read(bench), "users").to_dicts()}
    assert found == {there: ("Ann Lee", True), gone: ("bob@acme.com", False)}
    assert set(dict(bench.connection.source.ids())["users"]) == {there, gone}


def test_the_sweep_names_the_ids_of_a_complete_read(bench) -> None:
    bench.add_accounts(["Acme", "Globex"])
    bench.portal.seed("deals", [{"dealname": "D", "dealstage": "contractsent", "pipeline": "default"}])
    bench.portal.add_owner()
    pages = read(bench)
    for stream, ids in bench.connection.source.ids():
        assert len(set(ids)) == len(ids)
        assert set(ids) == {one for page in pages if page.stream == stream for one in page.rows["id"]}


def test_a_list_goes_on_where_a_page_ends(bench, monkeypatch) -> None:
    monkeypatch.setattr(reader, "_PORTION", 150)
    bench.portal.crowd(320, since=START)
    pages = [page for page in read(bench) if page.stream == "accounts"]
    assert [page.rows.height for page in pages] == [200, 120]
    assert len(set(dict(bench.connection.source.ids())["accounts"])) == 320


def test_the_outline_says_what_makes_a_customer(hubspot) -> None:
    with connected(hubspot, customer_stages=("customer", "evangelist")) as connection:
        said = connection.source.outline()
    assert "Customer if customer/evangelist" in said["accounts.account_type"]
    assert said["accounts"] == "companies"
    assert said["opportunities.amount"] == "amount, number"


def test_a_first_read_names_no_label_as_gone(hubspot) -> None:
    deal = hubspot.portal.create("deals", {"dealname": "D", "dealstage": "qualifiedtobuy"})
    company = hubspot.portal.create("companies", {"name": "Acme"})
    hubspot.portal.associate(("deals", deal), ("companies", company))
    with connected(hubspot) as connection:
        set_up(connection.session)
        bench = HubSpotBench(connection, hubspot.portal)
        bench.wait(60)
        gone = [page.deleted for page in connection.source.pages(None, connection.source.now())]
    assert not any(gone)
