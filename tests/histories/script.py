"""What a history is made of, and how one is made from its seed: weeks of events, and a fate for each try of the job.

A hundred seeds share a world (what people and partners do), its one uninterrupted twin, and every fate but the last
stage's: what they have in common need not be played a hundred times.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Any

from tests.histories import scripted
from tests.histories.events import Event
from tests.histories.people import CONNECTION, PORTAL_CONNECTION, People

OF_A_WORLD = 100
#: What comes before the plan of each CRM is applied.
_LOOKING = ("pull", "match", "plan")
#: Verbs that write.
_WRITING = ("apply", "run", "undo")
_PARTNER_DELETED = ("delete", "Overlap_Partner__c")


@dataclass(frozen=True)
class Repertoire:
    """What may go wrong with a CRM, and how its connection may be set up.

    Faults of requests have a count: so many requests (or records) meet them. *rules* are those that the sandbox carries
    out by script, *of_writes* the others that strike writes only, *of_the_org* those that last.
    """

    name: str
    rules: scripted.Rules
    of_writes: tuple[str, ...]
    of_the_org: tuple[str, ...]
    connection: tuple[tuple[str, ...], ...]

    @property
    def on_the_way(self) -> tuple[str, ...]:
        """What may befall any request."""
        return ("lost request", "lost answer", *scripted.of_all(self.rules))

    @property
    def at_writes(self) -> tuple[str, ...]:
        """What befalls writes, and keeps nothing back."""
        return (*self.of_writes, *scripted.of_writes(self.rules))

    @property
    def keeping(self) -> tuple[str, ...]:
        """What keeps something back until it is planned again."""
        return tuple(kind for kind in scripted.KEEPING if kind in self.rules)

    @property
    def of_sweeps(self) -> tuple[str, ...]:
        """What a sweep does not see."""
        return tuple(kind for kind in scripted.OF_SWEEPS if kind in self.rules)

    @property
    def every(self) -> frozenset[str]:
        """All of them."""
        return frozenset({*self.on_the_way, *self.at_writes, *self.of_the_org, *self.keeping, *self.of_sweeps})


_LOST = ("lost write", "lost receipt")
SALESFORCE_FAULTS = Repertoire(
    "salesforce",
    scripted.SALESFORCE,
    (*_LOST, "locked rows"),
    ("expired token", "out of service", "calls used up", "hidden field", "refused sign-in"),
    CONNECTION,
)
HUBSPOT_FAULTS = Repertoire("hubspot", scripted.HUBSPOT, _LOST, ("calls used up", "refused sign-in"), PORTAL_CONNECTION)
#: The CRMs of a workspace, and their connections by name.
Cast = tuple[Repertoire, ...]
Connections = tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong with *crm* from the request at *place* on, 0..1 of those that the twin's stage took."""

    crm: str
    kind: str
    place: float
    count: int = 1


@dataclass(frozen=True)
class Fate:
    """What befalls one try: SIGKILL at the step at *die*, 0..1 of the twin's steps, and faults on the way there."""

    die: float | None = None
    faults: tuple[Fault, ...] = ()


UNHARMED = Fate()


@dataclass(frozen=True)
class Stage:
    """A command that a scheduler calls until it ends well; try n has fate n. *race* happens meanwhile, by people.

    With several CRMs, ``apply CRM`` is the apply of that one's plan.
    """

    verb: str
    fates: tuple[Fate, ...] = ()
    race: tuple[Event, ...] = ()


@dataclass(frozen=True)
class Week:
    """What happened before the job, and the job: ``run``, or its verbs one by one, perhaps after an ``undo``."""

    events: tuple[Event, ...]
    stages: tuple[Stage, ...]

    @property
    def is_raced(self) -> bool:
        """Whether people change something while the job is at work."""
        return any(stage.race for stage in self.stages)

    @property
    def is_slow(self) -> bool:
        """Whether a person's change is committed while the job is at work."""
        return any(event.kind == "long transaction" for event in self.events)


@dataclass(frozen=True)
class History:
    """The weeks that *seed* makes; without a fate it is the twin of its world."""

    seed: int
    weeks: tuple[Week, ...]

    def acts(self) -> list[Week | Stage]:
        """Everything in its order: each week, which stands for its events, and then its stages."""
        return [act for week in self.weeks for act in (week, *week.stages)]

    def uninterrupted(self) -> History:
        """Return the same weeks without crash and fault: its twin."""
        quiet = (tuple(replace(stage, fates=()) for stage in week.stages) for week in self.weeks)
        weeks = (replace(week, stages=stages) for week, stages in zip(self.weeks, quiet, strict=True))
        return replace(self, weeks=tuple(weeks))

    def prefix(self, length: int) -> str:
        """Return the first *length* acts as a text: histories that share it are the same so far."""
        acts = [act.events if isinstance(act, Week) else act for act in self.acts()[:length]]
        return json.dumps([[asdict(one) for one in act] if isinstance(act, tuple) else asdict(act) for act in acts])


