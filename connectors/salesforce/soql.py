"""Builds SOQL text, and is the only place that does. SOQL has no bound parameters: every value goes through `literal`.

A datetime stands without quotes in SOQL, and only whole seconds of it count: a stamp in a CRM has no fractions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, Literal, NewType

#: A piece of a ``where`` whose identifiers were checked and whose values were escaped.
Condition = NewType("Condition", str)
Operator = Literal["=", "!=", "<", "<=", ">", ">="]

_IDENTIFIER: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.]*")
_ESCAPES: Final = str.maketrans(
    {"\\": r"\\", "'": r"\'", '"': r"\"", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\b": r"\b", "\f": r"\f"}
)


def select(
    object_name: str,
    paths: Sequence[str],
    where: Sequence[Condition] = (),
    order: Sequence[str] = (),
    limit: int | None = None,
) -> str:
    """Return a query for *paths* of *object_name*: all of *where* holds, ascending by *order*.

    Raises:
        ValueError: a name is no SOQL identifier.
    """
    query = f"SELECT {', '.join(map(_identifier, paths))} FROM {_identifier(object_name)}"
    if where:
        query += f" WHERE {' AND '.join(where)}"
    if order:
        query += f" ORDER BY {', '.join(map(_identifier, order))}"
    return query if limit is None else f"{query} LIMIT {limit:d}"


def count(object_name: str, where: Sequence[Condition] = ()) -> str:
    """Return the query for how many records of *object_name* there are of which all of *where* holds.

    Raises:
        ValueError: a name is no SOQL identifier.
    """
    query = f"SELECT COUNT() FROM {_identifier(object_name)}"
    return f"{query} WHERE {' AND '.join(where)}" if where else query


def compare(path: str, operator: Operator, value: str | bool | datetime | None) -> Condition:
    """Return the condition that *path* stands in *operator* to *value*; None is SOQL's ``null``."""
    return Condition(f"{_identifier(path)} {operator} {literal(value)}")


def one_of(path: str, values: Sequence[str]) -> Condition:
    """Return the condition that *path* is one of *values*.

    Raises:
        ValueError: *values* is empty; SOQL has no empty list.
    """
    if not values:
        raise ValueError(f"nothing to look for in {path}")
    return Condition(f"{_identifier(path)} IN ({','.join(map(literal, values))})")


def either(*conditions: Condition) -> Condition:
    """Return the condition that at least one of *conditions* holds."""
    return Condition(f"({' OR '.join(conditions)})")


def beyond(stamp_path: str, stamp: datetime, id_path: str, last_id: str) -> Condition:
    """Return the condition of a keyset page: what comes after (*stamp*, *last_id*) in that order.

    A page that only asked for later stamps would lose rows, one that asked for the same stamp again would never end
    when a mass update gave more rows one stamp than fit into a page.
    """
    later, same, next_id = (
        compare(stamp_path, ">", stamp),
        compare(stamp_path, "=", stamp),
        compare(id_path, ">", last_id),
    )
    return Condition(f"({later} OR ({same} AND {next_id}))")


def literal(value: str | bool | datetime | None) -> str:
    r"""Return *value* as SOQL writes it: text quoted and escaped, datetimes bare in UTC.

    Raises:
        ValueError: a datetime without a time zone.

    Source: "Quoted String Escape Sequences" and "Date Formats and Date Literals" in the SOQL reference.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"'{value.translate(_ESCAPES)}'"


def _identifier(name: str) -> str:
    if not _IDENTIFIER.fullmatch(name):
        raise ValueError(f"'{name}' is no SOQL name")
    return name
