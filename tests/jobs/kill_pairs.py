"""Die at step a of an apply, and at step b of the one that is to finish it: does the third leave the CRM as it should?

``python -m tests.jobs.kill_pairs`` dies at every pair of steps, in calls and by bulk jobs, commits of the ledger
included, and saves what came of it as a benchmark's result. For each a, b counts up until the second apply comes to its
end before it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks.report import save, table
from connectors.sandbox.store import Store
from tests.jobs.first_plan import Bench, by_jobs, running_bench
from tests.jobs.trials import KILLED, Fate
from tests.jobs.world import api_writes, said

KINDS = ("calls", "jobs")


def pairs(bench: Bench, kind: str, first: int, most: int | None = None) -> Iterator[tuple[int, list[str]]]:
    """Yield (b, what is wrong) of each pair of *first* and a step b of the second apply, *most* of them."""
    second = 0
    while most is None or second < most:
        second += 1
        with tempfile.TemporaryDirectory(dir=bench.folder) as name, Store.open(bench.org.folder) as store:
            workspace = bench.org.again(bench.first.prepared, Path(name))
            if kind == "jobs":
                by_jobs(workspace, store)
            fates = [Fate(die_at=first, commits=True), Fate(die_at=second, commits=True), Fate()]
            apply = ("apply", bench.first.plan, "--approve")
            codes = [bench.runner.overlap(workspace, *apply, fate=fate).code for fate in fates]
            if codes[1] != KILLED:
                return
            yield second, problems(bench, store, codes)


def problems(bench: Bench, store: Store, codes: Sequence[int]) -> list[str]:
    """What is wrong after three applies that ended with *codes*."""
    writes = api_writes(store)
    found = [] if codes[2] == 0 else [f"the third apply ended with {codes[2]}"]
    if said(store) != bench.first.expected:
        found.append("the CRM does not say what an uninterrupted apply makes it say")
    if any(not change.effective for change in writes):
        found.append("a write without effect")
    if max(Counter(change.id for change in writes).values(), default=0) > 1:
        found.append("a record was written twice")
    return found


def steps(bench: Bench, kind: str) -> int:
    """How many steps an uninterrupted apply comes to."""
    with tempfile.TemporaryDirectory(dir=bench.folder) as name, Store.open(bench.org.folder) as store:
        workspace = bench.org.again(bench.first.prepared, Path(name))
        if kind == "jobs":
            by_jobs(workspace, store)
        ended = bench.runner.overlap(workspace, "apply", bench.first.plan, "--approve", fate=Fate(commits=True))
        assert ended.code == 0, ended.stderr
        return len(ended.steps)


def _played(every: int, kind: str, share: int) -> tuple[int, int, dict[str, list[str]]]:
    """Play every *every*-th first step of *kind* from *share* on; return how many, the pairs, and what failed."""
    firsts, count, failed = 0, 0, {}
    with tempfile.TemporaryDirectory() as name, running_bench(Path(name)) as bench:
        for first in range(1 + share, steps(bench, kind) + 1, every):
            firsts += 1
            for second, wrong in pairs(bench, kind, first):
                count += 1
                if wrong:
                    failed[f"{kind} {first} {second}"] = wrong
    return firsts, count, failed


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.jobs.kill_pairs", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2, help="processes that play at the same time")
    parser.add_argument("--every", type=int, default=1, help="only every so many-th first step, for a quick look")
    options = parser.parse_args()
    begun, shown, failed = time.perf_counter(), [], {}
    with ProcessPoolExecutor(options.jobs) as pool:
        for kind in KINDS:
            shares = [at * options.every for at in range(options.jobs)]
            played = list(pool.map(partial(_played, options.jobs * options.every, kind), shares))
            shown.append((kind, sum(one[0] for one in played), sum(one[1] for one in played)))
            for *_, wrong in played:
                failed |= wrong
    rows = [(*one, sum(name.startswith(one[0]) for name in failed)) for one in shown]
    found = {"kinds": rows, "failed": failed, "wall_s": round(time.perf_counter() - begun, 1)}
    command = f"python -m tests.jobs.kill_pairs --jobs {options.jobs} --every {options.every}"
    print(save("kill_pairs", command, found, [table(("kind", "first steps", "pairs", "failed"), rows)]))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
