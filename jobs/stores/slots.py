"""Schedules as the ledger knows them, and their slots: one row for each time at which one was due.

The ledger is the truth: a slot that has a row has had its turn, whatever any clock says later. All of these are called
by one process only, the one that holds the workspace's `jobs.service.turns.turn_lock`, but for `ask` and what reads.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from jobs.stores.ledger import Ledger
from jobs.stores.schema import schedules, slots
from overlap.schedules import Cron, due, due_at

ASKED, CLAIMED, RUNNING, CRASHED, INTERRUPTED = "asked", "claimed", "running", "crashed", "interrupted"
DONE, HELD, FAILED, COALESCED = "done", "held", "failed", "coalesced"
#: What has had its turn, but no end yet.
OPEN: Final = (ASKED, CLAIMED, RUNNING, CRASHED, INTERRUPTED)
#: Ends after which nobody need worry that nothing runs.
GOOD: Final = (DONE, HELD)
#: How often a slot whose process dies is started.
MOST_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule of the settings, as it was seen last. What was due by *since* has no slot.

    *reached* is the last slot that had its turn since then: nothing until there has another one, whatever clocks say.
    """

    name: str
    cron: str
    zone: str
    since: datetime
    reached: str | None
    paused_at: datetime | None
    paused_by: str | None


@dataclass(frozen=True, slots=True)
class Slot:
    """One time of one schedule, *slot* as ISO text without offset; of what a person asked for, *zone* is empty.

    *into* is the later slot that a coalesced one went into, *code* the exit code, *said* why it did not go well.
    """

    id: int
    schedule: str
    zone: str
    slot: str
    due_at: datetime
    state: str
    into: str | None
    attempts: int
    claimed_at: datetime
    finished_at: datetime | None
    code: int | None
    run_id: int | None
    said: str | None


def known(ledger: Ledger) -> dict[str, Schedule]:
    """Return the schedules that were seen, by name."""
    with ledger.engine.connect() as connection:
        rows = connection.execute(select(schedules).order_by(schedules.c.name)).mappings().all()
    return {row["name"]: Schedule(**row) for row in rows}


def see(ledger: Ledger, wished: Mapping[str, tuple[str, str, datetime]]) -> None:
    """Take over what the settings say of schedules: by name, its cron expression, its zone, and when it begins.

    Times before that are none of its slots. What is known, and says the same as before, has begun already.
    """
    before = known(ledger)
    with ledger.engine.begin() as connection:
        for name, (cron, zone, since) in wished.items():
            old = before.get(name)
            if old is None or (old.cron, old.zone) != (cron, zone):
                values = {"cron": cron, "zone": zone, "since": since, "reached": None}
                row = upsert(schedules).values(name=name, **values)
                connection.execute(row.on_conflict_do_update(index_elements=["name"], set_=values))


def forget(ledger: Ledger, names: Collection[str]) -> None:
    """Forget the schedules *names*, which the settings have no more: they begin anew if they come back."""
    if names:
        with ledger.engine.begin() as connection:
            connection.execute(delete(schedules).where(schedules.c.name.in_(names)))


def pause(ledger: Ledger, name: str, who: str, at: datetime) -> None:
    """Let *name* have no turn until it is resumed."""
    values = {"paused_at": at, "paused_by": who}
    with ledger.engine.begin() as connection:
        connection.execute(update(schedules).where(schedules.c.name == name).values(values))


def resume(ledger: Ledger, name: str, now: datetime) -> int:
    """Let *name* have its turns again, of what is due after *now*; return how many slots of the future were taken back.

    Those had their turn in vain, coalesced while the clock was ahead.
    """
    ahead = (slots.c.schedule == name) & (slots.c.state == COALESCED) & (slots.c.due_at > now)
    with ledger.engine.begin() as connection:
        values = {"paused_at": None, "paused_by": None, "since": now, "reached": None}
        connection.execute(update(schedules).where(schedules.c.name == name).values(values))
        return connection.execute(delete(slots).where(ahead)).rowcount


def claim(ledger: Ledger, name: str, cron: Cron, now: datetime) -> Slot | None:
    """Claim the newest slot of *name* that is due; None if none is. Earlier ones that are due go into it."""
    with ledger.engine.begin() as connection:
        row = connection.execute(select(schedules).where(schedules.c.name == name)).mappings().one_or_none()
        if row is None or row["paused_at"] is not None:
            return None
        schedule = Schedule(**row)
        waiting = _without_had(connection, schedule, _due(schedule, cron, now))
        if not waiting:
            return None
        texts, zone = [_text(slot) for slot in waiting], ZoneInfo(schedule.zone)
        rows = [
            {"schedule": name, "zone": schedule.zone, "slot": text, "due_at": due_at(slot, zone), "claimed_at": now}
            | ({"state": CLAIMED, "into": None} if text == texts[-1] else {"state": COALESCED, "into": texts[-1]})
            for slot, text in zip(waiting, texts, strict=True)
        ]
        connection.execute(insert(slots), rows)
        connection.execute(update(schedules).where(schedules.c.name == name).values(reached=texts[-1]))
        ours = (slots.c.schedule == name) & (slots.c.zone == schedule.zone) & (slots.c.slot == texts[-1])
        return Slot(**connection.execute(select(slots).where(ours)).mappings().one())


def first_waiting(ledger: Ledger, schedule: Schedule, cron: Cron, now: datetime) -> datetime | None:
    """Return when the earliest slot was due that is due, and has had no turn yet; None if there is none."""
    waiting = _due(schedule, cron, now)
    if schedule.paused_at is not None or not waiting:
        return None
    with ledger.engine.connect() as connection:
        waiting = _without_had(connection, schedule, waiting)
    return due_at(waiting[0], ZoneInfo(schedule.zone)) if waiting else None


