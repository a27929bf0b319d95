"""The outbox: one row per change, from planned to settled. What a plan is as a whole is in `jobs.stores.plans`.

A row is written before its effect: ``sent`` is committed before the request leaves, so that after a crash a ``sent``
row means "ask the CRM", never "send again".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Boolean, Connection, bindparam, case, func, select, update

from jobs.stores import baselines
from jobs.stores.entries import OPEN, SETTLED, Entry, Settled, State, dumped, entry_of, parsed
from jobs.stores.ledger import Ledger
from jobs.stores.schema import outbox, plans
from overlap.plan import Action, Change
from overlap.redaction import redacted

#: The CRM took it, or some of its fields.
_TAKEN: Final = (outbox.c.state == State.ACKNOWLEDGED) | outbox.c.landed.is_not(None)
_SAYS: Final = case((outbox.c.state == State.ACKNOWLEDGED, outbox.c.new), else_=outbox.c.landed)
#: SQLite takes a limited number of values in one statement.
KEYS_AT_ONCE: Final = 500
# What every batch asks and says, put together once: that takes longer than SQLite does to answer.
_ENTRIES: Final = (
    select(outbox, plans.c.crm)
    .join(plans)
    .where(outbox.c.plan_id == bindparam("plan"), outbox.c.state.in_(bindparam("states", expanding=True)))
    .order_by(outbox.c.seq)
)
_ENTRIES_OF_OBJECT: Final = _ENTRIES.where(outbox.c.object_name == bindparam("object"))
_MARK_SENT: Final = (
    update(outbox)
    .where(outbox.c.seq == bindparam("row"))
    .values(state=State.SENT, before=bindparam("image"), attempts=outbox.c.attempts + 1)
)
_SETTLE: Final = (
    update(outbox)
    .where(outbox.c.seq == bindparam("row"))
    .values(
        state=bindparam("ends"),
        record_id=func.coalesce(bindparam("record"), outbox.c.record_id),
        created=bindparam("is_new"),
        error=bindparam("said"),
        in_doubt=outbox.c.in_doubt | bindparam("doubt", type_=Boolean),
        landed=func.coalesce(bindparam("took"), outbox.c.landed),
        settled_at=bindparam("ended_at"),
    )
)


def was_written(ledger: Ledger, crm: str) -> bool:
    """Return whether *crm* ever took a whole plan from us: until then, every plan for it is the first.

    A first plan that was cut short and given up has shown a person nothing of what comes after it. A record that the
    CRM refused each time until then cut nothing short.
    """
    beside = outbox.alias("beside")
    unheard = beside.c.error.is_(None) | beside.c.in_doubt
    given_up = select(beside.c.seq).where(beside.c.plan_id == plans.c.id, beside.c.state == State.SUPERSEDED, unheard)
    taken = select(outbox.c.seq).where(outbox.c.plan_id == plans.c.id, outbox.c.state == State.ACKNOWLEDGED)
    query = select(plans.c.id).where(plans.c.crm == crm, taken.exists(), ~given_up.exists()).limit(1)
    with ledger.engine.connect() as connection:
        return connection.execute(query).first() is not None


def unfinished(ledger: Ledger, crm: str) -> list[int]:
    """Return the numbers of the plans for *crm* that have changes in flight, oldest first."""
    query = (
        select(plans.c.id)
        .where(plans.c.crm == crm, plans.c.id.in_(select(outbox.c.plan_id).where(outbox.c.state.in_(OPEN))))
        .order_by(plans.c.id)
    )
    with ledger.engine.connect() as connection:
        return [int(number) for number in connection.execute(query).scalars()]


def in_flight(ledger: Ledger, plan_id: str) -> set[str]:
    """Return the objects of which *plan_id* has changes that are neither settled nor given up."""
    query = select(outbox.c.object_name).where(outbox.c.plan_id == int(plan_id), outbox.c.state.in_(OPEN)).distinct()
    with ledger.engine.connect() as connection:
        return set(connection.execute(query).scalars())


def entries(ledger: Ledger, plan_id: str, states: Sequence[State], object_name: str | None = None) -> list[Entry]:
    """Return the changes of *plan_id* in one of *states*, in the order in which they were planned.

    *object_name* None means those of every object.
    """
    query = _ENTRIES if object_name is None else _ENTRIES_OF_OBJECT
    asked = {"plan": int(plan_id), "states": list(states), "object": object_name}
    with ledger.engine.connect() as connection:
        return [entry_of(row, row["crm"]) for row in connection.execute(query, asked).mappings()]


def made(ledger: Ledger, crm: str, object_name: str, keys: Collection[str]) -> dict[str, str]:
    """Return those of the records *keys* of *object_name* that got their key from us: key to the CRM's id."""
    query = (
        select(outbox.c.key, outbox.c.record_id)
        .join(plans)
        .where(
            plans.c.crm == crm,
            outbox.c.object_name == object_name,
            outbox.c.action.in_((Action.CREATE, Action.ADOPT)),
            # One that a person deleted before its receipt came is a conflict, and was made all the same.
            (outbox.c.state == State.ACKNOWLEDGED) | outbox.c.created,
        )
    )
    wanted = list(keys)
    found: dict[str, str] = {}
    with ledger.engine.connect() as connection:
        for start in range(0, len(wanted), KEYS_AT_ONCE):
            some = wanted[start : start + KEYS_AT_ONCE]
            found |= baselines.made(connection, crm, object_name, some)
            found |= {row.key: row.record_id for row in connection.execute(query.where(outbox.c.key.in_(some)))}
    return found


