"""Answers with status 200 that are none: whatever was asked, one error says so, and nothing goes on for ever."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from connectors.base import Write
from connectors.salesforce.bulk_query import BulkQuery
from connectors.salesforce.reader import PAGE_SIZE, Reader, Table
from connectors.salesforce.setup import metadata_api
from overlap.errors import TransientError
from tests.connectors.contract import START, partner
from tests.connectors.salesforce.bench import SalesforceBench, connected
from tests.connectors.salesforce.scripted import opened, scripted
from tests.sandbox import Sandbox

NEXT = "/services/data/v62.0/query/01g000-2000"
STRANGE = [
    "<html><title>Sign in</title></html>",
    '{"done": true, "totalSize": 1, "records": [{"Id":',
    "null",
    "{}",
    "[[]]",
    json.dumps({"done": False, "totalSize": 0, "records": [], "nextRecordsUrl": NEXT}),
    json.dumps({"done": True, "totalSize": 1, "records": [{}]}),
    json.dumps({"done": True, "totalSize": 1, "records": [{"Id": ["001"]}]}),
]
#: What is done, and the pattern of the path that it asks.
ASKED = {
    "check": "*/query/",
    "count": "*/query/",
    "describe": "*/sobjects/*/describe",
    "pull": "*/query/",
    "look": "*/query",
    "deleted": "*/queryAll",
    "write": "*/composite/*",
    "open": "*/jobs/ingest",
    "fetch": "/services/Soap/*",
}


@pytest.fixture
def org(salesforce: Sandbox) -> Iterator[SalesforceBench]:
    with connected(salesforce, bulk_write_from=1) as connection:
        yield SalesforceBench(connection, salesforce.store)


def do(org: SalesforceBench, what: str) -> None:
    connection, sink = org.connection, org.connection.sink
    acts = {
        "check": connection.check,
        "count": lambda: connection.session.count("Account"),
        "describe": lambda: connection.session.describe("Account"),
        "pull": lambda: list(connection.source.pages(None, START)),
        "look": lambda: sink.current("overlap_partner", ["k1"]),
        "deleted": lambda: sink.deleted("overlap_partner", ["k1"]),
        "write": lambda: sink.send(
            "overlap_partner", [partner("k1"), Write("k2", "a01000000000001AAA", {"name": "x"})]
        ),
        "open": lambda: sink.bulk.open(sink.bulk.loads("overlap_partner", [partner("k1")])[0][0]),
        "fetch": lambda: metadata_api.retrieve(connection.session, "Layout", "Account-Account Layout"),
    }
    acts[what]()


@pytest.mark.parametrize("what", ASKED)
def test_a_strange_answer_ends_in_one_error_whatever_was_asked(org: SalesforceBench, what: str) -> None:
    do(org, what) if what in ("look", "pull") else None  # describes come first and are asked once
    for body in STRANGE:
        if what == "count" and "totalSize" in body and body.endswith("}"):
            continue  # a count needs no more
        org.store.set_faults([{"fault": "http", "status": 200, "path": ASKED[what], "body": body, "probability": 1.0}])
        with pytest.raises(TransientError, match=r"^salesforce 'crm': .+"):
            do(org, what)


def test_pages_that_never_end_are_no_answer(tmp_path: Path) -> None:
    with scripted(tmp_path) as script, closing(opened(script)) as session:
        one = {"done": False, "totalSize": 2, "records": [{"Id": "1"}], "nextRecordsUrl": NEXT}
        for page in (one, {**one, "nextRecordsUrl": None}, {**one, "records": []}):
            script.answers[NEXT] = script.answers["FROM+Account"] = [(200, page)]
            with pytest.raises(TransientError, match="unknown shape"):
                list(session.query("SELECT Id FROM Account"))
        script.answers["/results"] = [(200, '"Id"\n"1"\n')]
        script.answers["jobs/query/750A"] = [(200, {"state": "JobComplete"})]
        script.answers["jobs/query"] = [(200, {"id": "750A"})]
        script.headers |= {"Sforce-NumberOfRecords": "1", "Sforce-Locator": "same"}
        bulk = BulkQuery(session)
        bulk.start("SELECT Id FROM Account")
        with pytest.raises(TransientError, match="after which the same page comes"):
            list(bulk.pages())


class AnOrgThatRepeatsItself:
    """Whatever page it is asked for, it gives the same full one."""

    where = "an org"

    def query_all(self, text: str) -> Iterator[dict[str, str]]:
        del text
        return iter([{"Id": f"{at:018d}"} for at in range(PAGE_SIZE)])


def test_a_page_that_came_before_ends_the_read() -> None:
    pages = Reader(AnOrgThatRepeatsItself(), PAGE_SIZE).deleted(Table("Account", {"Id": pl.String()}, ()))  # type: ignore[arg-type]
    with pytest.raises(TransientError, match="a page of Account that came before"):
        [next(pages) for _ in range(3)]
