"""The sandbox's state: one SQLite file, read and written by the server, the command line and tests at once.

Nothing is cached between calls: a switch that one process throws is seen by another at its next request. Every
transaction that writes starts with BEGIN IMMEDIATE, so that two of them queue instead of failing half-way.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol, Self

from connectors.sandbox.errors import ApiError
from connectors.sandbox.ids import record_id
from connectors.sandbox.schema import Column, Entity, visible
from connectors.sandbox.values import Stored, stamp

FILE_NAME: Final = "salesforce.sqlite"
#: Ids that the sandbox gives out start here, so that seeded rows may number theirs from 1.
_FIRST_NUMBER: Final = 1_000_000
_WAIT_S: Final = 10.0
_WHOLE: Final = ("begin immediate", "commit", "rollback")
_SQL_TYPES: Final = {"boolean": "integer", "int": "integer", "double": "real", "currency": "real", "percent": "real"}
_BOOKS: Final = """
create table if not exists setting (name text primary key, value text not null) without rowid;
create table if not exists counter (object text primary key, number integer not null) without rowid;
create table if not exists token (token text primary key, issued_at text not null) without rowid;
create table if not exists code (
    code text primary key, redirect_uri text not null, scope text not null, challenge text not null,
    issued_at text not null
) without rowid;
create table if not exists refresh_token (token text primary key, used integer not null) without rowid;
create table if not exists locator (
    id text primary key, soql text not null, ids text not null, batch integer not null, opened integer not null,
    at text not null default ''
) without rowid;
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
create table if not exists hidden_row (id text primary key, user text not null) without rowid;
create table if not exists taken_along (root text not null, object text not null, id text not null, field text);
"""
#: Columns that these tables gained later: table, column, declaration.
_GAINED: Final = (
    ("locator", "at", "text not null default ''"),
    ("history", "request", "integer"),
    ("request", "fault", "text not null default ''"),
)


class RowsAtFault(Protocol):
    """What a fault does to single records of a request; see `faults.Rows`."""

    def refusal(self) -> ApiError | None:
        """Return why the next record of the request is refused, None if it is not."""


class Database:
    """One connection to the state in *folder*. Not for sharing between threads."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        _lay_down(folder / FILE_NAME)
        self._connection = sqlite3.connect(folder / FILE_NAME, timeout=_WAIT_S, isolation_level=None)
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = normal")
        #: The number of the request that is being answered: whatever is written meanwhile is noted as its doing.
        self.request: int | None = None
        #: What is wrong with which record of that request.
        self.rows_at_fault: RowsAtFault | None = None
        self._past: datetime | None = None
        self._settings: dict[str, str] | None = None
        if not _is_deployed(self._connection):
            with self.transaction():
                _deploy(self._connection)

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
            return json.loads(found[0][0]) if found else default
        if self._settings is None:  # until the transaction ends, nobody else can change them
            self._settings = dict(self.rows("select name, value from setting"))
        return json.loads(self._settings[name]) if name in self._settings else default

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

    def next_id(self, entity: Entity) -> str:
        """Return the id of a new record of *entity*."""
        return record_id(entity.name, _FIRST_NUMBER + self.next_number(entity.name))

    def find(self, entity: Entity, column: Column, value: Stored) -> dict[str, Stored] | None:
        """Return the stored record of *entity* whose *column* is *value*, by column name, or None.

        A deleted record is found by its id only: its external id is free again.
        """
        where = '"Id" = ?' if column.name == "Id" else f'"{column.name}" = ? and "IsDeleted" = 0'
        names = [c.name for c in stored_columns(entity)]
        listed = ", ".join(f'"{name}"' for name in names)
        found = self.rows(f'select {listed} from "{entity.name}" where {where} limit 1', (value,))
        return dict(zip(names, found[0], strict=True)) if found else None

    def insert(self, entity: Entity, values: dict[str, Stored]) -> None:
        """Add a record; *values* are stored values by column name."""
        names, marks = ", ".join(f'"{name}"' for name in values), ", ".join("?" * len(values))
        self.rows(f'insert into "{entity.name}" ({names}) values ({marks})', tuple(values.values()))

    def update(self, entity: Entity, record: str, values: dict[str, Stored]) -> None:
        """Change *values* of the record with the id *record*."""
        assignments = ", ".join(f'"{name}" = ?' for name in values)
        self.rows(f'update "{entity.name}" set {assignments} where "Id" = ?', (*values.values(), record))

    def note(self, user: str, entity: Entity, record: str, operation: str, changed: dict[str, Any]) -> None:
        """Add a line to the history; *changed* maps a field to [old, new] as the API shows them."""
        values = (stamp(self.now()), user, entity.name, record, operation, json.dumps(changed), self.request)
        sql = "insert into history (at, user, object, id, operation, changed, request) values (?, ?, ?, ?, ?, ?, ?)"
        self.rows(sql, values)


