"""Die at step a of an apply, and at step b of the one that is to finish it: does the third leave the CRM as it should?

``python -m tests.jobs.kill_pairs`` dies at every pair of steps, in calls and by bulk jobs, commits of the ledger
included, and saves what came of it as a benchmark's result. For each a, b counts up until the second apply comes to its
end before it. Stopped and called again, it plays the first steps that are missing; ``--anew`` plays all of them.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks.report import RESULTS, save, table
from connectors.sandbox.store import Store
from tests.jobs.first_plan import Bench, by_jobs, running_bench
from tests.jobs.trials import KILLED, Fate
from tests.jobs.world import api_writes, said

KINDS = ("calls", "jobs")
_AT_ONCE = 4  # first steps that a process plays before what came of them is saved
#: A kind, a first step, how many second ones it was played with, and by second step what failed.
_Row = tuple[str, int, int, dict[str, list[str]]]


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


def _counted(kind: str) -> int:
    with tempfile.TemporaryDirectory() as name, running_bench(Path(name)) as bench:
        return steps(bench, kind)


def _played(firsts: Sequence[tuple[str, int]]) -> list[_Row]:
    """Play each of *firsts*, a kind and a first step; return how many pairs that made, and what failed."""
    with tempfile.TemporaryDirectory() as name, running_bench(Path(name)) as bench:
        return [_row(bench, kind, first) for kind, first in firsts]


def _row(bench: Bench, kind: str, first: int) -> _Row:
    found = dict(pairs(bench, kind, first))
    return kind, first, len(found), {str(second): wrong for second, wrong in found.items() if wrong}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.jobs.kill_pairs", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2, help="processes that play at the same time")
    parser.add_argument("--every", type=int, default=1, help="only every so many-th first step, for a quick look")
    parser.add_argument("--anew", action="store_true", help="play again what was saved")
    options = parser.parse_args()
    saved = RESULTS / "kill_pairs.json"
    kept = json.loads(saved.read_text())["played"] if saved.exists() and not options.anew else []
    rows: list[_Row] = [tuple(row) for row in kept]
    with ProcessPoolExecutor(options.jobs) as pool:
        last = dict(zip(KINDS, pool.map(_counted, KINDS), strict=True))
        wanted = [(kind, first) for kind in KINDS for first in range(1, last[kind] + 1, options.every)]
        had = {(kind, first) for kind, first, *_ in rows}
        missing = [one for one in wanted if one not in had]
        for at in range(0, len(missing), options.jobs * _AT_ONCE):
            share = missing[at : at + options.jobs * _AT_ONCE]
            for played in pool.map(_played, [share[number :: options.jobs] for number in range(options.jobs)]):
                rows += played
            print(_saved(sorted(rows), last), flush=True)
    return 1 if any(failed for *_, failed in rows) else 0


def _saved(rows: Sequence[_Row], last: dict[str, int]) -> str:
    shown = []
    for kind in KINDS:
        found = [(count, failed) for of, _, count, failed in rows if of == kind]
        counted = sum(count for count, _ in found), sum(len(failed) for _, failed in found)
        shown.append((kind, f"{len(found)} of {last[kind]}", *counted))
    head = ("kind", "first steps", "pairs", "failed")
    return save("kill_pairs", "python -m tests.jobs.kill_pairs", {"played": rows}, [table(head, shown)])


if __name__ == "__main__":
    sys.exit(main())
