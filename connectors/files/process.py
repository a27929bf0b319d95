"""One process that parses lists: start it with nothing of ours, ask it, and end it when it takes too long.

It is handed no secret, no proxy and no open file: its environment is empty but for what Python and its libraries need,
its home and its folder are a temporary one that goes with it.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from overlap.errors import ConfigError

_ROOT: Final = Path(__file__).resolve().parents[2]
_MOST_THREADS: Final = 4
_REPLY_BYTES: Final = 4_000_000
_ERROR_BYTES: Final = 20_000
#: What Rust, Python and the kernel say when there is no more.
_NO_MEMORY: Final = (b"memory allocation", b"MemoryError", b"out of memory", b"Cannot allocate", b"OutOfMemory")


class BrokenOffError(Exception):
    """There is no reply. *kind* is ``cpu``, ``wall``, ``memory``, or what ended the process otherwise."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Child:
    """A process that *command* starts, told *limits* before anything else. It leaves its tables in `folder`.

    Raises:
        ConfigError: this machine starts none.
    """

    def __init__(self, command: Sequence[str], limits: Mapping[str, Any]) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="overlap-list-", ignore_cleanup_errors=True)
        self.folder = Path(self._temporary.name)
        self._errors = (self.folder / "errors").open("w+b")
        self._first = _line(limits)
        self._is_late = False
        try:
            self._process = subprocess.Popen(
                command,
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                cwd=self.folder,
                env=_environment(self.folder),
                start_new_session=True,  # Ctrl-C is for us to hear
            )
        except OSError as error:
            self._clear()
            raise ConfigError(
                f"no process can be started to read lists in ({error.strerror}); let one be started, or set "
                "separate_process = false in [lists] if you trust who writes your lists"
            ) from error

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def ask(self, request: Mapping[str, Any], wall_s: float) -> Any:
        """Return the reply to *request*.

        Raises:
            BrokenOffError: there is none within *wall_s*, or it is no JSON; the process is of no use any more.
        """
        deadline_s = time.monotonic() + wall_s
        said, self._first = self._first + _line(request), b""
        reply = self._reply(deadline_s) if self._tell(said, deadline_s) else None
        if reply is None:
            raise BrokenOffError(self._cause())
        try:
            return json.loads(reply)
        except (ValueError, RecursionError) as error:
            raise BrokenOffError("nonsense") from error

    def end(self) -> None:
        """End the process, whatever it is doing, and remove its folder."""
        with suppress(ProcessLookupError, PermissionError):  # the latter on macOS, of one that has ended
            os.killpg(self._process.pid, signal.SIGKILL)  # what it may have started, too
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
        self._clear()

    def _tell(self, said: bytes, deadline_s: float) -> bool:
        """Write what is *said*, and return whether there was time for it: a taken-over process need not read it."""
        assert self._process.stdin
        pipe = self._process.stdin.fileno()
        os.set_blocking(pipe, False)
        with selectors.DefaultSelector() as waiting, suppress(BrokenPipeError):
            waiting.register(pipe, selectors.EVENT_WRITE)
            while said:
                if not waiting.select(max(deadline_s - time.monotonic(), 0)):
                    self._is_late = True
                    self._process.kill()
                    return False
                said = said[os.write(pipe, said) :]
        return True

    def _reply(self, deadline_s: float) -> bytes | None:
        """Return what comes up to the end of a line, None if the process ends or the time is over before."""
        assert self._process.stdout
        said = b""
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._process.stdout, selectors.EVENT_READ)
            while not said.endswith(b"\n") and len(said) <= _REPLY_BYTES:
                # Not readline: what a taken-over process started could hold the pipe open for ever.
                if not waiting.select(max(deadline_s - time.monotonic(), 0)):
                    self._is_late = True
                    self._process.kill()
                    return None
                piece = os.read(self._process.stdout.fileno(), 65_536)
                if not piece:
                    return None
                said += piece
        return said

    def _cause(self) -> str:
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:  # it closed its end and lives on
            return "nonsense"
        if code == -signal.SIGXCPU:
            return "cpu"
        self._errors.seek(0)
        said = self._errors.read(_ERROR_BYTES)
        if any(words in said for words in _NO_MEMORY):  # without any, a process may also hang
            return "memory"
        if self._is_late or code == -signal.SIGKILL:
            return "wall" if self._is_late else "memory"  # so the kernel ends what takes too much
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"

    def _clear(self) -> None:
        self._errors.close()
        self._temporary.cleanup()


def _environment(folder: Path) -> dict[str, str]:
    threads = str(min(_MOST_THREADS, os.cpu_count() or 1))  # each of them takes addresses, and those are limited
    return {
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "PYTHONPATH": str(_ROOT),
        "PYTHONUTF8": "1",
        "RUST_BACKTRACE": "0",  # writing one takes memory, too
        "POLARS_MAX_THREADS": threads,
        "OPENBLAS_NUM_THREADS": "1",
    }


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value).encode() + b"\n"
