"""What a restored workspace settles with a CRM at its first plan: whatever was written after the backup is ours.

The ledger of that day does not know it. Without this, what the lost weeks wrote would look like people's edits, which
are kept; records that a person deleted would be made again; and overlaps would begin to be seen anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import polars as pl
from sqlalchemy import select

from connectors.base import Connection
from jobs.context import Context
from jobs.steps import step
from jobs.stores import baselines, plans
from jobs.stores.schema import erasures
from overlap.fields import INFLUENCE, OBJECTS, OVERLAP, PARTNER, CrmObject
from overlap.keys import external_key
from overlap.plan import Outcome
from overlap.records import Findings

#: Pinned with the name of a CRM until a plan of after the restore was applied to it, or had nothing to change.
HOLDS: Final = "restored:"
RESTORED_AT: Final = "restored_at"
#: Erasures after the backup, JSON: what they erased came back with it.
ERASE_AGAIN: Final = "erase_again"


def restored_at(context: Context) -> datetime | None:
    """Return when this workspace was restored last; None: never."""
    found = context.ledger.pinned(RESTORED_AT)
    return None if found is None else datetime.fromisoformat(found)


def why_held(context: Context, crm: str) -> tuple[str, ...]:
    """Return why a person must look at a plan for *crm*: it is the first one of a restored workspace."""
    made_at = context.ledger.pinned(f"{HOLDS}{crm}")
    if made_at is None:
        return ()
    day = datetime.fromisoformat(made_at).astimezone(context.workspace.zone)
    return (f"this workspace was restored from a backup of {day:%Y-%m-%d %H:%M}, and this is its first plan since",)


def settled(context: Context, crm: str, planned_at: datetime) -> None:
    """Remember that *crm* says what a plan of *planned_at* wants: after a restore, the next one is like any other."""
    at = restored_at(context)
    if at is not None and planned_at >= at:
        context.ledger.unpin(f"{HOLDS}{crm}")


def adopt_days(context: Context, records: pl.DataFrame) -> None:
    """Take over the days on which overlaps were first seen, as their *records* say, while a restore is not settled."""
    if not context.ledger.pins(HOLDS):
        return
    dated = records.filter(pl.col("overlap_key").is_not_null() & pl.col("first_seen").is_not_null())
    context.ledger.seen_since(dict(dated.select("overlap_key", "first_seen").iter_rows()))


def adopt_records(context: Context, connection: Connection, found: Findings) -> None:
    """Keep what a CRM says of our records as what we wrote, once after a restore.

    What a person had changed by the last plan of the backup, and the CRM still says, stays a person's. Of our records
    that are gone, those that a person deleted are known from the recycle bin: they are not made again.
    """
    crm = connection.name
    if context.ledger.pinned(f"{baselines.TO_ADOPT}{crm}") is None:
        return
    kept = _edited_before(context, crm)
    rows = [row for thing in OBJECTS for row in _records(thing, found.current[thing.name], kept)]
    rows += _deleted(connection, found, {(name, key) for name, key, *_ in rows})
    step("reconcile: adopt")
    baselines.adopt(context.ledger, crm, rows)
    step("reconcile: adopted")


def _records(
    thing: CrmObject, current: pl.DataFrame, edited: Mapping[tuple[str, str, str], Any]
) -> Iterator[tuple[str, str, str | None, Mapping[str, Any]]]:
    names = [field.name for field in thing.engine_fields if field.name in current.columns]
    for row in current.iter_rows(named=True):
        key = row[thing.key or "id"]
        if key is None:
            continue
        said = {
            name: row[name]
            for name in names
            if row[name] is not None and edited.get((thing.name, key, name)) != row[name]
        }
        if said or thing.key:  # most accounts say nothing of ours
            yield thing.name, key, row["id"] if thing.key else None, said


def _deleted(
    connection: Connection, found: Findings, known: set[tuple[str, str]]
) -> Iterator[tuple[str, str, str | None, Mapping[str, Any]]]:
    """Yield our records that are in the recycle bin, of all that this run would have in the CRM."""
    held = {thing.name for thing in connection.holds}
    for name, keys in _wanted(found).items():
        if name not in held:
            continue
        missing = sorted(key for key in keys if (name, key) not in known)
        for key, record_id in (connection.sink.deleted(name, missing) if missing else {}).items():
            yield name, key, record_id, {}


def _wanted(found: Findings) -> dict[str, set[str]]:
    of_partners = {external_key(found.workspace_id, key, "", "partner") for key in found.partners["partner"]}
    return {
        PARTNER.name: of_partners,
        OVERLAP.name: set(found.overlaps["key"]),
        INFLUENCE.name: set(found.influences["key"]),
    }


def _edited_before(context: Context, crm: str) -> dict[tuple[str, str, str], Any]:
    """Return what people had written over our fields, and might keep, when the last plan of the backup was made."""
    newest = plans.latest_id(context.ledger, crm)
    if newest is None:
        return {}
    drifts = plans.header(context.ledger, str(newest)).drift
    return {(one.object_name, one.key, one.field): one.found for one in drifts if one.outcome is Outcome.KEPT}


def erased_since(context: Context) -> list[tuple[str, str, str]]:
    """Return erasures of after the backup, as (kind, hash, day), which nobody has repeated since the restore."""
    at = restored_at(context)
    told = json.loads(context.ledger.pinned(ERASE_AGAIN) or "[]")
    if at is None or not told:
        return []
    query = select(erasures.c.subject).where(erasures.c.done_at >= at)
    with context.ledger.engine.connect() as connection:
        repeated = set(connection.execute(query).scalars())
    return [(kind, mark, day) for kind, mark, day in told if mark not in repeated]
