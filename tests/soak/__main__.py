"""What grows with the years: ``python -m tests.soak --weeks 200 --runs 200``.

Memory, open files, processes and disk of one process that lives through so many weeks (see weeks.py), and of a service
that does so many runs (see service.py).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from statistics import fmean

from benchmarks.report import save, table
from tests.soak.measures import slope
from tests.soak.service import Turn, turns
from tests.soak.weeks import Look, looks

_WARM_UP = 0.25  # the share of the weeks and runs after which what is built once has been built
_MOST_MB_PER_100 = 1.0
_Row = tuple[str, object, object, str]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--weeks", type=int, default=200)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save", action="store_true", help="keep the result under benchmarks/results")
    options = parser.parse_args()
    served = list(turns(options.runs))
    lived = list(looks(options.weeks, options.seed))
    problems, rows = _judged(served, lived)
    sections = [
        f"{options.runs} runs of a service; {options.weeks} weeks, {lived[-1].written:,} records written, in one "
        f"process that gives back what it does not use. Problems: {'; '.join(problems) or 'none'}.\n",
        table(("what", "in the second quarter", "in the last one", "in 100 runs or weeks"), rows),
        "Memory of the process of all weeks, on average, eighth by eighth:\n",
        table(("weeks", "MB"), _eighths([look.rss_mb for look in lived])),
    ]
    print(*sections, sep="\n")
    if options.save:
        command = f"python -m tests.soak --weeks {options.weeks} --runs {options.runs} --seed {options.seed} --save"
        save("soak", command, {"rows": rows, "problems": problems}, sections)
    return 1 if problems else 0


def _judged(served: Sequence[Turn], lived: Sequence[Look]) -> tuple[list[str], list[_Row]]:
    """Return what is wrong, and a row for everything that was measured."""
    problems = lived[-1].problems[:5]
    rows: list[_Row] = []
    memory = {
        "the service": [turn.service_mb for turn in served],
        "each of its runs, at most": [turn.run_mb for turn in served],
        "the process of all weeks": [look.rss_mb for look in lived],
    }
    for name, values in memory.items():
        later = values[int(len(values) * _WARM_UP) :]
        grows = 100 * slope(later)
        rows.append((f"memory of {name}, MB", later[0], later[-1], f"{grows:+.2f}"))
        problems += [f"memory of {name} grows by {grows:.2f} MB in 100"] if grows >= _MOST_MB_PER_100 else []
    counts = {
        "open files of the service": [turn.descriptors for turn in served],
        "its threads": [turn.threads for turn in served],
        "processes that it left": [turn.processes for turn in served],
        "open files of the process of all weeks": [look.descriptors for look in lived],
        "processes beside it": [look.processes for look in lived],
    }
    for name, counted in counts.items():
        # What is open for a moment comes and goes with the time of the look; what leaks is there at each.
        before, after = min(counted[len(counted) // 4 : len(counted) // 2]), min(counted[-len(counted) // 4 :])
        rows.append((f"{name}, at least", before, after, ""))
        problems += [f"{name} grew from {before} to {after}"] if after > before else []
    was, now = lived[int(len(lived) * _WARM_UP)], lived[-1]
    rows += [(f"{name}, kB", was.disk_kb[name], size, "") for name, size in sorted(now.disk_kb.items())]
    return problems, rows


def _eighths(values: Sequence[float]) -> list[tuple[str, float]]:
    """Return the mean of each eighth of *values*: whether growth goes on, or comes to an end."""
    eighths = [(len(values) * part // 8, len(values) * (part + 1) // 8) for part in range(8)]
    return [(f"{low + 1} to {high}", round(fmean(values[low:high]), 1)) for low, high in eighths if high > low]


if __name__ == "__main__":
    sys.exit(main())