def stored_columns(entity: Entity) -> list[Column]:
    """Return the fields of *entity* that have a column in the file: all but formulas."""
    return [column for column in entity if column.formula is None]


def _lay_down(path: Path) -> None:
    """Put an empty org at *path* if nothing is there: a copy of one made in memory costs less than making it."""
    if path.exists():
        return
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    # It will hold the app's secret; SQLite gives its side files the same mode.
    with open(draft, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(_blank())
    with suppress(FileExistsError):  # another process was first
        os.link(draft, path)
    draft.unlink()


@cache
def _blank() -> bytes:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        _deploy(connection)
        return connection.serialize()


@cache
def _fingerprint() -> int:
    return zlib.crc32(repr(list(visible().entities.values())).encode() + _BOOKS.encode()) & 0x7FFFFFFF


def _is_deployed(connection: sqlite3.Connection) -> bool:
    """The file's user_version is a fingerprint of the schema that it was brought to."""
    return bool(connection.execute("pragma user_version").fetchone() == (_fingerprint(),))


def _deploy(connection: sqlite3.Connection) -> None:
    """Create what is missing."""
    for table, column, declared in _GAINED:
        there = {row[1] for row in connection.execute(f"pragma table_info({table})")}
        if there and column not in there:
            connection.execute(f"alter table {table} add column {column} {declared}")
    for statement in filter(str.strip, _BOOKS.split(";")):
        connection.execute(statement)
    for entity in visible().entities.values():
        for statement in _table(connection, entity):
            connection.execute(statement)
    connection.execute(f"pragma user_version = {_fingerprint()}")


def _table(connection: sqlite3.Connection, entity: Entity) -> Iterator[str]:
    """Yield the statements that bring the table of *entity* up to date."""
    name = entity.name
    there = {row[1] for row in connection.execute(f'pragma table_info("{name}")')}
    columns = {c.name: f'"{c.name}" {_declared(c)}' for c in stored_columns(entity)}
    if not there:
        yield f'create table "{name}" ({", ".join(columns.values())})'
    else:
        for added in columns.keys() - there:
            yield f'alter table "{name}" add column {columns[added]}'
    yield f'create index if not exists "{name}:stamp" on "{name}" ("SystemModstamp", "Id", "IsDeleted")'
    for column in stored_columns(entity):
        if column.external_id:
            index = f'"{name}:{column.name}" on "{name}" ("{column.name}" collate nocase) where "IsDeleted" = 0'
            yield f"create unique index if not exists {index}"
        elif column.target:
            yield f'create index if not exists "{name}:{column.name}" on "{name}" ("{column.name}")'


def _declared(column: Column) -> str:
    if column.name == "Id":
        return "text primary key"
    if column.type == "boolean":
        return f"integer not null default {int(bool(column.default))}"
    # Salesforce compares text without regard to case; ids tell case apart.
    return _SQL_TYPES.get(column.type, "text" if column.type == "reference" else "text collate nocase")
