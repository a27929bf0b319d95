"""What a portal has before anybody writes: its account, its definitions, rows from outside, and a crowd of companies.

Seeding is not writing: it may set what only HubSpot sets, and leaves no trace in the history.
"""

from __future__ import annotations

import json
import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from connectors.sandbox.hubspot import links
from connectors.sandbox.hubspot.database import Database
from connectors.sandbox.hubspot.errors import instant
from connectors.sandbox.hubspot.schema import COMPANIES, DEALS, STANDARD, ObjectType
from connectors.sandbox.hubspot.standard import default_pipeline, groups
from connectors.sandbox.hubspot.values import ValueProblem, accept
from connectors.sandbox.hubspot.writes import derived
from overlap.errors import RecordError

_FIRST_OWNER: Final = 50_000_001


@cache
def blank() -> bytes:
    """Return a portal with what HubSpot defines in all of them, and nothing else."""
    with Database.in_memory() as database:
        for kind in STANDARD.values():
            database.found_type(kind)
            for name, label in groups(kind.type_id):
                database.rows("insert into property_group values (?, ?, ?, 0)", (kind.type_id, name, label))
        links.found_types(database)
        add_pipeline(database, default_pipeline())
        return database.serialized()


def found(database: Database, tier: str = "enterprise") -> None:
    """Give a new portal its account, its key and its app; an old one is left as it is."""
    with database.transaction():
        if database.setting("portal_id"):
            return
        database.keep("portal_id", 140_000_000 + secrets.randbelow(9_000_000))
        database.keep("tier", tier)
        database.keep("founded_at", database.stamp())
        database.keep("key", f"pat-eu1-{secrets.token_hex(16)}")
        database.keep("client_id", secrets.token_hex(16))
        database.keep("client_secret", secrets.token_hex(16))
        token = f"na1-{secrets.token_hex(18)}"
        database.keep("refresh_token", token)
        database.rows("insert into refresh_token values (?)", (token,))


def add_pipeline(database: Database, pipeline: Mapping[str, Any]) -> None:
    """Add a pipeline of deals: id, label and stages, each with id, label and metadata."""
    values = (DEALS.type_id, pipeline["id"], json.dumps(pipeline))
    database.rows("insert or replace into pipeline values (?, ?, ?)", values)


def add_owner(database: Database, owner: Mapping[str, Any]) -> str:
    """Add an owner, or change the one with that ``id``, and return the id. What is not given is made up."""
    number = int(owner.get("id") or _FIRST_OWNER + database.next_number("owner"))
    stamp = database.stamp()
    body = {
        "id": str(number),
        "email": f"{number}@sandbox.example",
        "firstName": "Owner",
        "lastName": str(number),
        "userId": number,
        "type": "PERSON",
        "createdAt": stamp,
        "updatedAt": stamp,
        "archived": False,
        **owner,
    }
    database.rows("insert or replace into owner values (?, ?)", (number, json.dumps(body)))
    return str(number)


def seed(database: Database, kind: ObjectType, rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Put *rows* (properties by name, and ``id``) into the portal and return their ids.

    Raises:
        RecordError: a row is refused; nothing was stored.
    """
    definitions, ids = database.properties(kind), []
    batches: dict[tuple[str, ...], list[tuple[Any, ...]]] = defaultdict(list)
    with database.transaction():
        now = database.stamp()
        for number, row in enumerate(rows, 1):
            record = int(row.get("id") or database.next_id())
            values: dict[str, str | None] = {}
            for name, value in row.items():
                if name == "id" or value is None:
                    continue
                if name not in definitions:
                    raise RecordError(f"{kind.word} row {number}: no property '{name}'")
                try:
                    values[name] = accept(definitions[name], str(value), None)
                except ValueProblem as error:
                    raise RecordError(f"{kind.word} row {number}, {name}: {error}") from error
            created = values.get(kind.created) or now
            values = {kind.created: created, "hs_lastmodifieddate": created, **values}
            values |= {"hs_createdate": created, "hs_object_id": str(record)}
            values |= derived(database, kind, {}, values)
            batches[tuple(values)].append((record, *values.values()))
            ids.append(str(record))
        for names, group in batches.items():
            columns, marks = "".join(f', "p_{name}"' for name in names), ", ?" * len(names)
            database.many(f'insert or replace into "{kind.type_id}" (id{columns}) values (?{marks})', group)
    return ids


def crowd(database: Database, companies: int, equal: int, since: datetime) -> None:
    """Found so many *companies* at once, in seconds: the first *equal* of them were changed in one millisecond.

    Their ids go on from 1. The others were changed a second after one another, from *since* on.
    """
    at = f"strftime('%Y-%m-%dT%H:%M:%S.000Z', '{instant(since)}', '+' || max(n - {equal}, 0) || ' seconds')"
    columns = {
        "name": "'Company ' || n",
        "domain": "'company-' || n || '.example'",
        "city": "'City ' || (n % 977)",
        "country": "case n % 3 when 0 then 'Germany' when 1 then 'United States' else 'France' end",
        "numberofemployees": "cast(n % 5000 as text)",
        "createdate": f"'{instant(since - timedelta(days=1))}'",
        "hs_createdate": f"'{instant(since - timedelta(days=1))}'",
        "hs_lastmodifieddate": at,
        "hs_object_id": "cast(n as text)",
    }
    listed = ", ".join(f'"p_{name}"' for name in columns)
    numbers = "with recursive numbers (n) as (values (1) union all select n + 1 from numbers where n < ?)"
    made = f"select n, {', '.join(columns.values())} from numbers"
    with database.transaction():
        database.rows(f'{numbers} insert into "{COMPANIES.type_id}" (id, {listed}) {made}', (companies,))
