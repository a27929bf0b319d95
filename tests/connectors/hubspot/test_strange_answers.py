"""Answers with status 200 that are none: whatever was asked, one error says so, and nothing goes on for ever."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.base import Write
from connectors.hubspot.connection import HubSpotConnection
from connectors.hubspot.reader import Reader
from overlap.errors import AccessError, TransientError
from tests.connectors.contract import START, partner
from tests.connectors.hubspot.bench import Site, connected

STRANGE = ["<html><title>Sign in</title></html>", '{"results": [{"id"', "null", "[]", '{"results": [{"id": "1"}, 5]}']
#: What is done, and the pattern of the path that it asks.
ASKED = {
    "list": "*/objects/*/companies",
    "search": "*/search",
    "owners": "*/owners/*",
    "properties": "*/properties/*",
    "pipelines": "*/pipelines/*",
    "look": "*/batch/read",
    "write": "*/batch/create",
}


def strikes(site: Site, path: str, body: Any) -> None:
    said = body if isinstance(body, str) else json.dumps(body)
    site.portal.set_faults([{"fault": "http", "status": 200, "path": path, "body": said, "probability": 1.0}])


def do(connection: HubSpotConnection, what: str) -> None:
    since = START if what == "search" else None
    if what == "look":
        connection.sink.current("overlap_partner", ["k1"])
    elif what == "write":
        connection.sink.send("overlap_partner", [Write("k9", None, partner("k9").values)])
    else:
        list(connection.source.pages(since, START))


def test_a_strange_answer_ends_in_one_error_whatever_was_asked(enterprise: Site) -> None:
    for what, path in ASKED.items():
        with connected(enterprise) as connection:
            for body in STRANGE:
                strikes(enterprise, path, body)
                with pytest.raises(TransientError, match=r"^hubspot 'crm': .+"):
                    do(connection, what)
        enterprise.portal.set_faults([])


def test_a_refusal_of_a_strange_shape_is_told_without_it(enterprise: Site) -> None:
    body = {"category": ["X"], "message": {"a": 1}, "errors": [5], "context": 7, "policyName": 5}
    with connected(enterprise) as connection:
        for status in (400, 403, 404):
            rule = {"fault": "http", "status": status, "path": "*/batch/create", "body": json.dumps(body)}
            enterprise.portal.set_faults([{**rule, "probability": 1.0}])
            if status == 400:  # one record by itself was refused
                [receipt] = connection.sink.send("overlap_partner", [partner("k9")])
                assert "HTTP 400" in str(receipt.error)
                continue
            with pytest.raises(AccessError, match=f"HTTP {status}"):
                connection.sink.send("overlap_partner", [partner("k9")])


def test_pages_that_never_end_are_no_answer(enterprise: Site) -> None:
    more = {"paging": {"next": {"after": "7"}}}
    records = [{"id": "1", "properties": {}}] * 200
    with connected(enterprise) as connection:
        reader = Reader(connection.session)
        strikes(enterprise, "*/objects/*", {"results": [], **more})
        with pytest.raises(TransientError, match="after which the same page comes"):
            list(reader.every("companies", ["name"]))
        strikes(enterprise, "*/search", {"results": records})
        with pytest.raises(TransientError, match="a page of a search that came before"):
            list(reader.changed("companies", ["name"], (START, START)))
        strikes(enterprise, "*/associations/*", {"results": [{"from": {"id": "1"}, "to": [], **more}]})
        with pytest.raises(TransientError, match="after which the same ones come"):
            reader.links("deals", "companies", ["1"])
