"""Trials: a prepared workspace and org, copied for each, in which `overlap` runs as a process and comes to grief."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

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
    taken the write, or the ``request``, before it has.
    """

    die_at: int | str | None = None
    lost: str | None = None
    first: int = 1
    last: int = 1


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
        return self._obeyed(workspace, arguments, fate, is_rehearsal=False)

    def rehearse(self, workspace: Path, *arguments: str) -> None:
        """Run it in the process from which the others are forked: it changes nothing, and they begin warm."""
        ended = self._obeyed(workspace, arguments, UNHARMED, is_rehearsal=True)
        assert ended.code == 0, ended.stderr

    def _obeyed(self, workspace: Path, arguments: Sequence[str], fate: Fate, is_rehearsal: bool) -> Ended:
        out, err = self.folder / "stdout", self.folder / "stderr"
        order = {
            "arguments": [*arguments, "--dir", str(workspace)],
            "fate": asdict(fate),
            "is_rehearsal": is_rehearsal,
            "stdout": str(out),
            "stderr": str(err),
        }
        self.orders.write(json.dumps(order) + "\n")
        self.orders.flush()
        code = int(self.answers.readline())
        said = err.read_text(encoding="utf-8")
        steps = tuple(line.removeprefix("step: ") for line in said.splitlines() if line.startswith("step: "))
        return Ended(code, out.read_text(encoding="utf-8"), said, steps)


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
