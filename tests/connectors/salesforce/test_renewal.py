"""Tokens that end in the middle of the work: it goes on, or ends in one sentence after a bounded number of calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from simple_salesforce import Salesforce

from connectors.base import Vault
from connectors.salesforce import connect
from connectors.salesforce.renewal import RenewingAuth
from connectors.salesforce.session import SalesforceSession
from connectors.salesforce.signin import SignIn
from overlap.errors import AccessError
from tests.connectors.contract import WORKSPACE
from tests.connectors.salesforce.flows import CLIENT_CREDENTIALS, REFRESH_TOKEN, Door
from tests.sandbox import Sandbox

UNTIL = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture
def door(salesforce: Sandbox) -> Door:
    return Door(salesforce, CLIENT_CREDENTIALS)


@pytest.fixture
def client(door: Door) -> Iterator[Salesforce]:
    """The client library as it is, on a session whose auth renews."""
    with requests.Session() as plain, requests.Session() as http:
        for session in (plain, http):
            session.trust_env = False
            session.verify = door.salesforce.address.ca_file
        plain.auth = lambda request: request
        http.auth = RenewingAuth(SignIn("crm", door.settings, door.vault, plain))
        yield Salesforce(session_id="x", instance_url=door.settings.login_url, session=http, version="62.0")


def pulled(door: Door) -> list[Any]:
    """Everything that a first pull and its sweep read."""
    vault = Vault(door.secrets.__getitem__, door.tokens)
    with closing(connect("crm", door.settings, WORKSPACE, vault, door.settings.ca_file.parent)) as connection:
        connection.source.now()
        pages = [(page.stream, page.rows.to_dicts(), page.deleted) for page in connection.source.pages(None, UNTIL)]
        return [pages, [(stream, ids.to_list()) for stream, ids in connection.source.ids()]]


@pytest.mark.parametrize("flow", [CLIENT_CREDENTIALS, REFRESH_TOKEN])
def test_a_pull_reads_the_same_wherever_its_token_expires(salesforce: Sandbox, flow: str) -> None:
    door = Door(salesforce, flow)
    salesforce.store.rotate_refresh_tokens(True)
    ids = salesforce.store.seed("Account", [{"Name": f"A{number}"} for number in range(5)])
    salesforce.store.delete("Account", ids[0])
    before = len(door.calls())
    whole = pulled(door)
    length = len(door.calls()) - before
    assert length > 10
    # All of them by one flow; one in four by the other, which differs in how it signs in only.
    for place in range(1, length + 1, 1 if flow == CLIENT_CREDENTIALS else 4):
        salesforce.store.expire_tokens_at(place)
        sign_ins, calls = door.sign_ins(), len(door.calls())
        assert pulled(door) == whole, place
        assert door.sign_ins() - sign_ins == 2, place
        assert door.calls()[calls:].count(401) == 1, place
        assert len(door.calls()) - calls == length + 1, place


def test_a_job_of_hours_may_see_its_token_expire_again_and_again(door: Door) -> None:
    door.salesforce.store.seed("Account", [{"Name": f"A{number}"} for number in range(5)])
    whole = pulled(door)
    door.salesforce.store.expire_tokens_at(2, again=True)
    assert pulled(door) == whole
    assert door.calls().count(401) > 10


CALLS: dict[str, Callable[[SalesforceSession], Any]] = {
    "query": lambda session: list(session.query("SELECT Id FROM Account")),
    "describe": lambda session: session.describe("Account"),
    "patch": lambda session: session.patch("composite/sobjects", {"records": []}),
    "send": lambda session: session.send("GET", "limits"),
    "stream": lambda session: session.send("GET", "limits", stream=True),
    "time": lambda session: session.server_now(),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_token_that_is_refused_at_once_costs_one_renewal_and_ends_in_one_sentence(
    door: Door, call: Callable[[SalesforceSession], Any]
) -> None:
    with door.opened() as session:
        door.salesforce.store.refuse_tokens(True)
        sign_ins, calls = door.sign_ins(), len(door.calls())
        with pytest.raises(AccessError, match="a token is refused as soon as it is issued"):
            call(session)
        assert (door.sign_ins() - sign_ins, door.calls()[calls:]) == (1, [401, 401])
        door.salesforce.store.refuse_tokens(False)
        call(session)


def test_the_clients_own_ways_renew_no_more_often(door: Door, client: Salesforce) -> None:
    [account] = door.salesforce.store.seed("Account", [{"Name": "Acme"}])
    assert client.Account.get(account)["Name"] == "Acme"
    door.salesforce.store.expire_tokens()
    assert client.Account.get(account)["Name"] == "Acme"
    door.salesforce.store.refuse_tokens(True)
    calls = len(door.calls())
    with pytest.raises(AccessError, match="refused as soon as"):
        client.Account.get(account)
    assert door.calls()[calls:] == [401, 401]


def test_a_repeated_call_keeps_its_own_headers(door: Door, client: Salesforce) -> None:
    door.salesforce.store.seed("Account", [{"Name": str(number)} for number in range(450)])
    door.salesforce.store.expire_tokens_at(1)
    page = client.query("SELECT Id FROM Account", headers={"Sforce-Query-Options": "batchSize=200"})
    assert (door.calls(), len(page["records"])) == ([401, 200], 200)


def test_a_repeated_write_is_sent_whole_and_taken_once(door: Door) -> None:
    record = {"attributes": {"type": "Partner_Overlap__c"}, "Overlap_Key__c": "k", "Name": "G: A"}
    with door.opened() as session:
        door.salesforce.store.expire_tokens()
        session.patch("composite/sobjects/Partner_Overlap__c/Overlap_Key__c", {"records": [record]})
    assert [change.operation for change in door.salesforce.store.history()] == ["create"]


def test_what_is_streamed_comes_whole(door: Door) -> None:
    with door.opened() as session:
        door.salesforce.store.expire_tokens()
        with closing(session.send("GET", "sobjects", stream=True)) as reply:
            streamed = b"".join(reply.iter_content(100))
        assert streamed == session.send("GET", "sobjects").content


@pytest.mark.parametrize("moves", ["at once", "in the middle"])
def test_follows_the_org_to_another_host(door: Door, moves: str) -> None:
    other = door.settings.login_url.replace("localhost", "127.0.0.1")
    salesforce = door.salesforce
    salesforce.store.seed("Account", [{"Name": str(number)} for number in range(2100)])
    if moves == "at once":
        salesforce.store.set_instance_url(other)
    with door.opened() as session:
        records = session.query("SELECT Id FROM Account")
        seen = [next(records)["Id"]]
        salesforce.store.set_instance_url(other)
        salesforce.store.expire_tokens()
        answered: list[str] = []
        session._http.hooks["response"].append(lambda reply, **_: answered.append(reply.request.url))
        seen += [record["Id"] for record in records]
        assert len(set(seen)) == 2100
        assert session.describe("Account")
    assert len(answered) == 2
    assert all(url.startswith(other + "/services/data/v62.0/") for url in answered), answered


def test_does_not_follow_to_another_org(door: Door) -> None:
    with door.opened() as session:
        calls = len(door.calls())
        door.salesforce.store.set_org_id("00D000000000099AAA")
        door.salesforce.store.expire_tokens()
        with pytest.raises(AccessError, match="led to org 00D000000000099AAA; nothing was sent there"):
            session.patch("composite/sobjects", {"records": []})
        assert door.calls()[calls:] == [401]


def test_threads_renew_once_between_them(door: Door) -> None:
    with door.opened() as session:
        door.salesforce.store.expire_tokens()
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: session.describe("Account"), range(8)))
    assert all(found)
    assert door.sign_ins() == 2
