from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from connectors.hubspot.errors import translated
from connectors.hubspot.transport import Transport
from overlap.errors import AccessError, TransientError
from tests.connectors.salesforce.scripted import scripted

PATH = "/crm/v3/objects/companies"


@pytest.fixture
def script(tmp_path: Path):
    with scripted(tmp_path) as script:
        yield script


@pytest.fixture
def transport(script):
    with closing(Transport("hubspot 'crm'", script.url, script.ca_file)) as transport:
        yield transport


def test_no_redirect_is_followed(script, transport) -> None:
    script.headers["Location"] = f"{script.url}/elsewhere"
    script.answers = {PATH: [(302, {})], "/oauth": [(307, {})], "/elsewhere": [(200, {})]}
    reply = transport.send("GET", PATH, [], None, "the-token")
    assert reply.status == 302
    assert transport.submit("/oauth/2026-03/token", {"client_secret": "s"}).status == 307
    assert script.count("elsewhere") == 0
    error = translated("hubspot 'crm'", reply)
    assert isinstance(error, AccessError)
    assert "leads elsewhere; correct api_url" in str(error)


def test_no_answer_is_told_as_one_that_may_come_later(script, transport) -> None:
    script.answers = {PATH: [(0, {})]}
    with pytest.raises(TransientError, match="the connection failed"):
        transport.send("POST", PATH, [], {"inputs": []}, "the-token")
    assert script.count(PATH) == 1
    assert transport.calls == 0


def test_the_token_is_in_no_error(script, transport) -> None:
    script.answers = {PATH: [(403, {"category": "FORBIDDEN", "message": "No."})]}
    reply = transport.send("GET", PATH, [("limit", "1")], None, "the-token")
    assert "the-token" not in str(translated("here", reply))
    assert script.authorizations == ["Bearer the-token"]


def test_connections_are_kept(script, transport) -> None:
    script.answers = {PATH: [(200, {"results": []})]}
    for _ in range(3):
        assert transport.send("GET", PATH, [], None, "t").content == b'{"results": []}'
    assert transport.calls == 3
