"""The outbox: one row per change, from planned to settled. What a plan is as a whole is in `jobs.stores.plans`.

A row is written before its effect: ``sent`` is committed before the request leaves, so that after a crash a ``sent``
row means "ask the CRM", never "send again".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Boolean, Connection, bindparam, func, select, update

from jobs.stores.ledger import Ledger
from jobs.stores.schema import outbox, plans
from overlap.fields import BY_NAME, Kind
from overlap.plan import Action, Change, Drift, Outcome


class State(StrEnum):
    """Where a change stands."""

    PLANNED = "planned"
    PENDING = "pending"  # to be written
    SENT = "sent"  # may have been written: read back before anything else
    ACKNOWLEDGED = "acknowledged"
    UNNEEDED = "unneeded"  # the CRM said it already
    CONFLICT = "conflict"  # somebody changed the record since the plan
    REJECTED = "rejected"  # the CRM refused the record
    SUPERSEDED = "superseded"  # given up: the plan was cut short and is stale


OPEN: Final = (State.PENDING, State.SENT)
#: Nothing of ours is on its way any more; what left before, without an answer, may be.
GIVEN_UP: Final = (State.SUPERSEDED, State.REJECTED, State.CONFLICT)
#: SQLite takes a limited number of values in one statement.
KEYS_AT_ONCE: Final = 500
_DRIFT_VALUES: Final = ("written", "found", "wanted")


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the outbox. *before* is what the fields that left held before, None if nothing ever left.

    *in_doubt*: it left once, no answer came, and the CRM did not show it then. It may arrive late, whatever is said of
    a later try. Or a part of it may have been taken, and the rest was refused. *error* is why the last try failed, if
    it was told.
    """

    seq: int
    state: State
    attempts: int
    change: Change
    before: Mapping[str, Any] | None = None
    in_doubt: bool = False
    error: str | None = None

    @property
    def is_unanswered(self) -> bool:
        """Something left that may have been taken without our knowing."""
        return self.state is State.SENT or self.in_doubt

    def image(self, left: Change) -> dict[str, Any]:
        """Return its before-image when *left* of it leaves: what a field held when it left first stands.

        A CRM may have taken a part of what left before, and an undo must know of all.
        """
        return {**left.old, **(self.before or {})}


def was_written(ledger: Ledger, crm: str) -> bool:
    """Return whether *crm* ever took a whole plan from us: until then, every plan for it is the first.

    A first plan that was cut short and given up has shown a person nothing of what comes after it. A record that the
    CRM refused each time until then cut nothing short.
    """
    unheard = outbox.c.error.is_(None) | outbox.c.in_doubt
    given_up = select(outbox.c.plan_id).where(outbox.c.state == State.SUPERSEDED, unheard)
    query = (
        select(outbox.c.seq)
        .join(plans)
        .where(plans.c.crm == crm, outbox.c.state == State.ACKNOWLEDGED, plans.c.id.not_in(given_up))
        .limit(1)
    )
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
    of_object = () if object_name is None else (outbox.c.object_name == object_name,)
    query = (
        select(outbox, plans.c.crm)
        .join(plans)
        .where(outbox.c.plan_id == int(plan_id), outbox.c.state.in_(states), *of_object)
        .order_by(outbox.c.seq)
    )
    with ledger.engine.connect() as connection:
        return [entry_of(row, row["crm"]) for row in connection.execute(query).mappings()]


def made(ledger: Ledger, crm: str, object_name: str) -> dict[str, str]:
    """Return the records of *object_name* that got their key from us: key to the CRM's id."""
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
    with ledger.engine.connect() as connection:
        return {row.key: row.record_id for row in connection.execute(query)}


def written_since(ledger: Ledger, crm: str, since: datetime | None) -> list[Change]:
    """Return the changes that *crm* took since then (None: ever); what it took before, a pull has seen."""
    query = (
        select(outbox)
        .join(plans)
        .where(plans.c.crm == crm, outbox.c.state == State.ACKNOWLEDGED)
        .order_by(outbox.c.seq)
    )
    if since is not None:
        query = query.where(outbox.c.settled_at >= since)
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
                query = (
                    select(outbox.c.key, outbox.c.new)
                    .join(plans)
                    .where(
                        outbox.c.object_name == object_name,
                        outbox.c.key.in_(ours[start : start + KEYS_AT_ONCE]),
                        plans.c.crm == crm,
                        outbox.c.state == State.ACKNOWLEDGED,
                    )
                    .order_by(outbox.c.seq)
                )
                for row in connection.execute(query):
                    found.setdefault((object_name, row.key), {}).update(_parse(object_name, row.new))
    return found


