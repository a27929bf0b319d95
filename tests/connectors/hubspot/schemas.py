"""Makes our custom objects in a portal through its API, from the one table of fields."""

from __future__ import annotations

from typing import Any

from connectors.hubspot.session import HubSpotSession
from overlap.fields import ACCOUNT, OBJECTS, OPPORTUNITY, CrmObject, Field, Kind, Owner

_TYPES = {
    Kind.NUMBER: ("number", "number"),
    Kind.CHECKBOX: ("bool", "booleancheckbox"),
    Kind.DATE: ("date", "date"),
    Kind.DATETIME: ("datetime", "date"),
    Kind.PICKLIST: ("enumeration", "select"),
    Kind.MULTI_PICKLIST: ("enumeration", "checkbox"),
}
STANDARD_GROUPS = {"account": "companyinformation", "opportunity": "dealinformation"}
_WORDS = {"account": "companies", "opportunity": "deals"}


def make_schemas(session: HubSpotSession) -> dict[str, str]:
    """Make every object of ours, and return their type ids by name."""
    made: dict[str, str] = {}
    for thing in OBJECTS:
        if thing.key is not None:
            targets = dict.fromkeys(one.target for one in thing.fields if one.target not in (None, "user"))
            body = {
                "name": thing.name,
                "labels": {"singular": thing.label, "plural": thing.label + "s"},
                "primaryDisplayProperty": "name" if "name" in thing.by_name else thing.key,
                "requiredProperties": [thing.key] if thing.by_name[thing.key].required else [],
                "searchableProperties": [],
                "secondaryDisplayProperties": [],
                "properties": [_property(thing, one) for one in thing.fields if _is_property(one)],
                "associatedObjects": [made.get(target) or _WORDS[target] for target in targets],
                "allowsSensitiveProperties": False,
            }
            _, said = session.send("POST", "schemas", body=body)
            made[thing.name] = said["objectTypeId"]
    session.look_again()
    return made


def make_flat_fields(session: HubSpotSession) -> None:
    """Make our properties on companies and deals."""
    for thing in (ACCOUNT, OPPORTUNITY):
        for one in thing.fields:
            body = {**_property(thing, one), "groupName": STANDARD_GROUPS[thing.name]}
            session.send("POST", "properties", _WORDS[thing.name], body=body)


def _is_property(one: Field) -> bool:
    is_link = one.kind is Kind.LOOKUP and (one.target != "user" or one.name == "owner_id")
    return not is_link and one.owner is not Owner.FORMULA


def _property(thing: CrmObject, one: Field) -> dict[str, Any]:
    type_, field_type = _TYPES.get(one.kind, ("string", "text"))
    values = one.values or (("true", "false") if type_ == "bool" else ())
    options = [{"label": value, "value": value, "displayOrder": at, "hidden": False} for at, value in enumerate(values)]
    if type_ == "enumeration" and not options:
        type_, field_type = "string", "text"
    return {
        "name": one.name,
        "label": one.name,
        "groupName": "object_information",
        "type": type_,
        "fieldType": field_type,
        "hasUniqueValue": one.name == thing.key,
        "options": options,
    }
