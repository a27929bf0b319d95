"""A Salesforce org's state: what `state` keeps of any CRM, and a table per object."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any, Final

from connectors.sandbox.ids import record_id
from connectors.sandbox.schema import Column, Entity, visible
from connectors.sandbox.state import BOOKS, State, lay_down
from connectors.sandbox.values import Stored, stamp

FILE_NAME: Final = "salesforce.sqlite"
#: Ids that the sandbox gives out start here, so that seeded rows may number theirs from 1.
_FIRST_NUMBER: Final = 1_000_000
_SQL_TYPES: Final = {"boolean": "integer", "int": "integer", "double": "real", "currency": "real", "percent": "real"}
_BOOKS: Final = f"""{BOOKS}
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
create table if not exists hidden_row (id text primary key, user text not null) without rowid;
create table if not exists taken_along (root text not null, object text not null, id text not null, field text);
"""
#: Columns that these tables gained later: table, column, declaration.
_GAINED: Final = (
    ("locator", "at", "text not null default ''"),
    ("history", "request", "integer"),
    ("request", "fault", "text not null default ''"),
)


class Database(State):
    """One connection to the state in *folder*. Not for sharing between threads."""

    def __init__(self, folder: Path) -> None:
        lay_down(folder / FILE_NAME, _blank)
        super().__init__(folder / FILE_NAME)
        if not _is_deployed(self._connection):
            with self.transaction():
                _deploy(self._connection)

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
