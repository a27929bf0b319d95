"""The log of a run: ``logs/RUN.jsonl``, one JSON object per line, for people who ask later what happened.

It is locked while its run is at work: a run that the ledger calls running, and whose log anybody can lock, has crashed.
It holds what was reported and what stopped it: no row of a CRM or list, no secret.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

from jobs.steps import step
from overlap.errors import ConfigError

#: From that size on only what went wrong is written.
MOST_BYTES: Final = 4_000_000
#: So many logs are kept.
MOST_LOGS: Final = 400


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a log. *part* is the number of the pull, match, plan or apply that said it."""

    at: datetime
    level: str
    part: int
    text: str


class Journal:
    """Takes down what the run at hand says, and counts the API calls that it takes. Nothing is kept before `begin`."""

    def __init__(self) -> None:
        self.calls = 0
        self._part = 0
        self._file: IO[str] | None = None

    def begin(self, folder: Path, run_id: int) -> None:
        """Open the log of run *run_id* in *folder* and lock it until `end`."""
        folder.mkdir(exist_ok=True)
        self._file = _path(folder, run_id).open("a", encoding="utf-8")
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def end(self) -> None:
        """Close the log, which says that its run is at its end."""
        if self._file is not None:
            self._file.close()
            self._file = None

    @contextmanager
    def part(self, number: int) -> Iterator[None]:
        """Let what is said until then be said by line *number* of the ledger's runs."""
        before, self._part = self._part, number
        try:
            yield
        finally:
            self._part = before

    def say(self, text: str, level: str = "info") -> None:
        """Write a line; *level* is ``info`` or ``error``."""
        if self._file is None or (level == "info" and self._file.tell() > MOST_BYTES):
            return
        line: dict[str, Any] = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "level": level}
        self._file.write(json.dumps(line | {"part": self._part, "text": text}, ensure_ascii=False) + "\n")
        self._file.flush()


def read(folder: Path, run_id: int) -> list[Line]:
    """Return the lines of run *run_id*; a last one that a crash cut short is left out.

    Raises:
        ConfigError: there is no such log (any more).
    """
    path = _path(folder, run_id)
    if not path.is_file():
        raise ConfigError(f"there is no log of run {run_id} (any more): the last {MOST_LOGS} are kept in {folder}")
    found = []
    for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            said = json.loads(text)
            found.append(Line(datetime.fromisoformat(said["at"]), said["level"], said["part"], said["text"]))
        except (ValueError, KeyError, TypeError):
            continue
    return found


def is_at_work(folder: Path, run_id: int) -> bool:
    """Return whether a process holds the log of run *run_id*."""
    try:
        descriptor = os.open(_path(folder, run_id), os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def numbers(folder: Path) -> list[int]:
    """Return the numbers of the runs that have a log, the newest first."""
    return sorted((int(path.stem) for path in folder.glob("*.jsonl") if path.stem.isdecimal()), reverse=True)


def prune(folder: Path, keep: int = MOST_LOGS) -> None:
    """Delete all logs but the newest *keep*; one that is being written is never among the others."""
    for number in numbers(folder)[keep:]:
        if not is_at_work(folder, number):
            step("log: delete")
            _path(folder, number).unlink(missing_ok=True)
            step("log: deleted")


def _path(folder: Path, run_id: int) -> Path:
    return folder / f"{run_id}.jsonl"
