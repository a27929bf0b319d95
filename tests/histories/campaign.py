"""Play many histories, in blocks that can be stopped and taken up again, and save what came of them.

``python -m tests.histories.campaign --from 0 --to 50000 --jobs 2 --save benchmarks/results/histories``. A block is one
world: `OF_A_WORLD` seeds. Called again with the same file, it plays those in which something failed, once more, and
those that are missing.
"""

from __future__ import annotations

import argparse
import json
import queue
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.report import machine, table, versions
from tests.histories.bench import Bench, running_bench
from tests.histories.crms import CASTS, Crm
from tests.histories.regressions import keep
from tests.histories.script import OF_A_WORLD, history

_COUNTS = ("histories", "tries", "effective", "repeated", "unavoidable", "doubles", "failed")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.histories.campaign", description=__doc__)
    parser.add_argument("--crm", choices=CASTS, default="salesforce", help="whose sandboxes they are played on")
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first seed")
    parser.add_argument("--to", dest="end", type=int, default=700, help="the seed after the last")
    parser.add_argument("--jobs", type=int, default=2, help="processes that play at the same time")
    parser.add_argument("--save", type=Path, help="where to keep the result, without its ending")
    parser.add_argument("--obey", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.obey:
        _obey(CASTS[options.crm])
        return 0
    blocks = range(options.first // OF_A_WORLD, -(-options.end // OF_A_WORLD))
    found = _load(options.save, options.crm)
    done = set(numbers(found["blocks"]))
    failed = {int(seed) // OF_A_WORLD for seed in found["failures"]}
    commit, faults = _commit(), tuple(crm.faults for crm in CASTS[options.crm])
    for number, block in _played([*sorted(failed), *(number for number in blocks if number not in done)], options):
        for seed, problems in block["failures"].items():
            print(f"kept: {keep(options.crm, history(int(seed), faults), problems)}", flush=True)
        found |= judged_anew(found, number, block) if number in done else added(found, block)
        done.add(number)
        found |= {"blocks": ranges(done), "command": _command(options)}
        found["at"] = datetime.now(UTC).isoformat(timespec="seconds")
        found["commits"] = sorted({*found["commits"], commit})
        if options.save:
            _save(options.save, found)
        total = found["counts"]
        print(
            f"block {number}: {total['histories']:,} histories, {total['failed']} failed {block['failures']}",
            flush=True,
        )
    print(_markdown(found))
    return 1 if found["failures"] or _never_met(found) else 0


def play_block(bench: Bench, number: int) -> dict[str, Any]:
    """Play the histories of world *number*, as `play` does."""
    return play(bench, range(number * OF_A_WORLD, (number + 1) * OF_A_WORLD))


def play(bench: Bench, seeds: Iterable[int]) -> dict[str, Any]:
    """Play the histories of *seeds* and return their counts, the faults they met, and what failed by seed."""
    begun = time.perf_counter()
    counts, failures = Counter[str](), {}
    bench.met.clear()
    for seed in seeds:
        played = bench.play(seed)
        counts.update(histories=1, effective=played.effective, repeated=played.repeated, failed=bool(played.problems))
        counts["unavoidable"] += played.unavoidable
        counts["doubles"] += sum("stands twice" in problem for problem in played.problems)
        if played.problems:
            failures[str(seed)] = played.problems[:5]
    counts["tries"] = bench.met.pop("tries")
    wall_s = round(time.perf_counter() - begun, 1)
    return {"counts": dict(counts), "met": dict(bench.met), "failures": failures, "wall_s": wall_s}


def added(found: dict[str, Any], block: dict[str, Any]) -> dict[str, Any]:
    """Return the counts, faults met and failures of *found* with those of *block*."""
    sums = {name: dict(Counter(found[name]) + Counter(block[name])) for name in ("counts", "met")}
    counts = {name: sums["counts"].get(name, 0) for name in _COUNTS}
    return {"counts": counts, "met": sums["met"], "failures": found["failures"] | block["failures"]}


def judged_anew(found: dict[str, Any], number: int, block: dict[str, Any]) -> dict[str, Any]:
    """Return the counts and failures of *found*, which has block *number*, with what its histories came to now.

    What was repeated or doubled is a failure: without one, nothing was.
    """
    others = {seed: problems for seed, problems in found["failures"].items() if int(seed) // OF_A_WORLD != number}
    failures = others | block["failures"]
    none = {} if failures else {"repeated": 0, "doubles": 0}
    return {"counts": found["counts"] | {"failed": len(failures)} | none, "failures": failures}


def ranges(done: Iterable[int]) -> str:
    """Return numbers in short, as ``0-13,20``."""
    pairs: list[list[int]] = []
    for number in sorted(done):
        if pairs and number == pairs[-1][1] + 1:
            pairs[-1][1] = number
        else:
            pairs.append([number, number])
    return ",".join(f"{first}-{last}" if last > first else str(first) for first, last in pairs)


def numbers(text: str) -> list[int]:
    """Return the numbers that `ranges` wrote as *text*."""
    pairs = [part.partition("-") for part in text.split(",") if part]
    return [number for first, _, last in pairs for number in range(int(first), int(last or first) + 1)]


def _played(missing: Sequence[int], options: argparse.Namespace) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (block, what came of it) as blocks are done, played by several processes."""
    command = [sys.executable, "-m", "tests.histories.campaign", "--crm", options.crm, "--obey"]
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(options.jobs))
        free: queue.Queue[subprocess.Popen[str]] = queue.Queue()
        for _ in range(min(options.jobs, len(missing))):
            worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            stack.enter_context(worker)  # closes its stdin, at which it ends
            free.put(worker)

        def play(number: int) -> tuple[int, dict[str, Any]]:
            worker = free.get()
            try:
                assert worker.stdin is not None and worker.stdout is not None
                worker.stdin.write(f"{number}\n")
                worker.stdin.flush()
                answer = worker.stdout.readline()
            finally:
                free.put(worker)
            assert answer, f"block {number}: its process ended, see above"
            return number, json.loads(answer)

        for done in as_completed([pool.submit(play, number) for number in missing]):
            yield done.result()


def _obey(cast: Sequence[Crm]) -> None:
    """Play the blocks whose numbers come on stdin, and answer each with a line of JSON."""
    with running_bench(cast) as bench:
        for line in sys.stdin:
            print(json.dumps(play_block(bench, int(line))), flush=True)


def _load(path: Path | None, crm: str) -> dict[str, Any]:
    file = path and path.with_suffix(".json")
    if file and file.exists():
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        assert found.setdefault("crm", "salesforce") == crm, f"{path} has histories of another CRM"
        return found
    return {
        "schema_version": 1,
        "crm": crm,
        "blocks": "",
        "counts": dict.fromkeys(_COUNTS, 0),
        "met": {},
        "failures": {},
        "commits": [],
    }


def _save(path: Path, found: dict[str, Any]) -> None:
    found |= {"machine": machine(), "versions": versions()}
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    draft.replace(path.with_suffix(".json"))
    path.with_suffix(".md").write_text(_markdown(found), encoding="utf-8")


def _markdown(found: dict[str, Any]) -> str:
    made = f"`{found.get('command')}`, {found.get('at')}, commits {', '.join(found['commits'])}"
    named = ", ".join(f"{name} {number}" for name, number in versions().items())
    parts = [
        f"# Histories: {found['crm']}\n\n{made}\n\n{machine()['cores']} cores, {machine()['processor']}; {named}.\n",
        table(("what", "count"), [(name, f"{found['counts'][name]:,}") for name in _COUNTS]),
        "Where a process died, and the faults that it met; a try that histories share is counted once.\n",
        table(("met", "times"), [(name, f"{count:,}") for name, count in sorted(found["met"].items())]),
    ]
    missing = _never_met(found)
    parts += [f"Never met: {', '.join(missing)}.\n"] if missing else []
    if found["failures"]:
        failures = [(seed, problems[0]) for seed, problems in found["failures"].items()]
        parts.append(table(("failed seed", "its first problem"), failures))
    return "\n".join(parts)


def _never_met(found: dict[str, Any]) -> list[str]:
    return sorted({kind for crm in CASTS[found["crm"]] for kind in crm.faults.every} - found["met"].keys())


def _commit() -> str:
    """Return the commit that is played, in short; a campaign may be played over several."""
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _command(options: argparse.Namespace) -> str:
    chosen = f"--crm {options.crm} --from {options.first} --to {options.end} --jobs {options.jobs}"
    return f"python -m tests.histories.campaign {chosen}"


if __name__ == "__main__":
    sys.exit(main())
