"""Our fields as Salesforce metadata. What `overlap.fields` says is taken from there; here are only the shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from connectors.salesforce.objects import OBJECT_NAMES, api_name
from connectors.salesforce.setup import picklists
from connectors.salesforce.setup.component import Component, Part
from overlap.fields import OBJECTS, PLAYS, CrmObject, Field, Kind, Owner

#: Fields that Salesforce has by itself.
STANDARD: Final = frozenset({"name", "owner_id"})
#: A picklist must have a value; nobody writes this one.
NO_PARTNER: Final = "No partner yet"
_TYPES: Final = {
    Kind.TEXT: "Text",
    Kind.LONG_TEXT: "LongTextArea",
    Kind.URL: "Url",
    Kind.EMAIL: "Email",
    Kind.NUMBER: "Number",
    Kind.CHECKBOX: "Checkbox",
    Kind.DATE: "Date",
    Kind.DATETIME: "DateTime",
    Kind.PICKLIST: "Picklist",
    Kind.MULTI_PICKLIST: "MultiselectPicklist",
    Kind.LOOKUP: "Lookup",
}
#: Fields of owner F that are formulas. The others of them are stamped by the flow, and stored.
FORMULAS: Final = {
    ("partner_overlap", "partner_name"): "Partner__r.Name",
    ("partner_overlap", "as_of"): "Partner__r.List_As_Of__c",
    ("partner_overlap", "freshness"): 'IF(ISPICKVAL(Partner__r.Feed_Status__c, "Late"), "Unknown", "Current")',
}
_WHO: Final = {
    Owner.ENGINE: "Written by overlap. What a person writes here is reported, and may be written over.",
    Owner.HUMAN: "People's own. overlap reads it and never writes it.",
    Owner.FORMULA: "Filled in by Salesforce.",
}
_LINES: Final = 4
#: What a field that the org has is given again when it is deployed; its label, its help and the like are the org's.
_OURS_TO_SAY: Final = frozenset(
    {
        *("type", "length", "precision", "scale", "required", "externalId", "unique", "caseSensitive"),
        *("formula", "formulaTreatBlanksAs", "referenceTo"),
    }
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a setup depends on beside the table of fields.

    *partners* are the values of the lists of partners. Without *flat_fields* Account and Opportunity get no field.
    *more* are fields that the settings read beside the usual, by object. *there* are the parts of fields that the org
    has, by full name: what an admin may change of one stays.
    """

    partners: tuple[str, ...] = ()
    flat_fields: bool = True
    more: Mapping[str, Sequence[str]] = field(default_factory=dict)
    there: Mapping[str, Sequence[Part]] = field(default_factory=dict)

    @property
    def things(self) -> tuple[CrmObject, ...]:
        """The objects that get fields."""
        return tuple(thing for thing in OBJECTS if thing.key is not None or self.flat_fields)


def fields(wanted: Wanted) -> list[Component]:
    """Return every field of ours, in the order of the table."""
    return [
        Component("CustomField", full_name(thing, one), _parts(thing, one, wanted))
        for thing, one in custom_fields(wanted.things)
    ]


def custom_fields(things: Sequence[CrmObject]) -> list[tuple[CrmObject, Field]]:
    """Return the fields of *things* that are made by us, each with its object."""
    return [(thing, one) for thing in things for one in thing.fields if one.name not in STANDARD]


def full_name(thing: CrmObject, one: Field) -> str:
    """Return ``Account.Overlap_Best_Play__c``."""
    return f"{OBJECT_NAMES[thing.name]}.{api_name(one)}"


def label(name: str) -> str:
    """Return what people read: ``icp_fit`` is "ICP Fit"."""
    return " ".join("ICP" if word == "icp" else word.capitalize() for word in name.split("_"))


def _parts(thing: CrmObject, one: Field, wanted: Wanted) -> list[Part]:
    formula = FORMULAS.get((thing.name, one.name))
    facts: dict[str, Any] = {"label": label(one.name), "type": _TYPES[one.kind], "description": _WHO[one.owner]}
    if formula is not None:
        facts |= {"formula": formula, "formulaTreatBlanksAs": "BlankAsBlank"}
    elif one.kind is not Kind.CHECKBOX:
        facts["required"] = one.required
    if formula is None:
        facts |= _shape(thing, one)
    if one.kind in (Kind.PICKLIST, Kind.MULTI_PICKLIST):
        facts["valueSet"] = _values(one, wanted)
    there = wanted.there.get(full_name(thing, one), ())
    merged = {**facts, **{tag: value for tag, value in there if tag not in _OURS_TO_SAY or tag not in facts}}
    if "valueSet" in facts and "valueSet" in dict(there):
        merged["valueSet"] = picklists.completed(there, facts["valueSet"], NO_PARTNER)
    return sorted(merged.items())  # the schema lists the parts of a field by name


def _shape(thing: CrmObject, one: Field) -> dict[str, Any]:
    """Return what a field of its kind must say beside its name."""
    if one.kind is Kind.TEXT:
        key = {"caseSensitive": False, "externalId": True, "unique": True} if one.name == thing.key else {}
        return {"length": one.length, **key}
    if one.kind is Kind.LONG_TEXT:
        return {"length": one.length, "visibleLines": _LINES}
    if one.kind is Kind.NUMBER:
        return {"precision": one.length, "scale": one.scale}
    if one.kind is Kind.CHECKBOX:
        return {"defaultValue": False}
    if one.kind is Kind.MULTI_PICKLIST:
        return {"visibleLines": _LINES}
    if one.kind is Kind.LOOKUP:
        return {
            "deleteConstraint": "SetNull",
            "referenceTo": OBJECT_NAMES[one.target or ""],
            "relationshipLabel": thing.label + "s",
            "relationshipName": relationship(thing),
        }
    return {}


def relationship(thing: CrmObject) -> str:
    """Return what a parent calls the records of *thing* that point to it. No object has two lookups to one parent."""
    return (thing.label + "s").replace(" ", "_")


def _values(one: Field, wanted: Wanted) -> list[Part]:
    ours = list(one.values) or _open_values(one, wanted.partners)
    listed: list[Part] = [
        ("value", [("fullName", value), ("default", value == one.default), ("label", value)]) for value in ours
    ]
    return [("restricted", one.restricted), ("valueSetDefinition", [("sorted", False), *listed])]


def _open_values(one: Field, partners: Sequence[str]) -> list[str]:
    """Return what an unrestricted list offers from the start: plays, or partners."""
    if one.kind is Kind.PICKLIST:
        return list(dict.fromkeys(PLAYS.values()))
    return list(dict.fromkeys(partners)) or [NO_PARTNER]
