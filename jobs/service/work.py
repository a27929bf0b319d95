"""One slot's work: a child is started for it, and the ledger is told how it ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jobs.service import logs, turns
from jobs.service.child import Child, Ending
from jobs.service.turns import Timetable
from jobs.stores import slots
from jobs.stores.ledger import Ledger, utc_now
from jobs.stores.slots import Slot


@dataclass(frozen=True, slots=True)
class Place:
    """Where slots are worked off: a workspace with its ledger, as its environment has it.

    *lock* is the descriptor of the turns' lock. *is_stopping* says whether a child that ends was asked to.
    """

    folder: Path
    environment: str | None
    ledger: Ledger
    lock: int
    memory_mb: int
    is_stopping: Callable[[], bool]


def start(place: Place, slot: Slot, table: Timetable, after: Callable[[int], None]) -> Child:
    """Start the work of *slot*. When it has ended, and the ledger knows, *after* gets its exit code."""
    slots.begin(place.ledger, slot)
    words = [table.does, "--dir", str(place.folder)]
    if place.environment:
        words += ["--env", place.environment]
    began_s = time.monotonic()
    named = {"schedule": slot.schedule, "slot": slot.slot}

    def ended(ending: Ending) -> None:
        try:
            stopped = place.is_stopping()
            state = turns.ended(place.ledger, slot, ending, utc_now(), stopped)
            logs.info(
                "slot ended", **named, state=state, code=ending.code, seconds=round(time.monotonic() - began_s, 1)
            )
        except Exception as error:  # a full disk: the slot stays begun, and is taken up again
            logs.error("failed", **named, said=f"how it ended is not in the ledger: {type(error).__name__}")
        finally:
            after(ending.code)

    child = Child(words, f"{slot.schedule} {slot.slot}", place.memory_mb, place.lock, ended)
    facts = {"attempt": slot.attempts + 1, "does": table.does, "due_at": slot.due_at.isoformat(), "pid": child.pid}
    logs.info("slot began", **named, **facts)
    return child


def stop(child: Child, grace_s: float) -> None:
    """End *child* in good order, within *grace_s*; then at once."""
    logs.info("stopping", pid=child.pid)
    child.stop()
    if not child.has_ended(grace_s):
        logs.error("killing", pid=child.pid, said="it did not end in time; what it began is finished next time")
        child.kill()
        child.has_ended(grace_s)
