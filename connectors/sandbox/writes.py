"""Create, update and upsert one record, with every check that Salesforce makes. People and the API come through here.

A check that fails raises before anything is written, so one bad record of a collection costs only itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from connectors.sandbox import automations, locks, rules
from connectors.sandbox.database import Database
from connectors.sandbox.errors import (
    DELETED,
    NO_ACCESS,
    NO_ACCESS_TO_REFERENCE,
    UNKNOWN_REFERENCE,
    ApiError,
    duplicate,
    missing,
    read_only,
    unknown_column,
)
from connectors.sandbox.schema import Catalog, Column, Entity
from connectors.sandbox.values import Stored, accept, record_id, shown

_STAMPS: Final = frozenset(
    {"Id", "IsDeleted", "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp"}
)


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes, and what they see of the org. *user* is a User id.

    The `Entity` beside it in the functions below is always the whole one: defaults and automations fill fields that
    the author may not see.
    """

    database: Database
    catalog: Catalog
    user: str


def create(author: Author, entity: Entity, record: dict[str, Any]) -> str:
    """Store a new record and return its id.

    Raises:
        ApiError: it is refused.
    """
    meet_fault(author)
    return _create(author, entity, record)


def update(author: Author, entity: Entity, record: dict[str, Any]) -> str:
    """Change the record that ``Id`` names and return its id in 18 characters.

    As in Salesforce, an update that changes nothing still moves LastModifiedDate and SystemModstamp; its line in the
    history has no changes.

    Raises:
        ApiError: it is refused.
    """
    meet_fault(author)
    return _update(author, entity, record)


def upsert(author: Author, entity: Entity, key: Column, record: dict[str, Any]) -> tuple[str, bool]:
    """Create or update by the external id *key* and return (id, created).

    Raises:
        ApiError: it is refused.
    """
    meet_fault(author)
    named = {name: value for name, value in record.items() if name.lower() == key.name.lower()}
    if key.name == "Id":
        if next(iter(named.values()), None) is None:
            return _create(author, entity, {n: v for n, v in record.items() if n not in named}), True
        return _update(author, entity, record), False
    value = accept(key, next(iter(named.values()), None))
    if value is None:
        raise ApiError("MISSING_ARGUMENT", f"{key.name} not specified")
    if _split(record)[1] is not None:
        raise ApiError("INVALID_FIELD", "The Id field should not be specified in the sobject data.")
    found = author.database.find(entity, key, value)
    if found is None:
        return _create(author, entity, record), True
    if not key.external_id:
        _only_one(author, entity, key, value)
    rest = {name: given for name, given in record.items() if name not in named}
    return _update(author, entity, {**rest, "Id": found["Id"]}), False


