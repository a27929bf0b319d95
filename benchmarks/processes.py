"""Run a command as a process of its own and say what it cost.

The kernel counts into a child's peak memory what its parent held when it was started: measure first, and only then read
big tables.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

#: Where `python -m benchmarks...` works.
PROJECT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took. *cpu_s* adds up all cores: it hardly minds what else the machine does, *wall_s* does."""

    wall_s: float
    cpu_s: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Costs:
    """The least and the median of several runs, and the most memory that any of them held."""

    runs: int
    wall_s: float
    median_wall_s: float
    cpu_s: float
    peak_mb: float


class CommandFailedError(Exception):
    """A measured command ended with an error; the message holds what it said."""


def run(command: Sequence[str], more_environment: Mapping[str, str] | None = None) -> Cost:
    """Run *command* in the project's folder to its end and return its cost.

    Raises:
        CommandFailedError: it ended with another code than 0.
    """
    environment = os.environ | {"NO_COLOR": "1", "COLUMNS": "200"} | dict(more_environment or {})
    begun = time.perf_counter()
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as child:
        assert child.stderr is not None
        said = child.stderr.read().decode(errors="replace")  # until its end: a full pipe would stop the child
        _, status, usage = os.wait4(child.pid, 0)  # not child.wait(), which throws the usage away
        child.returncode = os.waitstatus_to_exitcode(status)
    wall_s = time.perf_counter() - begun
    if child.returncode:
        raise CommandFailedError(f"'{Path(command[0]).name}' ended with {child.returncode}:\n{said}")
    return Cost(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def summary(costs: Sequence[Cost]) -> Costs:
    """Return least, median and peak over *costs*, of which there is at least one."""
    return Costs(
        runs=len(costs),
        wall_s=min(cost.wall_s for cost in costs),
        median_wall_s=statistics.median(cost.wall_s for cost in costs),
        cpu_s=min(cost.cpu_s for cost in costs),
        peak_mb=max(cost.peak_mb for cost in costs),
    )
