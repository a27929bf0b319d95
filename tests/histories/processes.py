"""Orders for the fork server, or for the installed command line: both run one try of one command to its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Protocol

import connectors
from tests.histories.crms import Site
from tests.jobs.trials import ONE_THREAD

KILLED = -signal.SIGKILL
_HERE = Path(__file__).parent
_AT_ONCE = "dirty_decay_ms:0,muzzy_decay_ms:0"
#: Allocators (of C, polars and DuckDB) that give back at once what is freed. What they would keep for later comes and
#: goes by megabytes, behind which a leak cannot be seen.
_KEEPING_NOTHING = {"MALLOC_ARENA_MAX": "1", "_RJEM_MALLOC_CONF": _AT_ONCE, "DUCKDB_JE_MALLOC_CONF": _AT_ONCE}


@dataclass(frozen=True)
class Order:
    """One try: what to call at which time, the step to die at (from 1; None to live), and the faults to meet."""

    arguments: tuple[str, ...]
    now: datetime
    die_at: int | None = None
    faults: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Ended:
    """How a try ended, the steps it came to, and the faults that it met."""

    code: int
    steps: tuple[str, ...]
    faults: tuple[str, ...]
    stderr: str


class Processes(Protocol):
    """Runs tries. *said* are the files with what the last one said."""

    @property
    def said(self) -> Sequence[Path]: ...

    def run(self, order: Order) -> Ended:
        """Run *order* and wait for its end."""

    def rehearse(self, order: Order) -> None:
        """Run *order*, which changes nothing, so that what comes after it begins warm."""


@dataclass(frozen=True)
class Forked:
    """Tries in processes that are forked off a warm one."""

    orders: IO[str]
    answers: IO[str]
    folder: Path
    sites: Sequence[Site]
    pid: int
    is_served: bool

    @property
    def said(self) -> Sequence[Path]:
        return _said(self.folder)

    def run(self, order: Order) -> Ended:
        return self._obeyed(order, is_rehearsal=False)

    def rehearse(self, order: Order) -> None:
        ended = self._obeyed(order, is_rehearsal=True)
        assert ended.code == 0, ended.stderr

    def _obeyed(self, order: Order, is_rehearsal: bool) -> Ended:
        spelled = _spelled(order, self) | {"is_rehearsal": is_rehearsal, "is_served": self.is_served}
        self.orders.write(json.dumps(spelled) + "\n")
        self.orders.flush()
        return _ended(int(self.answers.readline()), self.folder)


@dataclass(frozen=True)
class Real:
    """Tries by the installed command, each a process from its first import on; `sitecustomize` brings its fate."""

    folder: Path
    sites: Sequence[Site]

    @property
    def said(self) -> Sequence[Path]:
        return _said(self.folder)

    def run(self, order: Order) -> Ended:
        environment = _environment(_HERE / "real") | {"OVERLAP_ORDER": json.dumps(_spelled(order, self))}
        command = [str(Path(sys.executable).with_name("overlap")), *order.arguments]
        with (self.folder / "stdout").open("w") as out, (self.folder / "stderr").open("w") as err:
            done = subprocess.run(command, env=environment, stdout=out, stderr=err, check=False, timeout=120)
        return _ended(done.returncode, self.folder)

    def rehearse(self, order: Order) -> None:
        """Every process begins cold: nothing to do."""


@contextmanager
def forked(folder: Path, sites: Sequence[Site], is_served: bool = False) -> Iterator[Forked]:
    """Start the fork server and end it. CRMs that are *is_served* answer by sockets; see `_Steady` in server.py."""
    command = [sys.executable, "-P", str(_HERE / "server.py")]
    environment = _environment() | (_KEEPING_NOTHING if is_served else {})
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        yield Forked(process.stdin, process.stdout, folder, sites, process.pid, is_served)
        process.stdin.close()
        assert process.wait(60) == 0


def _environment(*more: Path) -> dict[str, str]:
    # The child finds the same packages as this one, installed or not. One thread each: many histories share the cores.
    # Nothing else of the environment that it needs: pydantic and requests read all of it, again and again.
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    paths = [Path(connectors.__file__).parents[1], *more]
    return {**kept, **ONE_THREAD, "PYTHONPATH": os.pathsep.join(map(str, paths)), "COLUMNS": "120"}


def _said(folder: Path) -> tuple[Path, ...]:
    return tuple(folder / name for name in ("log", "stdout", "stderr"))


def _spelled(order: Order, of: Forked | Real) -> dict[str, Any]:
    return {
        "arguments": order.arguments,
        "now": order.now.isoformat(),
        "die_at": order.die_at,
        "faults": order.faults,
        "sites": [
            {"crm": site.crm.name, "org": str(site.org.folder), "url": site.org.address.url} for site in of.sites
        ],
        **{name: str(of.folder / name) for name in ("log", "stdout", "stderr")},
    }


def _ended(code: int, folder: Path) -> Ended:
    lines = (folder / "log").read_text(encoding="utf-8").splitlines()
    steps = tuple(line.removeprefix("step: ") for line in lines if line.startswith("step: "))
    faults = tuple(line.removeprefix("fault: ") for line in lines if line.startswith("fault: "))
    return Ended(code, steps, faults, (folder / "stderr").read_text(encoding="utf-8"))
