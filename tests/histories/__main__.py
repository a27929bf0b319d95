"""Play one history again and say what happened: ``python -m tests.histories SEED [--crm CRM] [--twin] [--trace]``.

In place of a seed it takes the file of a history that was kept, see regressions.py.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.histories.bench import running_bench
from tests.histories.crms import CASTS
from tests.histories.regressions import kept
from tests.histories.script import described, history


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.histories", description="Play one seeded history again.")
    parser.add_argument("seed", help="a number, or a file that a campaign kept of a history that failed")
    parser.add_argument("--crm", choices=CASTS, default="salesforce", help="whose sandboxes a seed is played on")
    parser.add_argument("--twin", action="store_true", help="only the same weeks without crash and fault")
    parser.add_argument("--trace", action="store_true", help="show every try, step, fault and request")
    parser.add_argument("--real", action="store_true", help="by the installed command, a new process for each try")
    options = parser.parse_args()
    if options.seed.isdecimal():
        cast = CASTS[options.crm]
        whole = history(int(options.seed), tuple(crm.faults for crm in cast))
    else:
        crm, whole = kept(Path(options.seed))
        cast = CASTS[crm]
    for act in (whole.uninterrupted() if options.twin else whole).acts():
        print(described(act))
    with running_bench(cast, options.real, is_sharing=False) as bench:
        found = bench.play_twin(whole) if options.twin else bench.play_whole(whole)
    print(*(found.trace if options.trace else ()), sep="\n")
    print(
        f"history {whole.seed}: {found.hash}; {found.effective} writes, {found.repeated} repeated; "
        f"met {dict(found.reached) or 'nothing'}"
    )
    print(*(f"PROBLEM {problem}" for problem in found.problems), sep="\n")
    return 1 if found.problems else 0


if __name__ == "__main__":
    sys.exit(main())