def written_since(ledger: Ledger, crm: str, since: datetime | None) -> list[Change]:
    """Return the changes that *crm* took since then (None: ever), also in part; what came before, a pull has seen."""
    query = select(outbox).join(plans).where(plans.c.crm == crm, _TAKEN).order_by(outbox.c.seq)
    if since is not None:
        # What the CRM took of a change that still waits has no time yet: it may be of any.
        later = outbox.c.state.in_(SETTLED) & (outbox.c.settled_at >= since)
        query = query.where(later | outbox.c.state.in_(OPEN))
    with ledger.engine.connect() as connection:
        return [entry_of(row, crm).change for row in connection.execute(query).mappings()]


def last_written(ledger: Ledger, crm: str, changes: Iterable[Change]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the value that *crm* last took from us in each field of the records of *changes*.

    By object and key; a field that we never wrote is absent.
    """
    keys: dict[str, list[str]] = {}
    for change in changes:
        keys.setdefault(change.object_name, []).append(change.key)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    with ledger.engine.connect() as connection:
        for object_name, ours in keys.items():
            for start in range(0, len(ours), KEYS_AT_ONCE):
                some = ours[start : start + KEYS_AT_ONCE]
                restored = baselines.said(connection, crm, object_name, some)
                query = (
                    select(outbox.c.key, outbox.c.seq, _SAYS.label("said"))
                    .join(plans)
                    .where(
                        outbox.c.object_name == object_name,
                        outbox.c.key.in_(some),
                        plans.c.crm == crm,
                        _TAKEN,
                    )
                    .order_by(outbox.c.seq)
                )
                for row in connection.execute(query):
                    if row.key in restored and row.seq > restored[row.key][0]:
                        found.setdefault((object_name, row.key), {}).update(restored.pop(row.key)[1])
                    found.setdefault((object_name, row.key), {}).update(parsed(object_name, row.said))
                for key, (_, values) in restored.items():
                    found.setdefault((object_name, key), {}).update(values)
    return found


def written_by_partner(ledger: Ledger, since: datetime) -> dict[str, dict[str, int]]:
    """Return how many records of each partner CRMs took from us since then, by what was done to them."""
    query = (
        select(outbox.c.partner, outbox.c.action, func.count())
        .where(outbox.c.state == State.ACKNOWLEDGED, outbox.c.settled_at >= since, outbox.c.partner.is_not(None))
        .group_by(outbox.c.partner, outbox.c.action)
        .order_by(outbox.c.action)
    )
    found: dict[str, dict[str, int]] = {}
    with ledger.engine.connect() as connection:
        for partner, action, count in connection.execute(query):
            found.setdefault(partner, {})[action] = count
    return found


def taken(ledger: Ledger, plan_id: str) -> list[Change]:
    """Return the changes of *plan_id* that the CRM took, also in part, with just the fields that it took.

    What they held before is their *old*; of a new record all are None.
    """
    query = (
        select(outbox, plans.c.crm).join(plans).where(outbox.c.plan_id == int(plan_id), _TAKEN).order_by(outbox.c.seq)
    )
    with ledger.engine.connect() as connection:
        entries = [entry_of(row, row["crm"]) for row in connection.execute(query).mappings()]
    done = []
    for entry in entries:
        said = entry.change.new if entry.state is State.ACKNOWLEDGED else entry.landed
        sent = {name: value for name, value in said.items() if name in (entry.before or {})}
        before = {name: value for name, value in (entry.before or {}).items() if name in sent}
        done.append(replace(entry.change, old=before, new=sent))
    return done


def mark_sent(ledger: Ledger, batch: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
    """Commit that the rows *batch* (seq, before-image of the fields to be written) are about to leave."""
    with ledger.engine.begin() as connection:
        mark_sent_within(connection, batch)


def mark_sent_within(connection: Connection, batch: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
    """Do what `mark_sent` does as a part of the transaction of *connection*."""
    rows = [{"row": seq, "image": dumped(before)} for seq, before in batch]
    connection.execute(_MARK_SENT, rows)


def settle(ledger: Ledger, results: Sequence[Settled], at: datetime) -> None:
    """Store how the changes of *results* ended, in one transaction."""
    with ledger.engine.begin() as connection:
        settle_within(connection, results, at)


def settle_within(connection: Connection, results: Sequence[Settled], at: datetime) -> None:
    """Do what `settle` does as a part of the transaction of *connection*."""
    if not results:
        return
    rows = [
        {
            "row": result.seq,
            "ends": result.state,
            "record": result.record_id,
            "is_new": result.created,
            "said": None if result.error is None else redacted(result.error),
            "doubt": result.in_doubt,
            "took": dumped(result.landed) if result.landed else None,
            "ended_at": None if result.state in OPEN else at,
        }
        for result in results
    ]
    connection.execute(_SETTLE, rows)


def tally(ledger: Ledger, plan_id: str) -> dict[State, int]:
    """Return how many changes of *plan_id* are in each state."""
    query = select(outbox.c.state, func.count()).where(outbox.c.plan_id == int(plan_id)).group_by(outbox.c.state)
    with ledger.engine.connect() as connection:
        return {State(state): count for state, count in connection.execute(query)}


def troubles(ledger: Ledger, plan_id: str) -> list[tuple[str, State, str]]:
    """Return (label, state, what was wrong) of the changes that did not go through."""
    query = (
        select(outbox.c.label, outbox.c.state, outbox.c.error)
        .where(outbox.c.plan_id == int(plan_id), outbox.c.state.in_((State.CONFLICT, State.REJECTED)))
        .order_by(outbox.c.seq)
    )
    with ledger.engine.connect() as connection:
        return [(row.label, State(row.state), row.error) for row in connection.execute(query)]
