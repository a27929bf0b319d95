"""How a partner's lists are read, as the ledger remembers it: each change is a row, and the newest counts."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import insert, select

from connectors.files.reading import Memory
from jobs.stores.ledger import Ledger
from jobs.stores.schema import list_mappings


def memory(ledger: Ledger, partner: str, at: datetime | None = None) -> tuple[Memory, int]:
    """Return what is remembered of *partner*, and the number of its row: 0 where nothing is. *at*: what was then."""
    query = select(list_mappings).where(list_mappings.c.partner == partner).order_by(list_mappings.c.id.desc()).limit(1)
    if at is not None:
        query = query.where(list_mappings.c.said_at <= at)
    with ledger.engine.connect() as connection:
        row = connection.execute(query).mappings().first()
    if row is None:
        return Memory(), 0
    return Memory.of({name: json.loads(row[name]) for name in Memory.__slots__}), row["id"]


def remember(ledger: Ledger, partner: str, found: Memory, who: str, at: datetime) -> None:
    """Remember *found* of *partner* from now on; *who* accepted a list, or corrected how it is read."""
    kept = {name: json.dumps(_plain(getattr(found, name)), ensure_ascii=False) for name in Memory.__slots__}
    with ledger.engine.begin() as connection:
        connection.execute(insert(list_mappings).values(partner=partner, **kept, said_by=who, said_at=at))


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else dict(value)  # type: ignore[call-overload]
