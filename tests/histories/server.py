"""Runs `overlap` for histories: warm processes that stand ready, faults on the wire, a clock that is turned by hand.

It imports everything once and forks. A try that is to die gets a process of its own and dies by SIGKILL; the others are
run by one child that lives on, because a new process would spend most of its time warming up. Orders are lines of JSON
on stdin (see `Processes` in processes.py); for each, one line with the exit code goes to stdout.

The org answers in the place of the connection, below the client library, its pool and its retries: TLS and sockets are
half of what a try costs, and the installed command goes through them (see `Real` in processes.py).
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

import time_machine

from jobs import steps
from tests.histories.crms import BY_NAME
from tests.histories.wire import Wires
from tests.warm import COMMAND, load_compiled, rehearse

_Cached = type(cache(lambda: None))
_TIDY_EVERY = 40
_LIFE = 300
_ANEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


def serve() -> None:
    """Obey until stdin ends."""
    load_compiled()
    steady = _Steady()
    with os.fdopen(os.dup(1), "w", buffering=1) as answers:  # an order of its own takes stdout away
        for line in sys.stdin:
            order = json.loads(line)
            obey = _rehearse if order["is_rehearsal"] else _alone if order["die_at"] else steady.run
            answers.write(f"{obey(order)}\n")
    steady.end()
    os._exit(0)  # nothing is left to do, and tidying up takes a busy machine seconds


def _rehearse(order: dict[str, Any]) -> int:
    return rehearse(partial(_run, order), partial(_close, order))


def _close(order: dict[str, Any]) -> None:
    """Close the CRMs: SQLite's connections do not survive a fork."""
    for crm, org in _places(order):
        _store(crm, org).close()
    _store.cache_clear()


def _alone(order: dict[str, Any]) -> int:
    child = os.fork()
    if child == 0:
        gc.disable()
        os._exit(_run(order))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


class _Steady:
    """The child that lives on, though not for ever: the sandboxes that it holds grow. One that ended is replaced.

    Where CRMs are served it holds none, and is there to show what else grows: always tidy, and never replaced.
    """

    def __init__(self) -> None:
        self._pid = self._obeyed = 0

    def run(self, order: dict[str, Any]) -> int:
        if self._obeyed >= _LIFE and not order["is_served"]:
            self.end()
        if not self._pid:
            self._start()
        self._obeyed += 1
        os.write(self._orders, f"{json.dumps(order)}\n".encode())
        said = os.read(self._answers, 16)
        if said:
            return int(said)
        self._pid, status = 0, os.waitpid(self._pid, 0)[1]
        return os.waitstatus_to_exitcode(status)

    def end(self) -> None:
        if self._pid:
            os.close(self._orders)
            os.waitpid(self._pid, 0)
            os.close(self._answers)
            self._pid = 0

    def _start(self) -> None:
        self._obeyed = 0
        theirs, self._orders = os.pipe()
        self._answers, ours = os.pipe()
        self._pid = os.fork()
        if self._pid:
            os.close(theirs)
            os.close(ours)
            return
        os.close(self._orders)
        gc.disable()  # a third of an apply's time; once in a while is enough
        with os.fdopen(theirs) as orders:
            for number, line in enumerate(orders):
                order = json.loads(line)
                code = _run(order)
                if order["is_served"] or number % _TIDY_EVERY == 0:
                    _tidy()
                os.write(ours, f"{code}\n".encode())
        os._exit(0)


def _tidy() -> None:
    """Give back what is not used: objects that hold each other, and what the allocator keeps of what was freed.

    And what caches with a limit hold: until they are full, they look like a leak.
    """
    for one in gc.get_objects():
        if isinstance(one, _Cached) and one.cache_parameters()["maxsize"]:
            one.cache_clear()
    gc.collect()
    with suppress(AttributeError):  # not every C library has it
        ctypes.CDLL(None).malloc_trim(0)


def _run(order: dict[str, Any]) -> int:
    """Be ``overlap ARGUMENTS`` at the time of the order, and return the exit code."""
    log = os.open(order["log"], _ANEW)
    for stream, name in ((1, "stdout"), (2, "stderr")):
        file = os.open(order[name], _ANEW)
        os.dup2(file, stream)
        os.close(file)
    code = 1
    answers = None
    if not order["is_served"]:
        answers = {crm: BY_NAME[crm].wire(_store(crm, org)) for crm, org in _places(order)}
    sleep = time.sleep
    try:
        with (
            Wires(order, log, answers),
            time_machine.travel(datetime.fromisoformat(order["now"]), tick=False) as clock,
        ):
            time.sleep = clock.shift
            steps.listen(follower(order["die_at"], log))
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
        sys.stdout.flush()
        sys.stderr.flush()
        os.close(log)
    return code


def _places(order: dict[str, Any]) -> list[tuple[str, str]]:
    return [(site["crm"], site["org"]) for site in order["sites"]]


@cache
def _store(crm: str, folder: str) -> Any:
    """Return the org of *crm* in *folder*, open once for each process."""
    return BY_NAME[crm].open(Path(folder))


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


if __name__ == "__main__":
    serve()
