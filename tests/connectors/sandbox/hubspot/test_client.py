"""HubSpot's own client over HTTPS."""

from __future__ import annotations

import pytest
import requests
from hubspot.crm.associations.v4 import BatchInputPublicFetchAssociationsBatchRequest
from hubspot.crm.companies import (
    ApiException,
    BatchInputSimplePublicObjectBatchInputUpsert,
    PublicObjectSearchRequest,
    SimplePublicObjectBatchInputUpsert,
)
from hubspot.crm.properties import PropertyCreate, PropertyGroupCreate

from connectors.sandbox.direct import URL
from connectors.sandbox.hubspot.portal import Portal
from connectors.sandbox.hubspot.server import HUBSPOT
from connectors.sandbox.server import in_a_thread
from overlap.errors import ConfigError
from tests.connectors.sandbox.hubspot.conftest import NOW, Api

GROUP = "partner_overlap"


def test_the_client_sets_up_writes_and_reads(client, running, tmp_path):
    properties = client.crm.properties
    properties.groups_api.create("companies", PropertyGroupCreate(name=GROUP, label="Partner overlap"))
    key = PropertyCreate(
        name="overlap_key", label="Key", type="string", field_type="text", group_name=GROUP, has_unique_value=True
    )
    properties.core_api.create("companies", key)
    inputs = [
        SimplePublicObjectBatchInputUpsert(
            id=f"k{n}", id_property="overlap_key", properties={"name": f"C{n}", "overlap_key": f"k{n}"}
        )
        for n in range(3)
    ]
    made = client.crm.companies.batch_api.upsert(BatchInputSimplePublicObjectBatchInputUpsert(inputs=inputs))
    assert {one.properties["name"] for one in made.results} == {"C0", "C1", "C2"}
    page = client.crm.companies.basic_api.get_page(limit=2, archived="false", properties=["overlap_key", "name"])
    assert [one.properties["overlap_key"] for one in page.results] == ["k0", "k1"]
    rest = client.crm.companies.basic_api.get_page(limit=2, archived="false", after=page.paging.next.after)
    assert (len(rest.results), rest.paging) == (1, None)
    search = PublicObjectSearchRequest(
        filter_groups=[{"filters": [{"propertyName": "overlap_key", "operator": "IN", "values": ["k1", "k2"]}]}],
        properties=["name"],
        sorts=["-hs_object_id"],
        limit=10,
        after="0",
    )
    found = client.crm.companies.search_api.do_search(search)
    assert (found.total, [one.properties["name"] for one in found.results]) == (2, ["C2", "C1"])
    with Portal.open(tmp_path / "running") as portal:
        deal = portal.create("deals", {"dealname": "D", "dealstage": "closedwon"})
        portal.associate(("deals", deal), ("companies", made.results[0].id), "Primary")
    asked = BatchInputPublicFetchAssociationsBatchRequest(inputs=[{"id": deal}])
    held = client.crm.associations.v4.batch_api.get_page("deals", "companies", asked)
    assert [int(one.to_object_id) for one in held.results[0].to] == [int(made.results[0].id)]
    assert client.crm.owners.owners_api.get_page().results == []
    assert client.crm.schemas.core_api.get_all().results == []
    with pytest.raises(ApiException) as refused:
        client.crm.companies.basic_api.get_page(archived=True)
    assert (refused.value.status, refused.value.headers["X-HubSpot-RateLimit-Max"]) == (400, "190")
    assert running.url.startswith("https://localhost:")


def test_answers_are_the_same_with_and_without_sockets(tmp_path):
    """But for the time, the host in links, and what was made up at random."""
    calls = [
        ("POST", "/crm/v3/objects/companies", {"json": {"properties": {"name": "Müller & Söhne"}}}),
        ("GET", "/crm/v3/objects/companies", {"params": {"limit": 1}}),
        ("GET", "/crm/v3/objects/companies/1", {}),
        ("DELETE", "/crm/v3/objects/companies/1", {}),
        ("GET", "/foo", {}),
    ]

    def answers(session, url):
        replies = [session.request(method, url + path, **more) for method, path, more in calls]
        return [
            (one.status_code, one.text, one.headers.get("Date"), one.headers.get("Content-Type")) for one in replies
        ]

    for name in ("one", "two"):
        with Portal.open(tmp_path / name) as portal:
            portal.set_time(NOW)
            portal.set_portal_id(1)
    with in_a_thread(tmp_path / "two", HUBSPOT) as address, requests.Session() as session:
        session.trust_env, session.verify = False, address.ca_file
        session.headers["Authorization"] = f"Bearer {address.access_token}"
        over_sockets = answers(session, address.url)
        with pytest.raises(ConfigError, match="sandbox of hubspot"), in_a_thread(tmp_path / "two"):
            pass
    with Portal.open(tmp_path / "one") as portal:
        assert answers(Api(portal, None).session, URL) == over_sockets
    assert [one[0] for one in over_sockets] == [201, 200, 404, 204, 404]
