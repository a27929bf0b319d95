"""What we took of a CRM's daily allowance of API calls, one line per sign-in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from jobs.stores.ledger import Ledger
from jobs.stores.schema import api_calls


def note(ledger: Ledger, crm: str, calls: int, at: datetime) -> int:
    """Remember that *calls* were made to *crm*, and return the number of that line."""
    with ledger.engine.begin() as connection:
        line = insert(api_calls).values(crm=crm, at=at, calls=calls).returning(api_calls.c.id)
        return int(connection.execute(line).scalar_one())


def correct(connection: Connection, line: int, calls: int) -> None:
    """Say within the transaction of *connection* that the sign-in of *line* has made *calls* by now."""
    connection.execute(update(api_calls).where(api_calls.c.id == line).values(calls=calls))


def since(ledger: Ledger, crm: str, at: datetime) -> int:
    """Return how many calls we made to *crm* since then."""
    query = select(func.coalesce(func.sum(api_calls.c.calls), 0)).where(api_calls.c.crm == crm, api_calls.c.at > at)
    with ledger.engine.connect() as connection:
        return int(connection.execute(query).scalar_one())
