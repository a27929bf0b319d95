"""What a person could find out about two accounts, one fact at a time, and how likely they are to find it so.

Pure words and values: `matching.why_not` asks the engine what each fact would do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from matching.normalize.places import country_codes
from matching.surroundings import Thought

Row = Mapping[str, Any]

#: How readily people find a fact out, the handiest first.
_READY: Final = {"website": 8.0, "city": 6.0, "country": 5.0, "phone": 4.0, "postcode": 3.0, "name": 2.0}
#: What only one side lacks is found out sooner than what both lack, and what both have is seldom wrong.
_ONE_LACKS: Final = 1.0
_BOTH_LACK: Final = 0.5
_BOTH_HAVE: Final = 0.25
#: Any value does where both would have the same one.
_ANY: Final = {"city": "Springfield", "phone": "+1 202 555 0123", "country": "Japan"}


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that could be known. *said* completes "if ..."; *ready* grows with how readily it is found out.

    *favours* says whether it would be found so of one company, or of two.
    """

    kind: str
    said: str
    thought: Thought
    ready: float
    favours: bool = True

    def likelihood(self, probability: float) -> float:
        """Return how likely a person comes back with this fact, as a number to compare with those of other facts."""
        return self.ready * (probability if self.favours else 1 - probability)


def facts(ours: Row, theirs: Row) -> list[Fact]:
    """Return what a person could find out of the rows *ours* and *theirs* (`matching.engine.COLUMNS`)."""
    found = [fact for kind in ("website", "city", "country", "phone", "postcode") for fact in _of(kind, ours, theirs)]
    if _plain(ours["name"]) != _plain(theirs["name"]):
        both = f"{ours['name']} ({theirs['name']})"
        said = f"our CRM gave their name beside ours, as in '{both}'"
        found.append(Fact("name", said, Thought(ours={"name": both}), _READY["name"] * _BOTH_HAVE))
    return found


def _of(kind: str, ours: Row, theirs: Row) -> Iterator[Fact]:
    """Return the facts about one column."""
    mine, yours, ready = ours[kind], theirs[kind], _READY[kind]
    if not mine and not yours:
        value = f"{_letters(ours['name'])}.com" if kind == "website" else _ANY.get(kind)
        if value:
            thought = Thought({kind: value}, {kind: value})
            yield Fact(kind, f"both sides gave the same {kind}", thought, ready * _BOTH_LACK)
    elif not yours:
        said = f"as the {kind} of {theirs['name']}"
        yield Fact(kind, f"their list gave {mine} {said}", Thought(theirs={kind: mine}), ready * _ONE_LACKS)
        for other in _another(kind, mine, theirs):
            text = f"their list gave another {kind} than {mine} for {theirs['name']}"
            yield Fact(kind, text, Thought(theirs={kind: other}), ready * _ONE_LACKS, favours=False)
    elif not mine:
        said = f"as the {kind} of {ours['name']}"
        yield Fact(kind, f"our CRM gave {yours} {said}", Thought(ours={kind: yours}), ready * _ONE_LACKS)
        for other in _another(kind, yours, ours):
            text = f"our CRM gave another {kind} than {yours} for {ours['name']}"
            yield Fact(kind, text, Thought(ours={kind: other}), ready * _ONE_LACKS, favours=False)
    elif _plain(mine) != _plain(yours):
        said = f"their {kind} were {mine} as ours is, not {yours}"
        yield Fact(kind, said, Thought(theirs={kind: mine}), ready * _BOTH_HAVE)


def _another(kind: str, value: str, row: Row) -> Iterator[str]:
    """Return a value of *kind* that the other side's company could have instead of *value*, if one can be made up."""
    if kind == "website":
        yield f"{_letters(row['name'])}elsewhere.com"
    elif kind == "city":
        yield "Springfield" if _plain(value) != "springfield" else "Riverside"
    elif kind == "country":
        yield next(name for name in ("Japan", "Peru") if _code(name) != _code(value))
    elif kind == "postcode" and re.search(r"\d", value):
        yield re.sub(r"\d", lambda digit: str((int(digit[0]) + 5) % 10), value)


def _code(country: str) -> str | None:
    found: str | None = country_codes(pl.Series([country]))[0]
    return found


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower()) or "company"


def _plain(text: str) -> str:
    return " ".join(text.lower().split())
