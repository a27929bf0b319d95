"""Two ways into an org: without a server (`org`, `api`), and as the real client over HTTPS (`client`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from simple_salesforce import Salesforce

from connectors.sandbox import composite, cursor
from connectors.sandbox.cursor import Reader
from connectors.sandbox.store import Store
from connectors.sandbox.writes import Author
from tests.sandbox import Sandbox


@pytest.fixture
def org(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "org") as store:
        yield store


class Api:
    """What the API user of an org can do, without the network."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def query(self, soql: str, deleted_too: bool = False, batch: int = 2000) -> dict:
        reader = Reader(self.store.database, self.store.catalog, "62.0", batch)
        return cursor.run(reader, soql, deleted_too=deleted_too)

    def more(self, page: dict) -> dict:
        reader = Reader(self.store.database, self.store.catalog, "62.0")
        return cursor.more(reader, page["nextRecordsUrl"].rpartition("/")[2])

    def upsert(self, name: str, key: str, *records: dict, all_or_none: bool = False) -> list[dict]:
        return composite.upsert(self._author(), self._collection(name, records, all_or_none), name, key)

    def create(self, name: str, *records: dict, all_or_none: bool = False) -> list[dict]:
        return composite.create(self._author(), self._collection(name, records, all_or_none))

    def update(self, name: str, *records: dict, all_or_none: bool = False) -> list[dict]:
        return composite.update(self._author(), self._collection(name, records, all_or_none))

    def _author(self) -> Author:
        return Author(self.store.database, self.store.catalog, self.store.api_user)

    def _collection(self, name: str, records: tuple[dict, ...], all_or_none: bool) -> composite.Collection:
        typed = [{"attributes": {"type": name}, **record} for record in records]
        return composite.read({"records": typed, "allOrNone": all_or_none})


@pytest.fixture
def api(org: Store) -> Api:
    return Api(org)


@pytest.fixture
def session(salesforce: Sandbox) -> Iterator[requests.Session]:
    """A session that trusts the sandbox; trust_env off, or REQUESTS_CA_BUNDLE would win over its own authority."""
    with requests.Session() as session:
        session.trust_env = False
        session.verify = salesforce.address.ca_file
        yield session


@pytest.fixture
def token(salesforce: Sandbox, session: requests.Session) -> str:
    address = salesforce.address
    credentials = (address.consumer_key, address.consumer_secret)
    url = f"{address.url}/services/oauth2/token"
    reply = session.post(url, {"grant_type": "client_credentials"}, auth=credentials)
    assert reply.status_code == 200, reply.text
    return reply.json()["access_token"]


@pytest.fixture
def client(salesforce: Sandbox, session: requests.Session, token: str) -> Salesforce:
    return Salesforce(session_id=token, instance_url=salesforce.address.url, session=session, version="62.0")
