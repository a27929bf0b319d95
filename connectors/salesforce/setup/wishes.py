"""What the settings read beside the usual, as the fields that the integration's permission set must show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from connectors.salesforce.columns import Wishes, readings
from connectors.salesforce.mapping import Look
from connectors.salesforce.session import Describe

#: Where a standard relationship leads, whatever it starts from.
_LEADS_TO: Final = {
    "Account": "Account",
    "CreatedBy": "User",
    "LastModifiedBy": "User",
    "Manager": "User",
    "Owner": "User",
    "Parent": "Account",
}


def more_to_read(wishes: Wishes, look: Look) -> dict[str, tuple[str, ...]]:
    """Return the fields that *wishes* add, by object, as far as a permission set has a say in them.

    *look* describes the objects of the org, as its user sees them; one that knows none will do: then what a lookup of
    the org's own leads to is not named, because nobody knows where it leads.
    """
    found: dict[str, list[str]] = defaultdict(list)
    if wishes.read_leads:
        [lead] = [reading for reading in readings("", read_leads=True) if reading.object_name == "Lead"]
        found["Lead"] += [column.field for view in lead.views for column in view.columns]
    for object_name, paths in (("Account", wishes.account_fields), ("Opportunity", wishes.opportunity_fields)):
        for path in paths.values():
            for holder, field in _fields(object_name, path, look):
                granted = _is_granted(holder, field, look(holder) or {})
                found[holder] += [field] if granted else []  # an object is to be read even for what everybody sees
    return {holder: tuple(dict.fromkeys(fields)) for holder, fields in sorted(found.items())}


def _fields(object_name: str, path: str, look: Look) -> Iterator[tuple[str, str]]:
    """Yield (object, field) for each field that reading *path* touches."""
    *parents, last = path.split(".")
    holder = object_name
    for parent in parents:
        lookup = f"{parent.removesuffix('__r')}__c" if parent.endswith("__r") else f"{parent}Id"
        yield holder, lookup
        known = (look(holder) or {}).get(lookup, {}).get("referenceTo") or [_LEADS_TO.get(parent)]
        if known[0] is None:
            return
        holder = known[0]
    yield holder, last


def _is_granted(holder: str, field: str, described: Describe) -> bool:
    """Whether a permission set can name the field: not a required one, nor one of people, whose place is Contact."""
    if field.endswith("__pc") or (holder == "User" and not field.endswith("__c")):
        return False
    return bool(described.get(field, {}).get("permissionable", True))
