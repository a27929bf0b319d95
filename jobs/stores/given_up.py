"""Changes of plans that were cut short and went stale: given up, though some of them may have been taken."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, select, update

from jobs.stores.ledger import Ledger
from jobs.stores.outbox import OPEN, Entry, State, entry_of
from jobs.stores.schema import outbox, plans

_NEVER_ARRIVED: Final = "it left without an answer, and never arrived"


def supersede(ledger: Ledger, plan_id: str, at: datetime) -> None:
    """Give up what *plan_id* has not written."""
    pending = (outbox.c.plan_id == int(plan_id)) & (outbox.c.state == State.PENDING)
    with ledger.engine.begin() as connection:
        connection.execute(update(outbox).where(pending).values(state=State.SUPERSEDED, settled_at=at))


def doubtful(ledger: Ledger, crm: str) -> list[Entry]:
    """Return what was given up at *crm* after it had left without an answer: it may have been taken after all.

    Not if a newer plan had to do with the same record: what the record says now is no sign of the older change then.
    """
    later = outbox.alias("later")
    newer = select(later.c.seq).where(
        later.c.object_name == outbox.c.object_name,
        later.c.key == outbox.c.key,
        later.c.seq > outbox.c.seq,
        later.c.state.in_((*OPEN, State.ACKNOWLEDGED)),
    )
    left = (outbox.c.state == State.SUPERSEDED) & (outbox.c.attempts > 0) & outbox.c.error.is_(None)
    query = select(outbox).join(plans).where(plans.c.crm == crm, left, ~newer.exists()).order_by(outbox.c.seq)
    with ledger.engine.connect() as connection:
        return [entry_of(row, crm) for row in connection.execute(query).mappings()]


def close(ledger: Ledger, entries: Iterable[Entry], before: datetime) -> None:
    """Let those of *entries* that were given up *before* then rest: nobody need look for them again."""
    rows = [{"row": entry.seq} for entry in entries]
    if not rows:
        return
    given_up = (outbox.c.seq == bindparam("row")) & (outbox.c.settled_at < before)
    with ledger.engine.begin() as connection:
        connection.execute(update(outbox).where(given_up).values(error=_NEVER_ARRIVED), rows)
