"""What becomes of whole records: deleted with what hangs on them, restored, merged, purged, converted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from connectors.sandbox import locks
from connectors.sandbox.automations import touch
from connectors.sandbox.database import Database, stored_columns
from connectors.sandbox.errors import DELETED, UNKNOWN_REFERENCE, ApiError, duplicate
from connectors.sandbox.schema import Column, Entity, visible
from connectors.sandbox.values import Stored, stamp
from connectors.sandbox.writes import Author

#: Deleting a parent deletes these with it; any other lookup to it is cleared.
_CASCADES: Final = frozenset(
    {
        ("Opportunity", "AccountId"),
        ("Contact", "AccountId"),
        ("OpportunityPartner", "OpportunityId"),
        ("OpportunityPartner", "AccountToId"),
        ("OpportunityContactRole", "OpportunityId"),
        ("OpportunityContactRole", "ContactId"),
    }
)
_MERGEABLE: Final = frozenset({"Account", "Contact", "Lead"})
_MOST_LOSERS: Final = 2
_FOR_GOOD: Final = frozenset({"Organization", "User", "RecordType"})


def delete(database: Database, entity: Entity, record: str, user: str) -> None:
    """Put a record into the recycle bin, and with it what Salesforce deletes along; clear other lookups to it.

    Raises:
        ApiError: ENTITY_IS_DELETED, it is there already; or a record that it concerns is locked.
    """
    _delete(database, entity, record, user, root=record)


def undelete(author: Author, entity: Entity, record: str) -> None:
    """Take a record out of the bin, and restore what its deletion took along and cleared, unless that was set anew.

    Raises:
        ApiError: it is not in the bin, or another record has its unique key by now.
    """
    before = author.database.find(entity, entity.columns["id"], record)
    if before is None or not before["IsDeleted"]:
        raise ApiError("UNDELETE_FAILED", "Entity is not in the recycle bin")
    _restore(author, entity, before)
    taken = author.database.rows("select object, id, field from taken_along where root = ?", (record,))
    for name, child_id, field in taken:
        child_entity = visible().entity(name)
        child = author.database.find(child_entity, child_entity.columns["id"], child_id)
        if child is None:
            continue
        if field is None and child["IsDeleted"]:
            _restore(author, child_entity, child)
        elif field is not None and child[field] is None:
            _set(author.database, child_entity, child_id, {field: record}, author.user)
    author.database.rows("delete from taken_along where root = ?", (record,))


def merge(author: Author, entity: Entity, survivor: str, losers: Sequence[str]) -> None:
    """Merge *losers* into *survivor*.

    Children are moved without their automations: only their SystemModstamp tells. Source: Apex Developer Guide,
    "Merge Statements".

    Raises:
        ApiError: there are more than two, one is the survivor, or one is deleted.
    """
    if entity.name not in _MERGEABLE or not 1 <= len(losers) <= _MOST_LOSERS or survivor in losers:
        raise ApiError("INVALID_OPERATION", f"cannot merge {len(losers)} records of {entity.name} into {survivor}")
    database, key = author.database, entity.columns["id"]
    for record in (survivor, *losers):
        found = database.find(entity, key, record)
        if found is None:
            raise UNKNOWN_REFERENCE
        if found["IsDeleted"]:
            raise DELETED
        locks.check(database, entity, found)
    for loser in losers:
        for child, column in _lookups(entity):
            if column.name != "MasterRecordId":
                _move(database, child, column, (loser, survivor), author.user)
        gone: dict[str, Stored] = {"IsDeleted": 1, "MasterRecordId": survivor}
        database.update(entity, loser, {**gone, **touch(database, author.user)})
        changed = {"IsDeleted": [False, True], "MasterRecordId": [None, survivor]}
        database.note(author.user, entity, loser, "delete", changed)
    _set(database, entity, survivor, {}, author.user)


def purge(database: Database, entity: Entity, records: Sequence[str]) -> None:
    """Remove *records* of *entity* from the bin for good, all that are in it if none is named."""
    with database.transaction():
        for (record,) in database.rows(f'select "Id" from "{entity.name}" where "IsDeleted" = 1'):
            if not records or record in records:
                database.rows(f'delete from "{entity.name}" where "Id" = ?', (record,))


def convert(author: Author, entity: Entity, lead: str, account: str) -> None:
    """Say that *lead* became *account*.

    Raises:
        ApiError: it is deleted, or converted already.
    """
    before = author.database.find(entity, entity.columns["id"], lead)
    if before is None or before["IsDeleted"]:
        raise DELETED
    if before["IsConverted"]:
        raise ApiError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
    today = author.database.now().date().isoformat()
    values: dict[str, Stored] = {"IsConverted": 1, "ConvertedDate": today, "ConvertedAccountId": account}
    _set(author.database, entity, lead, {**values, "Status": "Closed - Converted"}, author.user)


def _delete(database: Database, entity: Entity, record: str, user: str, root: str) -> None:
    before = database.find(entity, entity.columns["id"], record)
    if before is None or before["IsDeleted"]:
        raise DELETED
    if entity.name in _FOR_GOOD:
        raise ApiError("INVALID_TYPE_FOR_OPERATION", f"entity type {entity.name} does not support delete")
    locks.check(database, entity, before)
    for child, column in _lookups(entity):
        if column.updateable or (child.name, column.name) in _CASCADES:
            _let_go(database, (child, column), record, user, root)
    touched: dict[str, Stored] = {"IsDeleted": 1, **touch(database, user)}
    database.update(entity, record, touched)
    database.note(user, entity, record, "delete", {"IsDeleted": [False, True]})


def _let_go(database: Database, lookup: tuple[Entity, Column], record: str, user: str, root: str) -> None:
    child, column = lookup
    along = (child.name, column.name) in _CASCADES
    for child_id in _pointing(database, child, column, record):
        taken = (root, child.name, child_id, None if along else column.name)
        database.rows("insert into taken_along values (?, ?, ?, ?)", taken)
        if along:
            _delete(database, child, child_id, user, root)
            continue
        database.update(child, child_id, {column.name: None, **touch(database, user)})
        database.note(user, child, child_id, "update", {column.name: [record, None]})


def _restore(author: Author, entity: Entity, before: dict[str, Stored]) -> None:
    database = author.database
    for column in entity:
        if column.external_id and before[column.name] is not None:
            other = database.find(entity, column, before[column.name])
            if other is not None:
                raise duplicate(column.name, str(other["Id"]))
    values: dict[str, Stored] = {"IsDeleted": 0, **touch(database, author.user)}
    changed = {"IsDeleted": [True, False]}
    if before.get("MasterRecordId"):
        values["MasterRecordId"] = None
    database.update(entity, str(before["Id"]), values)
    database.note(author.user, entity, str(before["Id"]), "undelete", changed)


def _move(database: Database, child: Entity, column: Column, way: tuple[str, str], user: str) -> None:
    loser, survivor = way
    for child_id in _pointing(database, child, column, loser):
        parent = None if child_id == survivor else survivor
        database.update(child, child_id, {column.name: parent, "SystemModstamp": stamp(database.now())})
        database.note(user, child, child_id, "update", {column.name: [loser, parent]})


def _set(database: Database, entity: Entity, record: str, values: dict[str, Stored], user: str) -> None:
    before = database.find(entity, entity.columns["id"], record) or {}
    database.update(entity, record, {**values, **touch(database, user)})
    changed = {name: [before.get(name), value] for name, value in values.items()}
    database.note(user, entity, record, "update", changed)


def _lookups(entity: Entity) -> list[tuple[Entity, Column]]:
    every = visible().entities.values()
    return [(child, column) for child in every for column in stored_columns(child) if column.target == entity.name]


def _pointing(database: Database, child: Entity, column: Column, record: str) -> list[str]:
    sql = f'select "Id" from "{child.name}" where "{column.name}" = ? and "IsDeleted" = 0'
    return [row[0] for row in database.rows(sql, (record,))]
