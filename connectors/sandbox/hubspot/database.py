"""A portal's state: what `state` keeps of any CRM, definitions as JSON, and a table per object, a column per property.

Values are stored as they are shown, all of them texts. What is archived keeps its place.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Self

from connectors.sandbox.hubspot.errors import instant, unknown_type
from connectors.sandbox.hubspot.schema import STANDARD, ObjectType, Option, Property, custom_type
from connectors.sandbox.hubspot.standard import properties as standard_properties
from connectors.sandbox.state import BOOKS, State

FILE_NAME: Final = "hubspot.sqlite"
#: Ids that the sandbox gives out start here, so that seeded records may number theirs from 1.
_FIRST_ID: Final = 9_000_000_000
_BOOKS: Final = f"""{BOOKS}
create table if not exists token (
    token text primary key, refreshed_by text not null, expires_at text not null
) without rowid;
create table if not exists refresh_token (token text primary key) without rowid;
create table if not exists code (code text primary key, redirect_uri text not null, issued_at text not null);
create table if not exists call (number integer primary key, at text not null, search integer not null);
create table if not exists schema (type_id text primary key, body text not null) without rowid;
create table if not exists property (
    type_id text not null, name text not null, body text not null, primary key (type_id, name)
) without rowid;
create table if not exists property_group (
    type_id text not null, name text not null, label text not null, display_order integer not null,
    primary key (type_id, name)
) without rowid;
create table if not exists owner (id integer primary key, body text not null);
create table if not exists pipeline (
    type_id text not null, id text not null, body text not null, primary key (type_id, id)
) without rowid;
create table if not exists association_type (
    category text not null, type_id integer not null, from_type text not null, to_type text not null,
    label text, name text not null, inverse integer not null, primary key (category, type_id)
) without rowid;
create table if not exists association (
    from_type text not null, from_id integer not null, to_type text not null, to_id integer not null,
    category text not null, type_id integer not null,
    primary key (from_type, from_id, to_type, to_id, category, type_id)
) without rowid;
create table if not exists merged (
    type_id text not null, old_id integer not null, id integer not null, primary key (type_id, old_id)
) without rowid;
"""


@dataclass(frozen=True, slots=True)
class Record:
    """A stored record: its values by property, without those that are empty."""

    id: int
    archived_at: str | None
    values: Mapping[str, str]


class Database(State):
    """One connection to the portal in the file *path*. Not for sharing between threads."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        #: Records that a fault hides from the reply to this request, as (object type id, record id).
        self.hidden: frozenset[tuple[str, int]] = frozenset()

    @property
    def portal_id(self) -> int:
        """The account's id."""
        return int(self.setting("portal_id"))

    def stamp(self) -> str:
        """Return the time as HubSpot writes it."""
        return instant(self.now())

    @classmethod
    def in_memory(cls) -> Self:
        """Return one that is nowhere, without any definitions."""
        made = cls(Path(":memory:"))
        made._connection.executescript(_BOOKS)
        return made

    def serialized(self) -> bytes:
        """Return all of it, as a file has it."""
        return self._connection.serialize()

    # --- definitions ------------------------------------------------------------------------------------------------

    def types(self) -> dict[str, ObjectType]:
        """Return the objects of the portal by id."""
        rows = self.rows("select type_id, body from schema order by type_id")
        return STANDARD | {type_id: _as_type(self.portal_id, body) for type_id, body in rows}

    def object_type(self, name: str, *, fresh: bool = True) -> ObjectType:
        """Return the object that a path calls *name*; not one that is so *fresh* that records do not know it.

        Raises:
            HubSpotError: the portal has none of that name.
        """
        for kind in self.types().values():
            if name == kind.type_id or name.lower() in (known.lower() for known in kind.names):
                if kind.custom and not fresh and self._is_fresh(kind):
                    break
                return kind
        raise unknown_type(name)

    def _is_fresh(self, kind: ObjectType) -> bool:
        lag = timedelta(seconds=self.setting("schema_lag_s", 0))
        return self.now() < datetime.fromisoformat(kind.founded_at) + lag

    def properties(self, kind: ObjectType, archived: bool = False) -> dict[str, Property]:
        """Return the properties of *kind* by name: those in use, or the archived ones."""
        rows = self.rows("select body from property where type_id = ?", (kind.type_id,))
        every = (_as_property(body) for (body,) in rows)
        return {one.name: one for one in every if bool(one.archived_at) == archived}

    def define(self, kind: ObjectType, definition: Property) -> None:
        """Keep the *definition* of a property, new or changed."""
        body = json.dumps(asdict(definition))
        self.rows("insert or replace into property values (?, ?, ?)", (kind.type_id, definition.name, body))
        there = {row[1] for row in self.rows(f'pragma table_info("{kind.type_id}")')}
        if (column := f"p_{definition.name}") not in there:
            self.rows(f'alter table "{kind.type_id}" add column "{column}" text collate nocase')
        if definition.unique:
            index = f'"{kind.type_id}:{definition.name}" on "{kind.type_id}" ("{column}") where archived_at is null'
            self.rows(f"create unique index if not exists {index}")

    def found_type(self, kind: ObjectType) -> None:
        """Make the table of a new object, and define what HubSpot defines for it."""
        for statement in _table(kind):
            self.rows(statement)
        for definition in standard_properties(kind.type_id):
            self.define(kind, definition)

    # --- records ----------------------------------------------------------------------------------------------------

    def next_id(self) -> int:
        """Return the id of a new record."""
        return _FIRST_ID + self.next_number("record")

    def find(self, kind: ObjectType, record: int) -> Record | None:
        """Return the record with that id, or the one that it was merged into; archived ones too."""
        found = self.select(kind, "id = ?", (self.survivor(kind, record),))
        return found[0] if found else None

    def survivor(self, kind: ObjectType, record: int) -> int:
        """Return the id under which *record* is known by now."""
        sql = "select id from merged where type_id = ? and old_id = ?"
        for (merged,) in self.rows(sql, (kind.type_id, record)):
            return self.survivor(kind, merged)
        return record

    def select(
        self, kind: ObjectType, where: str, values: Sequence[Any], names: Iterable[str] | None = None
    ) -> list[Record]:
        """Return the records for which *where* holds (what may follow: an order and a limit).

        They have the properties *names*, without any all that are in use.
        """
        wanted = list(self.properties(kind)) if names is None else list(names)
        columns = "".join(f', "p_{name}"' for name in wanted)
        rows = self.rows(f'select id, archived_at{columns} from "{kind.type_id}" where {where}', values)
        return [
            Record(
                row[0],
                row[1],
                {name: value for name, value in zip(wanted, row[2:], strict=True) if value is not None},
            )
            for row in rows
        ]

    def insert(self, kind: ObjectType, record: int, values: Mapping[str, str | None]) -> None:
        """Add a record."""
        columns = "".join(f', "p_{name}"' for name in values)
        marks = ", ?" * len(values)
        self.rows(f'insert into "{kind.type_id}" (id{columns}) values (?{marks})', (record, *values.values()))

    def update(self, kind: ObjectType, record: int, values: Mapping[str, str | None]) -> None:
        """Change values of a record."""
        assignments = ", ".join(f'"p_{name}" = ?' for name in values)
        self.rows(f'update "{kind.type_id}" set {assignments} where id = ?', (*values.values(), record))

    def note(self, user: str, what: tuple[str, str], operation: str, changed: Mapping[str, Sequence[Any]]) -> None:
        """Add a line to the history: *what* is an object's name and an id, *changed* maps a property to [old, new]."""
        values = (self.stamp(), user, *what, operation, json.dumps(changed), self.request)
        sql = "insert into history (at, user, object, id, operation, changed, request) values (?, ?, ?, ?, ?, ?, ?)"
        self.rows(sql, values)


def _table(kind: ObjectType) -> Iterable[str]:
    # A column each for the stamps that all have: the indexes need them.
    stamps = ", ".join(f'"p_{name}" text collate nocase' for name in ("hs_object_id", "hs_lastmodifieddate"))
    yield f'create table "{kind.type_id}" (id integer primary key, archived_at text, {stamps})'
    index = f'"{kind.type_id}:stamp" on "{kind.type_id}" ("p_hs_lastmodifieddate", id) where archived_at is null'
    yield f"create index {index}"


@lru_cache(maxsize=4_096)  # every request asks for all of them
def _as_type(portal_id: int, body: str) -> ObjectType:
    return custom_type(portal_id, json.loads(body))


@lru_cache(maxsize=4_096)  # every record that is written asks for all of them, and one text means one property
def _as_property(body: str) -> Property:
    kept = json.loads(body)
    return Property(**{**kept, "options": tuple(Option(**option) for option in kept["options"])})
