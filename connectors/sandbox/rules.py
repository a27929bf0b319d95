"""Validation rules and duplicate rules: ours, which setup deploys with the objects, and the org's own.

They see a record as it would be after the write, for people and for the API alike. Setting up rules is a switch
(`Store.add_rule`, `Store.set_duplicate_rule`).
"""

from __future__ import annotations

from typing import Any, Final

from connectors.sandbox import access
from connectors.sandbox.database import Database
from connectors.sandbox.errors import ApiError
from connectors.sandbox.schema import Entity
from connectors.sandbox.values import Stored, accept

_INFLUENCE: Final = "Partner_Influence__c"
_SETTLED: Final = (
    *("Status__c", "Influence_Type__c", "Involvement__c", "Sourced__c", "Influenced_On__c"),
    *("Partner__c", "Opportunity__c"),
)
_NEEDED: Final = ("Influence_Type__c", "Influenced_On__c", "Evidence__c")


def check(database: Database, entity: Entity, before: dict[str, Stored], after: dict[str, Stored], user: str) -> None:
    """Refuse what *user* makes of a record: *before* is what it was, empty for a new one, *after* what changes.

    Raises:
        ApiError: FIELD_CUSTOM_VALIDATION_EXCEPTION or DUPLICATES_DETECTED.
    """
    record = {**before, **after}
    if entity.name == _INFLUENCE and database.setting("our_rules", True):
        _influence(database, before, record, user)
    for name, values, message in database.setting("rules", []):
        if name == entity.name and all(_is(entity, record, field, value) for field, value in values.items()):
            raise _invalid(message)
    fields = database.setting("duplicate_rules", {}).get(entity.name)
    if fields and all(record.get(field) is not None for field in fields):
        _unlike_others(database, entity, record, fields)


def _influence(database: Database, before: dict[str, Stored], record: dict[str, Stored], user: str) -> None:
    if record.get("Status__c") == "Confirmed" and not all(record.get(name) for name in _NEEDED):
        raise _invalid("A confirmed influence needs its type, its date and its evidence.")
    if record.get("Sourced__c") and record.get("Status__c") != "Confirmed":
        raise _invalid("Only a confirmed influence can have sourced the deal.")
    if user in database.setting("late_changers", []) or access.may_change_late(database, user):
        return
    changed = {name for name in _SETTLED if before.get(name) != record.get(name)}
    touched = bool(changed) if before else record.get("Origin__c") != "Engine"
    # As a formula sees it: the deal that the record points to after the write.
    won = database.rows('select "IsWon" from "Opportunity" where "Id" = ?', (record.get("Opportunity__c"),))
    if touched and won and won[0][0]:
        raise _invalid("The deal is closed won: changing its influence takes a permission.")
    if before.get("Status__c") == "Confirmed" and "Opportunity__c" in changed:
        raise _invalid("A confirmed influence stays with its deal.")


def _is(entity: Entity, record: dict[str, Stored], field: str, value: Any) -> bool:
    column = entity.column(field)
    return column is not None and record.get(column.name) == accept(column, value)


def _unlike_others(database: Database, entity: Entity, record: dict[str, Stored], fields: list[str]) -> None:
    same = " and ".join(f'"{entity.columns[field.lower()].name}" = ?' for field in fields)
    sql = f'select 1 from "{entity.name}" where {same} and "Id" != ? and "IsDeleted" = 0 limit 1'
    if database.rows(sql, (*(record[field] for field in fields), record["Id"])):
        raise ApiError("DUPLICATES_DETECTED", "Use one of these records?")


def _invalid(message: str) -> ApiError:
    return ApiError("FIELD_CUSTOM_VALIDATION_EXCEPTION", message)
