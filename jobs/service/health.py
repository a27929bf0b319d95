"""What others may ask of the service: does it live, is it ready, and its figures. All of it is read from the ledger."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from jobs.service.turns import Timetable
from jobs.stores import slots
from jobs.stores.ledger import Ledger

#: The dead man's switch: so long without a tick, and something is wrong with the service itself.
STALL_S: Final = 180.0


@dataclass
class Pulse:
    """What the service knows of itself. *trouble* is what is wrong with settings or ledger, in words."""

    ticked_s: float = field(default_factory=time.monotonic)
    trouble: str | None = None
    is_stopping: bool = False

    def beat(self, trouble: str | None) -> None:
        """Say that the loop ticked, and what was wrong then."""
        self.ticked_s, self.trouble = time.monotonic(), trouble

    @property
    def silent_s(self) -> float:
        """How long ago it ticked, on the clock that nobody sets."""
        return time.monotonic() - self.ticked_s


def why_ill(pulse: Pulse, ledger: Ledger, tables: Mapping[str, Timetable], late_hours: int, now: datetime) -> list[str]:
    """Return in words why somebody should look after the service; nothing if it is well."""
    found = []
    if pulse.silent_s > STALL_S:
        found.append(f"the loop has not ticked for {pulse.silent_s:.0f} s; restart the service")
    if pulse.trouble:
        found.append(pulse.trouble)
    return [*found, *why_late(ledger, tables, late_hours, now)]


def why_late(ledger: Ledger, tables: Mapping[str, Timetable], late_hours: int, now: datetime) -> list[str]:
    """Return in words which schedules have had no good run for longer than they allow."""
    found = []
    known, patience = slots.known(ledger), timedelta(hours=late_hours)
    for name, table in tables.items():
        schedule = known.get(name)
        if schedule is None or schedule.paused_at is not None:
            continue
        first = slots.first_waiting(ledger, schedule, table.cron, now)
        if first is not None and first <= now - patience:
            found.append(f"schedule '{name}': what was due at {first:%Y-%m-%d %H:%M} UTC has not begun")
            continue
        late = slots.newest(ledger, name, now - patience)
        # Only until now: what ended in the future, when the clock was ahead, is no reason to be calm.
        good = slots.last_good(ledger, name, now)
        if late is not None and late.due_at > schedule.since and (good is None or good < late.due_at):
            why = f": {late.said}" if late.said else ""
            found.append(
                f"schedule '{name}': nothing good came of what was due at {late.due_at:%Y-%m-%d %H:%M} UTC{why}"
            )
    return found


def is_ahead(ledger: Ledger, name: str, now: datetime) -> datetime | None:
    """Return until when *name* has had its turns already, because the clock was ahead once; None if it was not."""
    known, last = slots.known(ledger).get(name), slots.newest(ledger, name)
    if known is None or known.reached is None or last is None or last.slot != known.reached:
        return None
    return last.due_at if last.due_at > now + timedelta(days=1) else None
