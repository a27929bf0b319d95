from __future__ import annotations

import pytest

from overlap.errors import AccessError
from tests.connectors.contract import START, rows
from tests.connectors.hubspot.bench import HubSpotBench, Site, connected

SOURCED = "Sourced by"


@pytest.fixture
def bench(hubspot: Site):
    with connected(hubspot) as connection:
        body = {"label": SOURCED, "name": "sourced_by"}
        connection.session.send("POST", "labels", "deals", "companies", body=body)
        yield HubSpotBench(connection, hubspot.portal)


def a_deal(bench: HubSpotBench) -> str:
    return bench.portal.create("deals", {"dealname": "D", "dealstage": "contractsent", "pipeline": "default"})


def read(bench: HubSpotBench, since=None):
    bench.wait(60)
    return list(bench.connection.source.pages(since, bench.connection.source.now()))


def test_a_label_that_people_made_is_a_partner_on_the_opportunity(bench) -> None:
    customer, partner = bench.add_accounts(["Customer", "Partner"])
    deal = a_deal(bench)
    bench.portal.associate(("deals", deal), ("companies", customer), "Primary")
    bench.portal.label(deal, partner, SOURCED)
    pages = read(bench)
    [found] = rows(pages, "opportunity_partners").to_dicts()
    assert (found["opportunity_id"], found["account_id"], found["role"]) == (deal, partner, SOURCED)
    # A partner's label does not make it the deal's company.
    assert rows(pages, "opportunities")["account_id"].to_list() == [customer]


def test_a_label_that_is_taken_back_is_gone_with_the_next_change(bench) -> None:
    [partner] = bench.add_accounts(["Partner"])
    deal = a_deal(bench)
    bench.portal.label(deal, partner, SOURCED)
    [kept] = rows(read(bench), "opportunity_partners")["id"]
    watermark = bench.connection.source.now()
    bench.wait(60)
    bench.portal.unlabel(deal, partner, SOURCED)
    bench.portal.edit("deals", deal, {"amount": "5"})
    pages = read(bench, watermark)
    assert rows(pages, "opportunity_partners").is_empty()
    assert {one for page in pages if page.stream == "opportunity_partners" for one in page.deleted} == {kept}


def test_the_sweep_sees_labels_that_changed_no_deal(bench) -> None:
    [partner] = bench.add_accounts(["Partner"])
    deal = a_deal(bench)
    bench.portal.associate(("deals", deal), ("companies", partner))
    bench.wait(60)
    until = bench.connection.source.now()
    bench.portal.label(deal, partner, SOURCED)
    [seen] = dict(bench.connection.source.ids())["opportunity_partners"]
    [page] = bench.connection.source.rows("opportunity_partners", [seen], until)
    assert page.rows.select("opportunity_id", "account_id", "role").rows() == [(deal, partner, SOURCED)]


def test_labels_that_are_refused_stop_the_read_and_are_not_gone(bench) -> None:
    bench.portal.set_faults({"seed": 1, "rules": [{"fault": "http", "status": 403, "path": "*/labels", "times": 9}]})
    with pytest.raises(AccessError, match="HTTP 403"):
        read(bench)


def test_without_labels_nobody_is_asked_for_them(hubspot) -> None:
    with connected(hubspot) as connection:
        bench = HubSpotBench(connection, hubspot.portal)
        a_deal(bench)
        assert "opportunity_partners" not in {page.stream for page in read(bench)}
        assert list(dict(connection.source.ids())["opportunity_partners"]) == []
        assert bench.time > START
