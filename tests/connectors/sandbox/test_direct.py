"""The sandbox without sockets answers as the one behind them."""

from __future__ import annotations

import pytest
import requests

from connectors.sandbox.direct import URL
from connectors.sandbox.server import in_a_thread
from connectors.sandbox.store import Store
from tests.sandbox import answered_directly

DATA = "/services/data/v62.0"
CALLS = [
    ("GET", f"{DATA}/limits", {}),
    ("POST", f"{DATA}/sobjects/Account", {"json": {"Name": "Müller & Söhne"}}),
    ("PATCH", f"{DATA}/sobjects/Partner_Overlap__c/Overlap_Key__c/a%2Fb%3Fc", {"json": {"Priority__c": 5}}),
    ("GET", f"{DATA}/query", {"params": {"q": "SELECT Id, Name FROM Account WHERE Name LIKE 'M_ller%'"}}),
    ("GET", f"{DATA}/query", {"params": {"q": "SELECT Foo FROM Account"}}),
    ("PATCH", f"{DATA}/composite/sobjects", {"data": "<x/>", "headers": {"Content-Type": "text/xml"}}),
    ("GET", "/foo", {}),
]


@pytest.fixture
def stopped(tmp_path):
    """An org whose token and clock are copied, so that two answers to one call can be the same byte for byte."""
    with Store.open(tmp_path / "one") as store:
        store.database.keep("time", "2026-11-21T10:00:00+00:00")
        yield store


def signed_in(address, verify=None):
    session = requests.Session()
    session.trust_env = False
    session.verify = verify
    form = {"grant_type": "client_credentials"}
    credentials = (address.consumer_key, address.consumer_secret)
    token = session.post(f"{address.url}/services/oauth2/token", form, auth=credentials).json()["access_token"]
    session.headers["Authorization"] = f"Bearer {token}"
    return session


def answers(session, url):
    replies = [session.request(method, url + path, **options) for method, path, options in CALLS]
    told = ("Content-Type", "Date", "Sforce-Limit-Info")
    return [(reply.status_code, reply.text, *(reply.headers.get(name) for name in told)) for reply in replies]


def test_answers_are_the_same_with_and_without_sockets(stopped, tmp_path):
    with Store.open(tmp_path / "two") as other:
        other.database.keep("time", "2026-11-21T10:00:00+00:00")
    with in_a_thread(tmp_path / "two") as address, signed_in(address, address.ca_file) as session:
        over_sockets = answers(session, address.url)
    with answered_directly(stopped) as address, signed_in(address) as session:
        assert answers(session, URL) == over_sockets
    assert [reply[0] for reply in over_sockets] == [200, 201, 201, 200, 400, 415, 404]
    assert len(stopped.requests()) == len(CALLS) + 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [("lost-reply", requests.ConnectionError), ("half-reply", requests.exceptions.ChunkedEncodingError)],
)
def test_faults_raise_what_the_adapter_of_a_client_raises(stopped, fault, error):
    with answered_directly(stopped) as address, signed_in(address) as session:
        stopped.set_faults([{"fault": fault, "method": "POST"}])
        with pytest.raises(error):
            session.post(f"{URL}{DATA}/sobjects/Account", json={"Name": "A"})
        assert [record["Name"] for record in stopped.records("Account")] == ["A"]


def test_a_held_request_needs_sockets(stopped):
    with answered_directly(stopped) as address, signed_in(address) as session:
        stopped.set_faults([{"fault": "hold"}])
        with pytest.raises(RuntimeError, match="no running event loop"):
            session.get(f"{URL}{DATA}/limits")
