"""The objects in which an org shows its own set-up, as rows: permission sets, flows, rules, deployments."""

from __future__ import annotations

import zlib
from typing import Any, Final

from connectors.sandbox.access import JOBS, LAST_LOOK, assignments, components
from connectors.sandbox.database import Database
from connectors.sandbox.ids import with_checksum
from connectors.sandbox.packages import Parts, first


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
        "Profile": {"Name": "Minimum Access - API Only", "UserLicense": {"Name": "Salesforce Integration"}},
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
            "Profile": None,
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


#: The flow that setup deploys: what `automations` does is done by it.
_STAMP: Final[Parts] = {
    "label": ["Stamp influence confirmation"],
    "status": ["Active"],
    "start": [{"object": ["Partner_Influence__c"], "triggerType": ["RecordBeforeSave"]}],
}


def _flows(database: Database) -> list[dict[str, Any]]:
    ours = {"Stamp_Influence_Confirmation": _STAMP} if database.setting("deployed", True) else {}
    return [
        {
            "ApiName": name,
            "Label": first(parts, "label"),
            "IsActive": first(parts, "status") == "Active" and database.setting("flows_active", True),
            "TriggerType": first(first(parts, "start", {}), "triggerType"),
            "TriggerObjectOrEvent": {"QualifiedApiName": first(first(parts, "start", {}), "object")},
        }
        for name, parts in {**ours, **components(database).get("Flow", {})}.items()
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


def _deployments(database: Database) -> list[dict[str, Any]]:
    return [
        {
            "Id": number,
            "Status": "InProgress" if job["looks"] < LAST_LOOK else dict(job["ended"])["status"],
            "CreatedById": database.setting("api_user"),
        }
        for number, job in database.setting(JOBS, {}).items()
        if number.startswith("0Af")
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
_TOOLING_ROWS: Final = {
    "validationrule": _validation_rules,
    "customfield": _custom_fields,
    "deployrequest": _deployments,
}