def _due(schedule: Schedule, cron: Cron, now: datetime) -> list[datetime]:
    last = datetime.fromisoformat(schedule.reached) if schedule.reached else None
    return due(cron, ZoneInfo(schedule.zone), schedule.since, last, now)


def _without_had(connection: Connection, schedule: Schedule, waiting: list[datetime]) -> list[datetime]:
    """Return those of *waiting* that had no turn yet: some had, before the schedule was changed, or resumed."""
    if not waiting:
        return []
    ours = (slots.c.schedule == schedule.name) & (slots.c.zone == schedule.zone)
    query = select(slots.c.slot).where(ours, slots.c.slot.between(_text(waiting[0]), _text(waiting[-1])))
    had = set(connection.execute(query).scalars())
    return [slot for slot in waiting if _text(slot) not in had]


def ask(ledger: Ledger, name: str, who: str, now: datetime) -> Slot:
    """Put down that a person wants *name* to run now, whatever its clock shows."""
    values = {"schedule": name, "zone": "", "slot": now.isoformat(), "due_at": now, "claimed_at": now}
    with ledger.engine.begin() as connection:
        row = insert(slots).values(**values, state=ASKED, said=f"asked for by {who}").returning(*slots.c)
        return Slot(**connection.execute(row).mappings().one())


def state(ledger: Ledger, slot: Slot) -> str:
    """Return the state of *slot* by now."""
    with ledger.engine.connect() as connection:
        return str(connection.execute(select(slots.c.state).where(slots.c.id == slot.id)).scalar_one())


def unfinished(ledger: Ledger) -> list[Slot]:
    """Return the slots that had their turn and no end yet, in the order in which they were due."""
    return _found(ledger, slots.c.state.in_(OPEN))


def newest(ledger: Ledger, name: str, until: datetime | None = None) -> Slot | None:
    """Return the last slot of *name* that was due, by *until* if that is said; what a person asked for is none."""
    wanted = (slots.c.schedule == name) & (slots.c.zone != "")
    if until is not None:
        wanted &= slots.c.due_at <= until
    query = select(slots).where(wanted).order_by(slots.c.due_at.desc(), slots.c.id.desc()).limit(1)
    with ledger.engine.connect() as connection:
        row = connection.execute(query).mappings().one_or_none()
    return Slot(**row) if row else None


def last_good(ledger: Ledger, name: str, until: datetime) -> datetime | None:
    """Return when a run of *name* last ended well, by *until*."""
    good = (slots.c.schedule == name) & slots.c.state.in_(GOOD) & (slots.c.finished_at <= until)
    query = select(slots.c.finished_at).where(good).order_by(slots.c.finished_at.desc()).limit(1)
    with ledger.engine.connect() as connection:
        found: datetime | None = connection.execute(query).scalar()
    return found


def every(ledger: Ledger, name: str) -> list[Slot]:
    """Return all slots of *name*, in the order in which they were due."""
    return _found(ledger, slots.c.schedule == name)


def tally(ledger: Ledger) -> dict[tuple[str, str], int]:
    """Return how many slots there are, by schedule and state."""
    query = select(slots.c.schedule, slots.c.state, func.count()).group_by(slots.c.schedule, slots.c.state)
    with ledger.engine.connect() as connection:
        return {(name, state): count for name, state, count in connection.execute(query)}


def _found(ledger: Ledger, wanted: Any) -> list[Slot]:
    query = select(slots).where(wanted).order_by(slots.c.due_at, slots.c.id)
    with ledger.engine.connect() as connection:
        return [Slot(**row) for row in connection.execute(query).mappings()]


def begin(ledger: Ledger, slot: Slot) -> None:
    """Put down that *slot* is started."""
    _change(ledger, slot.id, state=RUNNING, attempts=slot.attempts + 1)


def end(ledger: Ledger, slot: Slot, state: str, at: datetime, code: int | None = None, **more: Any) -> None:
    """Put down how *slot* ended; *more* are ``run_id`` and ``said``, where they are known."""
    over = state not in OPEN
    _change(ledger, slot.id, state=state, code=code, finished_at=at if over else None, **more)


def recover(ledger: Ledger, at: datetime) -> list[Slot]:
    """Take up what a process left that died: it is started again, but not for ever. Return what was found."""
    found = _found(ledger, slots.c.state.in_((CLAIMED, RUNNING)))
    for slot in found:
        crashed(ledger, slot, at, None, "the process that did it ended without a word")
    return found


def crashed(ledger: Ledger, slot: Slot, at: datetime, code: int | None, said: str) -> str:
    """Put down that the process of *slot* died; return its state: failed, when that was its last attempt."""
    attempts = max(slot.attempts, _attempts(ledger, slot))
    state = FAILED if attempts >= MOST_ATTEMPTS else CRASHED
    end(ledger, slot, state, at, code, said=f"{said} (attempt {attempts} of {MOST_ATTEMPTS})")
    return state


def _attempts(ledger: Ledger, slot: Slot) -> int:
    with ledger.engine.connect() as connection:
        return int(connection.execute(select(slots.c.attempts).where(slots.c.id == slot.id)).scalar_one())


def _change(ledger: Ledger, slot_id: int, **values: Any) -> None:
    with ledger.engine.begin() as connection:
        connection.execute(update(slots).where(slots.c.id == slot_id).values(values))


def _text(slot: datetime) -> str:
    return slot.isoformat(timespec="minutes")
