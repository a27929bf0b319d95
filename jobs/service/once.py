"""What is due, once: for cron and Kubernetes, where no service of ours waits."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.workspace import open_workspace
from jobs.service import stopping, turns, work
from jobs.service.turns import Timetable
from jobs.service.work import Place
from jobs.stores import slots
from jobs.stores.ledger import open_ledger, utc_now
from jobs.stores.slots import Slot

_LOOK_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Worked:
    """A slot that was worked off, and the exit code that its process ended with."""

    schedule: str
    slot: str
    state: str
    code: int


def once(folder: Path, environment: str | None = None, asked: Slot | None = None) -> list[Worked]:
    """Work off what is due by now, or only what a person *asked* for; return what that was.

    A schedule that is seen for the first time begins with the day: who calls this every Monday at seven means that
    day's slot too.

    Raises:
        GuardError: a service does so already.
    """
    workspace = open_workspace(folder, environment)
    tables, began = turns.timetables(workspace.settings), utc_now()
    worked: list[Worked] = []
    with (
        turns.turn_lock(workspace) as lock,
        open_ledger(workspace.ledger_file, workspace.settings.workspace.id) as ledger,
        stopping.told_to_end() as end,
    ):
        memory_mb = workspace.settings.service.memory_mb
        place = Place(workspace.folder, environment, ledger, lock, memory_mb, end.is_set)
        slots.recover(ledger, began)
        turns.see(ledger, tables, began, from_midnight=True)
        while not end.is_set():
            slot = asked or turns.take(ledger, tables, began)
            if slot is None:
                break
            code = _worked_off(place, slot, tables[slot.schedule], end, workspace.settings.service.grace_s)
            state = slots.state(ledger, slot)
            worked.append(Worked(slot.schedule, slot.slot, state, code))
            if asked is not None or state == slots.INTERRUPTED:
                break
    return worked


def _worked_off(place: Place, slot: Slot, table: Timetable, end: threading.Event, grace_s: float) -> int:
    """Do the work of *slot*, and return its exit code."""
    codes: list[int] = []
    child = work.start(place, slot, table, codes.append)
    while not child.has_ended(_LOOK_S):
        if end.is_set():
            work.stop(child, grace_s)
    return codes[0]
