"""The values of properties: checked as HubSpot checks them, and kept as it shows them, as texts.

An empty text clears a property. A multiple-checkbox value parts its options by semicolons; one that begins with a
semicolon adds to what is there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final

from connectors.sandbox.hubspot.errors import Problem, instant
from connectors.sandbox.hubspot.schema import Property
from connectors.sandbox.hubspot.standard import FREE

LONGEST: Final = 65_536
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS: Final = re.compile(r"-?\d{1,14}")


class ValueProblem(Exception):  # noqa: N818 -- it is told to the caller as a Problem
    """A value is refused."""

    def __init__(self, definition: Property, code: str, message: str) -> None:
        super().__init__(message)
        self.problem = Problem(definition.name, code, message)


def accept(definition: Property, value: str, before: str | None) -> str | None:
    """Return *value* as it is kept, None for an empty one; *before* is what the record has.

    Raises:
        ValueProblem: HubSpot refuses it.
    """
    if value == "":
        return None
    if len(value) > LONGEST:
        message = f"Property values may have at most {LONGEST} characters"
        raise ValueProblem(definition, "PROPERTY_VALUE_TOO_LONG", message)
    return _ACCEPT[definition.type](definition, value, before)


def as_instant(text: str) -> datetime | None:
    """Return the time that *text* says, in milliseconds since 1970 or in ISO 8601, or None."""
    if _MILLISECONDS.fullmatch(text):
        try:
            return _EPOCH + timedelta(milliseconds=int(text))
        except OverflowError:
            return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def as_number(text: str) -> Decimal | None:
    """Return the finite number that *text* is, or None."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and text == text.strip() else None


def _string(definition: Property, value: str, before: str | None) -> str:
    del before
    return value.lower() if definition.name == "domain" else value


def _number(definition: Property, value: str, before: str | None) -> str:
    del before
    if as_number(value) is None:
        raise ValueProblem(definition, "INVALID_INTEGER", f"{value} was not a valid number.")
    return value


def _date(definition: Property, value: str, before: str | None) -> str:
    del before
    if _MILLISECONDS.fullmatch(value):
        at = as_instant(value)
        if at is not None and at.time() != time():
            clock = f"{at.hour}:{at.minute}:{at.second}.{at.microsecond // 1000}"
            raise ValueProblem(definition, "INVALID_DATE", f"{value} is at {clock} UTC, not midnight!")
        if at is not None:
            return at.date().isoformat()
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        with suppress(ValueError):
            return date.fromisoformat(value).isoformat()
    raise ValueProblem(definition, "INVALID_DATE", f"{value} was not a valid date.")


def _datetime(definition: Property, value: str, before: str | None) -> str:
    del before
    at = as_instant(value)
    if at is None:
        raise ValueProblem(definition, "INVALID_LONG", f"{value} was not a valid long.")
    return instant(at)


def _bool(definition: Property, value: str, before: str | None) -> str:
    del before
    if value not in ("true", "false"):
        raise _no_option(definition, value, ["true", "false"])
    return value


def _enumeration(definition: Property, value: str, before: str | None) -> str | None:
    known = [option.value for option in definition.options]
    if definition.owners or definition.name in FREE:
        return value
    if not definition.several:
        if value not in known:
            raise _no_option(definition, value, known)
        return value
    given = [part for part in value.split(";") if part]
    for part in given:
        if part not in known:
            raise _no_option(definition, part, known)
    there = (before or "").split(";") if value.startswith(";") else []
    return ";".join(dict.fromkeys(part for part in (*there, *given) if part)) or None


def _no_option(definition: Property, value: str, known: list[str]) -> ValueProblem:
    message = f"{value} was not one of the allowed options: [{', '.join(known)}]"
    return ValueProblem(definition, "INVALID_OPTION", message)


_ACCEPT: Final[Mapping[str, Callable[[Property, str, str | None], str | None]]] = {
    "string": _string,
    "phone_number": _string,
    "number": _number,
    "date": _date,
    "datetime": _datetime,
    "bool": _bool,
    "enumeration": _enumeration,
}
