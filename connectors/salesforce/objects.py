"""Salesforce's names for our objects and fields. One rule and its exceptions; the facts are in `overlap.fields`."""

from __future__ import annotations

from typing import Final

from overlap.fields import BY_NAME, CrmObject, Field, Kind

OBJECT_NAMES: Final = {
    "overlap_partner": "Overlap_Partner__c",
    "partner_overlap": "Partner_Overlap__c",
    "partner_influence": "Partner_Influence__c",
    "account": "Account",
    "opportunity": "Opportunity",
    "user": "User",
}
_STANDARD_FIELDS: Final = {"name": "Name", "owner_id": "OwnerId"}


def api_name(field: Field) -> str:
    """Return the API name of *field*: ``icp_fit`` is ``ICP_Fit__c``, ``name`` is ``Name``."""
    if field.name in _STANDARD_FIELDS:
        return _STANDARD_FIELDS[field.name]
    words = ("ICP" if word == "icp" else word.capitalize() for word in field.name.split("_"))
    return "_".join(words) + "__c"


def reference(field: Field) -> tuple[str, str] | None:
    """Return (relationship, external id field) of a lookup to an object of ours, None for any other field.

    ``partner`` is read as ``Partner__r.Partner_Key__c`` and written as ``{"Partner__r": {"Partner_Key__c": key}}``,
    so that a record can point to one whose id nobody knows yet.
    """
    target = BY_NAME.get(field.target or "")
    if field.kind is not Kind.LOOKUP or target is None or target.key is None:
        return None
    return api_name(field).removesuffix("__c") + "__r", key_name(target)


def key_name(thing: CrmObject) -> str:
    """Return the API name of *thing*'s external id field; the CRM's own objects are addressed by ``Id``."""
    return api_name(thing.by_name[thing.key]) if thing.key else "Id"
