"""Options of properties that are lists: an option is there before a record gets its value, and none is ever removed.

Lists of partners show names as labels; the value behind a label stays what it was, or records and people's filters
would lose it. A partner's option that somebody renamed gets its name back: by it we find it again. Plays are found by
their values, and people may call them what they like.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from overlap.fields import Field, Kind

Option = Mapping[str, Any]


def value_of(field: Field, definition: Mapping[str, Any], wanted: str) -> str:
    """Return the value that stands for *wanted* in a property; a property without options takes it as it is."""
    if field.kind is Kind.MULTI_PICKLIST:
        by_label = {str(one["label"]).casefold(): str(one["value"]) for one in definition.get("options") or ()}
        return by_label.get(wanted.casefold(), wanted)
    return wanted


def with_options(field: Field, definition: Mapping[str, Any], wanted: Iterable[str]) -> Sequence[Option] | None:
    """Return all options that a property must have for it to take *wanted*; None if it has them."""
    if definition.get("type") != "enumeration":
        return None
    there = [dict(one) for one in definition.get("options") or ()]
    before = [dict(one) for one in there]
    by_value = {str(one["value"]): one for one in there}
    by_label = {str(one["label"]).casefold(): one for one in there}
    is_named = field.kind is Kind.MULTI_PICKLIST and not field.restricted
    for name in sorted(set(wanted)):
        known = (by_label.get(name.casefold()) if is_named else None) or by_value.get(name)
        if known is None:
            known = by_value[name] = option(name, len(there))
            there.append(known)
        elif is_named:
            known["label"] = name
        by_label[name.casefold()] = known
    return there if there != before else None


def option(name: str, place: int) -> dict[str, Any]:
    """Return a new option called *name*."""
    return {"label": name, "value": name, "displayOrder": place, "hidden": False}
