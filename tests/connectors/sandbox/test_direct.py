"""The sandbox without sockets answers as the one behind them."""

from __future__ import annotations

from functools import partial

import pytest
import requests
from urllib3 import HTTPSConnectionPool
from urllib3.exceptions import ProtocolError
from urllib3.util.retry import Retry

from connectors.sandbox.direct import URL, DirectWire
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


@pytest.fixture
def wired(stopped, monkeypatch):
    """A client's own pool, and the sandbox in the place of its connections."""
    pool = HTTPSConnectionPool("sandbox.invalid")
    monkeypatch.setattr(pool, "_make_request", partial(DirectWire(stopped), pool))
    return pool


def test_a_pool_tries_again_as_it_would_over_sockets(stopped, wired):
    stopped.set_faults([{"fault": "lost-reply", "times": 2}])
    assert wired.request("GET", "/services/data", retries=Retry(3)).json()[0]["version"] == "41.0"
    assert [request.fault for request in stopped.requests()] == ["lost-reply", "lost-reply", ""]
    stopped.set_faults([{"fault": "lost-reply", "times": 2}])
    with pytest.raises(ProtocolError, match="Connection aborted"):
        wired.request("GET", "/services/data", retries=False)


def test_half_a_reply_ends_early_and_a_slow_one_comes_whole(stopped, wired):
    stopped.set_faults([{"fault": "half-reply", "bytes": 10}])
    half = wired.request("GET", "/services/data", preload_content=False)
    with pytest.raises(ProtocolError, match="IncompleteRead"):
        list(half.stream(100))  # as requests reads it
    stopped.set_faults([{"fault": "slow-drip", "bytes": 7, "pause_ms": 1}])
    slow = wired.request("GET", "/services/data", preload_content=False)
    assert slow.read(10_000) == wired.request("GET", "/services/data").data
