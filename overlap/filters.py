"""Conditions on an account and its deals, as people write them in the settings, and what they are made of. Pure values.

Two-valued, as the filters of a CRM are and SQL is not: an empty field equals nothing, so a comparison with it is false,
and ``!=``, ``not in`` and ``not like``, which are the opposites, are true. Text is compared without regard to case.
`overlap.filter_text` reads them, `overlap.filter_rows` asks them of frames.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import UnionType
from typing import Final, TypeAlias, get_args, get_type_hints

from overlap.model import Account, Opportunity


class Kind(StrEnum):
    """What a field holds. Times count as days. *ANY*: a mapped field, whose kind its use in a condition tells."""

    TEXT = "text"
    NUMBER = "numbers"
    FLAG = "yes or no"
    DAY = "days"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Field:
    """A field by our name for it. *is_mapped*: the settings map it, so that it stands in the column ``custom``."""

    name: str
    kind: Kind
    is_mapped: bool = False


Value: TypeAlias = str | float | bool | date


@dataclass(frozen=True, slots=True)
class Compare:
    """*sign* is ``=``, ``<``, ``<=``, ``>`` or ``>=``; text and flags know only the first."""

    field: Field
    sign: str
    value: Value


@dataclass(frozen=True, slots=True)
class Like:
    """*pattern*: ``%`` stands for any text, ``_`` for one character."""

    field: Field
    pattern: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """The field is one of *values*."""

    field: Field
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Empty:
    """The field has no value."""

    field: Field


@dataclass(frozen=True, slots=True)
class Within:
    """The day lies at most *days* from today: before (``last``), after (``next``), or on either side (empty)."""

    field: Field
    days: int
    side: str = ""


@dataclass(frozen=True, slots=True)
class Not:
    """*one* does not hold."""

    one: Condition


@dataclass(frozen=True, slots=True)
class Every:
    """All *parts* hold; none of them is an `Every`."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one of *parts* holds; none of them is a `Some`."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Deals:
    """*which* is ``any``, ``no`` or ``latest`` (by day of creation) of the account's deals meets *wanted*.

    None for *wanted*: there is such a deal at all.
    """

    which: str
    wanted: Condition | None


Condition: TypeAlias = Compare | Like | OneOf | Empty | Within | Not | Every | Some | Deals


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition and *where* in the settings it stands, for errors that only the data can show."""

    where: str
    condition: Condition


@dataclass(frozen=True, slots=True)
class Fields:
    """What a condition may name: fields of accounts and of their deals, by name."""

    account: Mapping[str, Field]
    deal: Mapping[str, Field]


DEAL_TESTS: Final = {"any_opportunity": "any", "no_opportunity": "no", "latest_opportunity": "latest"}
_KINDS: Final = {
    str: Kind.TEXT,
    int: Kind.NUMBER,
    float: Kind.NUMBER,
    bool: Kind.FLAG,
    date: Kind.DAY,
    datetime: Kind.DAY,
}


def fields(mapped_account: Collection[str] = (), mapped_deal: Collection[str] = ()) -> Fields:
    """Return what conditions may name: the columns of Account and Opportunity, and the names that the settings map."""
    return Fields(_known(Account, mapped_account), _known(Opportunity, mapped_deal))


def _known(noun: type, mapped: Collection[str]) -> dict[str, Field]:
    hints = {name: hint for name, hint in get_type_hints(noun).items() if name != "custom"}
    known = {name: Field(name, Kind.ANY, is_mapped=True) for name in mapped}
    return known | {name: Field(name, _KINDS[_bare(hint)]) for name, hint in hints.items()}


def _bare(hint: object) -> type:
    options = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    return next(kind for kind in options if isinstance(kind, type) and kind in _KINDS)


def every(parts: Collection[Condition]) -> Condition:
    """Return the condition that all *parts* hold, in its one form."""
    flat = tuple(part for one in parts for part in (one.parts if isinstance(one, Every) else (one,)))
    return flat[0] if len(flat) == 1 else Every(flat)


def some(parts: Collection[Condition]) -> Condition:
    """Return the condition that at least one of *parts* holds, in its one form."""
    flat = tuple(part for one in parts for part in (one.parts if isinstance(one, Some) else (one,)))
    return flat[0] if len(flat) == 1 else Some(flat)


def named(condition: Condition) -> Iterator[Field]:
    """Yield the fields of the account that *condition* names; those of its deals are not among them."""
    match condition:
        case Every(parts) | Some(parts):
            for part in parts:
                yield from named(part)
        case Not(one):
            yield from named(one)
        case Deals():
            pass
        case _:
            yield condition.field


def asks_deals(condition: Condition) -> bool:
    """Return whether *condition* looks at the account's deals."""
    match condition:
        case Every(parts) | Some(parts):
            return any(asks_deals(part) for part in parts)
        case Not(one):
            return asks_deals(one)
        case _:
            return isinstance(condition, Deals)


def text_of(condition: Condition) -> str:
    """Return *condition* as it is written; reading that gives *condition* again."""
    match condition:
        case Every(parts):
            return " and ".join(_part(part, (Some,)) for part in parts)
        case Some(parts):
            return " or ".join(_part(part, ()) for part in parts)
        case Not(Compare(field, "=", value)) if field.kind is not Kind.FLAG:
            return f"{_name(field)} != {_written(value)}"
        case Not(Like(field, pattern)):
            return f"{_name(field)} not like {_written(pattern)}"
        case Not(OneOf(field, values)):
            return f"{_name(field)} not in ({', '.join(map(_written, values))})"
        case Not(Empty(field)):
            return f"{_name(field)} is not null"
        case Not(one):
            return f"not {_part(one, (Every, Some, Not))}"
        case Compare(field, _, value) if field.kind is Kind.FLAG:
            return _name(field) if value else f"{_name(field)} = false"
        case Compare(field, sign, value):
            return f"{_name(field)} {sign} {_written(value)}"
        case Like(field, pattern):
            return f"{_name(field)} like {_written(pattern)}"
        case OneOf(field, values):
            return f"{_name(field)} in ({', '.join(map(_written, values))})"
        case Empty(field):
            return f"{_name(field)} is null"
        case Within(field, days, side):
            return f"{_name(field)} within {side + ' ' if side else ''}{days} days"
        case Deals(which, wanted):
            return f"{which}_opportunity({'' if wanted is None else text_of(wanted)})"


def _name(field: Field) -> str:
    # A mapped name may be a word of SQL.
    return f'"{field.name}"' if field.is_mapped else field.name


def _part(condition: Condition, bracketed: tuple[type, ...]) -> str:
    text = text_of(condition)
    return f"({text})" if isinstance(condition, bracketed) else text


def _written(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case _:
            return "'" + str(value).replace("'", "''") + "'"
