"""Empty in a CRM what our records say of somebody who is erased: a plan of the outbox like any other, written at once.

A plan compares facts of a run; this one needs no run, so it also holds when nothing is fresh.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import polars as pl
import sqlalchemy as database
from sqlalchemy import select

from connectors.base import Connection
from jobs.context import Context, connected, counted
from jobs.steps import step
from jobs.stores import given_up, outbox, plans, schema
from jobs.stores.entries import OPEN
from jobs.writeback import plan as planning
from jobs.writeback import writing
from jobs.writeback.apply import finish_leftovers
from jobs.writeback.budget import Budget
from jobs.writeback.receipts import Writing
from overlap.errors import GuardError, TransientError
from overlap.fields import CrmObject
from overlap.plan import Action, Change, SyncPlan

#: What the pin of a CRM's org begins with.
_ORG: Final = "org:"
#: Why a record was emptied, as the outbox has it.
ERASED: Final = "erased"
#: Keys (or ids, where an object has no key) of records to look at, by object.
Places = Mapping[str, Iterable[str]]
#: What a record, as it is now, must change so that it says nothing of somebody; its object comes first.
Emptied = Callable[[str, Mapping[str, Any]], dict[str, Any]]


def require_quiet(context: Context, crm: str) -> None:
    """Finish what was cut short at *crm*: what is on its way could bring back what is to go.

    Raises:
        TransientError: something is still on its way.
    """
    finish_leftovers(context, crm)
    waiting = outbox.unfinished(context.ledger, crm)
    if waiting:
        raise TransientError(f"plan {waiting[0]} is not finished; run 'overlap apply {waiting[0]}', then this again")
    if given_up.doubtful(context.ledger, crm):
        raise TransientError(f"'{crm}' may still take what it did not answer for; try again in 15 minutes")


def unreached(context: Context) -> tuple[str, ...]:
    """Return the CRMs that the workspace once had, and the settings do not name any more: nobody signs in there."""
    with context.ledger.engine.connect() as connection:
        return tuple(sorted(known_crms(connection) - context.workspace.settings.crm.keys()))


def known_crms(connection: database.Connection) -> set[str]:
    """Return the names of all CRM connections that the workspace ever had, as the ledger says."""
    named = select(schema.pins.c.name).where(schema.pins.c.name.startswith(_ORG, autoescape=True))
    return {name.removeprefix(_ORG) for name in connection.execute(named).scalars()}


def told(context: Context, crm: str, places: Callable[[Connection], Places], emptied: Emptied) -> tuple[Change, ...]:
    """Return what `write` would write to *crm*."""
    with connected(context, crm) as connection:
        return _changes(connection, places(connection), emptied)


def write(context: Context, crm: str, places: Callable[[Connection], Places], emptied: Emptied) -> int:
    """Look at the records *places* of *crm*, write what *emptied* asks for, and return how many records that were.

    Raises:
        TransientError: the CRM stopped answering, or has some locked: call again.
        GuardError: it refused some.
    """
    with counted(context, crm) as (connection, meter):
        changes = _changes(connection, places(connection), emptied)
        run_id = context.ledger.pinned("published_run")
        if not changes or run_id is None:
            return 0
        calls = planning.calls_of(connection.sink, changes)
        made = plans.store(context.ledger, _plan(context, connection, run_id, changes, calls))
        step("erase: set off")
        plans.set_off(context.ledger, made.id, context.now, context.who)
        step("erase: is set off")
        writing.finish(Writing(context, connection.sink, made.id, Budget(context, connection, meter)))
        if outbox.entries(context.ledger, made.id, OPEN):
            raise TransientError(f"'{crm}' has some records locked; run the same command again")
        refused = outbox.troubles(context.ledger, made.id)
        if refused:
            label, _, error = refused[0]
            raise GuardError(
                f"'{crm}' did not take {len(refused):,} records, as {label}: {error}; mend that, then again"
            )
    return len(changes)


def _changes(connection: Connection, places: Places, emptied: Emptied) -> tuple[Change, ...]:
    found: list[Change] = []
    for thing in connection.holds:
        wanted = sorted(set(places.get(thing.name, ())))
        if not wanted:
            continue
        rows = connection.sink.current(thing.name, *((wanted,) if thing.key else ((), wanted)))
        for now in rows.iter_rows(named=True):
            here = {name: value for name, value in now.items() if name in thing.by_name}
            new = emptied(thing.name, here)
            if new:
                found.append(_change(connection.name, thing, now, new))
    return tuple(found)


def _change(crm: str, thing: CrmObject, now: Mapping[str, Any], new: Mapping[str, Any]) -> Change:
    key = now[thing.key] if thing.key else now["id"]
    old = {name: now[name] for name in new}
    return Change(crm, thing.name, key, now["id"], Action.UPDATE, key, None, None, ERASED, old, new)


def _plan(context: Context, connection: Connection, run_id: str, changes: tuple[Change, ...], calls: int) -> SyncPlan:
    return SyncPlan(
        id="",
        run_id=run_id,
        crm=connection.name,
        org_id=connection.org_id,
        settings_hash=context.workspace.settings.fingerprint(),
        created_at=context.now,
        changes=changes,
        unchanged={},
        held=(),
        notes=(),
        calls=calls,
    )


def places_of(frames: Mapping[str, pl.DataFrame]) -> dict[str, set[str]]:
    """Return the keys or ids of records in *frames* of them, by object."""
    from overlap.fields import BY_NAME

    return {name: set(frame[BY_NAME[name].key or "id"].drop_nulls()) for name, frame in frames.items()}
