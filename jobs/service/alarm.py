"""The alarm clock: calls every ten seconds, whatever becomes of any call. The ledger says what is to be done."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

_EVERY: Final = "*/10"
_JOB: Final = "tick"


class Alarm:
    """Calls *tick* at every tenth second, in a thread, never twice at once."""

    def __init__(self, tick: Callable[[], None]) -> None:
        self._scheduler = BackgroundScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        trigger = CronTrigger(second=_EVERY, timezone=UTC)
        self._scheduler.add_job(tick, trigger, id=_JOB, next_run_time=datetime.now(UTC))

    def start(self) -> None:
        """Call at once, and from then on."""
        self._scheduler.start()

    def wake(self) -> None:
        """Call now: for a machine whose clock went back. The scheduler would wait until the time has come again."""
        with suppress(JobLookupError):  # it was stopped
            self._scheduler.modify_job(_JOB, next_run_time=datetime.now(UTC))

    def stop(self) -> None:
        """Call no more; return when the last call has ended."""
        self._scheduler.shutdown(wait=True)
