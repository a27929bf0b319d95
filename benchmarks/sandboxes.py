"""A sandbox CRM in a process of its own, for benchmarks of what is on the other side of the socket."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks.processes import PROJECT
from connectors.sandbox.hubspot.server import Address as Portal
from connectors.sandbox.server import Address as Org

_SALESFORCE: Final = "import sys; from connectors.sandbox.server import main; main(sys.argv[1])"
_HUBSPOT: Final = (
    "import sys; from connectors.sandbox.server import main; "
    "from connectors.sandbox.hubspot.server import HUBSPOT; main(sys.argv[1], 0, HUBSPOT)"
)


@contextmanager
def salesforce(folder: Path) -> Iterator[Org]:
    """Serve the org in *folder*."""
    with _serving(_SALESFORCE, folder, Org) as (address, _):
        yield address


@contextmanager
def hubspot(folder: Path) -> Iterator[tuple[Portal, int]]:
    """Serve the portal in *folder*; yields its address and the process that serves it."""
    with _serving(_HUBSPOT, folder, Portal) as served:
        yield served


def peak_mb(process: int) -> float:
    """Return the most memory that a running *process* has held."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


@contextmanager
def _serving(script: str, folder: Path, kind: Callable[..., Any]) -> Iterator[tuple[Any, int]]:
    command = [sys.executable, "-c", script, str(folder)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield kind(**json.loads(server.stdout.readline())), server.pid
        finally:
            server.terminate()
            server.wait()
