"""Play one history again and say what happened: ``python -m tests.histories SEED [--crm CRM] [--twin] [--trace]``."""

from __future__ import annotations

import argparse
import sys

from tests.histories.bench import running_bench
from tests.histories.crms import CASTS
from tests.histories.script import described, history, twin


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.histories", description="Play one seeded history again.")
    parser.add_argument("seed", type=int)
    parser.add_argument("--crm", choices=CASTS, default="salesforce", help="whose sandboxes it is played on")
    parser.add_argument("--twin", action="store_true", help="only the same weeks without crash and fault")
    parser.add_argument("--trace", action="store_true", help="show every try, step, fault and request")
    parser.add_argument("--real", action="store_true", help="by the installed command, a new process for each try")
    options = parser.parse_args()
    cast = CASTS[options.crm]
    faults = tuple(crm.faults for crm in cast)
    for act in (twin if options.twin else history)(options.seed, faults).acts():
        print(described(act))
    with running_bench(cast, options.real, is_sharing=False) as bench:
        found = bench.play_twin(options.seed) if options.twin else bench.play(options.seed)
    print(*(found.trace if options.trace else ()), sep="\n")
    print(
        f"history {options.seed}: {found.hash}; {found.effective} writes, {found.repeated} repeated; "
        f"met {dict(found.reached) or 'nothing'}"
    )
    print(*(f"PROBLEM {problem}" for problem in found.problems), sep="\n")
    return 1 if found.problems else 0


if __name__ == "__main__":
    sys.exit(main())
