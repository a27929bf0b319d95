"""Hundreds of simulated weeks in one process: what grows, and what is left open. ``python -m tests.soak --weeks 200``.

People, partners and clock are those of histories; nothing comes to grief. The process that runs the weekly job lives
through all of it, which no process of an installation does: what it leaks is seen soonest so.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.report import save, table
from tests.histories.bench import Bench, running_bench
from tests.histories.crms import CASTS
from tests.histories.people import People
from tests.histories.play import Player, Progress
from tests.histories.script import Stage, Week

_WARM_UP = 0.25  # the share of the weeks after which what is built once has been built
_MOST_MB_PER_100 = 1.0


@dataclass(frozen=True)
class Look:
    """What stood open and lay about after a week: memory of the living process in MB, files, disk by folder in kB."""

    rss_mb: float
    descriptors: int
    processes: int
    disk_kb: Counter[str]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--weeks", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save", action="store_true", help="keep the result under benchmarks/results")
    options = parser.parse_args()
    with running_bench(CASTS["both"], is_served=True) as bench:
        progress = bench.begun()
        looks = list(_weeks(bench, progress, options.weeks, random.Random(f"soak {options.seed}")))
    first, last = looks[int(len(looks) * _WARM_UP)], looks[-1]
    slope = 100 * _slope([look.rss_mb for look in looks[int(len(looks) * _WARM_UP) :]])
    problems = [*progress.problems[:5], *_grown(first, last)]
    problems += [f"memory grows by {slope:.2f} MB in 100 runs"] if slope >= _MOST_MB_PER_100 else []
    rows: list[tuple[str, object, object]] = [
        ("memory of the process, MB", first.rss_mb, last.rss_mb),
        ("its open files", first.descriptors, last.descriptors),
        ("processes", first.processes, last.processes),
        *((f"{name}, kB", first.disk_kb[name], size) for name, size in sorted(last.disk_kb.items())),
    ]
    said = f"{options.weeks} weeks, {progress.effective:,} records written; memory {slope:+.2f} MB per 100 runs. "
    sections = [
        f"{said}Problems: {'; '.join(problems) or 'none'}.\n",
        table(("what", f"after week {int(options.weeks * _WARM_UP)}", "at the end"), rows),
    ]
    print(*sections, sep="\n")
    if options.save:
        found = {"mb_per_100_runs": round(slope, 3), "rows": rows, "problems": problems}
        save("soak", f"python -m tests.soak --weeks {options.weeks} --seed {options.seed} --save", found, sections)
    return 1 if problems else 0


def _grown(first: Look, last: Look) -> list[str]:
    pairs = {"open files": (first.descriptors, last.descriptors), "processes": (first.processes, last.processes)}
    return [f"{what} grew from {was} to {now}" for what, (was, now) in pairs.items() if now > was]


def _weeks(bench: Bench, progress: Progress, weeks: int, chance: random.Random) -> Iterator[Look]:
    cast = [site.crm.faults for site in bench.sites]
    people = People(chance, {faults.name: faults.connection for faults in cast})
    player = Player(bench.workspace, bench.sites, bench.processes, progress, None, bench.met)
    for _ in range(weeks):
        stage = Stage("run")
        player.live(Week(people.week(is_busy=False), (stage,)))
        player.work(stage)
        player.judge()
        progress.trace.clear()
        progress.said.clear()
        for site in bench.sites:  # the sandbox keeps every request: that is not what is measured here
            site.store.database.rows("delete from request")
        progress.requests = {}
        yield _look(bench)


def _look(bench: Bench) -> Look:
    living = _descendants(bench.processes.pid)
    worker = max(living, key=_rss_mb)
    disk: Counter[str] = Counter()
    for path in bench.workspace.rglob("*"):
        if path.is_file():
            disk[path.relative_to(bench.workspace).parts[0]] += path.stat().st_size // 1024
    descriptors = sum(1 for _ in Path(f"/proc/{worker}/fd").iterdir())
    return Look(round(_rss_mb(worker), 1), descriptors, len(living), disk)


def _descendants(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [one for child in map(int, children) for one in (child, *_descendants(child))]


def _rss_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def _slope(values: Sequence[float]) -> float:
    """Return by how much *values* grow from one to the next, by least squares."""
    middle, mean = (len(values) - 1) / 2, sum(values) / len(values)
    spread = sum((at - middle) ** 2 for at in range(len(values)))
    return sum((at - middle) * (value - mean) for at, value in enumerate(values)) / spread


if __name__ == "__main__":
    sys.exit(main())
