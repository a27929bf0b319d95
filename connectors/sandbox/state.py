"""What a sandbox of any CRM keeps: one SQLite file, read and written by the server, the command line and tests at once.

Nothing is cached between calls: a switch that one process throws is seen by another at its next request. Every
transaction that writes starts with BEGIN IMMEDIATE, so that two of them queue instead of failing half-way.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Protocol, Self

_WAIT_S: Final = 10.0
_WHOLE: Final = ("begin immediate", "commit", "rollback")
#: The tables that a sandbox of any CRM has; statements end with a semicolon.
BOOKS: Final = """
create table if not exists setting (name text primary key, value text not null) without rowid;
create table if not exists counter (object text primary key, number integer not null) without rowid;
create table if not exists history (
    number integer primary key, at text not null, user text not null, object text not null, id text not null,
    operation text not null, changed text not null, request integer
);
create index if not exists "history:request" on history (request);
create table if not exists request (
    number integer primary key, at text not null, method text not null, path text not null, query text not null,
    body text not null, status integer not null, user_agent text not null, fault text not null default ''
);
create table if not exists fault (
    number integer primary key, rule text not null, seen integer not null default 0, reached integer not null default 0
);
create table if not exists deferred (
    number integer primary key, at text not null, act text not null, requests integer, due_at text
);
create table if not exists row_lock (id text primary key, holder text not null) without rowid;
"""


class RowsAtFault(Protocol):
    """What a fault does to single records of a request; see `faults.Rows`."""

    def refusal(self) -> Exception | None:
        """Return why the next record of the request is refused, None if it is not."""


class State:
    """One connection to the state in the file *path*, which is there. Not for sharing between threads."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = normal")
        #: The number of the request that is being answered: whatever is written meanwhile is noted as its doing.
        self.request: int | None = None
        #: What is wrong with which record of that request.
        self.rows_at_fault: RowsAtFault | None = None
        self._past: datetime | None = None
        self._settings: dict[str, str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the state stays."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit all of the block's writes, or none of them if it raises; inside another one, as a part of that."""
        within = self._connection.in_transaction
        begin, end, undo = ("savepoint part", "release part", "rollback to part") if within else _WHOLE
        self._connection.execute(begin)
        if not within:
            self._settings = None
        try:
            yield
        except BaseException:
            self._settings = None
            self._connection.execute(undo)
            if within:
                self._connection.execute(end)
            raise
        self._connection.execute(end)

    def rows(self, sql: str, values: Any = ()) -> list[Any]:
        """Run *sql* and return its rows as tuples."""
        return self._connection.execute(sql, values).fetchall()

    def many(self, sql: str, values: Any) -> None:
        """Run *sql* once per entry of *values*."""
        self._connection.executemany(sql, values)

    def setting(self, name: str, default: Any = None) -> Any:
        """Return the JSON value kept under *name*."""
        if not self._connection.in_transaction:
            found = self.rows("select value from setting where name = ?", (name,))
            return _value(found[0][0]) if found else default
        if self._settings is None:  # until the transaction ends, nobody else can change them
            self._settings = dict(self.rows("select name, value from setting"))
        return _value(self._settings[name]) if name in self._settings else default

    def keep(self, name: str, value: Any) -> None:
        """Keep a JSON *value* under *name*."""
        self.rows("insert or replace into setting values (?, ?)", (name, json.dumps(value)))
        self._settings = None

    def now(self) -> datetime:
        """Return the org's time, UTC: the real one, unless a test or a demo has stopped or moved it."""
        if self._past is not None:
            return self._past
        kept = self.setting("time")
        if isinstance(kept, str):
            return datetime.fromisoformat(kept)
        return datetime.now(UTC) + timedelta(seconds=kept or 0.0)

    @contextmanager
    def as_of(self, at: datetime) -> Iterator[None]:
        """Stamp what the block writes with *at*."""
        self._past = at
        try:
            yield
        finally:
            self._past = None

    def next_number(self, name: str) -> int:
        """Return a number that was never given out under *name*."""
        sql = "insert into counter values (?, 1) on conflict do update set number = number + 1 returning number"
        return int(self.rows(sql, (name,))[0][0])


def lay_down(path: Path, blank: Callable[[], bytes]) -> None:
    """Put an empty org at *path* if nothing is there: a copy of one made in memory costs less than making it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        return
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    # It will hold the app's secret; SQLite gives its side files the same mode.
    with open(draft, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(blank())
    with suppress(FileExistsError):  # another process was first
        os.link(draft, path)
    draft.unlink()


def _value(text: str) -> Any:
    """Return the JSON value of *text*: nobody can change one that is a list or an object for somebody else."""
    return json.loads(text) if text[0] in "[{" else _plain(text)


@lru_cache(maxsize=4_096)  # the clock is looked at some twenty times a request
def _plain(text: str) -> Any:
    return json.loads(text)
