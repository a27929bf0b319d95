"""Turns a `Write` into what HubSpot is sent: properties as texts, and links. Pure, and an allow-list.

A field that a person owns cannot get out of here, whatever was planned, and nothing is ever cut to fit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from connectors.base import Write
from connectors.hubspot.columns import is_link
from connectors.hubspot.objects import property_name
from overlap.errors import RecordError
from overlap.fields import CrmObject, Field, Kind, Owner


@dataclass(frozen=True, slots=True)
class Draft:
    """One write on its way. *lists* are values that options stand for, by field; *links* ends or keys, by field."""

    write: Write
    texts: Mapping[str, str]
    lists: Mapping[str, tuple[str, ...]]
    links: Mapping[str, str | None]


def draft(thing: CrmObject, write: Write) -> Draft:
    """Return *write* as HubSpot takes it; an empty text clears a property.

    Raises:
        RecordError: a text is longer than its field; the message names property and lengths.
        ValueError: the plan has a bug: a field that is not the engine's, a value of the wrong type, no address.
    """
    if write.record_id is None and (thing.key is None or write.values.get(thing.key, write.key) != write.key):
        raise ValueError(f"{thing.name} '{write.key}': no record id, and no key to find it by")
    texts: dict[str, str] = {}
    lists: dict[str, tuple[str, ...]] = {}
    links: dict[str, str | None] = {}
    for name, value in write.values.items():
        field = _engine_field(thing, name)
        empty = value is None or (isinstance(value, float) and math.isnan(value))
        if is_link(thing, name):
            links[name] = None if empty else _address(field, value)
        elif empty:
            texts[property_name(field)] = ""
        elif field.restricted or field.kind not in (Kind.PICKLIST, Kind.MULTI_PICKLIST):
            texts[property_name(field)] = _WRITERS[field.kind](field, value)
        else:
            lists[name] = _values(field, value if field.kind is Kind.MULTI_PICKLIST else (value,))
    if write.record_id is None and thing.key is not None:
        texts[thing.key] = write.key
    return Draft(write, texts, lists, links)


def _engine_field(thing: CrmObject, name: str) -> Field:
    field = thing.by_name.get(name)
    if field is None or field.owner is not Owner.ENGINE:
        raise ValueError(f"{thing.name}.{name} is not the engine's to write")
    return field


def _text(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong_type(field, value, "text")
    if field.length and len(value) > field.length:
        raise RecordError(f"TOO_LONG: {len(value)} characters, {field.length} fit ({property_name(field)})")
    return value


def _address(field: Field, value: Any) -> str:
    """Return the id or key that a lookup points to. Its length is the target's, so it is not checked here."""
    if not isinstance(value, str) or not value:
        raise _wrong_type(field, value, "an id or a key")
    return value


def _number(field: Field, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isinf(value):
        raise _wrong_type(field, value, "a finite number")
    return str(int(value)) if value == int(value) else str(value)


def _checkbox(field: Field, value: Any) -> str:
    if not isinstance(value, bool):
        raise _wrong_type(field, value, "true or false")
    return str(value).lower()


def _date(field: Field, value: Any) -> str:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise _wrong_type(field, value, "a date")
    return value.isoformat()


def _datetime(field: Field, value: Any) -> str:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise _wrong_type(field, value, "a datetime with its time zone")
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _values(field: Field, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise _wrong_type(field, value, "a list of texts")
    if any(";" in one for one in value):
        raise ValueError(f"{field.name}: a value holds ';', which separates values: {value}")
    return tuple(value)


def _joined(field: Field, value: Any) -> str:
    return ";".join(_values(field, value))


def _wrong_type(field: Field, value: Any, wanted: str) -> ValueError:
    return ValueError(f"{field.name}: {value!r} is not {wanted}")


_WRITERS: Final[Mapping[Kind, Callable[[Field, Any], str]]] = {
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
    Kind.MULTI_PICKLIST: _joined,
}
