"""The service as it is run: real processes, real signals, a real port."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import IO, Any
from urllib.error import HTTPError

from jobs.stores import slots
from jobs.stores.slots import Slot
from tests.jobs.cli.terminal import SCRIPT, Desk

SCHEDULED = '[schedules.daily]\ncron = "0 7 * * *"\ndoes = "pull"\n\n[service]\nport = 0\n\n[partners.initech]'


@dataclass
class Service:
    """A service that runs, and every line of log that was read of it so far."""

    process: subprocess.Popen[str]
    lines: list[dict[str, Any]]

    def until(self, event: str) -> dict[str, Any]:
        """Read its log on to the next line of *event*."""
        log: IO[str] | None = self.process.stderr
        assert log is not None
        for text in log:
            self.lines.append(json.loads(text))
            if self.lines[-1]["event"] == event:
                return self.lines[-1]
        raise AssertionError(f"no '{event}' in {self.lines}")

    def ended(self) -> int:
        """Ask it to end, read its log to the end and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.stderr is not None
        self.lines += [json.loads(text) for text in self.process.stderr]
        return self.process.wait(60)


@contextmanager
def served(desk: Desk) -> Iterator[Service]:
    command = [str(SCRIPT), "serve", "--log-format", "json", "--dir", str(desk.folder)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield Service(process, [])
        finally:
            process.kill()


def asked(address: str, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"{address}{path}", timeout=30) as reply:
            return reply.status, reply.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def rows(desk: Desk) -> list[Slot]:
    with desk.world.context() as context:
        return slots.every(context.ledger, "daily")


def begun(desk: Desk, days: int) -> None:
    """The schedule was seen so many days ago; nobody has served it since."""
    with desk.world.context() as context:
        slots.see(context.ledger, {"daily": ("0 7 * * *", "UTC", datetime.now(UTC) - timedelta(days=days))})


def test_slots_are_worked_off_whatever_becomes_of_the_processes(fresh: Desk):
    desk = fresh
    desk.set_up("[partners.initech]", SCHEDULED)
    begun(desk, days=3)
    with served(desk) as service:
        address = service.until("serving")["address"]
        first = service.until("slot began")
        assert resource.prlimit(first["pid"], resource.RLIMIT_DATA) == (8_000_000_000, 8_000_000_000)
        assert asked(address, "/readyz") == (200, '{"ok":true,"reasons":[]}')
        assert 'overlap_slots_total{schedule="daily",state="coalesced"} 2.0' in asked(address, "/metrics")[1]
        refused = desk.overlap("serve")
        assert refused.code == 6
        os.kill(first["pid"], signal.SIGKILL)
        assert service.until("slot ended")["state"] == slots.CRASHED
        again = service.until("slot began")
        assert (again["slot"], again["attempt"]) == (first["slot"], 2)
        done = service.until("slot ended")
        assert (done["state"], done["code"]) == (slots.DONE, 0)
        assert asked(address, "/healthz") == (200, '{"ok":true,"reasons":[]}')
        assert desk.overlap("schedule", "run", "daily").code == 0
        service.until("slot began")
        assert service.ended() == 0
    old, older, served_one, by_hand = rows(desk)
    assert [old.state, older.state, served_one.state] == [slots.COALESCED, slots.COALESCED, slots.DONE]
    assert old.into == older.into == served_one.slot
    assert by_hand.state == slots.INTERRUPTED
    assert desk.overlap("run", "--once").code == 0, "what the service had to leave is done by the next who comes"
    assert rows(desk)[-1].state == slots.DONE
    _says_nothing_that_it_should_not(desk, service)


def _says_nothing_that_it_should_not(desk: Desk, service: Service) -> None:
    text = json.dumps(service.lines)
    for name in ("consumer_key", "consumer_secret"):
        assert (desk.folder / name).read_text() not in text
    of_runs = [line for line in service.lines if line.get("verb")]
    peaks = [line["peak_mb"] for line in of_runs if line["event"] == "ended"]
    assert peaks and all(50 < peak < 8_000 for peak in peaks)
    assert all(line["schedule"] == "daily" and line["verb"] == "pull" and line["run"] for line in of_runs)
    assert not [line for line in service.lines if "dropped" in line or line["event"] == "unreadable"], text
