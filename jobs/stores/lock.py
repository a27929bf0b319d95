"""One process at a time changes a workspace. The lock dies with its process, so nobody has to break it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from overlap.errors import InUseError


@contextmanager
def workspace_lock(path: Path) -> Iterator[None]:
    """Hold the workspace's lock.

    Raises:
        InUseError: another process holds it; nothing was changed.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 32, 0).decode() or "unknown"
            raise InUseError(
                f"{path.parent} is being changed by another process (pid {holder}); try again when it has ended"
            ) from error
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)