def history(seed: int, cast: Cast = (SALESFORCE_FAULTS,)) -> History:
    """Return the history of *seed* with the CRMs of *cast*."""
    weeks = _world(seed // OF_A_WORLD, _connections(cast))
    stem, leaf = random.Random(f"stem {seed // OF_A_WORLD}"), random.Random(f"leaf {seed}")
    fated = []
    for at, week in enumerate(weeks):
        after = weeks[at + 1] if at + 1 < len(weeks) else None
        fated.append(replace(week, stages=_fated(stem, cast, week, after)))
    last = fated[-1].stages[-1]
    leaves = _fates(leaf, last.verb, (1, 1, 2, 3), _kinds(cast, last.verb, weeks[-1], None))
    fated[-1] = replace(fated[-1], stages=(*fated[-1].stages[:-1], replace(last, fates=leaves)))
    return History(seed, tuple(fated))


def _connections(cast: Cast) -> Connections:
    return tuple((faults.name, faults.connection) for faults in cast)


@cache
def _world(number: int, connections: Connections) -> tuple[Week, ...]:
    chance = random.Random(f"world {number}")
    count = chance.choice((2, 2, 2, 2, 3, 3, 4))
    people = People(chance, dict(connections))
    weeks: list[Week] = []
    for at in range(count):
        weeks.append(_week(chance, people, weeks[-1] if weeks else None, is_last=at + 1 == count))
    first = replace(weeks[0], events=(*people.wishes(), *weeks[0].events))
    return (first, *weeks[1:])


def _week(chance: random.Random, people: People, before: Week | None, is_last: bool) -> Week:
    happened = people.week(is_busy=is_last)
    race = people.race(is_last) if chance.random() < 0.4 else ()
    if any(event.kind == "influence made" for event in happened):
        # Whoever deletes a partner meanwhile decides whether the job ever sees whose influence that is.
        race = tuple(event for event in race if (event.kind, event.what.get("object")) != _PARTNER_DELETED)
    if not race and chance.random() < 0.2:
        happened = (*happened, people.slow())
    if not is_last and chance.random() < 0.4:
        return Week(happened, (Stage("run", race=race),))
    applies = ("apply",)
    if len(people.crms) > 1:
        applies = tuple(f"apply {crm}" for crm in chance.sample(people.crms, len(people.crms)))
    # What is taken back must be one plan, in the twin as in each history: a race may make it two.
    may_undo = before is not None and before.stages[-1].verb != "run" and not (before.is_raced or before.is_slow)
    verbs = (*(("undo",) if may_undo and chance.random() < 0.4 else ()), *_LOOKING, *applies)
    return Week(happened, tuple(Stage(verb, race=race if verb == applies[-1] else ()) for verb in verbs))


def _fated(chance: random.Random, cast: Cast, week: Week, after: Week | None) -> tuple[Stage, ...]:
    counts = {"run": (1, 1, 1, 2), "apply": (0, 1, 1, 2), "plan": (0, 0, 1), "match": (0, 0, 1), "pull": (0, 1, 1, 2)}
    counts["undo"] = (0, 1, 1, 2)
    return tuple(
        replace(
            stage,
            fates=_fates(chance, stage.verb, counts[stage.verb.split()[0]], _kinds(cast, stage.verb, week, after)),
        )
        for stage in week.stages
    )


def _kinds(cast: Cast, verb: str, week: Week, after: Week | None) -> tuple[tuple[str, str], ...]:
    """Return the faults that *verb* may meet in *week*, each with its CRM."""
    verb, _, only = verb.partition(" ")
    met = [faults for faults in cast if only in ("", faults.name)]
    return tuple((faults.name, kind) for faults in met for kind in _kinds_of(faults, verb, week, after))


def _kinds_of(faults: Repertoire, verb: str, week: Week, after: Week | None) -> tuple[str, ...]:
    writes = (*faults.at_writes, *faults.at_writes) if verb in _WRITING else ()
    # What is kept back is planned again in the same week, which no race and no undo after it must find.
    is_calm = not week.is_raced and (after is None or after.stages[0].verb != "undo")
    keeping = (*faults.keeping, *faults.keeping) if verb in ("apply", "run") and is_calm else ()
    sweeps = faults.of_sweeps * 6 if verb == "pull" and after is None else ()  # seldom enough
    return (*faults.on_the_way, *faults.of_the_org, *writes, *keeping, *sweeps)


def _fates(
    chance: random.Random, verb: str, counts: Sequence[int], kinds: Sequence[tuple[str, str]]
) -> tuple[Fate, ...]:
    return tuple(_fate(chance, verb, kinds, at) for at in range(chance.choice(counts)))


def _fate(chance: random.Random, verb: str, kinds: Sequence[tuple[str, str]], at: int) -> Fate:
    if verb == "match":  # it asks nobody
        return Fate(die=chance.random())
    dies = chance.random() < 0.6
    count = chance.choice((0, 0, 1, 2)) if dies else chance.choice((1, 1, 2))
    found = {(fault.crm, fault.kind): fault for fault in (_fault(chance, kinds) for _ in range(count))}
    hidden = [fault for fault in found.values() if fault.kind == "hidden rows"]
    if hidden:
        # Who cannot see a record cannot know whether it took what was sent: hidden is what has not been written yet.
        return Fate(chance.random() if dies else None, tuple(hidden) if at == 0 else ())
    return Fate(chance.random() if dies else None, tuple(found.values()))


def _fault(chance: random.Random, kinds: Sequence[tuple[str, str]]) -> Fault:
    crm, kind = chance.choice(kinds)
    return Fault(crm, kind, chance.random(), chance.choice((1, 1, 2, 5)))


def described(act: Week | Stage) -> dict[str, Any]:
    """Return *act* for a person to read."""
    if isinstance(act, Stage):
        return asdict(act)
    return {"week": [" ".join(filter(None, (one.crm, one.kind, str(dict(one.what))))) for one in act.events]}
