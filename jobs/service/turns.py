"""Whose turn it is: the ledger says which slot of which schedule is to be done next. One process at a time may ask."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from config.schedules import ScheduleSettings
from config.settings import Settings
from config.workspace import Workspace
from jobs.service.child import Ending
from jobs.stores import slots
from jobs.stores.ledger import Ledger
from jobs.stores.slots import Slot
from overlap.errors import GuardError
from overlap.schedules import Cron, parse

#: Exit codes after which a slot needs no other try. 5: done, with records that the CRM refused.
_STATES: Final = {0: slots.DONE, 5: slots.DONE, 6: slots.HELD}
#: How a process ends that somebody interrupted: by itself, or as a shell tells of SIGKILL and SIGTERM.
_INTERRUPTED: Final = (130, 137, 143)


@dataclass(frozen=True, slots=True)
class Timetable:
    """One schedule of the settings, with what they leave out filled in."""

    name: str
    cron: Cron
    zone: ZoneInfo
    does: str


def timetables(settings: Settings) -> dict[str, Timetable]:
    """Return the schedules of *settings* by name."""
    ours = settings.workspace.time_zone
    return {name: timetable(name, one, ours) for name, one in settings.schedules.items()}


def timetable(name: str, said: ScheduleSettings, zone: str) -> Timetable:
    """Return schedule *name*, in *zone* if it does not say one."""
    return Timetable(name, parse(said.cron), ZoneInfo(said.zone or zone), said.does)


def see(ledger: Ledger, tables: Mapping[str, Timetable], now: datetime, from_midnight: bool = False) -> None:
    """Take over what the settings say of schedules; new and changed ones begin now, or with the day."""
    slots.see(
        ledger,
        {
            name: (table.cron.text, table.zone.key, _midnight(now, table.zone) if from_midnight else now)
            for name, table in tables.items()
        },
    )
    slots.forget(ledger, slots.known(ledger).keys() - tables.keys())


def _midnight(now: datetime, zone: ZoneInfo) -> datetime:
    """Return the last moment of the day before, in *zone*: what is due at midnight is due after it."""
    today = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return (today - timedelta(minutes=1)).astimezone(UTC)


def take(ledger: Ledger, tables: Mapping[str, Timetable], now: datetime) -> Slot | None:
    """Return the slot to be done now, claimed; None if nothing is to be done.

    What was begun and did not end comes first, then what was due first. A paused schedule has no turn, unless a person
    asked for it. What is begun of a schedule that is gone is given up.
    """
    known = slots.known(ledger)
    for slot in slots.unfinished(ledger):
        if slot.schedule not in tables:
            slots.end(ledger, slot, slots.FAILED, now, said="its schedule is not in the settings any more")
        elif not slot.zone or known[slot.schedule].paused_at is None:  # a person asked for it, or it may go on
            return slot
    waiting = {
        name: first
        for name, table in tables.items()
        if (first := slots.first_waiting(ledger, known[name], table.cron, now)) is not None
    }
    for name in sorted(waiting, key=lambda name: (waiting[name], name)):
        claimed = slots.claim(ledger, name, tables[name].cron, now)
        if claimed is not None:
            return claimed
    return None


def ended(ledger: Ledger, slot: Slot, ending: Ending, now: datetime, stopped: bool) -> str:
    """Put down how the process of *slot* ended, and return the slot's state.

    What was *stopped* on purpose, met other work in its way, or died, is begun again; only a death
    counts as an attempt.
    """
    code, facts = ending.code, {"run_id": ending.run_id, "said": ending.said or None}
    if ending.is_in_use or (code not in _STATES and stopped):
        slots.end(ledger, slot, slots.INTERRUPTED, now, code, attempts=slot.attempts, **facts)
        return slots.INTERRUPTED
    if code < 0 or code in _INTERRUPTED:
        return slots.crashed(ledger, slot, now, code, ending.said or f"its process ended with {code}")
    state = _STATES.get(code, slots.FAILED)
    slots.end(ledger, slot, state, now, code, **facts)
    return state


@contextmanager
def turn_lock(workspace: Workspace) -> Iterator[int]:
    """Be the only process that takes turns in *workspace*, and yield the lock's descriptor.

    A child that inherits it keeps it: a slot that is still at work is never taken for one whose process died.

    Raises:
        GuardError: another one is.
    """
    path = workspace.folder / ".serve.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 32, 0).decode() or "unknown"
            raise GuardError(
                f"{workspace.folder} is served already, or a run of its service is at work (pid {holder}); stop that "
                f"first, or look at it with 'overlap schedule list'"
            ) from error
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)