def _split(record: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """Return *record* without its id, and the id; its name is Id or id, Salesforce ignores case in names."""
    given = [value for name, value in record.items() if name.lower() == "id"]
    return {name: value for name, value in record.items() if name.lower() != "id"}, next(iter(given), None)


def _only_one(author: Author, entity: Entity, key: Column, value: Stored) -> None:
    """Refuse a key that several records share: an e-mail address is a key, and is not unique."""
    sql = f'select "Id" from "{entity.name}" where "{key.name}" = ? and "IsDeleted" = 0 order by "Id"'
    ids = [row[0] for row in author.database.rows(sql, (value,))]
    if len(ids) > 1:
        message = f"{key.name}: more than one record found for external id field: [{', '.join(ids)}]"
        raise ApiError("DUPLICATE_EXTERNAL_ID", message, (key.name,))


def meet_fault(author: Author) -> None:
    """Refuse the record if the request has met a fault that says so."""
    refusal = author.database.rows_at_fault and author.database.rows_at_fault.refusal()
    if refusal:
        raise refusal


def _create(author: Author, entity: Entity, record: dict[str, Any]) -> str:
    record, given = _split(record)
    if given is not None:
        raise ApiError("INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call", ("Id",))
    changes = _changes(author, entity, record)
    _check_access(author.catalog.entity(entity.name), changes, creating=True)
    # Null says nothing about a field that the org fills in by itself.
    changes = {n: value for n, value in changes.items() if value is not None or entity.columns[n.lower()].nillable}
    new_id = author.database.next_id(entity)
    values = {**_defaults(author, entity, new_id), **changes}
    values |= {**automations.derive(author.database, entity, {}, values, author.user), **changes}
    lacking = [c.name for c in entity if c.required and values.get(c.name) is None]
    if lacking:
        raise missing(tuple(lacking))
    _check_unique(author, entity, None, changes)
    _check_owner(author, entity, values["OwnerId"] if "OwnerId" in changes else None)
    locks.check(author.database, entity, values)
    rules.check(author.database, entity, {}, values, author.user)
    author.database.insert(entity, values)
    author.database.note(author.user, entity, new_id, "create", _difference(entity, {}, values))
    return new_id


def _update(author: Author, entity: Entity, record: dict[str, Any]) -> str:
    record, given = _split(record)
    if given is None:
        raise ApiError("MISSING_ARGUMENT", "Id not specified in an update call")
    found_id = record_id(entity.columns["id"].label, str(given), entity.prefix, "Id")
    before = author.database.find(entity, entity.columns["id"], found_id)
    if before is None:
        raise UNKNOWN_REFERENCE
    if before["IsDeleted"]:
        raise DELETED
    if is_hidden(author, found_id):
        raise NO_ACCESS
    changes = _changes(author, entity, record)
    _check_access(author.catalog.entity(entity.name), changes, creating=False)
    cleared = [n for n, value in changes.items() if value is None and not entity.columns[n.lower()].nillable]
    if cleared:
        raise missing(tuple(cleared))
    _check_unique(author, entity, found_id, changes)
    _check_owner(author, entity, changes.get("OwnerId") if changes.get("OwnerId") != before.get("OwnerId") else None)
    after = {**automations.derive(author.database, entity, before, changes, author.user), **changes}
    locks.check(author.database, entity, before, after)
    rules.check(author.database, entity, before, after, author.user)
    author.database.update(entity, found_id, {**after, **automations.touch(author.database, author.user)})
    author.database.note(author.user, entity, found_id, "update", _difference(entity, before, after))
    return found_id


def _changes(author: Author, entity: Entity, record: dict[str, Any]) -> dict[str, Stored]:
    """Return *record* as stored values by column name, references resolved."""
    changes: dict[str, Stored] = {}
    seen = author.catalog.entity(entity.name)
    for name, value in record.items():
        if name == "attributes":
            continue
        column, relation = seen.column(name), seen.relation(name)
        if column is None and relation is None:
            raise unknown_column(name, entity.name)
        target = column or relation
        assert target is not None
        if target.name in changes:
            given = f"an external ID reference {target.relationship} and a salesforce id, {target.name}"
            raise ApiError("INVALID_FIELD", f"Cannot specify both {given}")
        changes[target.name] = _by_key(author, target, value) if column is None else _plain(author, target, value)
    return changes


def _plain(author: Author, column: Column, value: Any) -> Stored:
    stored = accept(column, value)
    if stored is None or column.target is None:
        return stored
    target = author.catalog.entity(column.target)
    found = author.database.find(
        target, target.columns["id"], record_id(column.label, str(stored), target.prefix, column.name)
    )
    if found is None:
        raise ApiError(UNKNOWN_REFERENCE.code, UNKNOWN_REFERENCE.message, (column.name,))
    if found["IsDeleted"]:
        raise ApiError(DELETED.code, DELETED.message, (column.name,))
    if is_hidden(author, str(found["Id"])):
        raise ApiError(NO_ACCESS_TO_REFERENCE.code, NO_ACCESS_TO_REFERENCE.message, (column.name,))
    return found["Id"]


def is_hidden(author: Author, record: str) -> bool:
    """Sharing takes the record from the author."""
    return bool(author.database.rows("select 1 from hidden_row where id = ? and user = ?", (record, author.user)))


def _by_key(author: Author, column: Column, value: Any) -> Stored:
    """Resolve ``{"Partner__r": {"Partner_Key__c": key}}`` to the id of the record that has the key."""
    target = author.catalog.entity(column.target or "")
    named = {n: v for n, v in value.items() if n != "attributes"} if isinstance(value, dict) else {}
    name, key_value = next(iter(named.items()), ("", None))
    key = target.column(name)
    if len(named) != 1 or key is None or not key.is_key:
        wanted = f"Field name provided, {name or 'null'}, is not an External ID or indexed field for {target.name}"
        raise ApiError("INVALID_FIELD", wanted)
    found = author.database.find(target, key, accept(key, key_value))
    if found is None:
        message = f"Foreign key external ID: {key_value} not found for field {key.name}"
        raise ApiError("INVALID_FIELD", f"{message} in entity {target.name}")
    return found["Id"]


def _check_access(entity: Entity, changes: dict[str, Stored], *, creating: bool) -> None:
    columns = [entity.columns[name.lower()] for name in changes]
    refused = [c.name for c in columns if not (c.createable if creating else c.updateable)]
    if refused:
        raise read_only(tuple(refused))


def _check_unique(author: Author, entity: Entity, own_id: str | None, changes: dict[str, Stored]) -> None:
    for name, value in changes.items():
        column = entity.columns[name.lower()]
        if column.external_id and value is not None:
            other = author.database.find(entity, column, value)
            if other is not None and other["Id"] != own_id:
                raise duplicate(name, str(other["Id"]))


def _check_owner(author: Author, entity: Entity, owner: Stored) -> None:
    if owner is None:
        return
    active = author.database.rows('select "IsActive" from "User" where "Id" = ?', (owner,))
    if not active[0][0]:
        message = f"Operation performed with inactive user [{owner}] as owner of {entity.label.lower()}"
        raise ApiError("INACTIVE_OWNER_OR_USER", message, ("OwnerId",))


def _defaults(author: Author, entity: Entity, new_id: str) -> dict[str, Stored]:
    features = (None, *author.database.setting("features", []))
    given = [c for c in entity if c.default is not None and c.feature in features]
    values: dict[str, Stored] = {c.name: int(c.default) if isinstance(c.default, bool) else c.default for c in given}
    stamps = automations.touch(author.database, author.user)
    values |= {**stamps, "Id": new_id, "CreatedDate": stamps["SystemModstamp"], "CreatedById": author.user}
    if "ownerid" in entity.columns:
        values["OwnerId"] = author.user
    name = entity.column("Name")
    if name is not None and name.auto_number:
        values["Name"] = f"PI-{author.database.next_number(entity.name + ':Name'):05d}"
    elif name is not None and name.defaulted:
        values["Name"] = new_id
    return values


def _difference(entity: Entity, before: dict[str, Stored], after: dict[str, Stored]) -> dict[str, list[Any]]:
    """Return field -> [old, new] of what moved, as the API shows it; ids and stamps of a new record are no news."""
    changed = {}
    for name, value in after.items():
        if before.get(name) != value and name not in _STAMPS:
            show = shown(entity.columns[name.lower()]) or (lambda same: same)
            changed[name] = [show(before.get(name)), show(value)]
    return changed
