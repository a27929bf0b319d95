"""Runs `overlap` in processes of their own that die, or lose answers of the CRM, where a test says so.

It imports everything once and forks for each run: a trial then costs no second of imports. Orders come as lines of
JSON on stdin (see `Runner` in trials.py); for each, one line goes to stdout: the process that was started, or its exit
code where one is to be waited for.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import traceback
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from jobs import steps
from jobs.stores import holder, lease
from tests.warm import COMMAND, load_compiled, rehearse

COMMITS = ("ledger: commit", "warehouse: commit", "warehouse: committed")


def serve() -> None:
    load_compiled()
    answers = os.fdopen(os.dup(1), "w", buffering=1)  # an order takes stdout away
    for line in sys.stdin:
        order = json.loads(line)
        if "wait_for" in order:
            answer = os.waitstatus_to_exitcode(os.waitpid(order["wait_for"], 0)[1])
        elif order["is_rehearsal"]:
            answer = rehearse(partial(_run, order))
        else:
            answer = _started(order)
        answers.write(f"{answer}\n")
    os._exit(0)  # nothing is left to do


def _started(order: dict[str, Any]) -> int:
    child = os.fork()
    if child == 0:
        os._exit(_run(order))
    return child


def _run(order: dict[str, Any]) -> int:
    """Be ``overlap ARGUMENTS`` and return the exit code."""
    code = 1
    try:
        for stream, path in ((1, order["stdout"]), (2, order["stderr"])):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
        _follow_steps(order["fate"])
        if order["fate"]["elsewhere"]:
            _move(order["fate"]["elsewhere"])
        if order["fate"]["lost"]:
            _lose_writes(order["fate"]["lost"], order["fate"]["first"], order["fate"]["last"])
        sys.argv = ["overlap", *order["arguments"]]
        COMMAND()
        code = 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return code


def _follow_steps(fate: dict[str, Any]) -> None:
    """Print each step; where its fate says so, the kernel ends or stops this process without a word."""
    passed = 0

    def hook(name: str) -> None:
        nonlocal passed
        if not fate["commits"] and name in COMMITS:
            return
        passed += 1
        os.write(2, f"step: {name}\n".encode())
        for at, number in (("die_at", signal.SIGKILL), ("stop_at", signal.SIGSTOP)):
            if fate[at] in (passed, name):
                os.kill(os.getpid(), number)

    steps.listen(hook)


def _move(host: str) -> None:
    """Be on *host*, which takes whoever is not seen to have ended for gone at once."""
    socket.gethostname = lambda: host
    holder._BOOT_ID = Path("/nowhere")
    holder._boot.cache_clear()
    lease.EXPIRES_AFTER = lease.QUIET_AFTER = timedelta(0)


def _lose_writes(lost: str, first: int, last: int) -> None:
    """Let writes *first* to *last* (from 1) time out: after the CRM has taken them, or before they leave."""
    send = HTTPAdapter.send
    writes = 0

    def faulty(adapter: HTTPAdapter, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        nonlocal writes
        is_write = request.method in ("PATCH", "PUT") or ("/jobs/ingest" in request.url and request.method == "POST")
        writes += is_write
        if not is_write or not first <= writes <= last:
            return send(adapter, request, **options)
        if lost == "answer":
            send(adapter, request, **options).close()
        raise requests.exceptions.ReadTimeout("a test lost it", request=request)

    HTTPAdapter.send = faulty


if __name__ == "__main__":
    serve()
