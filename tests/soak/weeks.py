"""Hundreds of simulated weeks in one process: what grows in it, what is left open, and what disk they take.

People, partners and clock are those of histories; nothing comes to grief. The process that runs the weekly job lives
through all of it, which no process of an installation does: what it leaks is seen soonest so.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from tests.histories.bench import Bench, running_bench
from tests.histories.crms import CASTS
from tests.histories.people import People
from tests.histories.play import Player
from tests.histories.script import Stage, Week
from tests.soak.measures import descendants, descriptors, rss_mb


@dataclass(frozen=True)
class Look:
    """What stood open and lay about after a week: memory of the living process in MB, files, disk by folder in kB.

    *written* counts the records that the weeks so far have written, *problems* is what was wrong in them.
    """

    rss_mb: float
    descriptors: int
    processes: int
    disk_kb: Counter[str]
    written: int
    problems: list[str]


def looks(weeks: int, seed: int) -> Iterator[Look]:
    """Play so many weeks on both CRMs, and yield a look after each."""
    chance = random.Random(f"soak {seed}")
    with running_bench(CASTS["both"], is_served=True) as bench:
        cast = [site.crm.faults for site in bench.sites]
        people = People(chance, {faults.name: faults.connection for faults in cast})
        progress = bench.begun()
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
            yield _look(bench, progress.effective, progress.problems)


def _look(bench: Bench, written: int, problems: list[str]) -> Look:
    living = descendants(bench.processes.pid)
    worker = max(living, key=rss_mb)
    disk: Counter[str] = Counter()
    for path in bench.workspace.rglob("*"):
        if path.is_file():
            disk[path.relative_to(bench.workspace).parts[0]] += path.stat().st_size // 1024
    return Look(rss_mb(worker), descriptors(worker), len(living), disk, written, list(problems))
