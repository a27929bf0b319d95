"""What an org that was set up by a deployment shows its API user: what exists, and what a permission set grants.

The sandbox has our objects from the start, and none of this is asked. An org that `Store.set_deployed(False)` made bare
has only what was deployed into it, and of that the API user sees what its permission sets name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from connectors.sandbox.database import Database
from connectors.sandbox.describe import is_permissionable
from connectors.sandbox.packages import Components, Parts, first
from connectors.sandbox.schema import Catalog, Column, Entity, visible

COMPONENTS: Final = "metadata"
#: Deployments and retrievals by id, and the look at one that finds it done.
JOBS: Final = "metadata_jobs"
LAST_LOOK: Final = 2
_ASSIGNED: Final = "assigned"
#: Objects and parts of addresses that permission sets have a say in.
_SECURED: Final = frozenset({"Account", "Contact", "Lead", "Opportunity"})
_OF_ADDRESS: Final = frozenset({"Street", "City", "State", "PostalCode", "Country", "Latitude", "Longitude"})
_DESCRIBED: Final = {
    "Text": "string",
    "LongTextArea": "textarea",
    "Url": "url",
    "Email": "email",
    "Number": "double",
    "Checkbox": "boolean",
    "Date": "date",
    "DateTime": "datetime",
    "Picklist": "picklist",
    "MultiselectPicklist": "multipicklist",
    "Lookup": "reference",
}


def components(database: Database) -> Components:
    """Return what was deployed."""
    found: Components = database.setting(COMPONENTS, {})
    return found


def assignments(database: Database) -> list[tuple[str, str, str]]:
    """Return (assignment id, user id, permission set's name)."""
    return [(one, user, name) for one, user, name in database.setting(_ASSIGNED, [])]


def assign(database: Database, assignment_id: str, user: str, name: str) -> None:
    """Give *user* the permission set called *name*."""
    database.keep(_ASSIGNED, [*assignments(database), (assignment_id, user, name)])


def may_change_late(database: Database, user: str) -> bool:
    """Whether a permission set lets *user* change influence that is settled; that of the API user does, if deployed."""
    if database.setting("deployed", True):
        return bool(user == database.setting("api_user"))
    sets = components(database).get("PermissionSet", {})
    held = [sets[name].get("customPermissions", []) for _, owner, name in assignments(database) if owner == user]
    return any(first(one, "name") == "Change_Influence_After_Close" for granted in held for one in granted)


def catalog(database: Database, hidden: frozenset[tuple[str, str]], features: frozenset[str]) -> Catalog:
    """Return what the API user sees."""
    if database.setting("deployed", True):
        return visible(hidden, features=features)
    user = database.setting("api_user")
    names = sorted(name for _, owner, name in assignments(database) if owner == user)
    profile = Profile(hidden, features, database.setting("profile_shows", True))
    return _seen(json.dumps(components(database)), tuple(names), profile)


@dataclass(frozen=True, slots=True)
class Profile:
    """What the API user sees without a permission set: all but *hidden*; without *shows*, nothing that sets grant."""

    hidden: frozenset[tuple[str, str]]
    features: frozenset[str]
    shows: bool


@lru_cache(maxsize=4)
def _seen(deployed: str, names: tuple[str, ...], profile: Profile) -> Catalog:
    there: Components = json.loads(deployed)
    granted = [there["PermissionSet"][name] for name in names if name in there.get("PermissionSet", {})]
    fields: dict[str, bool] = {}
    objects = set[str]()
    for one in granted:
        objects |= {first(p, "object") for p in one.get("objectPermissions", []) if first(p, "allowRead") == "true"}
        for p in one.get("fieldPermissions", []):
            fields[first(p, "field")] = fields.get(first(p, "field"), False) or first(p, "editable") == "true"
    entities = {}
    for key, entity in visible(profile.hidden, features=profile.features).entities.items():
        if entity.custom and not (entity.name in objects and entity.name in there.get("CustomObject", {})):
            continue
        if not profile.shows and entity.name in _SECURED and entity.name not in objects:
            continue
        entities[key] = replace(entity, columns=_columns(entity, there, fields, profile.shows))
    return Catalog(entities)


def _columns(entity: Entity, there: Components, fields: dict[str, bool], shows: bool) -> dict[str, Column]:
    found = {}
    for key, column in entity.columns.items():
        if not column.name.endswith("__c"):
            free = shows or entity.name not in _SECURED or not is_permissionable(entity, column)
            if free or f"{entity.name}.{_whole(entity.name, column.name)}" in fields:
                found[key] = column
            continue
        name = f"{entity.name}.{column.name}"
        parts = there.get("CustomField", {}).get(name)
        if parts is None or not (first(parts, "required") == "true" or name in fields):
            continue
        found[key] = _column(column, parts, fields.get(name, True))
    return found


def _whole(entity: str, name: str) -> str:
    """Return the field that access to *name* is granted on: the parts of an address are granted as one."""
    place = name.removeprefix("Billing").removeprefix("Shipping").removeprefix("Mailing").removeprefix("Other")
    if place in _OF_ADDRESS and (place != name or entity == "Lead"):
        return f"{name.removesuffix(place)}Address"
    return name


def _column(column: Column, parts: Parts, editable: bool) -> Column:
    """Return *column* as it was deployed; what is stored in it keeps the type of the sandbox's own."""
    values = first(parts, "valueSet", {})
    every = first(values, "valueSetDefinition", {}).get("value", []) if values else []
    listed = [one for one in every if first(one, "isActive", "true") == "true"]
    default = next((first(one, "fullName") for one in listed if first(one, "default") == "true"), None)
    access = column.access if editable else column.access.replace("c", "").replace("u", "")
    if "formula" not in parts and first(parts, "type") != "Checkbox":
        access = access.replace("n", "") + ("" if first(parts, "required") == "true" else "n")
    return replace(
        column,
        label=first(parts, "label", column.label),
        type=_DESCRIBED.get(first(parts, "type"), column.type),
        access=access,
        length=_number(parts, "length", column.length),
        precision=_number(parts, "precision", column.precision),
        scale=_number(parts, "scale", column.scale),
        values=tuple(first(one, "fullName") for one in listed),
        labels=tuple(first(one, "label", first(one, "fullName")) for one in listed),
        default=default if every else column.default,
        formula_text=first(parts, "formula", None),
        restricted=first(values, "restricted") == "true" if values else False,
        external_id=first(parts, "externalId") == "true",
    )


def _number(parts: Parts, tag: str, default: int) -> int:
    return int(first(parts, tag, default))
