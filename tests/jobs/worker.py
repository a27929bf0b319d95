"""Runs `overlap` in processes of their own that die, or lose answers of the CRM, where a test says so.

It imports everything once and forks for each run: a trial then costs no second of imports. Orders come as lines of
JSON on stdin (see `Runner` in trials.py); for each, one line with the exit code goes to stdout.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from functools import partial
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from jobs import steps
from tests.warm import COMMAND, load_compiled, rehearse


def serve() -> None:
    load_compiled()
    answers = os.fdopen(os.dup(1), "w", buffering=1)  # an order takes stdout away
    for line in sys.stdin:
        order = json.loads(line)
        code = rehearse(partial(_run, order)) if order["is_rehearsal"] else _alone(order)
        answers.write(f"{code}\n")
    os._exit(0)  # nothing is left to do


def _alone(order: dict[str, Any]) -> int:
    child = os.fork()
    if child == 0:
        os._exit(_run(order))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _run(order: dict[str, Any]) -> int:
    """Be ``overlap ARGUMENTS`` and return the exit code."""
    code = 1
    try:
        for stream, path in ((1, order["stdout"]), (2, order["stderr"])):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
        _follow_steps(order["fate"]["die_at"])
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


def _follow_steps(die_at: int | str | None) -> None:
    """Print each step; at *die_at*, a number (from 1) or a name, the kernel ends this process without a word."""
    passed = 0

    def hook(name: str) -> None:
        nonlocal passed
        passed += 1
        os.write(2, f"step: {name}\n".encode())
        if die_at in (passed, name):
            os.kill(os.getpid(), signal.SIGKILL)

    steps.listen(hook)


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
