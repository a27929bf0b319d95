"""Changes that were given up (refused, overtaken, or of a stale plan) though they may have been taken after all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, bindparam, select, update

from jobs.stores.entries import GIVEN_UP, OPEN, Entry, State, entry_of
from jobs.stores.ledger import Ledger
from jobs.stores.outbox import KEYS_AT_ONCE
from jobs.stores.schema import outbox, plans

_LATER: Final = outbox.alias("later")
_ITS_PLAN: Final = plans.alias("its_plan")
_NEWER: Final = (
    select(_LATER.c.seq)
    .join(_ITS_PLAN, _ITS_PLAN.c.id == _LATER.c.plan_id)
    .where(
        _LATER.c.object_name == outbox.c.object_name,
        _LATER.c.key == outbox.c.key,
        _LATER.c.seq > outbox.c.seq,
        _LATER.c.state.in_(bindparam("unless", expanding=True)),
        _ITS_PLAN.c.crm == bindparam("named"),
    )
)
_LEFT: Final = outbox.c.state.in_(GIVEN_UP) & outbox.c.in_doubt & ~outbox.c.closed
#: What was given up in doubt, but for records of which a newer change is in one of the states *unless*: what the record
#: says now is no sign of the older change then.
_DOUBTS: Final = (
    select(outbox).join(plans).where(plans.c.crm == bindparam("named"), _LEFT, ~_NEWER.exists()).order_by(outbox.c.seq)
)


def supersede(ledger: Ledger, plan_id: str, at: datetime) -> None:
    """Give up what *plan_id* has not written."""
    pending = (outbox.c.plan_id == int(plan_id)) & (outbox.c.state == State.PENDING)
    with ledger.engine.begin() as connection:
        connection.execute(update(outbox).where(pending).values(state=State.SUPERSEDED, settled_at=at))


def doubtful(ledger: Ledger, crm: str) -> list[Entry]:
    """Return what was given up at *crm* after it had left without an answer: it may have been taken after all.

    Not if a newer plan is about to write the same record, or did.
    """
    return _read(ledger, crm, _DOUBTS, unless=(*OPEN, State.ACKNOWLEDGED))


def older(ledger: Ledger, entries: Sequence[Entry]) -> list[Entry]:
    """Return what was given up so of the records of *entries*, which are all of one object and one CRM."""
    found: list[Entry] = []
    for start in range(0, len(entries), KEYS_AT_ONCE):
        first, keys = entries[start].change, [entry.change.key for entry in entries[start : start + KEYS_AT_ONCE]]
        same = (outbox.c.object_name == first.object_name) & outbox.c.key.in_(keys)
        found += _read(ledger, first.crm, _DOUBTS.where(same), unless=(State.ACKNOWLEDGED,))
    return found


def close(ledger: Ledger, entries: Iterable[Entry], before: datetime) -> None:
    """Let those of *entries* that were given up *before* then rest: nobody need look for them again."""
    rows = [{"row": entry.seq} for entry in entries]
    if not rows:
        return
    given_up = (outbox.c.seq == bindparam("row")) & (outbox.c.settled_at < before)
    with ledger.engine.begin() as connection:
        connection.execute(update(outbox).where(given_up).values(closed=True), rows)


def _read(ledger: Ledger, crm: str, query: Select[Any], unless: Sequence[State]) -> list[Entry]:
    with ledger.engine.connect() as connection:
        rows = connection.execute(query, {"named": crm, "unless": list(unless)}).mappings()
        return [entry_of(row, crm) for row in rows]
