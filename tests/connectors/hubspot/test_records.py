from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.hubspot.errors import MissingError
from connectors.records import record_schema
from overlap.fields import BY_NAME
from tests.connectors.contract import START, WORKSPACE, rows
from tests.connectors.hubspot.bench import HubSpotBench, Site, connected
from tests.connectors.hubspot.schemas import make_schemas


@pytest.fixture
def bench(hubspot: Site):
    hubspot.portal.set_tier("enterprise")
    with connected(hubspot) as connection:
        make_schemas(connection.session)
        yield HubSpotBench(connection, hubspot.portal)


def read(bench: HubSpotBench, since=None):
    bench.wait(60)
    return list(bench.connection.source.pages(since, bench.connection.source.now()))


def an_overlap(bench: HubSpotBench, key: str, partner: str, account: str, **values: str) -> str:
    given = {"name": key, "overlap_key": key, "workspace": WORKSPACE, **values}
    record = bench.portal.create("partner_overlap", given)
    bench.portal.associate(("partner_overlap", record), ("companies", account))
    bench.portal.associate(("partner_overlap", record), ("overlap_partner", partner))
    return record


def test_a_lookup_is_the_association_to_a_key_or_an_id(bench) -> None:
    [account] = bench.add_accounts(["Acme"])
    partner = bench.portal.create("overlap_partner", {"name": "Globex", "partner_key": "p1", "workspace": WORKSPACE})
    record = an_overlap(bench, "k1", partner, account, status="Active", priority="70", first_seen="2040-01-01")
    said = {"id": record, "account": account, "partner": "p1", "status": "Active", "priority": 70.0}
    for since in (None, bench.connection.source.now() - timedelta(minutes=5)):
        pages = read(bench, since)
        [found] = rows(pages, "record:partner_overlap").to_dicts()
        assert {name: found[name] for name in said} == said
        assert rows(pages, "record:overlap_partner")["partner_key"].to_list() == ["p1"]
    for page in pages:
        if page.stream.startswith("record:"):
            assert dict(page.rows.schema) == record_schema(BY_NAME[page.stream.removeprefix("record:")])


def test_records_of_other_workspaces_are_not_ours_but_those_made_by_hand_are(bench) -> None:
    ours = bench.portal.create("partner_influence", {"influence_key": "i1", "workspace": WORKSPACE})
    bench.portal.create("partner_influence", {"influence_key": "i2", "workspace": "another"})
    by_hand = bench.portal.create("partner_influence", {"status": "Confirmed"})
    for since in (None, bench.connection.source.now() - timedelta(minutes=5)):
        assert sorted(rows(read(bench, since), "record:partner_influence")["id"]) == sorted([ours, by_hand])
    assert sorted(dict(bench.connection.source.ids())["record:partner_influence"]) == sorted([ours, by_hand])


def test_a_property_of_ours_that_is_gone_stops_the_read(enterprise) -> None:
    enterprise.portal.archive_property("partner_overlap", "status")
    says = "property status of partner_overlap is missing or archived"
    with connected(enterprise) as connection, pytest.raises(MissingError, match=says):
        next(connection.source.pages(None, START))


def test_objects_that_were_never_set_up_are_named_with_the_way_to_do_it(hubspot) -> None:
    hubspot.portal.set_tier("enterprise")
    says = "object overlap_partner is missing; 'overlap setup hubspot' says"
    with connected(hubspot) as connection, pytest.raises(MissingError, match=says):
        connection.source.outline()