def taken(ledger: Ledger, plan_id: str) -> list[Change]:
    """Return the changes of *plan_id* that the CRM took, with just the fields that were sent.

    What they held before is their *old*; of a new record all are None.
    """
    query = (
        select(outbox, plans.c.crm)
        .join(plans)
        .where(outbox.c.plan_id == int(plan_id), outbox.c.state == State.ACKNOWLEDGED)
        .order_by(outbox.c.seq)
    )
    with ledger.engine.connect() as connection:
        rows = connection.execute(query).mappings().all()
    done = []
    for row in rows:
        change = entry_of(row, row["crm"]).change
        before = _parse(row["object_name"], row["before"] or "{}")
        sent = {name: value for name, value in change.new.items() if name in before}
        done.append(replace(change, old=before, new=sent))
    return done


def mark_sent(ledger: Ledger, batch: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
    """Commit that the rows *batch* (seq, before-image of the fields to be written) are about to leave."""
    with ledger.engine.begin() as connection:
        mark_sent_within(connection, batch)


def mark_sent_within(connection: Connection, batch: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
    """Do what `mark_sent` does as a part of the transaction of *connection*."""
    rows = [{"row": seq, "image": _dump(before)} for seq, before in batch]
    statement = (
        update(outbox)
        .where(outbox.c.seq == bindparam("row"))
        .values(state=State.SENT, before=bindparam("image"), attempts=outbox.c.attempts + 1)
    )
    connection.execute(statement, rows)


@dataclass(frozen=True, slots=True)
class Settled:
    """How one change ended, or that it is to be tried again (``pending``). *in_doubt* stays with it, see `Entry`."""

    seq: int
    state: State
    record_id: str | None = None
    created: bool = False
    error: str | None = None
    in_doubt: bool = False


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
            "said": result.error,
            "doubt": result.in_doubt,
            "ended_at": None if result.state in OPEN else at,
        }
        for result in results
    ]
    statement = (
        update(outbox)
        .where(outbox.c.seq == bindparam("row"))
        .values(
            state=bindparam("ends"),
            record_id=func.coalesce(bindparam("record"), outbox.c.record_id),
            created=bindparam("is_new"),
            error=bindparam("said"),
            in_doubt=outbox.c.in_doubt | bindparam("doubt", type_=Boolean),
            settled_at=bindparam("ended_at"),
        )
    )
    connection.execute(statement, rows)


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


def row_of(plan_id: int, change: Change) -> dict[str, Any]:
    """Return *change* as a ``planned`` row of the outbox."""
    return {
        "plan_id": plan_id,
        "state": State.PLANNED,
        "object_name": change.object_name,
        "key": change.key,
        "record_id": change.record_id,
        "action": change.action,
        "label": change.label,
        "partner": change.partner,
        "account_id": change.account_id,
        "cause": change.cause,
        "old": "{}" if change.action is Action.CREATE else _dump(change.old),
        "new": _dump(change.new),
    }


def entry_of(row: Mapping[Any, Any], crm: str) -> Entry:
    """Return what a row of the outbox says; *crm* is its plan's."""
    new = _parse(row["object_name"], row["new"])
    change = Change(
        crm=crm,
        object_name=row["object_name"],
        key=row["key"],
        record_id=row["record_id"],
        action=Action(row["action"]),
        label=row["label"],
        partner=row["partner"],
        account_id=row["account_id"],
        cause=row["cause"],
        old=dict.fromkeys(new) | _parse(row["object_name"], row["old"]),
        new=new,
    )
    before = _parse(row["object_name"], row["before"]) if row["before"] else None
    return Entry(row["seq"], State(row["state"]), row["attempts"], change, before, row["in_doubt"], row["error"])


def drift_row(drift: Drift) -> dict[str, Any]:
    """Return *drift* as JSON holds it."""
    plain = asdict(drift)
    return plain | {name: _plain(plain[name]) for name in _DRIFT_VALUES}


def drift_of(row: Mapping[str, Any]) -> Drift:
    """Return what `drift_row` made a row of."""
    of, name = row["object_name"], row["field"]
    values = {key: _parse(of, json.dumps({name: row[key]}))[name] for key in _DRIFT_VALUES}
    return Drift(**{**row, **values, "outcome": Outcome(row["outcome"])})


def _dump(values: Mapping[str, Any]) -> str:
    """Write field values as JSON, times as ISO text; `_parse` knows from the field what they were."""
    return json.dumps({name: _plain(value) for name, value in values.items()}, ensure_ascii=False)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value


def _parse(object_name: str, text: str) -> dict[str, Any]:
    fields = BY_NAME[object_name].by_name
    readers = {Kind.DATE: date.fromisoformat, Kind.DATETIME: datetime.fromisoformat}
    return {
        name: readers[fields[name].kind](value) if value is not None and fields[name].kind in readers else value
        for name, value in json.loads(text).items()
    }
