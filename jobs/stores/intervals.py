"""From when to when an account was in a cell with a partner: kept when the runs that found it are not any more."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

import polars as pl
from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from jobs.stores.ledger import Ledger
from jobs.stores.schema import intervals, pins
from overlap.intervals import OF, moved

#: SQLite takes so many values in one statement.
_AT_ONCE: Final = 500
_SCHEMA: Final = {"id": pl.Int64, **dict.fromkeys(OF, pl.String), "began_on": pl.Date, "ended_on": pl.Date}


def publish(ledger: Ledger, run_id: str, overlaps: pl.DataFrame, today: date) -> None:
    """Publish run *run_id* and, in the same transaction, end and begin the intervals that it moves.

    One that ends on the day on which it began is forgotten.
    """
    with ledger.engine.begin() as connection:
        query = select(intervals).where(intervals.c.ended_on.is_(None))
        change = moved(_frame(connection.execute(query).mappings().all()), overlaps)
        for some in _portions(change.ended):
            those = intervals.c.id.in_(some)
            connection.execute(delete(intervals).where(those, intervals.c.began_on >= today))
            connection.execute(update(intervals).where(those).values(ended_on=today))
        for some in _portions(change.doubles):
            connection.execute(delete(intervals).where(intervals.c.id.in_(some)))
        if not change.begun.is_empty():
            rows = [row | {"began_on": today} for row in change.begun.iter_rows(named=True)]
            connection.execute(insert(intervals), rows)
        row = upsert(pins).values(name="published_run", value=run_id)
        connection.execute(row.on_conflict_do_update(index_elements=["name"], set_={"value": run_id}))


def follow(ledger: Ledger, crm: str, survivors: Mapping[str, str]) -> None:
    """Let what is known of merged accounts of *crm*, loser to survivor, be the survivor's."""
    with ledger.engine.begin() as connection:
        for loser, survivor in survivors.items():
            theirs = (intervals.c.crm == crm) & (intervals.c.account_id == loser)
            connection.execute(update(intervals).where(theirs).values(account_id=survivor))


def read(
    ledger: Ledger, accounts: Collection[str] | None = None, partner: str | None = None, at: date | None = None
) -> pl.DataFrame:
    """Return the intervals (`OF`, began_on, ended_on) of *accounts* (ids) with *partner* that day *at* lies in.

    None asks for all. The newest comes first; *ended_on* is the first day on which it was not so any more, null while
    it is.
    """
    query = select(intervals)
    if partner is not None:
        query = query.where(intervals.c.partner == partner)
    if at is not None:
        query = query.where(intervals.c.began_on <= at, intervals.c.ended_on.is_(None) | (intervals.c.ended_on > at))
    with ledger.engine.connect() as connection:
        found = _frame(connection.execute(query).mappings().all())
    if accounts is not None:
        found = found.filter(pl.col("account_id").is_in(list(accounts)))
    order = ["began_on", "crm", "account_id", "partner", "id"]
    return found.sort(order, descending=[True, False, False, False, False]).drop("id")


def _frame(rows: Sequence[Mapping[Any, Any]]) -> pl.DataFrame:
    return pl.DataFrame([dict(row) for row in rows], schema=_SCHEMA)


def _portions(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]
