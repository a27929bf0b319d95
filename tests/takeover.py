"""Two processes on one workspace, stopped, continued and killed: does the CRM get everything once, and nothing old?

``python -m tests.takeover --rounds 1000`` plays rounds 0 to 999 and saves what came of them as a benchmark's result.
In a round one process applies the first plan and is stopped or killed at some step. Another one, on the same machine or
on a host that shares the files and no locks, takes the workspace over, and applies too, or does a whole run with what
partners have sent meanwhile; it may be stopped or killed itself. Who was stopped goes on at some time. Then one process
more does the same to the end. Stops come at steps: what is under way in a socket, the wait of a take-over is for.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.report import save, table
from connectors.sandbox.store import Store
from tests.jobs.first_plan import Bench, running_bench
from tests.jobs.trials import KILLED, Ended, Fate, Started
from tests.jobs.world import FLAT, GLOBEX, OURS, World, api_writes, listed, said

HERE, ELSEWHERE = None, "elsewhere"
#: The steps of a second process lie in this range, so that most are met.
_MOST_STEPS = {"apply": 24, "run": 75}
_SET_OFF = "apply: is set off"
_FENCED = "was taken over by another process"
#: What an org says in our objects and flat fields, by object and key.
Said = Mapping[tuple[str, str], Mapping[str, Any]]


@dataclass(frozen=True)
class Script:
    """What befalls whom in a round. *verb* is what the second process does, *host* where; steps count from 1."""

    first: str
    first_at: int
    host: str | None
    unlocks: bool
    verb: str
    second: str | None
    second_at: int


def script(seed: int, steps: int) -> Script:
    """The round of *seed*; the first process comes to *steps* steps."""
    dice = random.Random(seed)
    verb = dice.choices(("apply", "run"), (3, 1))[0]
    return Script(
        first=dice.choice(("stop_at", "stop_at", "die_at")),
        first_at=dice.randint(1, steps),
        host=dice.choice((HERE, ELSEWHERE, ELSEWHERE)),
        unlocks=dice.random() < 0.5,
        verb=verb,
        second=dice.choice((None, "stop_at", "die_at")),
        second_at=dice.randint(1, _MOST_STEPS[verb]),
    )


class Round:
    """One round on *bench*; *met* counts what came about in it, *problems* are what is wrong."""

    def __init__(self, bench: Bench, played: Script, weekly: tuple[Said, Said]) -> None:
        self.bench, self.script, self.weekly = bench, played, weekly
        self.met: Counter[str] = Counter()
        self.problems: list[str] = []

    def play(self) -> None:
        with tempfile.TemporaryDirectory(dir=self.bench.folder) as name, Store.open(self.bench.org.folder) as store:
            workspace = self.bench.org.again(self.bench.first.prepared, Path(name))
            first = self._start("first", workspace, "apply", Fate(**{self.script.first: self.script.first_at}))
            self.met[f"first {'stopped' if first.rests() else 'ended'}"] += 1
            if self.script.verb == "run":
                send_news(World(workspace, store, self.bench.first.prepared.now))
            second = self._second(workspace, first)
            first.go_on()  # where it was not ended
            self._first_ended(first.ended())
            if second is not None:
                second.go_on()
                second.rests()
                self._second_ended(second.ended())
            last = self._start("last", workspace, self.script.verb, Fate(elsewhere="the last")).ended()
            if last.code != 0:
                self.problems.append(f"the last process ended with {last.code}: {last.stderr[-300:]}")
            self._look(store)

    def _second(self, workspace: Path, first: Started) -> Started | None:
        """Start the second process, see it rest, and return it if it is to go on after the first one."""
        played = self.script
        if played.host == ELSEWHERE:
            (workspace / ".lock").unlink()  # hosts that share files share no locks
        if played.unlocks:
            unlocked = self._start("unlock", workspace, "unlock", Fate(elsewhere=played.host)).ended()
            self.met["unlocked"] += unlocked.code == 0
        how = {played.second: played.second_at} if played.second else {}
        second = self._start("second", workspace, played.verb, Fate(elsewhere=played.host, **how))
        if second.rests():
            self.met["both stopped"] += first.rests()
            return second
        self._second_ended(second.ended())
        return None

    def _start(self, name: str, workspace: Path, verb: str, fate: Fate) -> Started:
        plan = self.bench.first.plan
        arguments = {"apply": ("apply", plan, "--approve"), "run": ("run", "--approve"), "unlock": UNLOCK}[verb]
        return self.bench.runner.start(workspace, *arguments, fate=fate, name=name)

    def _first_ended(self, ended: Ended) -> None:
        if _FENCED in ended.stderr and ended.code == 6:
            self.met["first fenced"] += 1
        elif ended.code == KILLED:
            self.met["first killed"] += 1
        elif ended.code == 0:
            self.met["first done"] += 1
        else:
            self.problems.append(f"the first process ended with {ended.code}: {ended.stderr[-300:]}")

    def _second_ended(self, ended: Ended) -> None:
        refused = "is being changed by another process" in ended.stderr
        known = {0: "second done", 6: "second kept out" if refused else "second fenced", KILLED: "second killed"}
        if ended.code not in known or (ended.code == 6 and not (refused or _FENCED in ended.stderr)):
            self.problems.append(f"the second process ended with {ended.code}: {ended.stderr[-300:]}")
        else:
            self.met[known[ended.code]] += 1

    def _look(self, store: Store) -> None:
        now = said(store)
        self.problems += min((_differences(now, expected) for expected in self._right()), key=len)
        count = sum(len(store.records(name)) for name in (*OURS, *FLAT))
        if count != len(now):
            self.problems.append(f"{count} records of {len(now)} keys")
        writes = api_writes(store)
        self.met["writes"] += len(writes)
        idle = sum(not change.effective for change in writes)
        made = Counter(change.id for change in writes if change.operation == "create")
        twice = sum(number > 1 for number in made.values())
        # In a week of news, a record may rightly be written for the first plan and again for the second.
        most = 2 if self.script.verb == "run" else 1
        often = sum(number > most for number in Counter(change.id for change in writes).values())
        if idle or twice or often:
            self.problems.append(f"{idle} writes without effect, {twice} made twice, {often} written too often")

    def _right(self) -> Sequence[Said]:
        """What the org may say at the end.

        A plan that was not set off before news came is never applied: what it suggests comes by the plan with the news,
        or not at all.
        """
        if self.script.verb == "apply":
            return (self.bench.first.expected,)
        is_late = self.script.first_at <= self.bench.first.steps.index(_SET_OFF)
        return self.weekly if is_late else self.weekly[:1]


def _differences(now: Said, expected: Said) -> list[str]:
    """Return where the org does not say what it should."""
    return [
        *(f"{key} is not as it should be" for key, fields in expected.items() if now.get(key) != fields),
        *(f"{key} should not be there" for key in now.keys() - expected.keys()),
    ]


UNLOCK = ("unlock", "--take-over", "--yes")


def send_news(world: World) -> None:
    """A partner sends another list: who was a customer is none any more, and one more company is listed."""
    world.send(GLOBEX, [*listed(0, 1, 2, Status="Prospect"), *listed(3, 4, 5, 6)])


def weeks(bench: Bench) -> tuple[Said, Said]:
    """What the first plan and a run with the news make of the org, uninterrupted; and what that run makes alone."""
    run = ("run", "--approve")
    return _week(bench, ("apply", bench.first.plan, "--approve"), run), _week(bench, run)


def _week(bench: Bench, *jobs: Sequence[str]) -> Said:
    """What *jobs*, the last one with the news, and one more run make of the org."""
    with tempfile.TemporaryDirectory(dir=bench.folder) as name, Store.open(bench.org.folder) as store:
        workspace = bench.org.again(bench.first.prepared, Path(name))
        for arguments in (*jobs, jobs[-1]):
            if arguments is jobs[-1]:
                send_news(World(workspace, store, bench.first.prepared.now))
            ended = bench.runner.overlap(workspace, *arguments)
            assert ended.code == 0, ended.stderr
        return said(store)


def play(bench: Bench, seed: int, weekly: tuple[Said, Said]) -> Round:
    """The round of *seed*, played; *weekly* are what `weeks` said."""
    played = Round(bench, script(seed, len(bench.first.steps)), weekly)
    played.play()
    return played


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.takeover", description=__doc__)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=1000)
    options = parser.parse_args()
    begun, met, failed = time.perf_counter(), Counter[str](), {}
    with tempfile.TemporaryDirectory() as name, running_bench(Path(name)) as bench:
        weekly = weeks(bench)
        for seed in range(options.first, options.first + options.rounds):
            played = play(bench, seed, weekly)
            met += played.met
            if played.problems:
                failed[str(seed)] = played.problems
                print(f"round {seed}: {played.problems}", flush=True)
    found = {"rounds": options.rounds, "met": dict(met), "failed": failed}
    found["wall_s"] = round(time.perf_counter() - begun, 1)
    shown = [("rounds", options.rounds), ("failed", len(failed)), *sorted(met.items())]
    command = f"python -m tests.takeover --first {options.first} --rounds {options.rounds}"
    said_so = [
        table(("what", "count"), shown),
        "A round fails where a record is missing, doubled, old or written twice.\n",
    ]
    print(save("takeover", command, found, said_so))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
