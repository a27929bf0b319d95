"""The values of a picklist as an org has them, and what is added to them. What an admin did to a value stays.

Salesforce tells values apart without regard to case, by their names and, among themselves, by their labels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.salesforce.setup.component import Part


@dataclass(frozen=True, slots=True)
class Value:
    """One value: *name* is stored and sent, *label* is what people read."""

    name: str
    label: str
    active: bool = True


def values(field: Sequence[Part]) -> list[Value]:
    """Return the values in *field*, the parts of a custom field, those that are switched off too."""
    found = [dict(part) for tag, part in _definition(field) if tag == "value"]
    return [
        Value(one["fullName"], one.get("label", one["fullName"]), str(one.get("isActive", "true")) != "false")
        for one in found
    ]


def shared(field: Sequence[Part]) -> str | None:
    """Return the name of the global value set that *field* takes its values from; None if it has its own."""
    found: str | None = dict(dict(field).get("valueSet", ())).get("valueSetName")
    return found


def missing(offered: Sequence[str], field: Sequence[Part]) -> list[str]:
    """Return those of *offered* that *field* does not know, switched on or off."""
    known = {value.name.casefold() for value in values(field)}
    return [name for name in offered if name.casefold() not in known]


def switched_off(offered: Sequence[str], field: Sequence[Part]) -> list[str]:
    """Return those of *offered* that *field* knows and that an admin has switched off."""
    off = {value.name.casefold() for value in values(field) if not value.active}
    return [name for name in offered if name.casefold() in off]


def clashes(new: Sequence[str], field: Sequence[Part]) -> Iterator[str]:
    """Yield why the values *new* cannot be added to *field*."""
    if new and (name := shared(field)):
        yield f"its values come from the global value set {name}: add {', '.join(new)} there"
    for value in values(field):
        for name in new:
            if value.label.casefold() == name.casefold():
                yield f"the org's value '{value.name}' is labelled '{value.label}': give it another label"


def completed(field: Sequence[Part], ours: Sequence[Part], dropped: str) -> list[Part]:
    """Return the value set of *field* with those of the value set *ours* that it lacks, behind its own.

    Order, labels, defaults and what is switched off stay. A value called *dropped* goes when there is another one.
    """
    theirs = dict(field)["valueSet"]
    if shared(field):
        return list(theirs)
    known = {value.name.casefold() for value in values(field)}
    wanted = [part for tag, part in _definition([("valueSet", ours)]) if tag == "value"]
    new: list[Part] = [("value", part) for part in wanted if dict(part)["fullName"].casefold() not in known]
    kept = [
        part for part in _definition(field) if not (part[0] == "value" and new and dict(part[1])["fullName"] == dropped)
    ]
    # One default is the most that a list can have: the org's.
    added: list[Part] = [(tag, _without_default(part)) for tag, part in new]
    restricted = [("restricted", dict(ours)["restricted"])]
    others = [part for part in theirs if part[0] not in ("restricted", "valueSetDefinition")]
    parts = [*others, *restricted, ("valueSetDefinition", [*kept, *added])]
    return sorted(parts, key=lambda part: part[0])


def _definition(field: Sequence[Part]) -> Sequence[Part]:
    found: Sequence[Part] = dict(dict(field).get("valueSet", ())).get("valueSetDefinition", ())
    return found


def _without_default(value: Sequence[Part]) -> list[tuple[str, Any]]:
    return [(tag, False if tag == "default" else text) for tag, text in value]
