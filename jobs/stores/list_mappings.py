"""How a partner's lists are read, as the ledger remembers it: each change is a row, and the newest counts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
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


def fingerprints(ledger: Ledger, partners: Iterable[str]) -> dict[str, str]:
    """Return for each of *partners* 16 hex digits that change when a person says how its lists are to be read.

    Not when a list is accepted: what is read of it comes with a pull.
    """
    found = {partner: memory(ledger, partner) for partner in partners}
    said = {
        partner: [_plain(one.corrected), _plain(one.ignored), number > 0 and not one.headings]  # the last: forgotten
        for partner, (one, number) in found.items()
    }
    return {
        partner: hashlib.sha256(json.dumps(one, sort_keys=True).encode()).hexdigest()[:16]
        for partner, one in said.items()
    }


def remember(ledger: Ledger, partner: str, found: Memory, who: str, at: datetime) -> None:
    """Remember *found* of *partner* from now on; *who* accepted a list, or corrected how it is read."""
    kept = {name: json.dumps(_plain(getattr(found, name)), ensure_ascii=False) for name in Memory.__slots__}
    with ledger.engine.begin() as connection:
        connection.execute(insert(list_mappings).values(partner=partner, **kept, said_by=who, said_at=at))


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else dict(value)  # type: ignore[call-overload]
