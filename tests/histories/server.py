"""Runs `overlap` for histories: warm processes that stand ready, faults on the wire, a clock that is turned by hand.

It imports everything once and forks. A try that is to die gets a process of its own and dies by SIGKILL; the others are
run by one child that lives on, because a new process would spend most of its time warming up. Orders are lines of JSON
on stdin (see `Processes` in processes.py); for each, one line with the exit code goes to stdout.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pycountry
import time_machine
import typer.main
import urllib3.connectionpool
from urllib3.exceptions import ReadTimeoutError

import connectors.salesforce.connection
import jobs.match
import jobs.plan
import jobs.pull
import jobs.run
from connectors.sandbox.store import API_ALLOWANCE, Store
from jobs import steps
from jobs.cli import main, show

PRELOADED = (connectors.salesforce.connection, jobs.match, jobs.plan, jobs.pull, jobs.run, show)
#: The command line and the tables of countries take a process a while to build: here it is done once for all.
COMMAND = typer.main.get_command(main.app)
COUNTRIES = (list(pycountry.countries), list(pycountry.subdivisions))
_make_request = urllib3.connectionpool.HTTPConnectionPool._make_request
HIDDEN = ("Account", "Website")
_ANEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


def serve() -> None:
    """Obey until stdin ends."""
    steady = _Steady()
    for line in sys.stdin:
        order = json.loads(line)
        code = _alone(order) if order["die_at"] else steady.run(line)
        sys.stdout.write(f"{code}\n")
        sys.stdout.flush()
    steady.end()


def _alone(order: dict[str, Any]) -> int:
    child = os.fork()
    if child == 0:
        os._exit(_run(order))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


class _Steady:
    """The child that lives on. One that ended all the same is replaced."""

    def __init__(self) -> None:
        self._pid = 0

    def run(self, line: str) -> int:
        if not self._pid:
            self._start()
        os.write(self._orders, line.encode())
        said = os.read(self._answers, 16)
        if said:
            return int(said)
        self._pid, status = 0, os.waitpid(self._pid, 0)[1]
        return os.waitstatus_to_exitcode(status)

    def end(self) -> None:
        if self._pid:
            os.close(self._orders)
            os.waitpid(self._pid, 0)

    def _start(self) -> None:
        theirs, self._orders = os.pipe()
        self._answers, ours = os.pipe()
        self._pid = os.fork()
        if self._pid:
            os.close(theirs)
            os.close(ours)
            return
        os.close(self._orders)
        with os.fdopen(theirs) as orders:
            for line in orders:
                os.write(ours, f"{_run(json.loads(line))}\n".encode())
        os._exit(0)


def _run(order: dict[str, Any]) -> int:
    """Be ``overlap ARGUMENTS`` at the time of the order, and return the exit code."""
    log = os.open(order["log"], _ANEW)
    for stream, name in ((1, "stdout"), (2, "stderr")):
        file = os.open(order[name], _ANEW)
        os.dup2(file, stream)
        os.close(file)
    wire = Wire(order, log)
    code = 1
    sleep = time.sleep
    try:
        with time_machine.travel(datetime.fromisoformat(order["now"]), tick=False) as clock:
            time.sleep = clock.shift
            steps.listen(follower(order["die_at"], log))
            urllib3.connectionpool.HTTPConnectionPool._make_request = wire.method()
            sys.argv = ["overlap", *order["arguments"]]
            COMMAND()
            code = 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        time.sleep = sleep
        steps.listen(None)
        urllib3.connectionpool.HTTPConnectionPool._make_request = _make_request
        sys.stdout.flush()
        sys.stderr.flush()
        os.close(log)
    return code


def follower(die_at: int | None, log: int) -> Callable[[str], None]:
    """Note each step; at number *die_at* (from 1) the kernel ends this process without a word."""
    passed = 0

    def hook(name: str) -> None:
        nonlocal passed
        passed += 1
        os.write(log, f"step: {name}\n".encode())
        if passed == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    return hook


class Wire:
    """The network and the org, with their faults: each from its request on, for as many requests as it counts."""

    def __init__(self, order: dict[str, Any], log: int) -> None:
        self._faults: list[dict[str, Any]] = order["faults"]
        self._org = Path(order["org"])
        self._log = log
        self._requests = self._writes = 0

    def method(self) -> Callable[..., Any]:
        def faulty(pool: Any, connection: Any, method: str, url: str, **options: Any) -> Any:
            self._requests += 1
            self._writes += method == "PATCH"
            lost = self._meet(method)
            if lost in ("lost request", "lost write"):
                raise ReadTimeoutError(pool, url, "a test lost the request")
            answer = _make_request(pool, connection, method, url, **options)
            if lost is None:
                return answer
            answer.close()
            raise ReadTimeoutError(pool, url, "a test lost the answer")

        return faulty

    def _meet(self, method: str) -> str | None:
        """Let the org's faults of this request begin or end; return how the request gets lost, None if it does not."""
        lost = None
        for fault in self._faults:
            kind = fault["kind"]
            of_writes = kind in ("lost write", "lost receipt")
            if of_writes and method != "PATCH":
                continue
            since = (self._writes if of_writes else self._requests) - fault["at"]
            if kind.startswith("lost"):
                if 0 <= since < fault["count"]:
                    self._note(kind)
                    lost = kind
            elif since == 0 and kind in _BREAK:
                self._note(kind)
                with Store.open(self._org) as store:
                    _BREAK[kind](store, fault["count"])
            elif since == fault["count"] and kind == "out of service":
                with Store.open(self._org) as store:
                    store.set_down(False)
        return lost

    def _note(self, kind: str) -> None:
        os.write(self._log, f"fault: {kind}\n".encode())


_BREAK: dict[str, Callable[[Store, int], None]] = {
    "locked rows": lambda store, count: store.lock_rows(count),
    "expired token": lambda store, _: store.expire_tokens(),
    "out of service": lambda store, _: store.set_down(True),
    "calls used up": lambda store, _: store.set_limit_used(API_ALLOWANCE),
    "hidden field": lambda store, _: store.hide_field(*HIDDEN),
    "refused sign-in": lambda store, _: store.set_credentials_valid(False),
}


if __name__ == "__main__":
    serve()
