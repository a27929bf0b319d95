"""Trials: a prepared workspace and org, copied for each, in which `overlap` runs as a process and comes to grief."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import connectors
from connectors.sandbox.store import Store
from tests.jobs.world import FLAT, OURS, api_writes, sent_records

#: The environment of a process that others are forked from, or that shares the cores with many.
ONE_THREAD = dict.fromkeys(("POLARS_MAX_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
KILLED = -signal.SIGKILL
_WORKER = Path(__file__).with_name("worker.py")


@dataclass(frozen=True)
class Fate:
    """What befalls a process: it dies at step *die_at*, or a network fault eats its writes *first* to *last*.

    *die_at* is the step's number, from 1, or its name. *lost* says what is eaten: the ``answer``, after the CRM has
    taken the write, or the ``request``, before it has. With *commits*, each commit of a store is a step too. It stops
    at *stop_at*, as it dies at *die_at*; *elsewhere* is another host that it runs on, which waits for nobody.
    """

    die_at: int | str | None = None
    lost: str | None = None
    first: int = 1
    last: int = 1
    commits: bool = False
    stop_at: int | str | None = None
    elsewhere: str | None = None


UNHARMED = Fate()


@dataclass(frozen=True)
class Ended:
    """How a process ended, what it printed, and which steps it came to."""

    code: int
    stdout: str
    stderr: str
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Runner:
    """Runs ``overlap`` in processes of their own; what they print goes through files in *folder*."""

    orders: IO[str]
    answers: IO[str]
    folder: Path

    def overlap(self, workspace: Path, *arguments: str, fate: Fate = UNHARMED) -> Ended:
        """Run ``overlap ARGUMENTS`` on *workspace* in a fresh process and wait for its end."""
        return self.start(workspace, *arguments, fate=fate).ended()

    def start(self, workspace: Path, *arguments: str, fate: Fate = UNHARMED, name: str = "std") -> Started:
        """Start it and wait for nothing; what it prints goes into files called *name*."""
        order = self._order(workspace, arguments, fate, name, is_rehearsal=False)
        return Started(self, name, int(self.obeyed(order)))

    def rehearse(self, workspace: Path, *arguments: str) -> None:
        """Run it in the process from which the others are forked: it changes nothing, and they begin warm."""
        code = int(self.obeyed(self._order(workspace, arguments, UNHARMED, "std", is_rehearsal=True)))
        assert code == 0, (self.folder / "stderr").read_text(encoding="utf-8")

    def obeyed(self, order: Mapping[str, Any]) -> str:
        """What the worker answers to *order*."""
        self.orders.write(json.dumps(order) + "\n")
        self.orders.flush()
        return self.answers.readline()

    def _order(
        self, workspace: Path, arguments: Sequence[str], fate: Fate, name: str, is_rehearsal: bool
    ) -> dict[str, Any]:
        return {
            "arguments": [*arguments, "--dir", str(workspace)],
            "fate": asdict(fate),
            "is_rehearsal": is_rehearsal,
            "stdout": str(self.folder / f"{name}out"),
            "stderr": str(self.folder / f"{name}err"),
        }


@dataclass(frozen=True)
class Started:
    """A process that was started by *by*, and prints into files called *name*."""

    by: Runner
    name: str
    pid: int

    def rests(self) -> bool:
        """Wait until it has stopped or ended, and say whether it has stopped."""
        while (state := self._state()) not in "TZ":
            time.sleep(0.002)
        return state == "T"

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def ended(self) -> Ended:
        """Wait for its end."""
        code = int(self.by.obeyed({"wait_for": self.pid}))
        said = (self.by.folder / f"{self.name}err").read_text(encoding="utf-8")
        steps = tuple(line.removeprefix("step: ") for line in said.splitlines() if line.startswith("step: "))
        return Ended(code, (self.by.folder / f"{self.name}out").read_text(encoding="utf-8"), said, steps)

    def _state(self) -> str:
        """As the kernel has it: T for stopped, Z for ended and not waited for."""
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]


@contextmanager
def running_worker(folder: Path) -> Iterator[Runner]:
    """Start the process that `overlap` is forked from, and end it."""
    # The child finds the same packages as this test, installed or not.
    environment = {**os.environ, **ONE_THREAD, "PYTHONPATH": str(Path(connectors.__file__).parents[1])}
    command = [sys.executable, "-P", str(_WORKER)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        yield Runner(process.stdin, process.stdout, folder)
        process.stdin.close()
        assert process.wait(10) == 0


def assert_written_once(store: Store) -> None:
    """Each record was sent once and took one write: ours were created, the CRM's own updated."""
    writes = api_writes(store)
    assert all(change.effective for change in writes)
    assert max(Counter((write.object_name, write.id) for write in writes).values()) == 1
    assert {(write.object_name, write.operation) for write in writes} <= {
        *((name, "create") for name in OURS),
        *((name, "update") for name in FLAT),
    }
    # An update names its record by id, a create by our key.
    sent = [
        record.get("Id") or next(record[name] for name in record if name.endswith("_Key__c"))
        for record in sent_records(store)
    ]
    assert len(sent) == len(set(sent)) == len(writes)
