"""Every connector that reads and writes a CRM keeps the same promises. A new one needs a bench, and a line here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.contract import Bench, CheckContract, SinkContract, SourceContract
from tests.connectors.salesforce.bench import SalesforceBench, connected


@pytest.fixture(params=["salesforce"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    org = request.getfixturevalue(request.param)
    with connected(org) as connection:
        yield SalesforceBench(connection, org.store)


class TestSource(SourceContract):
    pass


class TestSink(SinkContract):
    pass


class TestCheck(CheckContract):
    pass
