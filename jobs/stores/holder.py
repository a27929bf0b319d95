"""Who holds a workspace: a process, told apart from every other one that was or will be, on this machine or another."""

from __future__ import annotations

import json
import os
import signal
import socket
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final, Self

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
#: Where `/proc/PID/stat` says when the process began, counted from what follows its name.
_STARTED: Final = 19


@dataclass(frozen=True, slots=True)
class Holder:
    """A process since *since*. *boot* is its machine's boot, *started* its start since then; empty if nobody says."""

    host: str
    boot: str
    pid: int
    started: str
    since: datetime

    @classmethod
    def here(cls) -> Self:
        """Return this process."""
        return cls(socket.gethostname(), _boot(), os.getpid(), _started(os.getpid()), datetime.now(UTC))

    @classmethod
    def parsed(cls, text: str) -> Self | None:
        """Return whom `written` wrote as *text*, None if that is no such text."""
        try:
            found = json.loads(text)
            return cls(**{**found, "since": datetime.fromisoformat(found["since"])})
        except (ValueError, TypeError, KeyError):
            return None

    def written(self) -> str:
        """Return a text that says who this is."""
        return json.dumps({**asdict(self), "since": self.since.isoformat(timespec="seconds")})

    @property
    def machine(self) -> str:
        """What locks of one kernel have in common: containers of one machine have host names of their own."""
        return self.boot or self.host

    def __str__(self) -> str:
        return f"pid {self.pid} on {self.host}, since {self.since:%Y-%m-%d %H:%M} UTC"

    def end(self) -> bool:
        """End the process, if it is on this machine and can be seen from here; return whether it was."""
        here = Holder.here()
        is_ours = (self.host, self.boot) == (here.host, here.boot) and self.pid != here.pid
        # The number alone may be another process's by now.
        if not is_ours or not self.started or _started(self.pid) != self.started:
            return False
        os.kill(self.pid, signal.SIGKILL)
        return True


@cache
def _boot() -> str:
    return _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else ""


def _started(pid: int) -> str:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[_STARTED]
