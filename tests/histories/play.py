"""Plays a history: the events of each week, and each command until it ends well, as a scheduler would call it."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.histories import events, oracle, scripted
from tests.histories.crms import Site
from tests.histories.processes import Ended, Order, Processes
from tests.histories.script import UNHARMED, Fate, Stage, Week
from tests.jobs.world import GLOBEX, INITECH, START, World, said

_TRIES = 3  # after those that have a fate
_ENDED_WELL, _WITH_CONFLICTS = 0, 5
_ACCEPT = ("--accept", GLOBEX, "--accept", INITECH)
_COMMANDS = {
    "run": ("run", "--approve", *_ACCEPT),
    "pull": ("pull", *_ACCEPT),
    "match": ("match",),
    "plan": ("plan",),
    "apply": ("apply", "latest", "--approve"),
    "undo": ("undo", "latest", "--approve"),
}


@dataclass(frozen=True)
class Size:
    """What a stage of the twin came to: where a fate's place lies is told by it. Requests are by CRM."""

    steps: int = 0
    requests: Mapping[str, int] = field(default_factory=dict)
    writes: Mapping[str, int] = field(default_factory=dict)


@dataclass
class Progress:
    """How far a history has come, beside workspace and CRMs. *said* and *sizes* are by number of week and of act.

    *judged* has the pair of each judgement, None where there was none to judge. *before* is what the CRMs said before
    people raced in this week, *edits* what they wrote then. *requests* and *changes* say, by CRM, how much of its log
    and of its history was looked at.
    """

    now: datetime = START
    act: int = 0
    week: int = 0
    trace: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    reached: Counter[str] = field(default_factory=Counter)
    effective: int = 0
    repeated: int = 0
    unavoidable: int = 0
    said: list[Mapping[oracle.Place, Mapping[str, Any]]] = field(default_factory=list)
    sizes: dict[int, Size] = field(default_factory=dict)
    requests: Mapping[str, int] = field(default_factory=dict)
    changes: Mapping[str, int] = field(default_factory=dict)
    aims: list[tuple[events.Event, str]] = field(default_factory=list)
    judged: list[tuple[str, str] | None] = field(default_factory=list)
    mending: tuple[str, ...] = ()
    racing: frozenset[oracle.Place] = frozenset()
    before: Mapping[oracle.Place, Mapping[str, Any]] = field(default_factory=dict)
    raced: frozenset[oracle.Place] = frozenset()
    edits: tuple[oracle.Edit, ...] = ()

    def copy(self) -> Progress:
        return replace(
            self,
            trace=[*self.trace],
            problems=[*self.problems],
            reached=Counter(self.reached),
            said=[*self.said],
            sizes=dict(self.sizes),
            aims=[*self.aims],
            judged=[*self.judged],
        )

    @property
    def hash(self) -> str:
        """The history in 16 hex digits."""
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()[:16]


