"""Turns a `Write` into what HubSpot is sent: properties as texts, and links.

Pure; what may get in, `connectors.values` says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from connectors.base import Write
from connectors.hubspot.columns import is_link
from connectors.hubspot.objects import property_name
from connectors.values import checked, engine_field, is_empty
from overlap.fields import CrmObject, Kind

_WRITERS: Final[Mapping[Kind, Callable[[Any], str]]] = {
    Kind.NUMBER: lambda number: str(int(number)) if number == int(number) else str(number),
    Kind.CHECKBOX: lambda ticked: str(ticked).lower(),
    Kind.DATE: lambda day: day.isoformat(),
    Kind.DATETIME: lambda time: time.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    Kind.MULTI_PICKLIST: ";".join,
}


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
        field = engine_field(thing, name)
        found = None if is_empty(value) else checked(field, value, property_name(field))
        if is_link(thing, name):
            links[name] = found
        elif found is None:
            texts[property_name(field)] = ""
        elif field.restricted or field.kind not in (Kind.PICKLIST, Kind.MULTI_PICKLIST):
            texts[property_name(field)] = _WRITERS[field.kind](found) if field.kind in _WRITERS else found
        else:
            lists[name] = found if field.kind is Kind.MULTI_PICKLIST else (found,)
    if write.record_id is None and thing.key is not None:
        texts[thing.key] = write.key
    return Draft(write, texts, lists, links)
