"""Two desks: one whose workspace is set up and empty, and one that has written its first plan.

Here the clock is the real one, because the command line takes its time from the machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.sandbox.store import Store
from jobs import steps
from tests.jobs.cli.terminal import Desk, overlap
from tests.jobs.conftest import Org, Prepared
from tests.jobs.world import GLOBEX, GLOBEX_ACCOUNT, INITECH, LISTED, SETTINGS, World, listed, make_workspace, seed


@pytest.fixture(scope="session")
def fresh_files(org: Org, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Both partners sent their lists yesterday; nothing has been pulled."""
    folder = tmp_path_factory.mktemp("fresh") / "workspace"
    yesterday = datetime.now(UTC) - timedelta(days=1)
    org.put_back()
    with Store.open(org.folder) as store:
        seed(store)
        settings = SETTINGS.format(url=org.address.url, ca_file=org.address.ca_file, globex_account=GLOBEX_ACCOUNT)
        make_workspace(folder, org.address, settings)
        world = World(folder, store, yesterday)
        world.send(GLOBEX, listed(*LISTED))
        world.send(INITECH, listed(0, 1, Status="Prospect"))
    return org.keep(folder, yesterday)


@pytest.fixture(scope="session")
def settled_files(org: Org, fresh_files: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """The first plan is written, and what it wrote has been read back and matched."""
    folder = org.again(fresh_files, tmp_path_factory.mktemp("settled"))
    done = overlap("run", "--approve", "--dir", folder)
    assert done.code == 0, done
    with Store.open(org.folder) as store:
        desk = Desk(World(folder, store))
        desk.pull()
        assert desk.overlap("match").code == 0
    return org.keep(folder, datetime.now(UTC))


@pytest.fixture
def fresh(org: Org, fresh_files: Prepared, store: Store, tmp_path: Path) -> Desk:
    return Desk(World(org.again(fresh_files, tmp_path), store, datetime.now(UTC)))


@pytest.fixture
def desk(org: Org, settled_files: Prepared, store: Store, tmp_path: Path) -> Desk:
    return Desk(World(org.again(settled_files, tmp_path), store, datetime.now(UTC)))


@pytest.fixture
def at_each_step() -> Iterator[Callable[[Callable[[str], None] | None], None]]:
    """Hand it a function, and it is called with the name of each step of the work."""
    yield steps.listen
    steps.listen(None)
