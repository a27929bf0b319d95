"""Ways into a portal: without a server (`api`), and as HubSpot's own client over HTTPS (`client`). Both are judged."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from hubspot import HubSpot
from urllib3.connectionpool import HTTPConnectionPool

from connectors.sandbox.direct import URL
from connectors.sandbox.hubspot.direct import PortalAdapter
from connectors.sandbox.hubspot.portal import Portal
from connectors.sandbox.hubspot.server import HUBSPOT, Address
from connectors.sandbox.server import in_a_thread
from tests.connectors.sandbox.hubspot.judge import Judge, appointed

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)


@pytest.fixture(scope="session")
def judge() -> Judge | None:
    return appointed()


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    """A portal whose clock stands still, so that nobody is told to wait."""
    with Portal.open(tmp_path / "portal") as portal:
        portal.set_time(NOW)
        portal.set_rate_limits(False)
        yield portal


class Api:
    """Calls a portal with its key; what comes back is (status, body)."""

    def __init__(self, portal: Portal, judge: Judge | None) -> None:
        self.session = requests.Session()
        self.session.mount(URL, PortalAdapter(portal))
        self.session.headers["Authorization"] = f"Bearer {portal.key}"
        self.judge = judge

    def raw(self, method: str, path: str, **more) -> requests.Response:
        reply = self.session.request(method, URL + path, **more)
        if self.judge is not None:
            asked, kind = reply.request, reply.headers.get("Content-Type", "")
            body = asked.body.encode() if isinstance(asked.body, str) else asked.body or b""
            self.judge.hear(method, asked.url, asked.headers, body, reply.status_code, kind, reply.content)
        return reply

    def __call__(self, method: str, path: str, body=None, **query):
        reply = self.raw(method, path, params=query, **({} if body is None else {"json": body}))
        return reply.status_code, reply.json() if reply.content else None

    def get(self, path: str, **query):
        return self("GET", path, None, **query)

    def post(self, path: str, body=None):
        return self("POST", path, {} if body is None else body)

    def patch(self, path: str, body):
        return self("PATCH", path, body)


@pytest.fixture
def api(portal: Portal, judge: Judge | None) -> Api:
    return Api(portal, judge)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Address]:
    with in_a_thread(tmp_path / "running", HUBSPOT) as address:
        yield address


@pytest.fixture
def client(running: Address, judge: Judge | None, monkeypatch: pytest.MonkeyPatch) -> HubSpot:
    """HubSpot's own client; the judge listens where its connections are."""
    plain = HTTPConnectionPool.urlopen

    def urlopen(pool, method, url, body=None, headers=None, *args, **kwargs):
        reply = plain(pool, method, url, body, headers, *args, **kwargs)
        if judge is not None:
            asked = body.encode() if isinstance(body, str) else body or b""
            judge.hear(method, url, headers, asked, reply.status, reply.headers.get("Content-Type", ""), reply.data)
        return reply

    monkeypatch.setattr(HTTPConnectionPool, "urlopen", urlopen)
    return HubSpot(access_token=running.access_token, host=running.url, ssl_ca_cert=running.ca_file)
