"""The lease: which process may change a workspace, in its ledger, with a number that only grows: the token.

Two processes of one machine meet at the lock file (`jobs.stores.lock`). The lease is for what a lock does not see: a
process on another host, a lock file that was deleted or put back, a process that was stopped for an hour and goes on.
Every transaction of its holder begins with renewing it. Where the token is another one's by then, that raises, and
nothing is written: not a receipt, not a run, and no row is marked as sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Engine, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from jobs.stores.holder import Holder
from jobs.stores.schema import lease
from overlap.errors import InUseError

#: After that, nothing arrives in a CRM any more that its sender had begun to send: a write is waited for ten minutes.
QUIET_AFTER: Final = timedelta(minutes=15)
#: A holder that was not heard of for so long is taken for gone. It is well above `QUIET_AFTER`.
EXPIRES_AFTER: Final = timedelta(hours=1)
_ONLY: Final = 1
_TAKE_OVER: Final = "overlap unlock --take-over"


@dataclass(frozen=True, slots=True)
class Lease:
    """What the ledger says of its last holder. *lock* is the lock file that it held.

    *quiet_from* is when nothing can arrive any more of what earlier holders sent, None if they were seen to end.
    """

    token: int
    holder: Holder
    lock: str
    renewed_at: datetime
    released_at: datetime | None
    quiet_from: datetime | None

    @property
    def expires_at(self) -> datetime:
        """When a holder that is not heard of is taken for gone."""
        return self.renewed_at + EXPIRES_AFTER

    def has_ended(self, here: Holder, lock: str) -> bool:
        """Whether the holder surely writes nothing any more, given that the process *here* holds the file *lock*.

        The same kernel gave the same file's lock to another process: then the one before it is gone.
        """
        return self.released_at is not None or (self.holder.machine == here.machine and self.lock == lock)


@dataclass(frozen=True, slots=True)
class _Held:
    database: str | None
    token: int


_held: ContextVar[_Held | None] = ContextVar("lease", default=None)


@contextmanager
def leased(engine: Engine, lock: str) -> Iterator[None]:
    """Hold the lease of the ledger behind *engine*, given that this process holds the file *lock*.

    Raises:
        InUseError: another one holds it that is not seen to have ended; nothing was changed.
    """
    here = Holder.here()
    with engine.begin() as connection:
        before = _read(connection)
        if before is not None and not before.has_ended(here, lock) and here.since < before.expires_at:
            raise _busy(engine, before)
        token = _take(connection, before, here, lock)
    ours = _held.set(_Held(engine.url.database, token))
    try:
        yield
    finally:
        _held.reset(ours)
        with engine.begin() as connection:
            released = update(lease).where(lease.c.token == token).values(released_at=datetime.now(UTC))
            connection.execute(released)


def take_over(engine: Engine, lock: str) -> Lease | None:
    """Take the lease from whoever holds it, for nobody, and return it as it was; None if nobody did.

    Whoever holds the file *lock* calls this. What the former holder may have sent is waited for before the next write.
    """
    here = Holder.here()
    with engine.begin() as connection:
        before = _read(connection)
        if before is None or before.released_at is not None:
            return None
        _take(connection, before, here, lock)
        connection.execute(update(lease).values(released_at=here.since))
    return before


def last(engine: Engine) -> Lease | None:
    """Return the lease as it stands, None before the first."""
    with engine.connect() as connection:
        return _read(connection)


def require_held(connection: Connection) -> None:
    """Renew the lease within a transaction that has just begun, if this work holds one.

    Raises:
        InUseError: it was taken over.
    """
    held = _held.get()
    if held is None or held.database != connection.engine.url.database:
        return
    renewed = "update lease set renewed_at = ? where token = ?"
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    if connection.exec_driver_sql(renewed, (now, held.token)).rowcount:
        return
    by = _read(connection)
    assert by is not None, "a lease is never deleted"
    raise InUseError(
        f"{held.database}: this workspace was taken over by another process ({by.holder}), since this one was not "
        f"heard of; it writes nothing more. Run the same command again when that one has ended"
    )


def _busy(engine: Engine, before: Lease) -> InUseError:
    return InUseError(
        f"{engine.url.database}: the workspace is being changed by another process ({before.holder}; last heard of at "
        f"{before.renewed_at:%H:%M} UTC); try again when it has ended. If it is gone (its machine is off, its "
        f"container was removed): '{_TAKE_OVER}'; it is taken for gone from {before.expires_at:%Y-%m-%d %H:%M} UTC on"
    )


def _take(connection: Connection, before: Lease | None, here: Holder, lock: str) -> int:
    values = {
        "token": before.token + 1 if before else 1,
        "host": here.host,
        "boot": here.boot,
        "pid": here.pid,
        "started": here.started,
        "taken_at": here.since,
        "lock": lock,
        "renewed_at": here.since,
        "released_at": None,
        "quiet_from": _quiet_from(before, here, lock),
    }
    row = upsert(lease).values(id=_ONLY, **values)
    connection.execute(row.on_conflict_do_update(index_elements=["id"], set_=values))
    return int(str(values["token"]))


def _quiet_from(before: Lease | None, here: Holder, lock: str) -> datetime | None:
    """Return when nothing can arrive any more of what *before* or those before it sent, None if that is so by now."""
    if before is None:
        return None
    ends = before.quiet_from if before.has_ended(here, lock) else before.renewed_at + QUIET_AFTER
    return ends if ends is not None and ends > here.since else None


def _read(connection: Connection) -> Lease | None:
    row = connection.execute(select(lease)).first()
    if row is None:
        return None
    holder = Holder(row.host, row.boot, row.pid, row.started, row.taken_at)
    return Lease(row.token, holder, row.lock, row.renewed_at, row.released_at, row.quiet_from)
