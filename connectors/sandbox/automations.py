"""What the org does by itself when a record is saved: derived fields and stamps.

These run for people and for the API alike, as record-triggered automations do.
"""

from __future__ import annotations

from connectors.sandbox import standard
from connectors.sandbox.database import Database
from connectors.sandbox.schema import Entity
from connectors.sandbox.values import Stored, stamp


def derive(
    database: Database, entity: Entity, before: dict[str, Stored], changes: dict[str, Stored], user: str
) -> dict[str, Stored]:
    """Return the fields that the org fills in beside *changes*; *before* is empty for a new record."""
    if entity.name == "Opportunity" and changes.get("StageName", before.get("StageName")) != before.get("StageName"):
        return {**stage_fields(str(changes["StageName"])), "LastStageChangeDate": stamp(database.now())}
    if entity.name in ("User", "Contact", "Lead") and {"FirstName", "LastName"} & changes.keys():
        status = (
            {"Status": "Open - Not Contacted"}
            if entity.name == "Lead" and not {**before, **changes}.get("Status")
            else {}
        )
        return {"Name": _full_name({**before, **changes}), **status}
    if entity.name == "Account" and ({**before, **changes}).get("LastName"):
        return {"Name": _full_name({**before, **changes}), "IsPersonAccount": 1}
    if entity.name == "Partner_Influence__c":
        return _confirmation(database, before, changes, user)
    return {}


def _full_name(record: dict[str, Stored]) -> str:
    return " ".join(str(record[name]) for name in ("FirstName", "LastName") if record.get(name))


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


def touch(database: Database, user: str) -> dict[str, Stored]:
    """Return the stamps of a change by *user*, now."""
    now = stamp(database.now())
    return {"LastModifiedDate": now, "LastModifiedById": user, "SystemModstamp": now}
