"""Turns a `Write` into the body that Salesforce is sent. Pure; what may get in, `connectors.values` says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from connectors.base import Write
from connectors.salesforce.objects import OBJECT_NAMES, api_name, key_name, reference
from connectors.values import checked, engine_field, is_empty
from overlap.fields import CrmObject, Field, Kind

_WRITERS: Final[Mapping[Kind, Callable[[Any], Any]]] = {
    Kind.DATE: lambda day: day.isoformat(),
    Kind.DATETIME: lambda time: time.strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
    Kind.MULTI_PICKLIST: lambda values: ";".join(values) or None,
}


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
        record.update(entry(engine_field(thing, name), value))
    return record


def entry(field: Field, value: Any) -> dict[str, Any]:
    """Return *value* as Salesforce's {API name: JSON value}; None and NaN clear the field.

    A lookup to an object of ours is addressed through the relationship, by key, and cleared by its own name.

    Raises:
        RecordError: the text is longer than *field*.
        ValueError: *value* has the wrong type, or is a list with a value that holds the separator ";".
    """
    if is_empty(value):
        return {api_name(field): None}
    found = checked(field, value, api_name(field))
    written = _WRITERS[field.kind](found) if field.kind in _WRITERS else found
    target = reference(field)
    if target is None:
        return {api_name(field): written}
    relationship, key = target
    return {relationship: {key: written}}
