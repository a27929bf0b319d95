"""The small world, pulled, matched and planned: what every process that comes to grief begins with."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from config.workspace import open_workspace
from connectors.sandbox import ingest_work
from connectors.sandbox.database import FILE_NAME
from connectors.sandbox.store import Store
from jobs.context import open_context
from jobs.finding.match import match
from jobs.pulling.pull import pull
from jobs.writeback.plan import plan
from tests.jobs.conftest import Org, Prepared, new_world
from tests.jobs.trials import Runner, assert_written_once, running_worker
from tests.jobs.world import GLOBEX, INITECH, LISTED, World, listed, said
from tests.sandbox import copy_database, running_sandbox

_BY_JOBS = ("[crm.salesforce]", "[crm.salesforce]\nbulk_write_from = 1")


@dataclass(frozen=True)
class FirstPlan:
    """The small world, pulled, matched and planned, and what an uninterrupted apply makes of it."""

    prepared: Prepared
    plan: str
    expected: Mapping[Any, Any]
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Bench:
    """An org, processes, and the first plan, for programs that are no tests."""

    org: Org
    runner: Runner
    first: FirstPlan
    folder: Path


def small_world(org: Org, store: Store, folder: Path, now: datetime) -> World:
    """A workspace whose partners have sent their first lists."""
    world = new_world(org, store, folder)
    for file in (folder / "inbox").iterdir():
        file.unlink()
    world.now = now
    world.send(GLOBEX, listed(*LISTED))
    world.send(INITECH, listed(0, 1, Status="Prospect"))
    return world


def first_plan(org: Org, runner: Runner, folder: Path) -> FirstPlan:
    """Make it in *folder*, and apply it once to see what comes of it."""
    workspace = folder / "workspace"
    org.put_back()
    now = datetime.now(UTC)
    with Store.open(org.folder) as store:
        world = small_world(org, store, workspace, now)
        claims = {"Partner Influence": "Ran the pilot", "Influence Date": f"{now:%Y-%m-%d}"}
        world.send(GLOBEX, [*listed(*LISTED[2:]), *listed(*LISTED[:2], **claims)])
    with open_context(open_workspace(workspace)) as context:
        pull(context)
        match(context)
        made = plan(context, "salesforce")
    prepared = org.keep(workspace, now)
    whole = org.again(prepared, folder / "whole")
    done = runner.overlap(whole, "apply", made.id, "--approve")
    assert done.code == 0, done.stderr
    runner.rehearse(whole, "apply", made.id)
    with Store.open(org.folder) as store:
        assert_written_once(store)
        return FirstPlan(prepared, made.id, said(store), done.steps)


def by_jobs(folder: Path, store: Store) -> None:
    """Let everything go by bulk jobs, each of which commits long after it was closed."""
    path = folder / "overlap.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(*_BY_JOBS), encoding="utf-8")
    ingest_work.slow_down(store.database, 2)


@contextmanager
def running_bench(folder: Path) -> Iterator[Bench]:
    """Start an org and what processes are forked from, make the first plan, and end them."""
    os.environ["OVERLAP_GUARDS__LIST_QUIET_S"] = "0"
    for name in ("org", "worker", "first"):
        (folder / name).mkdir()
    with running_sandbox(folder / "org") as address, running_worker(folder / "worker") as runner:
        blank = folder / FILE_NAME
        copy_database(folder / "org" / FILE_NAME, blank)
        org = Org(address, folder / "org", blank)
        yield Bench(org, runner, first_plan(org, runner, folder / "first"), folder)
