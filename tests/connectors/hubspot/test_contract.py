"""The HubSpot connector keeps the promises of `connectors.base`, over an Enterprise portal that has everything."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.contract import Bench, CheckContract, SinkContract, SourceContract
from tests.connectors.hubspot.bench import HubSpotBench, Site, connected


@pytest.fixture
def bench(enterprise: Site) -> Iterator[Bench]:
    with connected(enterprise) as connection:
        yield HubSpotBench(connection, enterprise.portal)


class TestSource(SourceContract):
    pass


class TestSink(SinkContract):
    pass


class TestCheck(CheckContract):
    pass
