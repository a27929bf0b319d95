"""What becomes of whole records: archived, restored, merged."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from connectors.sandbox.hubspot.database import Record
from connectors.sandbox.hubspot.errors import invalid, not_found, taken
from connectors.sandbox.hubspot.schema import COMPANIES, ObjectType
from connectors.sandbox.hubspot.writes import Author, Values

#: An archived record can be restored that long.
RESTORABLE: Final = timedelta(days=90)


def archive(author: Author, kind: ObjectType, record: int) -> None:
    """Put a record into the archive; one that is there, or nowhere, is left as it is."""
    database = author.database
    found = database.find(kind, record)
    if found is None or found.archived_at is not None:
        return
    now = database.stamp()
    sql = f'update "{kind.type_id}" set archived_at = ?, p_hs_lastmodifieddate = ? where id = ?'
    database.rows(sql, (now, now, found.id))
    database.note(author.user, (kind.word, str(found.id)), "archive", {"archived": [False, True]})


def restore(author: Author, kind: ObjectType, record: int) -> None:
    """Take a record out of the archive, with its associations.

    Raises:
        HubSpotError: it is not there, too old, or another has its unique value by now.
    """
    database = author.database
    found = database.find(kind, record)
    if found is None or found.archived_at is None:
        raise not_found(f"{kind.singular} {record} is not in the archive")
    if database.now() - datetime.fromisoformat(found.archived_at) > RESTORABLE:
        raise invalid(f"{kind.singular} {record} was archived more than {RESTORABLE.days} days ago")
    for name, definition in database.properties(kind).items():
        value = found.values.get(name)
        if definition.unique and value is not None:
            for other in database.select(kind, f'"p_{name}" = ? and archived_at is null', (value,), ()):
                raise taken((database.portal_id, kind.legacy, name, value), found.id, other.id)
    sql = f'update "{kind.type_id}" set archived_at = null, p_hs_lastmodifieddate = ? where id = ?'
    database.rows(sql, (database.stamp(), found.id))
    database.note(author.user, (kind.word, str(found.id)), "restore", {"archived": [True, False]})


def merge(author: Author, kind: ObjectType, primary: int, other: int) -> int:
    """Merge *other* into *primary*, and return the id of what comes of it: a new one, unless the portal keeps ids.

    The primary's values win, what it lacks is the other's. Both ids lead to the new record from then on.

    Raises:
        HubSpotError: one is not there, or they are one.
    """
    database = author.database
    kept, lost = database.find(kind, primary), database.find(kind, other)
    if kept is None or lost is None or kept.archived_at or lost.archived_at:
        raise not_found()
    if kept.id == lost.id:
        raise invalid("A record cannot be merged with itself")
    made = kept.id if database.setting("merge_keeps_id", False) else database.next_id()
    values = _united(kind, kept, lost, made)
    values["hs_lastmodifieddate"] = database.stamp()
    for old in (kept.id, lost.id):
        database.rows(f'delete from "{kind.type_id}" where id = ?', (old,))
    database.insert(kind, made, values)
    for old in (kept.id, lost.id):
        if old != made:
            database.rows("insert or replace into merged values (?, ?, ?)", (kind.type_id, old, made))
            _move_links(author, kind, old, made)
    changed = {"hs_merged_object_ids": [kept.values.get("hs_merged_object_ids"), values["hs_merged_object_ids"]]}
    database.note(author.user, (kind.word, str(made)), "merge", changed)
    return made


def _united(kind: ObjectType, kept: Record, lost: Record, made: int) -> Values:
    values: Values = {**lost.values, **kept.values, "hs_object_id": str(made)}
    created = [one.values[kind.created] for one in (kept, lost) if kind.created in one.values]
    values[kind.created] = min(created)
    merged = [*_parts(kept, "hs_merged_object_ids"), *_parts(lost, "hs_merged_object_ids")]
    ids = [str(one.id) for one in (kept, lost) if one.id != made]
    values["hs_merged_object_ids"] = ";".join(dict.fromkeys([*merged, *ids]))
    if kind is COMPANIES:
        domains = [*_parts(kept, "hs_additional_domains"), *_parts(lost, "domain")]
        domains += _parts(lost, "hs_additional_domains")
        more = [domain for domain in dict.fromkeys(domains) if domain != values.get("domain")]
        values["hs_additional_domains"] = ";".join(more) or None
    return values


def _parts(record: Record, name: str) -> list[str]:
    return [part for part in record.values.get(name, "").split(";") if part]


def _move_links(author: Author, kind: ObjectType, old: int, made: int) -> None:
    database = author.database
    for near, far in (("from", "to"), ("to", "from")):
        where = f"{near}_type = ? and {near}_id = ?"
        sql = f"update or ignore association set {near}_id = ? where {where}"
        database.rows(sql, (made, kind.type_id, old))
        database.rows(f"delete from association where {where}", (kind.type_id, old))
        database.rows(
            f"delete from association where {where} and {far}_type = ? and {far}_id = ?",
            (kind.type_id, made, kind.type_id, made),
        )
