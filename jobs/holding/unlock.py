"""Take a workspace over from a process that hangs, or from another machine that is gone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from config.workspace import Workspace
from jobs.context import open_context
from jobs.stores import lease, lock
from jobs.stores.holder import Holder
from jobs.stores.lease import Lease
from overlap.errors import GuardError, TransientError

_LOOKS: Final = 50
_PAUSE_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Standing:
    """Who changes a workspace. *holder* None means nobody.

    *expires_at* is when a holder on another machine is taken for gone; None if it is on this one. *quiet_from* is when
    the next write may leave, where one must wait for what a former holder sent.
    """

    holder: Holder | None
    renewed_at: datetime | None = None
    expires_at: datetime | None = None
    quiet_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class TakenOver:
    """*former* held the workspace, None if nobody did; *was_ended* says that its process was ended."""

    former: Holder | None
    was_ended: bool
    quiet_from: datetime | None


def standing(workspace: Workspace) -> Standing:
    """Return who changes *workspace* now."""
    found = _last(workspace)
    try:
        with lock.lock_file(workspace.lock_file, sign=False) as ours:
            pass
    except GuardError:
        return Standing(lock.holder_of(workspace.lock_file), found.renewed_at if found else None)
    if found is None or found.has_ended(Holder.here(), ours):
        return Standing(None, quiet_from=found.quiet_from if found else None)
    return Standing(found.holder, found.renewed_at, found.expires_at, found.quiet_from)


def _last(workspace: Workspace) -> Lease | None:
    """Return the lease as it stands, None if whoever holds the ledger itself lets nobody see."""
    try:
        with open_context(workspace) as context:
            return lease.last(context.ledger.engine)
    except TransientError:
        return None


def take_over(workspace: Workspace) -> TakenOver:
    """Free *workspace*: end the process that holds it where that is on this machine, and take its lease.

    Raises:
        GuardError: it is in a place from where it cannot be ended, and holds the lock file.
    """
    holder = lock.holder_of(workspace.lock_file)
    with _locked(workspace, holder) as (ours, was_ended), open_context(workspace) as context:
        before = lease.take_over(context.ledger.engine, ours)
        former = before.holder if before else holder if was_ended else None
        if former is not None:
            what = {"from": str(former), "ended": was_ended}
            context.ledger.note(context.who, "took workspace over", what, context.now)
        now = lease.last(context.ledger.engine)
    return TakenOver(former, was_ended, now.quiet_from if now else None)


@contextmanager
def _locked(workspace: Workspace, holder: Holder | None) -> Iterator[tuple[str, bool]]:
    """Hold the lock file, whoever must be ended for it; say which file that is, and whether somebody was."""
    was_ended = False
    if not _is_free(workspace):
        was_ended = holder is not None and holder.end()
        if not was_ended:
            raise GuardError(
                f"{workspace.lock_file} is held by {lock.said_holder(workspace.lock_file)}, which cannot be ended from "
                f"here; end it there (its container, or with the rights of its user), then run the command again"
            )
        for _ in range(_LOOKS):
            if _is_free(workspace):
                break
            time.sleep(_PAUSE_S)  # the kernel is still closing its files
    with lock.lock_file(workspace.lock_file) as ours:
        yield ours, was_ended


def _is_free(workspace: Workspace) -> bool:
    try:
        with lock.lock_file(workspace.lock_file, sign=False):
            return True
    except GuardError:
        return False
