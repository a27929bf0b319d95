"""What a history is made of, and how one is made from its seed: weeks of events, and a fate for each try of the job.

Fifty seeds share a world (what people and partners do), half of those also every fate but the last stage's. So fifty
histories have one uninterrupted twin, and what 25 of them have in common need not be played 25 times.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Any

from tests.histories import events, scripted
from tests.histories.events import Event

OF_A_WORLD, OF_A_STEM = 50, 25
VERBS = ("pull", "match", "plan", "apply")
#: Faults of a request: on the way, or the org's. Each has a count: so many requests (or records) meet it.
ON_THE_WAY = ("lost request", "lost answer", *scripted.OF_ALL)
OF_WRITES = ("lost write", "lost receipt", "locked rows", *scripted.OF_WRITES)
OF_THE_ORG = ("expired token", "out of service", "calls used up", "hidden field", "refused sign-in")
FAULTS = frozenset({*ON_THE_WAY, *OF_WRITES, *OF_THE_ORG})


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong from the request at *place* on, 0..1 of those that the twin's stage took."""

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
    """A command that a scheduler calls until it ends well; try n has fate n. *race* happens meanwhile, by people."""

    verb: str
    fates: tuple[Fate, ...] = ()
    race: tuple[Event, ...] = ()


@dataclass(frozen=True)
class Week:
    """What happened before the job, and the job: ``run``, or its four verbs one by one."""

    events: tuple[Event, ...]
    stages: tuple[Stage, ...]


@dataclass(frozen=True)
class History:
    """The weeks that *seed* makes; without a fate it is the twin of its world."""

    seed: int
    weeks: tuple[Week, ...]

    def acts(self) -> list[Week | Stage]:
        """Everything in its order: each week, which stands for its events, and then its stages."""
        return [act for week in self.weeks for act in (week, *week.stages)]

    def prefix(self, length: int) -> str:
        """Return the first *length* acts as a text: histories that share it are the same so far."""
        acts = [act.events if isinstance(act, Week) else act for act in self.acts()[:length]]
        return json.dumps([[asdict(one) for one in act] if isinstance(act, tuple) else asdict(act) for act in acts])


def history(seed: int) -> History:
    """Return the history of *seed*."""
    weeks = _world(seed // OF_A_WORLD)
    stem, leaf = random.Random(f"stem {seed // OF_A_STEM}"), random.Random(f"leaf {seed}")
    fated = [replace(week, stages=_fated(stem, week.stages)) for week in weeks]
    last = fated[-1].stages[-1]
    fated[-1] = replace(
        fated[-1], stages=(*fated[-1].stages[:-1], replace(last, fates=_fates(leaf, last.verb, (1, 1, 2, 3))))
    )
    return History(seed, tuple(fated))


def twin(seed: int) -> History:
    """Return the same weeks without crash and fault."""
    return History(seed, _world(seed // OF_A_WORLD))


@cache
def _world(number: int) -> tuple[Week, ...]:
    chance = random.Random(f"world {number}")
    count = chance.choice((2, 2, 2, 2, 3, 3, 4))
    people = events.People(chance)
    return tuple(_week(chance, people, is_last=place + 1 == count) for place in range(count))


def _week(chance: random.Random, people: events.People, is_last: bool) -> Week:
    happened = people.week(is_busy=is_last)
    race = people.race(is_last) if chance.random() < 0.4 else ()
    if not is_last and chance.random() < 0.4:
        return Week(happened, (Stage("run", race=race),))
    return Week(happened, tuple(Stage(verb, race=race if verb == "apply" else ()) for verb in VERBS))


def _fated(chance: random.Random, stages: Sequence[Stage]) -> tuple[Stage, ...]:
    counts = {"run": (1, 1, 1, 2), "apply": (0, 1, 1, 2), "plan": (0, 0, 1), "match": (0, 0, 1), "pull": (0, 1, 1, 2)}
    return tuple(replace(stage, fates=_fates(chance, stage.verb, counts[stage.verb])) for stage in stages)


def _fates(chance: random.Random, verb: str, counts: Sequence[int]) -> tuple[Fate, ...]:
    return tuple(_fate(chance, verb) for _ in range(chance.choice(counts)))


def _fate(chance: random.Random, verb: str) -> Fate:
    if verb == "match":  # it asks nobody
        return Fate(die=chance.random())
    dies = chance.random() < 0.6
    count = chance.choice((0, 0, 1, 2)) if dies else chance.choice((1, 1, 2))
    faults = [_fault(chance, verb) for _ in range(count)]
    return Fate(chance.random() if dies else None, tuple({fault.kind: fault for fault in faults}.values()))


def _fault(chance: random.Random, verb: str) -> Fault:
    writes = (*OF_WRITES, *OF_WRITES) if verb in ("apply", "run") else ()
    kind = chance.choice((*ON_THE_WAY, *OF_THE_ORG, *writes))
    # Rows are tried four times: more locks than that reject a record, which is right and no longer the twin's week.
    return Fault(kind, chance.random(), chance.choice((1, 1, 2, 3) if kind == "locked rows" else (1, 1, 2, 5)))


def described(act: Week | Stage) -> dict[str, Any]:
    """Return *act* for a person to read."""
    return asdict(act) if isinstance(act, Stage) else {"week": [f"{one.kind} {dict(one.what)}" for one in act.events]}
