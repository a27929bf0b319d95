"""One process at a time changes a workspace: it holds the lock file, and the lease in the ledger beside it.

The lock dies with its process, so nobody has to break it. What it does not see, the lease does (`jobs.stores.lease`).
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from jobs.stores.holder import Holder
from jobs.stores.lease import leased
from jobs.stores.ledger import engine_of
from overlap.errors import ConfigError, InUseError

_MOST_SAID: Final = 1000


@contextmanager
def workspace_lock(path: Path) -> Iterator[None]:
    """Hold the lock file *path* of a workspace, and the lease of its ledger.

    Raises:
        GuardError: another process holds one of them; nothing was changed.
        ConfigError: the file system has no locks.
    """
    with lock_file(path) as lock, leased(engine_of(path.with_name("ledger.sqlite")), lock):
        yield


@contextmanager
def lock_file(path: Path, sign: bool = True) -> Iterator[str]:
    """Hold the lock file *path* alone, and say which file that is. Who does not *sign* only looks.

    Raises:
        InUseError: another process holds it.
        ConfigError: the file system has no locks.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InUseError(
                f"{path.parent} is being changed by another process ({said_holder(path)}); try again when it has "
                f"ended. If it hangs: 'overlap unlock --take-over'"
            ) from error
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS):
                raise
            raise ConfigError(f"{path}: this file system has no locks; move the workspace to a local disk") from error
        if sign:
            os.truncate(descriptor, 0)
            os.pwrite(descriptor, Holder.here().written().encode(), 0)
        file = os.fstat(descriptor)
        # While somebody has it open, no other file gets its number.
        yield f"{file.st_dev}:{file.st_ino}"
    finally:
        os.close(descriptor)


def holder_of(path: Path) -> Holder | None:
    """Return who held the lock file *path* last, None if it does not say."""
    return Holder.parsed(_said(path))


def said_holder(path: Path) -> str:
    """Return in words who holds the lock file *path*."""
    return str(holder_of(path) or f"pid {_said(path) or 'unknown'}")


def _said(path: Path) -> str:
    return path.read_bytes()[:_MOST_SAID].decode(errors="replace").strip() if path.exists() else ""