@dataclass
class Player:
    """Plays act after act of one history."""

    folder: Path
    sites: Sequence[Site]
    processes: Processes
    progress: Progress
    twin: Progress | None
    met: Counter[str]

    def world(self, crm: str = "") -> World:
        """Return the workspace with one of its CRMs, the first if nobody says which."""
        site = next((site for site in self.sites if site.crm.name == crm), self.sites[0])
        return site.crm.world(self.folder, site.store, self.progress.now)

    def live(self, week: Week) -> None:
        """Let a week pass, and its events happen."""
        progress = self.progress
        progress.week += 1
        self._turn(START + timedelta(days=7 * progress.week))
        for event in week.events:
            self._note(f"{event.kind} {json.dumps(event.what, sort_keys=True)}")
            if event.kind == "judge":
                self._settle(event)
            else:
                events.happen(self.world(event.crm), event)
        progress.racing, progress.before = frozenset(), {}
        progress.mending = ("run",) if week.is_slow else ()
        race = [event for stage in week.stages for event in stage.race]
        aims = [(event, events.targets(self.world(event.crm), event)) for event in race]
        progress.aims = [(event, target) for event, target in aims if target is not None]
        progress.act += 1

    def _settle(self, event: events.Event) -> None:
        """Let a person judge a pair, or undo a verdict: the one of the twin, where there is one."""
        progress, world = self.progress, self.world(event.crm)
        pair = events.pair_to_judge(world, event) if self.twin is None else self.twin.judged[len(progress.judged)]
        progress.judged.append(pair)
        if pair is None:
            return
        verdict = event.what["verdict"]
        self.met.update([f"judged {verdict}"])
        ended = self._try(Order(("judge", *pair, verdict), progress.now))
        if ended.code != _ENDED_WELL:
            progress.problems.append(f"week {progress.week}: judge did not end well: {ended.stderr[-500:]}")

    def work(self, stage: Stage) -> None:
        """Call the stage's command until it ends well."""
        progress = self.progress
        size = self.twin.sizes[progress.act] if self.twin else Size()
        waiting = bool(stage.race)
        if waiting and stage.verb.startswith("apply") and not stage.fates:
            waiting = self._race()
        ended = None
        before = self._latest_plan()
        for fate in (*stage.fates, *[UNHARMED] * _TRIES):
            self._turn(progress.now + timedelta(minutes=5))
            # An undo that was planned is finished like any plan: undone again, it would be taken back.
            verb = "apply" if stage.verb == "undo" and self._latest_plan() != before else stage.verb
            ended = self._try(self._order(verb, fate, size))
            self._measure(ended)
            troubled = progress.racing or progress.mending or stage.verb == "undo"
            if ended.code == _ENDED_WELL or (ended.code == _WITH_CONFLICTS and troubled):
                break
            if waiting:
                waiting = self._race()
        else:
            assert ended is not None
            progress.problems.append(f"week {progress.week}: {stage.verb} did not end well: {ended.stderr[-500:]}")
        if waiting:
            self._race()
        progress.act += 1

    def mend(self) -> None:
        """Call once more what writes what this week's run was kept from: nothing of that may be missing afterwards.

        A record that the org refuses, or hides from us while we look, is left out and planned again. What a person's
        long transaction committed behind the run's back is read again. Of a write that the org took after the run was
        told otherwise, the next apply knows.
        """
        for verb in self.progress.mending:
            self._turn(self.progress.now + timedelta(minutes=5))
            ended = self._try(self._order(verb, UNHARMED, Size()))
            if ended.code != _ENDED_WELL and not (ended.code == _WITH_CONFLICTS and self.progress.racing):
                what = f"{verb} after a troubled one did not end well: {ended.stderr[-500:]}"
                self.progress.problems.append(f"week {self.progress.week}: {what}")

    def judge(self) -> None:
        """Hold the week against its twin, the CRMs' own books and the ledger."""
        progress = self.progress
        for site in self.sites:
            site.crm.settle(site.store)
            new = site.store.history()[progress.changes.get(site.crm.name, 0) :]
            if not progress.mending and scripted.delayed(site.store, new):
                progress.mending = self._applies()
        self.mend()
        taken, now, problems = [], {}, []
        raced = {key for _, key in progress.raced}
        changes, ever_late = {}, set[str]()
        for site in self.sites:
            store, name = site.store, site.crm.name
            history = store.history()
            late = scripted.delayed(store, history)
            ever_late |= late
            count = oracle.written(history[progress.changes.get(name, 0) :], store.api_user, late)
            raced |= {
                row["Id"] for kind, key in events.KEYS.items() for row in store.records(kind) if row[key] in raced
            }
            problems += [*count.problems, *oracle.doubles(store)]
            taken += [change for change in history if change.user == store.api_user]
            now |= said(store)
            progress.effective += count.effective
            progress.repeated += count.repeated
            progress.unavoidable += count.unavoidable
            changes[name] = len(history)
        ledger = self.folder / "ledger.sqlite"
        in_parts = [site.crm.name for site in self.sites if site.crm.is_in_parts]
        problems += [*oracle.kept_books(ledger, taken, raced, in_parts, ever_late), *oracle.kept_rows(ledger)]
        problems += [*oracle.whole_runs(self.folder / "runs"), *oracle.leaked(self.folder, self.processes.said)]
        if self.twin is not None:
            edits, twins = progress.edits, self.twin.said[progress.week - 1]
            kept = [one for one in oracle.overtaken(edits, self.twin.edits) if self._keeps(one.crm)]
            problems += oracle.differences(now, twins, progress.racing, progress.raced, progress.before, edits, kept)
        progress.problems += [f"week {progress.week}: {problem}" for problem in problems]
        progress.said.append(now)
        progress.changes = changes
        self._note("said " + hashlib.sha256(repr(sorted(now.items())).encode()).hexdigest())

    def _applies(self) -> tuple[str, ...]:
        """Return the verbs that apply what was planned last."""
        return tuple(f"apply {site.crm.name}" for site in self.sites) if len(self.sites) > 1 else ("apply",)

    def run_again(self) -> None:
        """Run once more what has come to rest: nothing is written."""
        if self.progress.racing:  # what people changed meanwhile is put right now
            return
        self._turn(self.progress.now + timedelta(minutes=5))
        ended = self._try(self._order("run", UNHARMED, Size()))
        before = self.progress.changes
        written = sum(
            change.user == site.store.api_user
            for site in self.sites
            for change in site.store.history()[before[site.crm.name] :]
        )
        if ended.code or written:
            self.progress.problems.append(f"a second run: exit code {ended.code}, {written} writes")

    def read_again(self) -> None:
        """Let a quiet week pass and read the whole org anew: there is nothing to write that the weekly reads missed.

        A twin misses what its code misses; this is the eye that it lacks.
        """
        self._turn(START + timedelta(days=7 * (self.progress.week + 1)))
        for command in (_COMMANDS["run"], ("pull", "--full"), ("match",), ("plan", "--exit-code")):
            self._turn(self.progress.now + timedelta(minutes=5))
            ended = self._try(Order(command, self.progress.now))
            if ended.code:
                self.progress.problems.append(f"after {' '.join(command)}, a full read: exit code {ended.code}")

    def _try(self, order: Order) -> Ended:
        order = replace(order, arguments=(*order.arguments, "--dir", str(self.folder)))
        by_script = [
            scripted.begin(site.store, site.crm.faults.rules, [f for f in order.faults if f["crm"] == site.crm.name])
            for site in self.sites
        ]
        ended = self.processes.run(order)
        struck = []
        for site, begun in zip(self.sites, by_script, strict=True):
            struck += scripted.end(site.store, begun)
            site.crm.repair(site.store)
        if not self.progress.mending and set(struck) & set(scripted.KEEPING):
            self.progress.mending = ("plan", *self._applies())
        reached = [f"died at {ended.steps[-1]}"] if ended.code < 0 and ended.steps else []
        self.progress.reached.update([*reached, *ended.faults, *struck])
        self.met.update(["tries", *reached, *ended.faults, *struck])
        self._note(f"{order.arguments[0]} {ended.code} {'; '.join([*ended.steps, *ended.faults])}")
        return ended

    def _latest_plan(self, crm: str = "%") -> int:
        with closing(sqlite3.connect(self.folder / "ledger.sqlite")) as ledger:
            sql = "select coalesce(max(id), 0) from plans where crm like ?"
            return int(ledger.execute(sql, (crm,)).fetchone()[0])

    def _race(self) -> bool:
        """Let people do what they do while the job runs; return that there is nothing of it left to wait for."""
        progress = self.progress
        places = frozenset((event.what.get("object", "Account"), target) for event, target in progress.aims)
        for site in self.sites:
            progress.before = {**progress.before, **said(site.store)}
        for event, target in progress.aims:
            self._note(f"race: {event.kind} {target}")
            events.edit(self.world(event.crm), event, target)
        progress.racing = places
        progress.raced |= places
        progress.edits += tuple(self._edits())
        return False

    def _edits(self) -> Iterator[oracle.Edit]:
        """Yield what people have just written."""
        progress = self.progress
        after = {place: row for site in self.sites for place, row in said(site.store).items()}
        for event, target in progress.aims:
            place = event.what.get("object", "Account"), target
            was, now = progress.before.get(place, {}), after.get(place, {})
            for name in (one for one in event.what.get("set", ()) if was.get(one) != now.get(one)):
                yield oracle.Edit(progress.week, event.crm, place, name, was.get(name), now.get(name))

    def _keeps(self, crm: str) -> bool:
        """Return whether what people write over is left to them."""
        world = self.world(crm)
        return world.workspace.settings.crm[crm].on_drift == "keep"

    def _measure(self, ended: Ended) -> None:
        """Look at the requests of a try: keep the size of the twin's stage, and find what people own in payloads."""
        progress = self.progress
        requests, writes, seen = {}, {}, {}
        for site in self.sites:
            name = site.crm.name
            last = progress.requests.get(name, 0)
            sql = "select number, method, path, body, status from request where number > ? order by number"
            rows = site.store.database.rows(sql, (last,))
            found = site.crm.problems(site.store, [(method, path, body) for _, method, path, body, _ in rows])
            progress.problems += [f"week {progress.week}: {problem}" for problem in found]
            requests[name] = len(rows)
            writes[name] = sum(site.crm.is_write(method, path) for _, method, path, _, _ in rows)
            seen[name] = rows[-1][0] if rows else last
            for _, method, path, _, status in rows:
                self._note(f"{method} {path} {status}")
        progress.requests = seen
        if self.twin is None:
            progress.sizes[progress.act] = Size(len(ended.steps), requests, writes)

    def _turn(self, now: datetime) -> None:
        self.progress.now = now
        for site in self.sites:
            site.store.set_time(now)

    def _note(self, line: str) -> None:
        self.progress.trace.append(line)

    def _order(self, verb: str, fate: Fate, size: Size) -> Order:
        """Return the order of one try, its fate's places counted out for what the twin's stage took."""
        die_at = None if fate.die is None or not size.steps else 1 + int(fate.die * size.steps)
        faults = []
        for site in self.sites:
            name, repertoire = site.crm.name, site.crm.faults
            of_writes = {*repertoire.at_writes, *scripted.at_a_write(repertoire.rules)}
            for fault in fate.faults:
                if fault.crm == name:
                    among = (size.writes if fault.kind in of_writes else size.requests).get(name, 0)
                    at = 1 + int(fault.place * among)
                    faults.append({"crm": name, "kind": fault.kind, "at": at, "count": fault.count})
        verb, _, crm = verb.partition(" ")
        command = ("apply", str(self._latest_plan(crm)), "--approve") if crm else _COMMANDS[verb]
        return Order(command, self.progress.now, die_at, tuple(faults))
