"""Random filters and random accounts with deals. Each filter is a text, and what it means as plain Python on one row.

The meaning is made together with the text and knows nothing of how texts are read: it is the oracle.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from hypothesis import strategies as st

from overlap.filter_rows import Rows
from overlap.model import Account, Opportunity
from tests.overlap.frames import frame

TODAY = date(2026, 3, 2)
ZONE = "America/New_York"
MAPPED = ("segment", "arr", "strategic", "renewal")

Row = dict[str, Any]
Meaning = Callable[[Row], bool]
Written = tuple[str, Meaning]

_WORDS = ("Acme", "ACME", "acme ag", "it's", "Test_1", "100%", "a.c", "Zoë", "")
_NUMBERS = (-5.0, 0.0, 1.0, 2.5, 1e6, 3e9)
_DAYS = tuple(TODAY + timedelta(days=n) for n in (-400, -91, -90, -1, 0, 1, 30, 90, 91))
_PATTERNS = ("acme%", "%e", "_cme", "%", "", "Test\\_1", "test_1", "100%", "a.c", "%'%", "A_C")

words, numbers, days = st.sampled_from(_WORDS), st.sampled_from(_NUMBERS), st.sampled_from(_DAYS)
flags = st.booleans()
#: Moments near midnight, so that the time zone decides which day it is.
moments = st.builds(
    lambda day, hour: datetime(day.year, day.month, day.day, hour, 30, tzinfo=UTC), days, st.integers(0, 23)
)

ACCOUNT = {"name": "text", "industry": "text", "revenue": "number", "headcount": "number", "is_lead": "flag"}
ACCOUNT |= {"modified_at": "moment", "segment": "text", "arr": "number", "strategic": "flag", "renewal": "day"}
DEAL = {"stage": "text", "deal_type": "text", "amount": "number", "is_won": "flag", "is_closed": "flag"}
DEAL |= {"close_date": "day", "created_at": "moment"}


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def accounts_and_deals() -> st.SearchStrategy[list[tuple[Row, list[Row]]]]:
    deal = st.fixed_dictionaries(
        {"stage": _or_none(words), "deal_type": _or_none(words), "amount": _or_none(numbers), "is_won": flags}
        | {"is_closed": flags, "close_date": _or_none(days), "created_at": moments}
    )
    account = st.fixed_dictionaries(
        {"name": words, "industry": _or_none(words), "revenue": _or_none(numbers), "is_lead": flags}
        | {"headcount": _or_none(st.sampled_from((0, 1, 250))), "modified_at": moments}
        | {
            "segment": _or_none(words),
            "arr": _or_none(numbers),
            "strategic": _or_none(flags),
            "renewal": _or_none(days),
        }
    )
    return st.lists(st.tuples(account, st.lists(deal, max_size=3)), max_size=6)


def rows_of(world: list[tuple[Row, list[Row]]]) -> Rows:
    """*world* as the frames that filters are asked of."""
    accounts, deals = [], []
    for number, (account, its) in enumerate(world):
        custom = {
            name: str(value) if isinstance(value, date) else value for name, value in account.items() if name in MAPPED
        }
        plain = {name: value for name, value in account.items() if name not in MAPPED}
        accounts.append(plain | {"id": f"001{number}", "custom": json.dumps(custom)})
        deals += [deal | {"id": f"006{number}{at}", "account_id": f"001{number}"} for at, deal in enumerate(its)]
    return Rows(frame(Account, *accounts), frame(Opportunity, *deals), TODAY, ZONE)


def filters() -> st.SearchStrategy[Written]:
    """Conditions on an account."""
    return _joined(_on(ACCOUNT) | _of_deals())


def _joined(plain: st.SearchStrategy[Written]) -> st.SearchStrategy[Written]:
    return st.recursive(plain, lambda parts: _both(parts) | parts.map(_opposite), max_leaves=5)


def _both(parts: st.SearchStrategy[Written]) -> st.SearchStrategy[Written]:
    def join(word: str, left: Written, right: Written) -> Written:
        text = f"({left[0]}) {word} ({right[0]})"
        if word.lower() == "and":
            return text, lambda row: left[1](row) and right[1](row)
        return text, lambda row: left[1](row) or right[1](row)

    return st.builds(join, st.sampled_from(("and", "or", "AND")), parts, parts)


def _opposite(part: Written) -> Written:
    return f"not ({part[0]})", lambda row: not part[1](row)


def _of_deals() -> st.SearchStrategy[Written]:
    def build(which: str, wanted: Written) -> Written:
        text, holds = wanted

        def meaning(row: Row) -> bool:
            deals = row["deals"]
            if which == "latest":
                deals = [max(enumerate(deals), key=lambda one: (one[1]["created_at"], one[0]))[1]] if deals else []
            return any(map(holds, deals)) is (which != "no")

        return f"{which}_opportunity({text})", meaning

    everything: st.SearchStrategy[Written] = st.just(("", bool))
    return st.builds(build, st.sampled_from(("any", "no", "latest")), _joined(_on(DEAL)) | everything)


def _on(fields: dict[str, str]) -> st.SearchStrategy[Written]:
    return st.sampled_from(sorted(fields)).flatmap(lambda name: _about(name, fields[name]))


def _about(name: str, kind: str) -> st.SearchStrategy[Written]:
    def value(row: Row) -> Any:
        said = row[name]
        return said.astimezone(ZoneInfo(ZONE)).date() if isinstance(said, datetime) else said

    empty = st.sampled_from(
        (
            (f"{name} is null", lambda row: value(row) is None),
            (f"{name} IS NOT NULL", lambda row: value(row) is not None),
        )
    )
    if kind == "flag":
        return empty | st.sampled_from(
            (
                (name, lambda row: value(row) is True),
                (f"{name} = false", lambda row: value(row) is False),
                (f"{name} != true", lambda row: value(row) is not True),
            )
        )
    if kind == "text":
        return empty | _about_text(name, value)
    return (
        empty
        | _about_order(name, value, numbers if kind == "number" else days)
        | (st.nothing() if kind == "number" else _about_days(name, value))
    )


def _about_text(name: str, value: Callable[[Row], Any]) -> st.SearchStrategy[Written]:
    def said(row: Row) -> Any:
        return None if value(row) is None else value(row).lower()

    def like(pattern: str, negated: bool) -> Written:
        regex = "".join({"%": "(?s:.*)", "_": "(?s:.)"}.get(sign) or re.escape(sign) for sign in pattern.lower())
        text = f"{name} {'not ' if negated else ''}like {quoted(pattern)}"
        return text, lambda row: (said(row) is not None and bool(re.fullmatch(regex, said(row)))) is not negated

    same = words.map(lambda word: (f"lower({name}) = {quoted(word)}", lambda row: said(row) == word.lower()))
    other = words.map(lambda word: (f"{name} <> {quoted(word)}", lambda row: said(row) != word.lower()))
    one_of = st.lists(words, min_size=1, max_size=3).map(
        lambda some: (f"{name} in ({', '.join(map(quoted, some))})", lambda row: said(row) in [w.lower() for w in some])
    )
    return same | other | one_of | st.builds(like, st.sampled_from(_PATTERNS), flags)


def _about_order(name: str, value: Callable[[Row], Any], values: st.SearchStrategy[Any]) -> st.SearchStrategy[Written]:
    signs: dict[str, Callable[[Any, Any], bool]] = {
        "=": lambda a, b: a == b,
        "<": lambda a, b: a < b,
        "<=": lambda a, b: a <= b,
        ">": lambda a, b: a > b,
        ">=": lambda a, b: a >= b,
    }

    def written(one: Any) -> str:
        return quoted(str(one)) if isinstance(one, date) else f"{one:g}"

    def compared(sign: str, one: Any) -> Written:
        return f"{name} {sign} {written(one)}", lambda row: value(row) is not None and signs[sign](value(row), one)

    def between(low: Any, high: Any) -> Written:
        text = f"{name} not between {written(low)} and {written(high)}"
        return text, lambda row: value(row) is None or not low <= value(row) <= high

    return st.builds(compared, st.sampled_from(sorted(signs)), values) | st.builds(between, values, values)


def _about_days(name: str, value: Callable[[Row], Any]) -> st.SearchStrategy[Written]:
    def within(side: str, days_: int) -> Written:
        def meaning(row: Row) -> bool:
            if value(row) is None:
                return False
            ahead = (value(row) - TODAY).days
            least, most = (0 if side == "next" else -days_), (0 if side == "last" else days_)
            return least <= ahead <= most

        return f"{name} within {side} {days_} days", meaning

    return st.builds(within, st.sampled_from(("", "last", "next")), st.sampled_from((0, 1, 90)))


def _or_none(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


def meant(world: list[tuple[Row, list[Row]]], meaning: Meaning) -> pl.Series:
    """What the oracle says of each account of *world*."""
    return pl.Series([meaning(account | {"deals": its}) for account, its in world], dtype=pl.Boolean)
