"""What an org that was set up by a deployment shows its API user: what exists, and what a permission set grants.

The sandbox has our objects from the start, and none of this is asked. An org that `Store.set_deployed(False)` made bare
has only what was deployed into it, and of that the API user sees what its permission sets name.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from connectors.sandbox.database import Database
from connectors.sandbox.ids import with_checksum
from connectors.sandbox.packages import Components, Parts, first
from connectors.sandbox.schema import Catalog, Column, Entity, visible

COMPONENTS: Final = "metadata"
_ASSIGNED: Final = "assigned"
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


def catalog(database: Database, hidden: frozenset[tuple[str, str]], features: frozenset[str]) -> Catalog:
    """Return what the API user sees."""
    if database.setting("deployed", True):
        return visible(hidden, features=features)
    user = database.setting("api_user")
    names = sorted(name for _, owner, name in assignments(database) if owner == user)
    return _seen(json.dumps(components(database)), tuple(names), hidden, features)


@lru_cache(maxsize=4)
def _seen(
    deployed: str, names: tuple[str, ...], hidden: frozenset[tuple[str, str]], features: frozenset[str]
) -> Catalog:
    there: Components = json.loads(deployed)
    granted = [there["PermissionSet"][name] for name in names if name in there.get("PermissionSet", {})]
    fields: dict[str, bool] = {}
    objects = set[str]()
    for one in granted:
        objects |= {first(p, "object") for p in one.get("objectPermissions", []) if first(p, "allowRead") == "true"}
        for p in one.get("fieldPermissions", []):
            fields[first(p, "field")] = fields.get(first(p, "field"), False) or first(p, "editable") == "true"
    entities = {}
    for key, entity in visible(hidden, features=features).entities.items():
        if entity.custom and not (entity.name in objects and entity.name in there.get("CustomObject", {})):
            continue
        entities[key] = replace(entity, columns=_columns(entity, there, fields))
    return Catalog(entities)


def _columns(entity: Entity, there: Components, fields: dict[str, bool]) -> dict[str, Column]:
    found = {}
    for key, column in entity.columns.items():
        if not column.name.endswith("__c"):
            found[key] = column
            continue
        name = f"{entity.name}.{column.name}"
        parts = there.get("CustomField", {}).get(name)
        if parts is None or not (first(parts, "required") == "true" or name in fields):
            continue
        found[key] = _column(column, parts, fields.get(name, True))
    return found


def _column(column: Column, parts: Parts, editable: bool) -> Column:
    """Return *column* as it was deployed; what is stored in it keeps the type of the sandbox's own."""
    values = first(parts, "valueSet", {})
    listed = first(values, "valueSetDefinition", {}).get("value", []) if values else []
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
        restricted=first(values, "restricted") == "true" if values else False,
        external_id=first(parts, "externalId") == "true",
    )


def _number(parts: Parts, tag: str, default: int) -> int:
    return int(first(parts, tag, default))


def rows(database: Database, object_name: str, *, tooling: bool) -> list[dict[str, Any]] | None:
    """Return the records of an object of the org's set-up, None for any other object; *tooling* has its own."""
    make = (_TOOLING_ROWS if tooling else _ROWS).get(object_name.lower())
    return None if make is None else make(database)


def set_id(name: str) -> str:
    """Return the id of the permission set called *name*; the same name has the same id."""
    return with_checksum(f"0PS{zlib.crc32(name.encode()):012d}")


_PROFILE: Final = "X00eAPI"


def _permission_sets(database: Database) -> list[dict[str, Any]]:
    profile = {
        "Id": set_id(_PROFILE),
        "Name": _PROFILE,
        "Label": _PROFILE,
        "Description": None,
        "IsOwnedByProfile": True,
        # An org that is set up from the start is one whose API user was made an administrator.
        "PermissionsViewAllData": database.setting("deployed", True) and database.setting("view_all", True),
    }
    ours = [
        {
            "Id": set_id(name),
            "Name": name,
            "Label": first(parts, "label"),
            "Description": first(parts, "description"),
            "IsOwnedByProfile": False,
            "PermissionsViewAllData": False,
        }
        for name, parts in components(database).get("PermissionSet", {}).items()
    ]
    return [profile, *ours]


def _assignments(database: Database) -> list[dict[str, Any]]:
    sets = {row["Name"]: row for row in _permission_sets(database)}
    given = [("0Pa000000000000AAA", database.setting("api_user"), _PROFILE), *assignments(database)]
    return [
        {"Id": one, "AssigneeId": user, "PermissionSetId": set_id(name), "PermissionSet": sets[name]}
        for one, user, name in given
        if name in sets
    ]


def _object_permissions(database: Database) -> list[dict[str, Any]]:
    return [
        {
            "ParentId": set_id(name),
            "SobjectType": first(one, "object"),
            "PermissionsRead": first(one, "allowRead") == "true",
            "PermissionsEdit": first(one, "allowEdit") == "true",
            "PermissionsViewAllRecords": first(one, "viewAllRecords") == "true",
            "PermissionsModifyAllRecords": first(one, "modifyAllRecords") == "true",
        }
        for name, parts in components(database).get("PermissionSet", {}).items()
        for one in parts.get("objectPermissions", [])
    ]


def _flows(database: Database) -> list[dict[str, Any]]:
    return [
        {
            "ApiName": name,
            "Label": first(parts, "label"),
            "IsActive": first(parts, "status") == "Active" and database.setting("flows_active", True),
            "TriggerType": first(first(parts, "start", {}), "triggerType"),
            "TriggerObjectOrEvent": {"QualifiedApiName": first(first(parts, "start", {}), "object")},
        }
        for name, parts in components(database).get("Flow", {}).items()
    ]


def _validation_rules(database: Database) -> list[dict[str, Any]]:
    return [
        {
            "ValidationName": name.partition(".")[2],
            "Active": first(parts, "active") == "true",
            "EntityDefinition": {"QualifiedApiName": name.partition(".")[0]},
        }
        for name, parts in components(database).get("ValidationRule", {}).items()
    ]


def _custom_fields(database: Database) -> list[dict[str, Any]]:
    return [
        {
            "DeveloperName": name.partition(".")[2].removesuffix("__c"),
            "EntityDefinition": {"QualifiedApiName": name.partition(".")[0]},
        }
        for name in components(database).get("CustomField", {})
    ]


def _record_access(database: Database) -> list[dict[str, Any]]:
    found = database.rows('select "Id" from "Account" union all select "Id" from "Opportunity"')
    user, may_edit = database.setting("api_user"), database.setting("edit_all", True)
    return [{"UserId": user, "RecordId": record, "HasEditAccess": may_edit} for (record,) in found]


_ROWS: Final = {
    "permissionset": _permission_sets,
    "permissionsetassignment": _assignments,
    "objectpermissions": _object_permissions,
    "flowdefinitionview": _flows,
    "userrecordaccess": _record_access,
}
_TOOLING_ROWS: Final = {"validationrule": _validation_rules, "customfield": _custom_fields}
