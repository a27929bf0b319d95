"""Row locks: what one transaction is writing, with the accounts above it, no other may write.

Salesforce waits some ten seconds for a lock; the sandbox refuses at once. An account is locked with every record that
points to it, which is the strictest that Salesforce does with a lookup.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from connectors.sandbox.database import Database
from connectors.sandbox.errors import locked
from connectors.sandbox.schema import Entity, visible
from connectors.sandbox.state import State
from connectors.sandbox.values import Stored


def check(database: Database, entity: Entity, *records: Mapping[str, Stored]) -> None:
    """Refuse to write *records* of *entity*, old or new values of them, if somebody holds one or an account above.

    Raises:
        ApiError: UNABLE_TO_LOCK_ROW.
    """
    ids = {row_id for record in records for row_id in _rows(entity, record)}
    held = database.rows("select id from row_lock where id in (select value from json_each(?))", (json.dumps([*ids]),))
    if held:
        raise locked(sorted(row[0] for row in held))


def lock(database: State, ids: Iterable[str], holder: str) -> None:
    """Lock *ids* until `unlock` of *holder*; what another holds stays theirs."""
    database.many("insert or ignore into row_lock values (?, ?)", [(row_id, holder) for row_id in ids])


def unlock(database: State, holder: str) -> None:
    """Let go of what *holder* locked."""
    database.rows("delete from row_lock where holder = ?", (holder,))


def touched(database: Database, request: int) -> list[str]:
    """Return what *request* has written, and the accounts above it, before and after."""
    ids = set[str]()
    sql = "select object, id, changed from history where request = ?"
    for object_name, record, changed in database.rows(sql, (request,)):
        entity = visible().entity(object_name)
        now: dict[str, Any] = database.find(entity, entity.columns["id"], record) or {}
        before = {name: pair[0] for name, pair in json.loads(changed).items()}
        ids |= {record, *_rows(entity, now), *_rows(entity, before)}
    return sorted(ids)


def _rows(entity: Entity, record: Mapping[str, Any]) -> set[str]:
    names = ("Id", *(column.name for column in entity if column.target == "Account"))
    return {record[name] for name in names if record.get(name)}
