"""Put rows into the org from outside: what a demo or a test starts from, and the few records that every org has.

Seeding is not writing: it may set what only Salesforce sets (ids, dates of creation, closed and won), asks for no
required field, follows no reference, and leaves no trace in the history.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from connectors.sandbox import automations
from connectors.sandbox.database import Database
from connectors.sandbox.errors import ApiError, unknown_column
from connectors.sandbox.schema import Entity, visible
from connectors.sandbox.values import Stored, accept, record_id, stamp
from overlap.errors import RecordError

_ORGANIZATION: Final = {
    "Name": "Sandbox",
    "Country": "US",
    "IsSandbox": True,
    "OrganizationType": "Developer Edition",
    "InstanceName": "SBX1",
    "TimeZoneSidKey": "Europe/Berlin",
    "DefaultLocaleSidKey": "en_US",
    "LanguageLocaleKey": "en_US",
}
_API_USER: Final = {
    "Username": "overlap@sandbox.example",
    "LastName": "Overlap Integration",
    "Email": "overlap@sandbox.example",
}
_PERSON: Final = {
    "Username": "admin@sandbox.example",
    "FirstName": "Sandbox",
    "LastName": "Administrator",
    "Email": "admin@sandbox.example",
}


def found(database: Database) -> None:
    """Give a new org its organization, its two users and its app's credentials; an old one is left as it is."""
    with database.transaction():
        if database.setting("api_user"):
            return
        seed(database, visible().entity("Organization"), [_ORGANIZATION])
        api_user, person = seed(database, visible().entity("User"), [_API_USER, _PERSON])
        database.keep("api_user", api_user)
        database.keep("person", person)
        database.keep("credentials", ["3MVG9" + secrets.token_urlsafe(32), secrets.token_hex(32)])


def seed(database: Database, entity: Entity, rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Store *rows* (API field names) and return their ids; a row whose Id is there changes that record's fields.

    Raises:
        RecordError: a row is refused; nothing was stored.
    """
    groups: dict[tuple[str, ...], list[tuple[Stored, ...]]] = defaultdict(list)
    ids = []
    with database.transaction():
        now = stamp(database.now())
        there = {row[0] for row in database.rows(f'select "Id" from "{entity.name}"')}
        for number, row in enumerate(rows, 1):
            try:
                values = _accepted(entity, row)
            except ApiError as error:
                raise RecordError(f"{entity.name} row {number}: {error}") from error
            values = {"Id": values.get("Id") or database.next_id(entity), **values}
            if values["Id"] not in there:
                values = {**_implied(database, entity, values, now), **values}
            ids.append(str(values["Id"]))
            groups[tuple(values)].append(tuple(values.values()))
        for names, group in groups.items():
            database.many(_statement(entity, names), group)
    return ids


def _accepted(entity: Entity, row: Mapping[str, Any]) -> dict[str, Stored]:
    values: dict[str, Stored] = {}
    for name, value in row.items():
        column = entity.column(name)
        if column is None or column.formula is not None:
            raise unknown_column(name, entity.name)
        stored = accept(column, value)
        if stored is not None and (column.target or column.type == "id"):
            prefix = visible().entity(column.target).prefix if column.target else entity.prefix
            stored = record_id(column.label, str(stored), prefix, column.name)
        values[column.name] = stored
    return values


def _implied(database: Database, entity: Entity, given: dict[str, Stored], now: str) -> dict[str, Stored]:
    """Return what a new row leaves out."""
    user = database.setting("person")
    created = given.get("CreatedDate") or now
    modified = given.get("SystemModstamp") or given.get("LastModifiedDate") or created
    implied: dict[str, Stored] = {"CreatedDate": created, "LastModifiedDate": modified, "SystemModstamp": modified}
    implied |= {"CreatedById": user, "LastModifiedById": user}
    if entity.column("OwnerId"):
        implied["OwnerId"] = user
    features = (None, *database.setting("features", []))
    preset = [c for c in entity if c.default and c.feature in features]
    implied |= {c.name: int(c.default) if isinstance(c.default, bool) else c.default for c in preset}
    return implied | automations.derive(database, entity, {}, given, str(user))


def _statement(entity: Entity, names: Sequence[str]) -> str:
    listed, marks = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
    renewed = ", ".join(f'"{name}" = excluded."{name}"' for name in names)
    return f'insert into "{entity.name}" ({listed}) values ({marks}) on conflict ("Id") do update set {renewed}'
