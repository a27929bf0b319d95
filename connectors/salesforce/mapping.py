"""Fields of the org's own that the settings map to columns of ours, checked against what the org describes."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import polars as pl

from connectors.salesforce.cells import kind_of
from connectors.salesforce.columns import Reading
from connectors.salesforce.objects import OBJECT_NAMES, api_name
from connectors.salesforce.session import Describe
from connectors.salesforce.views import Column, View
from overlap.errors import ConfigError
from overlap.fields import OBJECTS

#: Types of fields that the API gives as one object, and the Bulk API not at all.
_COMPOUND: Final = frozenset({"address", "location"})
#: Gives the describe of an object, None if there is no such object for us.
Look = Callable[[str], Describe | None]
#: What we brought into the org ourselves: read back as a fact, it would feed on itself.
_OURS: Final = frozenset(
    f"{OBJECT_NAMES[thing.name]}.{api_name(one)}"
    for thing in OBJECTS
    for one in thing.fields
    if api_name(one).endswith("__c")
)


def mapped(reading: Reading, wanted: Mapping[str, str], section: str, look: Look) -> Reading:
    """Return *reading* whose first view reads the paths *wanted*, by our names; *section* is where they were asked for.

    A name that is a column gets the field in place of the usual one; any other name goes to the JSON of ``custom``.
    What a row cannot do without, its name above all, is the usual field's where the other one is empty.

    Raises:
        ConfigError: the org has no such field, or does not show it to us, or it is made of several.
    """
    if not wanted:
        return reading
    first, *others = reading.views
    columns = {column.name: column for column in first.columns}
    custom: dict[str, Column] = {}
    kinds: dict[str, pl.DataType] = {}
    for name, path in wanted.items():
        described, type_ = _found(reading.object_name, path, f"[{section}] {name} = '{path}'", look)
        usual = columns.get(name)
        required = usual is not None and usual.required
        instead = usual.path if usual is not None and required else None
        (columns if name in first.schema else custom)[name] = Column(name, path, described, required, instead)
        kinds[path] = kind_of(type_)
        if instead is not None:
            kinds[instead] = first.kind(instead)
    view: View = replace(
        first, columns=tuple(columns.values()), custom=tuple(custom.values()), kinds={**first.kinds, **kinds}
    )
    return replace(reading, views=(view, *others))


def _found(object_name: str, path: str, asked: str, look: Look) -> tuple[str, str]:
    """Return the field of *object_name* that *path* starts from, and the type of the field at its end."""
    *parents, last = path.split(".")
    first = None
    holder = object_name
    for parent in parents:
        described = look(holder) or {}
        relations = {facts["relationshipName"]: name for name, facts in described.items() if _leads_on(facts)}
        if parent not in relations:
            raise _unknown(holder, parent, asked, relations, "parent")
        first = first or relations[parent]
        holder = described[relations[parent]]["referenceTo"][0]
    described = look(holder) or {}
    if f"{holder}.{last}" in _OURS:
        raise ConfigError(
            f"{asked}: {last} is a field of overlap's own, which it reads and writes already; name one of the org's"
        )
    if last not in described:
        raise _unknown(holder, last, asked, described, "field")
    if described[last].get("type") in _COMPOUND:
        parts = (part for part, facts in described.items() if facts.get("compoundFieldName") == last)
        known = ", ".join(".".join((*parents, part)) for part in parts) or "which are hidden from the integration user"
        raise ConfigError(f"{asked}: {last} of {holder} is made of several fields; map one of these: {known}")
    return first or last, str(described[last].get("type", "string"))


def _leads_on(facts: Mapping[str, object]) -> bool:
    return bool(facts.get("relationshipName") and facts.get("referenceTo"))


def _unknown(object_name: str, name: str, asked: str, known: Mapping[str, object], what: str) -> ConfigError:
    same = {other.lower(): other for other in known}
    close = difflib.get_close_matches(name.lower(), same, n=1)
    hint = f"; did you mean '{same[close[0]]}'?" if close else ""
    return ConfigError(
        f"{asked}: {object_name} has no {what} '{name}', or it is hidden from the integration user{hint}"
    )
