"""What the org does by itself when a record is saved: derived fields, stamps, and what a deletion takes along.

These run for people and for the API alike, as record-triggered automations do.
"""

from __future__ import annotations

from typing import Final

from connectors.sandbox import standard
from connectors.sandbox.database import Database, stored_columns
from connectors.sandbox.errors import DELETED
from connectors.sandbox.schema import Column, Entity, visible
from connectors.sandbox.values import Stored, stamp

#: Deleting a parent deletes these with it; any other lookup to it is cleared.
_CASCADES: Final = frozenset(
    {("Opportunity", "AccountId"), ("OpportunityPartner", "OpportunityId"), ("OpportunityPartner", "AccountToId")}
)


def derive(
    database: Database, entity: Entity, before: dict[str, Stored], changes: dict[str, Stored], user: str
) -> dict[str, Stored]:
    """Return the fields that the org fills in beside *changes*; *before* is empty for a new record."""
    if entity.name == "Opportunity" and changes.get("StageName", before.get("StageName")) != before.get("StageName"):
        return {**stage_fields(str(changes["StageName"])), "LastStageChangeDate": stamp(database.now())}
    if entity.name == "User" and {"FirstName", "LastName"} & changes.keys():
        merged = {**before, **changes}
        return {"Name": " ".join(str(merged[name]) for name in ("FirstName", "LastName") if merged.get(name))}
    if entity.name == "Partner_Influence__c":
        return _confirmation(database, before, changes, user)
    return {}


def stage_fields(stage: str) -> dict[str, Stored]:
    """Return what *stage* means for an opportunity: is it closed, is it won, its probability and forecast."""
    probability, closed, won, category, category_name = standard.STAGES.get(stage, standard.OTHER_STAGE)
    return {
        "Probability": probability,
        "IsClosed": int(closed),
        "IsWon": int(won),
        "ForecastCategory": category,
        "ForecastCategoryName": category_name,
    }


def _confirmation(
    database: Database, before: dict[str, Stored], changes: dict[str, Stored], user: str
) -> dict[str, Stored]:
    """Stamp who confirmed an influence, when, and at which stage. The stamps stay when the status moves on."""
    if changes.get("Status__c") != "Confirmed" or before.get("Status__c") == "Confirmed":
        return {}
    merged = {**before, **changes}
    found = database.rows('select "StageName" from "Opportunity" where "Id" = ?', (merged.get("Opportunity__c"),))
    return {
        "Confirmed_By__c": user,
        "Confirmed_On__c": database.now().date().isoformat(),
        "Stage_At_Confirmation__c": found[0][0] if found else None,
    }


def delete(database: Database, entity: Entity, record: str, user: str) -> None:
    """Put a record into the recycle bin, and with it what Salesforce deletes along; clear other lookups to it.

    Raises:
        ApiError: ENTITY_IS_DELETED, it is there already.
    """
    before = database.find(entity, entity.columns["id"], record)
    if before is None or before["IsDeleted"]:
        raise DELETED
    for child in visible().entities.values():
        for column in stored_columns(child):
            if column.target == entity.name and (column.updateable or (child.name, column.name) in _CASCADES):
                _let_go(database, child, column, record, user)
    touched: dict[str, Stored] = {"IsDeleted": 1, **touch(database, user)}
    database.update(entity, record, touched)
    database.note(user, entity, record, "delete", {"IsDeleted": [False, True]})


def _let_go(database: Database, child: Entity, column: Column, record: str, user: str) -> None:
    sql = f'select "Id" from "{child.name}" where "{column.name}" = ? and "IsDeleted" = 0'
    for (child_id,) in database.rows(sql, (record,)):
        if (child.name, column.name) in _CASCADES:
            delete(database, child, child_id, user)
            continue
        database.update(child, child_id, {column.name: None, **touch(database, user)})
        database.note(user, child, child_id, "update", {column.name: [record, None]})


def touch(database: Database, user: str) -> dict[str, Stored]:
    """Return the stamps of a change by *user*, now."""
    now = stamp(database.now())
    return {"LastModifiedDate": now, "LastModifiedById": user, "SystemModstamp": now}
