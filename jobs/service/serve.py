"""The service: an alarm clock, the ledger's turns, and one child at a time that does them.

It holds no warehouse and keeps nothing in memory that matters: whatever kills it, the ledger knows what was begun.
"""

from __future__ import annotations

import threading
from pathlib import Path
from time import monotonic
from typing import Final

from config.settings import Settings
from config.workspace import open_workspace
from jobs.service import health, http, logs, metrics, stopping, turns, work
from jobs.service.alarm import Alarm
from jobs.service.child import Child
from jobs.service.health import Pulse
from jobs.service.turns import Timetable
from jobs.service.work import Place
from jobs.stores import slots
from jobs.stores.ledger import Ledger, open_ledger, utc_now
from jobs.stores.slots import Slot
from overlap.errors import ConfigError, InUseError, OverlapError

#: So long without a tick, and the alarm is woken.
_DOZE_S: Final = 60.0
_LOOK_S: Final = 5.0
#: After a run that met other work, or that waits for a person, nothing is begun for so long.
_REST_S: Final = 120.0


def serve(folder: Path, environment: str | None = None) -> None:
    """Do what the schedules of the workspace in *folder* say, until SIGTERM or Ctrl-C.

    Raises:
        ConfigError: the settings are wrong, have no schedule, or the port is taken.
        GuardError: the workspace is served already.
    """
    workspace = open_workspace(folder, environment)
    settings = workspace.settings
    if not settings.schedules:
        raise ConfigError(
            f"{workspace.settings_files}: there is no schedule; make one: overlap schedule add weekly '0 7 * * mon'"
        )
    with (
        turns.turn_lock(workspace) as lock,
        open_ledger(workspace.ledger_file, settings.workspace.id) as ledger,
    ):
        for slot in slots.recover(ledger, utc_now()):
            logs.info("taken up", schedule=slot.schedule, slot=slot.slot, attempt=slot.attempts)
        service = _Service(workspace.folder, environment, ledger, lock, settings)
        place = (settings.service.host, settings.service.port)
        with (
            stopping.told_to_end() as end,
            http.answering(place, service.why_ill, service.why_not_ready, service.figures) as address,
        ):
            logs.info("serving", address=address)
            service.go_on_until(end)
    logs.info("ended")


class _Service:
    """What the service is at: its child, if one is at work, and what it last read of the settings."""

    def __init__(self, folder: Path, environment: str | None, ledger: Ledger, lock: int, settings: Settings) -> None:
        self._folder, self._environment = folder, environment
        self._ledger, self._lock, self._settings = ledger, lock, settings
        self._pulse = Pulse()
        self._child: Child | None = None
        self._rests_until_s = 0.0
        self._turn = threading.Lock()  # a tick, and what follows from a child's end, one after the other
        self._alarm = Alarm(self.tick)

    def go_on_until(self, end: threading.Event) -> None:
        """Tick until *end*, and then end the child in good order."""
        self._alarm.start()
        while not end.wait(_LOOK_S):
            if self._pulse.silent_s > _DOZE_S:
                self._alarm.wake()
        self._pulse.is_stopping = True
        self._alarm.stop()
        child = self._child
        if child is not None:
            work.stop(child, self._settings.service.grace_s)

    def tick(self) -> None:
        """Look at the settings and the ledger, and start what is to be done. Nothing that goes wrong ends the loop."""
        with self._turn:
            trouble = None
            try:
                self._settings = open_workspace(self._folder, self._environment).settings
                tables = turns.timetables(self._settings)
                turns.see(self._ledger, tables, utc_now())
                if self._child is None and not self._pulse.is_stopping and monotonic() >= self._rests_until_s:
                    slots.recover(self._ledger, utc_now())
                    slot = turns.take(self._ledger, tables, utc_now())
                    if slot is not None:
                        self._start(slot, tables[slot.schedule])
            except OverlapError as error:
                trouble = str(error)
            except Exception as error:  # a full disk, a locked ledger: told by /healthz, and tried again
                trouble = f"the ledger cannot be asked: {type(error).__name__}"
            if trouble and trouble != self._pulse.trouble:
                logs.error("failed", said=trouble)
            self._pulse.beat(trouble)

    def _start(self, slot: Slot, table: Timetable) -> None:
        def after(code: int) -> None:
            with self._turn:
                self._child = None
            if code == InUseError.exit_code:
                self._rests_until_s = monotonic() + _REST_S
            elif not self._pulse.is_stopping:
                self._alarm.wake()  # the next one need not wait for the tenth second

        memory_mb = self._settings.service.memory_mb
        place = Place(
            self._folder, self._environment, self._ledger, self._lock, memory_mb, lambda: self._pulse.is_stopping
        )
        self._child = work.start(place, slot, table, after)

    def why_ill(self) -> list[str]:
        """Return what somebody should look after."""
        hours, tables = self._settings.service.late_hours, turns.timetables(self._settings)
        return health.why_ill(self._pulse, self._ledger, tables, hours, utc_now())

    def why_not_ready(self) -> list[str]:
        """Return why nothing is taken up now."""
        if self._pulse.is_stopping:
            return ["stopping"]
        return [self._pulse.trouble] if self._pulse.trouble else []

    def figures(self) -> bytes:
        """Return what Prometheus asks for."""
        return metrics.exposition(self._ledger, self._settings, turns.timetables(self._settings), utc_now())
