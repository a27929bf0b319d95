"""What may leave for a CRM: the engine's own fields, each with a value of its kind. Pure, and an allow-list.

A field that a person owns cannot get out of here, whatever was planned, and nothing is ever cut to fit. How a CRM
spells what passes is its connector's ``payload.py``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final, TypeVar

from connectors.base import Receipt, Remedy, Write
from overlap.errors import RecordError
from overlap.fields import CrmObject, Field, Kind, Owner

_Made = TypeVar("_Made")


def fitting(
    thing: CrmObject, batch: Sequence[Write], make: Callable[[CrmObject, Write], _Made]
) -> tuple[dict[int, _Made], dict[int, Receipt]]:
    """Return (what *make* makes of writes, receipts of those that do not fit), both by their place in *batch*.

    Raises:
        ValueError: the plan has a bug, see `checked`.
    """
    made: dict[int, _Made] = {}
    refused: dict[int, Receipt] = {}
    for place, write in enumerate(batch):
        try:
            made[place] = make(thing, write)
        except RecordError as error:
            refused[place] = Receipt(write.key, write.record_id, error=str(error), remedy=Remedy.REJECT)
    return made, refused


def engine_field(thing: CrmObject, name: str) -> Field:
    """Return the field *name* of *thing*.

    Raises:
        ValueError: the plan has a bug: it is not the engine's to write.
    """
    field = thing.by_name.get(name)
    if field is None or field.owner is not Owner.ENGINE:
        raise ValueError(f"{thing.name}.{name} is not the engine's to write")
    return field


def is_empty(value: Any) -> bool:
    """Whether *value* clears a field: None or NaN."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def checked(field: Field, value: Any, name: str) -> Any:
    """Return *value*, which is not empty, as its kind has it: times in UTC, lists as tuples, the rest as it is.

    *name* is what the CRM calls *field*.

    Raises:
        RecordError: a text is longer than its field; the message says *name* and lengths.
        ValueError: the plan has a bug: a value of the wrong type, or a list with one that holds the separator ";".
    """
    found = _CHECKS[field.kind](field, value)
    text = ";".join(found) if isinstance(found, tuple) else found
    # The length of an address is its target's, so it is not checked here.
    if isinstance(text, str) and field.length and field.kind is not Kind.LOOKUP and len(text) > field.length:
        raise RecordError(f"STRING_TOO_LONG: {len(text)} characters, {field.length} fit ({name})")
    return found


def _text(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong_type(field, value, "text")
    return value


def _address(field: Field, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise _wrong_type(field, value, "an id or a key")
    return value


def _number(field: Field, value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isinf(value):
        raise _wrong_type(field, value, "a finite number")
    return value


def _checkbox(field: Field, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong_type(field, value, "true or false")
    return value


def _date(field: Field, value: Any) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise _wrong_type(field, value, "a date")
    return value


def _datetime(field: Field, value: Any) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise _wrong_type(field, value, "a datetime with its time zone")
    return value.astimezone(UTC)


def _values(field: Field, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise _wrong_type(field, value, "a list of texts")
    if any(";" in one for one in value):
        raise ValueError(f"{field.name}: a value holds ';', which separates values: {value}")
    return tuple(value)


def _wrong_type(field: Field, value: Any, wanted: str) -> ValueError:
    return ValueError(f"{field.name}: {value!r} is not {wanted}")


_CHECKS: Final[Mapping[Kind, Callable[[Field, Any], Any]]] = {
    Kind.TEXT: _text,
    Kind.LONG_TEXT: _text,
    Kind.URL: _text,
    Kind.EMAIL: _text,
    Kind.PICKLIST: _text,
    Kind.LOOKUP: _address,
    Kind.NUMBER: _number,
    Kind.CHECKBOX: _checkbox,
    Kind.DATE: _date,
    Kind.DATETIME: _datetime,
    Kind.MULTI_PICKLIST: _values,
}
