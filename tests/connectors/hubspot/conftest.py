"""A portal over real HTTPS, in a thread of the test process, put back before each test.

Its clock stands still, so nobody calls too much. Every exchange is held against HubSpot's published descriptions, where
their folder is named; see the sandbox's tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import stamina
from urllib3.connectionpool import HTTPConnectionPool

from connectors.sandbox.hubspot.database import FILE_NAME
from connectors.sandbox.hubspot.portal import Portal
from connectors.sandbox.hubspot.server import HUBSPOT, Address
from connectors.sandbox.server import in_a_thread
from tests.connectors.contract import START
from tests.connectors.hubspot.bench import Site, connected
from tests.connectors.hubspot.schemas import set_up
from tests.connectors.sandbox.hubspot.judge import Judge, appointed
from tests.sandbox import copy_database


@dataclass(frozen=True)
class SharedPortal:
    """A running portal that many tests share, and the state that each of them starts from."""

    address: Address
    folder: Path
    blank: Path


@pytest.fixture(scope="session")
def judge() -> Judge | None:
    return appointed()


@pytest.fixture
def judged(judge: Judge | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the judge listen where the connections are. What a fault did to an answer is none of its business."""
    plain = HTTPConnectionPool.urlopen

    def urlopen(pool, method, url, body=None, headers=None, *args, **kwargs):
        reply = plain(pool, method, url, body, headers, *args, **kwargs)
        kind = reply.headers.get("Content-Type", "")
        if judge is not None and kind.startswith("application/json"):
            asked = body.encode() if isinstance(body, str) else body or b""
            judge.hear(method, url, headers, asked, reply.status, kind, reply.data)
        return reply

    monkeypatch.setattr(HTTPConnectionPool, "urlopen", urlopen)


@pytest.fixture(scope="session")
def portal_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedPortal]:
    """The one portal of this test process."""
    folder = tmp_path_factory.mktemp("portal")
    with in_a_thread(folder, HUBSPOT) as address:
        with Portal.open(folder) as portal:
            portal.set_time(START)
            portal.set_tier("professional")
            portal.set_rate_limits(False)
        blank = tmp_path_factory.mktemp("blank") / FILE_NAME
        copy_database(folder / FILE_NAME, blank)
        yield SharedPortal(address, folder, blank)


@pytest.fixture(scope="session")
def equipped(portal_of_all: SharedPortal, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state of an Enterprise portal that has everything of ours."""
    shared = portal_of_all
    copy_database(shared.blank, shared.folder / FILE_NAME)
    with Portal.open(shared.folder) as portal:
        portal.set_tier("enterprise")
        with connected(Site(shared.address, portal, shared.folder)) as connection:
            set_up(connection.session)
    made = tmp_path_factory.mktemp("equipped") / FILE_NAME
    copy_database(shared.folder / FILE_NAME, made)
    return made


@pytest.fixture
def enterprise(portal_of_all: SharedPortal, equipped: Path, judged: None) -> Iterator[Site]:
    """An Enterprise portal with everything of ours in it, that no test has touched."""
    del judged
    shared = portal_of_all
    copy_database(equipped, shared.folder / FILE_NAME)
    with Portal.open(shared.folder) as portal, stamina.set_testing(True, attempts=4, cap=True):
        yield Site(shared.address, portal, shared.folder)


@pytest.fixture
def hubspot(portal_of_all: SharedPortal, judged: None) -> Iterator[Site]:
    """A portal as nobody has touched it, with `.address` and `.portal`; what is asked again is asked at once."""
    del judged
    shared = portal_of_all
    copy_database(shared.blank, shared.folder / FILE_NAME)
    with Portal.open(shared.folder) as portal, stamina.set_testing(True, attempts=4, cap=True):
        yield Site(shared.address, portal, shared.folder)
