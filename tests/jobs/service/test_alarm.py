"""The alarm clock: it rings at once, and again after the machine's clock was set back."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import time_machine

from jobs.service.alarm import Alarm


def test_it_can_be_woken_after_the_clock_went_back() -> None:
    rung = threading.Event()
    with time_machine.travel(datetime(2026, 3, 2, 7, 0, 5, tzinfo=UTC)) as clock:
        alarm = Alarm(rung.set)
        alarm.start()
        assert rung.wait(30)
        rung.clear()
        clock.move_to(datetime(2026, 3, 2, 7, 0, 5, tzinfo=UTC) - timedelta(days=400))
        alarm.wake()
        assert rung.wait(30)
        alarm.stop()
    alarm.wake()
