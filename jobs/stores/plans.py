"""Plans as the ledger keeps them: a header here, their changes in the outbox, ``planned`` until they are set off."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, insert, select, update

from jobs.stores.entries import State, drift_of, drift_row, entry_of, row_of
from jobs.stores.ledger import Ledger
from jobs.stores.schema import outbox, plans
from overlap.errors import ConfigError
from overlap.plan import SyncPlan


@dataclass(frozen=True, slots=True)
class AppliedPlan:
    """What a plan that was set off was bound to."""

    id: int
    run_id: str
    settings_hash: str
    undoes: tuple[int, ...]


def store(ledger: Ledger, plan: SyncPlan) -> SyncPlan:
    """Keep *plan* and return it with its number. Its changes are ``planned``: nothing will be written yet."""
    header = {
        "run_id": int(plan.run_id),
        "crm": plan.crm,
        "org_id": plan.org_id,
        "settings_hash": plan.settings_hash,
        "created_at": plan.created_at,
        "unchanged": json.dumps(plan.unchanged),
        "held": json.dumps(plan.held),
        "notes": json.dumps(plan.notes),
        "calls": plan.calls,
        "drift": json.dumps([drift_row(drift) for drift in plan.drift], ensure_ascii=False),
        "undoes": json.dumps(plan.undoes),
    }
    with ledger.engine.begin() as connection:
        number = connection.execute(insert(plans).values(header).returning(plans.c.id)).scalar_one()
        rows = [row_of(number, change) for change in plan.changes]
        if rows:
            connection.execute(insert(outbox), rows)
    return replace(plan, id=str(number))


def load(ledger: Ledger, plan_id: str) -> SyncPlan:
    """Return the plan with number *plan_id*; ``latest`` is the newest.

    Raises:
        ConfigError: there is no such plan.
    """
    plan = header(ledger, plan_id)
    query = select(outbox).where(outbox.c.plan_id == int(plan.id)).order_by(outbox.c.seq)
    with ledger.engine.connect() as connection:
        rows = connection.execute(query).mappings()
        return replace(plan, changes=tuple(entry_of(row, plan.crm).change for row in rows))


def header(ledger: Ledger, plan_id: str) -> SyncPlan:
    """Return the plan with number *plan_id* (or ``latest``) without its changes.

    Raises:
        ConfigError: there is no such plan.
    """
    number = latest_id(ledger) if plan_id == "latest" else int(plan_id) if re.fullmatch(r"\d{1,9}", plan_id) else None
    with ledger.engine.connect() as connection:
        row = connection.execute(select(plans).where(plans.c.id == number)).mappings().first()
    if row is None:
        raise ConfigError(f"there is no plan '{plan_id}'; 'overlap plan' makes one and prints its number")
    return SyncPlan(
        id=str(row["id"]),
        run_id=str(row["run_id"]),
        crm=row["crm"],
        org_id=row["org_id"],
        settings_hash=row["settings_hash"],
        created_at=row["created_at"],
        changes=(),
        unchanged=json.loads(row["unchanged"]),
        held=tuple(json.loads(row["held"])),
        notes=tuple(json.loads(row["notes"])),
        calls=row["calls"],
        drift=tuple(map(drift_of, json.loads(row["drift"]))),
        undoes=tuple(json.loads(row["undoes"])),
    )


def latest_id(ledger: Ledger, crm: str | None = None) -> int | None:
    """Return the number of the newest plan (for *crm*), None before the first."""
    query = select(func.max(plans.c.id))
    with ledger.engine.connect() as connection:
        found = connection.execute(query if crm is None else query.where(plans.c.crm == crm)).scalar()
    return None if found is None else int(found)


def applied_at(ledger: Ledger, plan_id: str) -> datetime | None:
    """Return when a person or a run set off plan *plan_id*, None if nobody did."""
    with ledger.engine.connect() as connection:
        found: datetime | None = connection.execute(
            select(plans.c.applied_at).where(plans.c.id == int(plan_id))
        ).scalar()
    return found


def last_applied(ledger: Ledger, crm: str) -> AppliedPlan | None:
    """Return the newest plan for *crm* that was set off, None before the first."""
    query = (
        select(plans.c.id, plans.c.run_id, plans.c.settings_hash, plans.c.undoes)
        .where(plans.c.crm == crm, plans.c.applied_at.is_not(None))
        .order_by(plans.c.id.desc())
        .limit(1)
    )
    with ledger.engine.connect() as connection:
        row = connection.execute(query).first()
    if row is None:
        return None
    return AppliedPlan(int(row.id), str(row.run_id), str(row.settings_hash), tuple(json.loads(row.undoes)))


def applied_from(ledger: Ledger, run_id: str) -> list[SyncPlan]:
    """Return the plans made from run *run_id* that were set off, the newest first, without their changes."""
    query = (
        select(plans.c.id)
        .where(plans.c.run_id == int(run_id), plans.c.applied_at.is_not(None), plans.c.undoes == "[]")
        .order_by(plans.c.id.desc())
    )
    with ledger.engine.connect() as connection:
        numbers = [str(number) for number in connection.execute(query).scalars()]
    return [header(ledger, number) for number in numbers]


def set_off(ledger: Ledger, plan_id: str, at: datetime, approved_by: str | None) -> None:
    """Turn the planned changes of *plan_id* into pending ones: from here on they are finished, crash or not."""
    with ledger.engine.begin() as connection:
        values = {"applied_at": at, "approved_by": approved_by}
        connection.execute(update(plans).where(plans.c.id == int(plan_id)).values(values))
        planned = (outbox.c.plan_id == int(plan_id)) & (outbox.c.state == State.PLANNED)
        connection.execute(update(outbox).where(planned).values(state=State.PENDING))
