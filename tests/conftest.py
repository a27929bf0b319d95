"""Fixtures that tests of more than one room use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.sandbox.database import FILE_NAME
from connectors.sandbox.store import Store
from tests import budgets
from tests.sandbox import Sandbox, SharedOrg, copy_database, running_sandbox
from tests.soql import assert_soql


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """After a run of everything, tell what each suite took, all workers together, and what it may take."""
    if config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return
    reports = [one for kind in terminalreporter.stats.values() for one in kind if isinstance(one, pytest.TestReport)]
    terminalreporter.section("time by suite")
    for line in budgets.lines(budgets.budgets(budgets.TABLE.read_text(encoding="utf-8")), budgets.taken(reports)):
        terminalreporter.line(line)


@pytest.fixture(scope="session")
def org_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedOrg]:
    """The one Salesforce org of this test process."""
    folder = tmp_path_factory.mktemp("org")
    with running_sandbox(folder) as address:
        blank = tmp_path_factory.mktemp("blank") / FILE_NAME
        copy_database(folder / FILE_NAME, blank)
        org = SharedOrg(address, folder, blank)
        yield org
        org.hear()
    assert_soql(org.asked.values())


@pytest.fixture
def salesforce(org_of_all: SharedOrg) -> Iterator[Sandbox]:
    """A Salesforce org as nobody has touched it, with `.address` and `.store`."""
    org_of_all.put_back()
    with Store.open(org_of_all.folder) as store:
        yield Sandbox(org_of_all.address, store, org_of_all.folder)
