"""Turns a `Write` into the body that Salesforce is sent. Pure, and the only way into a payload: an allow-list.

A field that a person owns cannot get out of here, whatever was planned, and nothing is ever cut to fit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from connectors.base import Write
from connectors.salesforce.objects import OBJECT_NAMES, api_name, key_name, reference
from overlap.errors import RecordError
from overlap.fields import CrmObject, Field, Kind, Owner


def body(thing: CrmObject, write: Write) -> dict[str, Any]:
    """Return the record of *write* as it stands in the ``records`` of a collections call.

    A write with a record id is an update by ``Id``; one without is an upsert, which holds its key once and no ``Id``.

    Raises:
        RecordError: a text is longer than its field; the message names field and lengths.
        ValueError: the plan has a bug: a field that is not the engine's, a value of the wrong type, no address.
    """
    record: dict[str, Any] = {"attributes": {"type": OBJECT_NAMES[thing.name]}}
    if write.record_id is not None:
        record["Id"] = write.record_id
    elif thing.key is not None and write.values.get(thing.key, write.key) == write.key:
        record[key_name(thing)] = write.key
    else:
        raise ValueError(f"{thing.name} '{write.key}': no record id, and no key to upsert it by")
    for name, value in write.values.items():
        record.update(entry(_engine_field(thing, name), value))
    return record


def entry(field: Field, value: Any) -> dict[str, Any]:
    """Return *value* as Salesforce's {API name: JSON value}; None and NaN clear the field.

    A lookup to an object of ours is addressed through the relationship, by key, and cleared by its own name.

    Raises:
        RecordError: the text is longer than *field*.
        ValueError: *value* has the wrong type, or is a list with a value that holds the separator ";".
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return {api_name(field): None}
    written = _WRITERS[field.kind](field, value)
    target = reference(field)
    if target is None:
        return {api_name(field): written}
    relationship, key = target
    return {relationship: {key: written}}


def _engine_field(thing: CrmObject, name: str) -> Field:
    field = thing.by_name.get(name)
    if field is None or field.owner is not Owner.ENGINE:
        raise ValueError(f"{thing.name}.{name} is not the engine's to write")
    return field


def _text(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong_type(field, value, "text")
    if field.length and len(value) > field.length:
        raise RecordError(f"STRING_TOO_LONG: {len(value)} characters, {field.length} fit ({api_name(field)})")
    return value


def _address(field: Field, value: Any) -> str:
    """Return the id or key that a lookup points to. Its length is the target's, so it is not checked here."""
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


def _date(field: Field, value: Any) -> str:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise _wrong_type(field, value, "a date")
    return value.isoformat()


def _datetime(field: Field, value: Any) -> str:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise _wrong_type(field, value, "a datetime with its time zone")
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def _values(field: Field, value: Any) -> str | None:
    """Return the values joined by ";"; none at all clear the field."""
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise _wrong_type(field, value, "a list of texts")
    if any(";" in one for one in value):
        raise ValueError(f"{field.name}: a value holds ';', which separates values: {value}")
    return _text(field, ";".join(value)) or None


def _wrong_type(field: Field, value: Any, wanted: str) -> ValueError:
    return ValueError(f"{field.name}: {value!r} is not {wanted}")


_WRITERS: Final[Mapping[Kind, Callable[[Field, Any], Any]]] = {
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
