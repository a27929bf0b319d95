"""What we took of a CRM's daily allowance of calls: a line per sign-in, and per quarter of an hour of a long one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, func, insert, select, update

from jobs.stores.ledger import Ledger
from jobs.stores.schema import api_calls

#: How much older than its calls a line may be: they count for 24 hours from its time on.
_SPAN: Final = timedelta(minutes=15)


@dataclass(slots=True)
class Meter:
    """Counts the calls of one connection to *crm*: in *line* since *at*, and *before* in lines that are full."""

    crm: str
    line: int
    at: datetime
    before: int = 0
    counted: int = 0

    def count(self, connection: Connection, calls: int, now: datetime) -> None:
        """Say within the transaction of *connection* that *calls* were made by *now*."""
        if now - self.at > _SPAN:
            self.line, self.at, self.before = _new_line(connection, self.crm, now), now, self.counted
        self.counted = calls
        ours = update(api_calls).where(api_calls.c.id == self.line).values(calls=calls - self.before)
        if not connection.execute(ours).rowcount:  # the transaction that made the line was undone
            self.line = _new_line(connection, self.crm, now, calls - self.before)


def start(ledger: Ledger, crm: str, at: datetime) -> Meter:
    """Return a meter for a connection that has made no call yet."""
    return Meter(crm, note(ledger, crm, 0, at), at)


def note(ledger: Ledger, crm: str, calls: int, at: datetime) -> int:
    """Remember that *calls* were made to *crm*, and return the number of that line."""
    with ledger.engine.begin() as connection:
        return _new_line(connection, crm, at, calls)


def since(ledger: Ledger, crm: str, at: datetime) -> int:
    """Return how many calls we made to *crm* since then."""
    query = select(func.coalesce(func.sum(api_calls.c.calls), 0)).where(api_calls.c.crm == crm, api_calls.c.at > at)
    with ledger.engine.connect() as connection:
        return int(connection.execute(query).scalar_one())


def _new_line(connection: Connection, crm: str, at: datetime, calls: int = 0) -> int:
    line = insert(api_calls).values(crm=crm, at=at, calls=calls).returning(api_calls.c.id)
    return int(connection.execute(line).scalar_one())
