"""What jobs are tried on: a small world in the org of this test process, put back before each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.sandbox.database import FILE_NAME
from connectors.sandbox.store import Store
from jobs.finding.pairs import judge
from jobs.stores.ledger import Ledger, open_ledger
from overlap.plan import SyncPlan
from tests.jobs.erasing import KEY, send_csv, send_workbook, settings_of, share
from tests.jobs.trials import Runner, running_worker
from tests.jobs.world import (
    GLOBEX,
    GLOBEX_ACCOUNT,
    INITECH,
    LISTED,
    SETTINGS,
    START,
    World,
    listed,
    make_workspace,
    seed,
    sent_records,
)
from tests.sandbox import SharedOrg, copy_database

#: Salesforce's names of what people own, copied by hand from the description of our objects.
HUMAN_OWNED = {
    "Overlap_Partner__c": {"Partner_Manager__c", "Tier__c"},
    "Partner_Overlap__c": {"Feedback__c", "Feedback_Note__c"},
    "Partner_Influence__c": {
        *("Status__c", "Influence_Type__c", "Involvement__c", "Sourced__c", "Influenced_On__c", "Evidence__c"),
        *("Rejection_Reason__c", "Confirmed_By__c", "Confirmed_On__c", "Stage_At_Confirmation__c"),
    },
    "Account": {"Partner_Engagement__c"},
    "Opportunity": {"Partner_Engagement__c"},
}


@dataclass(frozen=True)
class Prepared:
    """A workspace, the state of its org and the time in it, to be copied: making them costs seconds."""

    folder: Path
    state: Path
    now: datetime


@dataclass(frozen=True)
class Org(SharedOrg):
    """The org of this test process, with ways to keep what a run has made of it."""

    def keep(self, workspace: Path, now: datetime) -> Prepared:
        """Keep the org as it is now beside *workspace*."""
        state = workspace.with_name("org.sqlite")
        copy_database(self.folder / FILE_NAME, state)
        return Prepared(workspace, state, now)

    def again(self, prepared: Prepared, folder: Path) -> Path:
        """Put the org back, copy the workspace into *folder*, and return where it is now."""
        self.put_back(prepared.state)
        return Path(shutil.copytree(prepared.folder, folder / "workspace"))


@pytest.fixture(scope="session", autouse=True)
def _lists_are_complete() -> Iterator[None]:
    """A test's list is written at once: no job of the real clock waits for it to be left alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OVERLAP_GUARDS__LIST_QUIET_S", "0")
        yield


@pytest.fixture(scope="session")
def org(org_of_all: SharedOrg) -> Org:
    return Org(org_of_all.address, org_of_all.folder, org_of_all.blank, org_of_all.asked)


@pytest.fixture(scope="session")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    with running_worker(tmp_path_factory.mktemp("worker")) as runner:
        yield runner


@pytest.fixture
def store(org: Org) -> Iterator[Store]:
    """The org, empty. Whatever a test did, no payload of it may name a field that people own."""
    org.put_back()
    with Store.open(org.folder) as store:
        yield store
        assert_no_human_field_was_sent(store)


@pytest.fixture
def world(org: Org, store: Store, tmp_path: Path) -> World:
    """Both partners have sent their lists; nothing has been pulled yet."""
    return new_world(org, store, tmp_path / "workspace")


@pytest.fixture(scope="session")
def first_run(org: Org, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("first-run") / "workspace"
    org.put_back()
    with Store.open(org.folder) as store:
        world = new_world(org, store, folder)
        world.run()
    return org.keep(folder, world.now)


@pytest.fixture
def written(org: Org, store: Store, first_run: Prepared, tmp_path: Path) -> World:
    """The world after a first run: its plan was approved and applied, eight overlaps are in the CRM."""
    return World(org.again(first_run, tmp_path), store, first_run.now)


@pytest.fixture(scope="session")
def first_plan(org: Org, tmp_path_factory: pytest.TempPathFactory) -> tuple[Prepared, SyncPlan]:
    folder = tmp_path_factory.mktemp("first-plan") / "workspace"
    org.put_back()
    with Store.open(org.folder) as store:
        world = new_world(org, store, folder)
        planned = world.look()
    return org.keep(folder, world.now), planned


@pytest.fixture
def unwritten(org: Org, store: Store, first_plan: tuple[Prepared, SyncPlan], tmp_path: Path) -> World:
    """The world with its first plan, *plan_made*, of which nothing is written yet."""
    prepared, planned = first_plan
    world = World(org.again(prepared, tmp_path), store, prepared.now)
    world.plan_made = planned
    return world


@pytest.fixture(scope="session")
def first_bulk_plan(org: Org, tmp_path_factory: pytest.TempPathFactory) -> tuple[Prepared, SyncPlan]:
    folder = tmp_path_factory.mktemp("first-bulk-plan") / "workspace"
    org.put_back()
    with Store.open(org.folder) as store:
        world = new_world(org, store, folder)
        by_jobs(world)
        planned = world.look()
    return org.keep(folder, world.now), planned


@pytest.fixture
def bulk(org: Org, store: Store, first_bulk_plan: tuple[Prepared, SyncPlan], tmp_path: Path) -> World:
    """Everything goes by bulk jobs, however little it is; the first plan, *plan_made*, is not applied yet."""
    prepared, planned = first_bulk_plan
    world = World(org.again(prepared, tmp_path), store, prepared.now)
    world.plan_made = planned
    return world


@pytest.fixture(scope="session")
def two_weeks(org: Org, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """A third partner sent two lists; its records are in the CRM, people judged, and its table was taken out."""
    folder = tmp_path_factory.mktemp("two-weeks") / "workspace"
    org.put_back()
    now = datetime.now(UTC)
    with Store.open(org.folder) as store:
        world = new_world(org, store, folder)
        world.now = now
        store.set_time(now)
        path = folder / "overlap.toml"
        before = path.read_text()
        path.write_text(before + settings_of(f"inbox/{KEY}*"))
        send_csv(world)
        world.run(lists=[KEY])
        with world.context() as context:
            judge(context, "Alder Pumps", f"{KEY}:ZYID-1", "different")
        world.wait(days=1)
        send_workbook(world)
        world.run(lists=[KEY])
        path.write_text(before)
        with world.context() as context:
            share(context)
    return org.keep(folder, world.now)


@pytest.fixture
def left(org: Org, store: Store, two_weeks: Prepared, tmp_path: Path) -> World:
    """The world of which the third partner, or somebody on its lists, is to be erased."""
    return World(org.again(two_weeks, tmp_path), store, two_weeks.now)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "ledger.sqlite", "contoso") as ledger:
        yield ledger


def new_world(org: Org, store: Store, folder: Path) -> World:
    store.set_time(START)
    seed(store)
    settings = SETTINGS.format(url=org.address.url, ca_file=org.address.ca_file, globex_account=GLOBEX_ACCOUNT)
    make_workspace(folder, org.address, settings)
    world = World(folder, store)
    world.send(GLOBEX, listed(*LISTED))
    world.send(INITECH, listed(0, 1, Status="Prospect"))
    return world


def by_jobs(world: World) -> None:
    """Let everything go by bulk jobs, however little it is."""
    world.change_settings('type = "salesforce"', 'type = "salesforce"\nbulk_write_from = 1')


def assert_no_human_field_was_sent(store: Store) -> None:
    for record in sent_records(store):
        kind = record["attributes"]["type"]
        assert not HUMAN_OWNED[kind] & record.keys(), record
