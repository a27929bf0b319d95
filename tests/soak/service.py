"""A service that does hundreds of runs: what its own process takes, what each run takes, and what they leave open.

It is the service as it is installed: `overlap serve`, its children and a CRM in processes of their own, over sockets,
by the wall clock. Before each run a person has changed a deal.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

from connectors.sandbox.store import Store
from jobs.stores import slots
from tests.jobs.cli.terminal import SCRIPT, overlap
from tests.jobs.world import (
    GLOBEX,
    GLOBEX_ACCOUNT,
    INITECH,
    LISTED,
    SETTINGS,
    World,
    deal_id,
    listed,
    make_workspace,
    seed,
)
from tests.sandbox import running_sandbox
from tests.soak.measures import descendants, descriptors, rss_mb

_NAME = "weekly"
_SCHEDULED = f'\n[schedules.{_NAME}]\ncron = "0 7 * * mon"\n\n[service]\nport = 0\n'


@dataclass(frozen=True)
class Turn:
    """How it stood when a run had ended: memory of the service and the most that the run took, in MB.

    *descriptors* and *threads* are the service's; *processes* counts what it had started and still lived.
    """

    service_mb: float
    run_mb: float
    descriptors: int
    threads: int
    processes: int


def turns(runs: int) -> Iterator[Turn]:
    """Let a service do so many runs, one after the other, and yield how it stood after each."""
    with _workspace() as world:
        with world.context() as context:
            slots.see(context.ledger, {_NAME: ("0 7 * * mon", "UTC", datetime.now(UTC))})
            for _ in range(runs):
                slots.ask(context.ledger, _NAME, "soak", datetime.now(UTC))
        for number, (pid, peak_mb) in enumerate(_served(world, runs)):
            threads = sum(1 for _ in Path(f"/proc/{pid}/task").iterdir())
            yield Turn(rss_mb(pid), peak_mb, descriptors(pid), threads, len(descendants(pid)))
            world.store.edit("Opportunity", deal_id(0), {"Amount": 1_000 + number})


@contextmanager
def _workspace() -> Iterator[World]:
    """Yield a workspace whose first run was approved and written."""
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-")))
        (place / "org").mkdir()
        address = stack.enter_context(running_sandbox(place / "org"))
        store = stack.enter_context(Store.open(place / "org"))
        seed(store)
        settings = SETTINGS.format(url=address.url, ca_file=address.ca_file, globex_account=GLOBEX_ACCOUNT)
        make_workspace(place / "workspace", address, settings + _SCHEDULED)
        world = World(place / "workspace", store, datetime.now(UTC) - timedelta(days=1))
        world.send(GLOBEX, listed(*LISTED))
        world.send(INITECH, listed(0, 1, Status="Prospect"))
        done = overlap("run", "--approve", "--dir", world.folder)
        assert done.code == 0, done
        yield world


def _served(world: World, runs: int) -> Iterator[tuple[int, float]]:
    """Serve the workspace; yield the service's process and the most that a run took, after each run."""
    command = [str(SCRIPT), "serve", "--log-format", "json", "--dir", str(world.folder)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        peak_mb = 0.0
        try:
            for line in _lines(process.stderr):
                peak_mb = max(peak_mb, line.get("peak_mb", 0.0))
                if line["event"] == "slot ended":
                    assert line["state"] == slots.DONE, line
                    yield process.pid, peak_mb
                    runs, peak_mb = runs - 1, 0.0
                if not runs:
                    break
        finally:
            process.terminate()  # also where who looks on has failed: else it would be waited for without end
        process.stderr.read()
        assert process.wait(60) == 0


def _lines(log: IO[str]) -> Iterator[dict[str, Any]]:
    return (json.loads(text) for text in log)
