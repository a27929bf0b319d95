"""Fault scripts: which request comes to grief, and how. Here they are read and decided; `troubles` carries them out.

A script is data: rules, each with a fault, the requests that it is about (a method, a pattern of paths, words that the
query or the body contains), and which of those it strikes: the nth and so many *times*, or each with a *probability*.
Chance comes from the script's seed and the number of the request alone, so that the same requests meet the same faults.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from random import Random
from typing import Any, Final

from connectors.sandbox.schema import visible
from connectors.sandbox.state import State
from overlap.errors import ConfigError

_WAIT: Final = {"requests": 1, "seconds": 0.0}
_ROWS: Final = {"rows": [0], "share": 1.0}
#: Fault: its parameters, each with a value of its type. These strike any CRM.
PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    "lost-request": {},
    "rolled-back": {},
    "lost-reply": {},
    "delayed-commit": _WAIT,
    "late-commit": _WAIT,
    "half-reply": {"bytes": 1},
    "slow-drip": {"bytes": 1, "pause_ms": 1},
    "http": {"status": 1, "retry_after_s": 1, "body": "", "after_commit": True},
    "expire-tokens": {},
    "lock-rows": _ROWS,
    "reject-rows": {**_ROWS, "code": "", "message": ""},
    "limit": {"kind": "total"},
    "hide-rows": {"object": "", "ids": [""], "share": 1.0},
    "advance": {"seconds": 1.0},
}
_NEEDED: Final = {"hide-rows": ("object",), "hide-field": ("object", "field"), "advance": ("seconds",)}
_CONDITIONS: Final[dict[str, Any]] = {
    "method": "",
    "path": "",
    "contains": "",
    "nth": 1,
    "times": 1,
    "probability": 1.0,
}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a CRM's scripts may say: its faults as in `PARAMETERS`, and each of its objects with its fields."""

    faults: Mapping[str, Mapping[str, Any]]
    objects: Callable[[], Mapping[str, Sequence[str]]]


def _salesforce() -> dict[str, list[str]]:
    return {entity.name: [column.name for column in entity] for entity in visible().entities.values()}


