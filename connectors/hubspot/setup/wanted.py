"""What a portal is to have: our properties, objects and labels as HubSpot takes them, out of `overlap.fields`.

Fields that Salesforce works out by a formula are left out: HubSpot has no formula through an association that an API
could make. The partner's record stands beside the overlap, and the history of a property says who confirmed and when.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from connectors.hubspot.columns import is_link
from connectors.hubspot.objects import property_name
from connectors.hubspot.options import option
from overlap.fields import ACCOUNT, INFLUENCE, OPPORTUNITY, PLAYS, CrmObject, Field, Kind, Owner

GROUP: Final = {"name": "partner_overlap", "label": "Partner overlap", "displayOrder": -1}
#: What a portal with too little room for custom properties goes without, the first one first.
LEFT_OUT_FIRST: Final[Mapping[str, tuple[str, ...]]] = {
    ACCOUNT.name: (
        "overlap_icp_fit",
        "overlap_icp_tier",
        "overlap_changed_on",
        "overlap_family_of",
        "overlap_partner_contact",
        "overlap_best_reason",
        "partner_engagement",
        "overlap_best_play",
        "overlap_best_partner",
        "overlap_prospect_of",
        "overlap_open_opportunity_of",
        "overlap_customer_of",
        "overlap_partner_count",
    ),
    OPPORTUNITY.name: (
        "overlap_changed_on",
        "overlap_partner_contact",
        "partner_influence_evidence",
        "overlap_best_reason",
        "partner_engagement",
        "overlap_sourced_by",
        "overlap_best_play",
        "overlap_open_opportunity_of",
        "overlap_customer_of",
        "overlap_best_partner",
        "overlap_partner_count",
        "overlap_confirmed_partners",
        "partner_influence_confirmed",
        "overlap_suggested_partners",
    ),
}
_TYPES: Final = {
    Kind.LONG_TEXT: ("string", "textarea"),
    Kind.NUMBER: ("number", "number"),
    Kind.CHECKBOX: ("bool", "booleancheckbox"),
    Kind.DATE: ("date", "date"),
    Kind.DATETIME: ("datetime", "date"),
    Kind.PICKLIST: ("enumeration", "select"),
    Kind.MULTI_PICKLIST: ("enumeration", "checkbox"),
}
_PLAIN: Final = ("string", "text")
_WHOSE: Final = {
    Owner.ENGINE: "Written by overlap: what people write here may be written over.",
    Owner.HUMAN: "Yours to fill in. overlap reads it and never writes it.",
}
#: What people see of a record first. Who makes one by hand is asked for it, so it is no key.
_SHOWN: Final = {INFLUENCE.name: "evidence_summary"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """*partners* are the values of the lists of partners. Without *flat_fields* companies and deals get nothing."""

    partners: tuple[str, ...]
    flat_fields: bool = True


def properties(thing: CrmObject, partners: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the properties of *thing* as HubSpot takes them, without a group: owners are HubSpot's own property."""
    made = (one for one in thing.fields if one.owner is not Owner.FORMULA and one.name != "owner_id")
    return [_property(thing, one, partners) for one in made if not is_link(thing, one.name)]


def schema(thing: CrmObject, associated: list[str], family: str) -> dict[str, Any]:
    """Return the object *thing* as HubSpot takes it; *associated* are the ids of what it leads to."""
    shown = _SHOWN.get(thing.name, "name")
    body: dict[str, Any] = {
        "name": thing.name,
        "labels": {"singular": thing.label, "plural": f"{thing.label}s"},
        "primaryDisplayProperty": shown,
        "secondaryDisplayProperties": [],
        "searchableProperties": [shown],
        "requiredProperties": [str(thing.key)] if thing.by_name[str(thing.key)].required else [],
        "properties": properties(thing, ()),
        "associatedObjects": associated,
        "allowsSensitiveProperties": False,
    }
    return body | ({"shouldCreateSameObjectAssociation": False} if family == "2026-03" else {})


def targets(thing: CrmObject) -> list[str]:
    """Return the objects that *thing* leads to, by their names in `overlap.fields`."""
    return list(dict.fromkeys(str(one.target) for one in thing.fields if is_link(thing, one.name)))


def label_body(label: str) -> dict[str, str]:
    """Return a label of a deal's companies as HubSpot takes it."""
    name = "overlap_" + label.lower().replace(" ", "_")
    return {"label": label, "name": name, "inverseLabel": f"{label} (deal)"}


def _property(thing: CrmObject, one: Field, partners: tuple[str, ...]) -> dict[str, Any]:
    type_, field_type = _TYPES.get(one.kind, _PLAIN)
    return {
        "name": property_name(one),
        "label": _label(one.name),
        "description": _WHOSE[one.owner],
        "type": type_,
        "fieldType": field_type,
        "hasUniqueValue": one.name == thing.key,
        "options": _options(one, partners),
    }


def _options(one: Field, partners: tuple[str, ...]) -> list[dict[str, Any]]:
    if one.kind is Kind.CHECKBOX:
        return [{**option("true", 0), "label": "Yes"}, {**option("false", 1), "label": "No"}]
    if one.kind not in (Kind.PICKLIST, Kind.MULTI_PICKLIST):
        return []
    names = partners if one.kind is Kind.MULTI_PICKLIST else tuple(dict.fromkeys(PLAYS.values()))
    return [option(name, place) for place, name in enumerate(one.values or names)]


def _label(name: str) -> str:
    words = name.replace("_", " ")
    return words[0].upper() + words[1:].replace("icp ", "ICP ")
