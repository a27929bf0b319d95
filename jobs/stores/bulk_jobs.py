"""Bulk jobs in the ledger: a job is kept together with its rows being ``sent``, before its data leave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, insert, select, update

from jobs.stores import outbox
from jobs.stores.ledger import Ledger
from jobs.stores.schema import bulk_jobs

_OPEN: Final = (
    select(bulk_jobs.c.id)
    .where(bulk_jobs.c.plan_id == bindparam("plan"), bulk_jobs.c.ended_at.is_(None))
    .order_by(bulk_jobs.c.opened_at, bulk_jobs.c.id)
)
_OPEN_OF_OBJECT: Final = _OPEN.where(bulk_jobs.c.object_name == bindparam("object"))


def keep(
    connection: Connection,
    job_id: str,
    plan_id: str,
    object_name: str,
    batch: Iterable[tuple[int, Mapping[str, Any]]],
    at: datetime,
) -> None:
    """Note that job *job_id* is about to take the rows *batch*, as in `outbox.mark_sent`, within one transaction."""
    row = {"id": job_id, "plan_id": int(plan_id), "object_name": object_name, "opened_at": at}
    connection.execute(insert(bulk_jobs).values(row))
    outbox.mark_sent_within(connection, batch)


def open_ones(ledger: Ledger, plan_id: str, object_name: str | None = None) -> list[str]:
    """Return the jobs of *plan_id* for one object, None for any, whose end is not known, oldest first."""
    query = _OPEN if object_name is None else _OPEN_OF_OBJECT
    asked = {"plan": int(plan_id), "object": object_name}
    with ledger.engine.connect() as connection:
        return [str(job_id) for job_id in connection.execute(query, asked).scalars()]


def opened_at(ledger: Ledger, job_id: str) -> datetime:
    """Return when *job_id*, a job that was kept, was opened."""
    with ledger.engine.connect() as connection:
        found: datetime = connection.execute(select(bulk_jobs.c.opened_at).where(bulk_jobs.c.id == job_id)).scalar_one()
        return found


def end(connection: Connection, job_id: str, at: datetime) -> None:
    """Note that *job_id* will write nothing more, and that what it said of its records is kept."""
    connection.execute(update(bulk_jobs).where(bulk_jobs.c.id == job_id).values(ended_at=at))