SALESFORCE: Final = Vocabulary(
    {**PARAMETERS, "hold": {"requests": 1}, "hide-field": {"object": "", "field": ""}}, _salesforce
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a script. *path* is a pattern of the whole path or of its end: ``composite/*``, ``jobs/ingest/*``.

    *times* None is once after *nth*, and without end under a *probability*. *values* are the fault's parameters.
    """

    fault: str
    method: str = "*"
    path: str = "*"
    contains: str = ""
    nth: int = 1
    times: int | None = None
    probability: float | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0

    def is_about(self, method: str, path: str, text: str) -> bool:
        """Return whether such a request counts; *text* is what it asks or brings."""
        meant = fnmatchcase(path, self.path) or fnmatchcase(path, f"*/{self.path}")
        return meant and fnmatchcase(method, self.method) and self.contains in text

    def strikes(self, seen: int, reached: int) -> bool:
        """Return whether it strikes the *seen*-th request that it is about, having struck *reached* before."""
        if self.probability is None:
            return self.nth <= seen < self.nth + (self.times or 1)
        spared = seen < self.nth or (self.times is not None and reached >= self.times)
        return not spared and Random(f"{self.seed} {self} {seen}").random() < self.probability


@dataclass(frozen=True, slots=True)
class Counted:
    """A rule in force, how many requests it was about, and how many it struck."""

    rule: Mapping[str, Any]
    seen: int
    reached: int


class Rows:
    """Which records of one request a rule refuses: those at *rows* (from 0), or each with the chance *share*."""

    def __init__(self, rule: Rule, request: int, refusal: Exception) -> None:
        self._rows = rule.values.get("rows")
        self._share = rule.values.get("share", 1.0)
        self._random = Random(f"{rule.seed} {request}")
        self._refusal = refusal
        self._next = 0

    def refusal(self) -> Exception | None:
        """Return why the next record is refused, None if it is not."""
        place, self._next = self._next, self._next + 1
        chosen = place in self._rows if self._rows is not None else self._random.random() < self._share
        return self._refusal if chosen else None


def read(script: Any, vocabulary: Vocabulary = SALESFORCE) -> list[Rule]:
    """Return the rules of a script: ``{"seed": 7, "rules": [{"fault": "lost-reply", "nth": 3}]}``, or just the list.

    Raises:
        ConfigError: a word of it is not known, or a value is of another type.
    """
    if isinstance(script, list):
        script = {"rules": script}
    if not isinstance(script, dict) or not isinstance(script.get("rules"), list):
        raise ConfigError('a fault script is {"seed": NUMBER, "rules": [RULE, ...]} or a list of rules')
    if unknown := script.keys() - {"seed", "rules"}:
        raise ConfigError(f"fault script: unknown key '{min(unknown)}'; it has seed and rules")
    seed = script.get("seed", 0)
    if not isinstance(seed, int):
        raise ConfigError(f"fault script: seed {seed!r} is not a whole number")
    return [_rule(f"fault script, rule {n}", entry, seed, vocabulary) for n, entry in enumerate(script["rules"], 1)]


def put(database: State, rules: list[Rule]) -> None:
    """Bring *rules* into force in the place of those that are; all counts start at 0."""
    with database.transaction():
        database.rows("delete from fault")
        database.many("insert into fault (rule) values (?)", [(json.dumps(asdict(rule)),) for rule in rules])


def strike(database: State, method: str, path: str, text: str) -> Rule | None:
    """Count a request and return the first rule that strikes it, None if none does."""
    struck: Rule | None = None
    for number, kept, seen, reached in database.rows("select number, rule, seen, reached from fault order by number"):
        rule = Rule(**json.loads(kept))
        if not rule.is_about(method, path, text):
            continue
        hit = struck is None and rule.strikes(seen + 1, reached)
        struck = rule if hit else struck
        database.rows("update fault set seen = seen + 1, reached = reached + ? where number = ?", (hit, number))
    return struck


def counted(database: State) -> list[Counted]:
    """Return the rules in force with their counts, in order."""
    found = []
    for kept, seen, reached in database.rows("select rule, seen, reached from fault order by number"):
        rule = json.loads(kept)
        told = {name: value for name, value in rule.items() if name != "values" and value not in (None, "", "*")}
        found.append(Counted({**told, **rule["values"]}, seen, reached))
    return found


def _rule(where: str, entry: Any, seed: int, vocabulary: Vocabulary) -> Rule:
    words = vocabulary.faults
    if not isinstance(entry, dict):
        raise ConfigError(f"{where}: {entry!r} is not an object")
    fault: Any = entry.get("fault")
    if fault not in words:
        raise ConfigError(f"{where}: unknown fault {fault!r}{_near(str(fault), words)}")
    known = {**_CONDITIONS, **words[fault]}
    for name, value in entry.items():
        if name == "fault":
            continue
        if name not in known:
            raise ConfigError(f"{where}: '{fault}' has no '{name}'{_near(name, known)}")
        if not _same_kind(value, known[name]):
            raise ConfigError(f"{where}: {name} {value!r} should be like {json.dumps(known[name])}")
    if missing := [name for name in _NEEDED.get(fault, ()) if name not in entry]:
        raise ConfigError(f"{where}: '{fault}' needs '{missing[0]}'")
    if "object" in entry:
        _check_names(where, entry, vocabulary.objects())
    conditions = {name: entry[name] for name in _CONDITIONS if name in entry}
    return Rule(fault, **conditions, values={n: entry[n] for n in words[fault] if n in entry}, seed=seed)


def _check_names(where: str, entry: Mapping[str, Any], objects: Mapping[str, Sequence[str]]) -> None:
    name = next((known for known in objects if known.lower() == entry["object"].lower()), None)
    if name is None:
        raise ConfigError(f"{where}: no object '{entry['object']}'{_near(entry['object'], objects)}")
    if "field" in entry and entry["field"].lower() not in map(str.lower, objects[name]):
        raise ConfigError(f"{where}: {name} has no field '{entry['field']}'{_near(entry['field'], objects[name])}")


def _same_kind(value: Any, example: Any) -> bool:
    if isinstance(value, bool) or isinstance(example, bool):
        return isinstance(value, bool) and isinstance(example, bool)
    if isinstance(example, float):
        return isinstance(value, int | float)
    if isinstance(example, list):
        return isinstance(value, list) and all(_same_kind(item, example[0]) for item in value)
    return isinstance(value, type(example))


def _near(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), 1)
    return f"; did you mean '{near[0]}'?" if near else f"; known: {', '.join(sorted(known)) or 'none'}"
