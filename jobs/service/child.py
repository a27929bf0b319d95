"""A run in a process of its own: what it takes of memory is limited, and what becomes of it harms nobody else.

It says what it does in lines of log, which are written again as they are; anything else that it says is counted, not
repeated: nobody knows what stands in it.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

from jobs.service import logs
from jobs.unfinished import AGAIN

_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Ending:
    """How a child ended: *code* is negative if a signal ended it; *run_id* and *said* as far as it told them.

    *is_in_use*: it did not come through, since other work in the workspace was in its way.
    """

    code: int
    run_id: int | None
    said: str
    is_in_use: bool = False


class Child:
    """One call of the command line, from its start on. *ended* is called in a thread of its own when it has ended."""

    def __init__(
        self, words: Sequence[str], slot: str, memory_mb: int, keeps: int, ended: Callable[[Ending], None]
    ) -> None:
        self._out: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  # closed when it has ended
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "jobs.cli.main", *words, "--json"],
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env={**os.environ, logs.FORMAT_VARIABLE: logs.JSON, logs.SLOT_VARIABLE: slot},
            pass_fds=(keeps,),
            start_new_session=True,  # Ctrl-C at a terminal is for who serves; that one ends its child in good order
        )
        _limit(self._process.pid, memory_mb)
        self._ended = ended
        self._watch = threading.Thread(target=self._watched, name="child", daemon=True)
        self._watch.start()

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    def stop(self) -> None:
        """Ask it to end in good order."""
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def has_ended(self, within_s: float) -> bool:
        """Wait so long for its end, and for what follows from it."""
        self._watch.join(within_s)
        return not self._watch.is_alive()

    def _watched(self) -> None:
        said, others, is_in_use = "", 0, False
        assert self._process.stderr is not None, "asked for a pipe"
        with self._process.stderr as lines:
            for text in lines:
                line = logs.parsed(text)
                if line is None:
                    others += 1
                    continue
                logs.again(line)
                said = _in_words(line) or said
                is_in_use = is_in_use or line.get("kind") in AGAIN
        code = self._process.wait()
        if others:
            logs.error("unreadable", said="its other output is not repeated; see it with 'overlap run'", lines=others)
        with self._out:
            self._out.seek(0)
            run_id = _run_id(self._out.read())
        self._ended(Ending(code, run_id, said, is_in_use))


def _in_words(line: dict[str, Any]) -> str:
    """Return why a child did not end well, if one of its lines says so."""
    match line:
        case {"event": "failed", "said": said}:
            return str(said)
        case {"event": "crashed", "kind": kind}:
            return f"it ended by {kind}; its places are in the log"
        case {"event": "report", "held": int(held)} if held:
            return f"a person must look: overlap status (plans and lists that are held: {held})"
    return ""


def _run_id(printed: str) -> int | None:
    with suppress(ValueError):
        told = json.loads(printed)
        if isinstance(told, dict) and isinstance(told.get("run_id"), int):
            return int(told["run_id"])
    return None


def _limit(pid: int, memory_mb: int) -> None:
    """Limit the memory of another process; macOS knows no such thing."""
    prlimit = getattr(resource, "prlimit", None)
    if prlimit is not None:
        with suppress(ProcessLookupError, PermissionError):
            prlimit(pid, resource.RLIMIT_DATA, (memory_mb * _MB, memory_mb * _MB))
