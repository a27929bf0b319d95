"""Fixtures that tests of more than one room use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.sandbox.store import Store
from tests.sandbox import Sandbox, running_sandbox


@pytest.fixture
def salesforce(tmp_path: Path) -> Iterator[Sandbox]:
    """A Salesforce org of this test's own, with `.address` and `.store`."""
    folder = tmp_path / "salesforce"
    with Store.open(folder) as store, running_sandbox(folder) as address:
        yield Sandbox(address, store, folder)
