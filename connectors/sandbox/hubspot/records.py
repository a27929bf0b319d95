"""Single records and lists of them: GET, POST, PATCH, DELETE below ``objects``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from connectors.sandbox.hubspot import lifecycle, links, writes
from connectors.sandbox.hubspot.bodies import Row, as_id, objects_of, properties_of, text_of, types_of
from connectors.sandbox.hubspot.call import Answer, Call
from connectors.sandbox.hubspot.database import Database, Record
from connectors.sandbox.hubspot.errors import HubSpotError, invalid, not_found, not_unique
from connectors.sandbox.hubspot.links import Ends
from connectors.sandbox.hubspot.schema import ObjectType

_PAGE, _MOST = 10, 100
#: Associations of one record in an answer.
_LINKS: Final = 100


def shown(kind: ObjectType, record: Record, names: Iterable[str], *, empty: bool = True) -> Row:
    """Return *record* as the API shows it, with the properties *names*; those without a value only if *empty*."""
    values = {name: record.values.get(name) for name in sorted(names)}
    said: Row = {
        "id": str(record.id),
        "properties": {name: value for name, value in values.items() if empty or value is not None},
        "createdAt": record.values[kind.created],
        "updatedAt": record.values["hs_lastmodifieddate"],
        "archived": record.archived_at is not None,
    }
    return said | ({"archivedAt": record.archived_at} if record.archived_at else {})


def wanted(database: Database, kind: ObjectType, asked: Iterable[str]) -> list[str]:
    """Return the properties of an answer: what is asked for and exists, or the usual ones, and always the stamps.

    Who asks for a property that does not exist is not told.
    """
    known = database.properties(kind)
    asked = list(asked)
    named = [name for name in asked if name in known] if asked else [*kind.defaults]
    return list(dict.fromkeys([*named, kind.created, "hs_lastmodifieddate", "hs_object_id"]))


def stamped(kind: ObjectType, names: Iterable[str]) -> list[str]:
    """Return *names* and what `shown` needs beside them."""
    return list(dict.fromkeys([*names, kind.created, "hs_lastmodifieddate"]))


def page(call: Call) -> Row:
    """Answer with a page of records, by their ids."""
    kind, database = call.kind, call.database
    names = wanted(database, kind, call.listed("properties"))
    if call.listed("propertiesWithHistory"):
        raise invalid("propertiesWithHistory: this sandbox keeps no history of properties")
    limit, after = call.number("limit", _PAGE, _MOST), call.text("after") or "0"
    if as_id(after) is None:
        raise invalid(f"after: '{after}' is not a valid cursor")
    state = "is not null" if call.flag("archived") else "is null"
    where = f"archived_at {state} and id > ? order by id limit ?"
    found = database.select(kind, where, (int(after), limit + 1 + len(database.hidden)), stamped(kind, names))
    found = visible(database, kind, found)[: limit + 1]
    ends = [database.object_type(name) for name in call.listed("associations")]
    answer: Row = {"results": [_with_links(database, kind, record, names, ends) for record in found[:limit]]}
    if len(found) > limit:
        answer["paging"] = {"next": _next(call, str(found[limit - 1].id))}
    return answer


def visible(database: Database, kind: ObjectType, records: Iterable[Record]) -> list[Record]:
    """Return those of *records* that no fault hides."""
    return [record for record in records if (kind.type_id, record.id) not in database.hidden]


def one(call: Call) -> Row:
    """Answer with one record, by its id or by a unique property."""
    kind, database = call.kind, call.database
    names = wanted(database, kind, call.listed("properties"))
    record = identified(database, kind, call.rest[1], call.text("idProperty"))
    if record is None or (record.archived_at is not None) != call.flag("archived"):
        raise not_found()
    if not visible(database, kind, [record]):
        raise not_found()
    ends = [database.object_type(name) for name in call.listed("associations")]
    return _with_links(database, kind, record, names, ends)


def identified(
    database: Database, kind: ObjectType, identity: str, id_property: str = "", *, archived: bool = False
) -> Record | None:
    """Return the record that an id, or the value of a unique property, leads to.

    A value may be that of one record in use and of *archived* ones, of which the newest is meant.

    Raises:
        HubSpotError: the property is not unique.
    """
    if not id_property:
        number = as_id(identity)
        return None if number is None else database.find(kind, number)
    definition = database.properties(kind).get(id_property)
    if definition is None or not definition.unique:
        raise not_unique(kind.type_id, id_property, database.portal_id)
    where = "archived_at is not null order by archived_at desc, id desc" if archived else "archived_at is null"
    found = database.select(kind, f'"p_{id_property}" = ? and {where}', (identity,))
    return found[0] if found else None


def create(call: Call) -> Answer:
    """Make a record, with its associations."""
    given = call.object()
    record = made(call, given)
    return Answer(201, written(call.database, call.kind, record, properties_of(given)))


def made(call: Call, given: Mapping[str, Any]) -> int:
    """Make the record that a body describes, and return its id.

    Raises:
        HubSpotError: it is refused, or one of its associations is.
    """
    kind, database = call.kind, call.database
    record = writes.create(call.author, kind, properties_of(given))
    for link in objects_of(given, "associations"):
        end, specs = text_of(link.get("to"), "id"), types_of(link.get("types"))
        ends = _ends(database, kind, record, end, specs)
        links.connect(call.author, ends, links.of_ids(database, ends, specs))
    return record


def update(call: Call) -> Row:
    """Change a record."""
    kind, database = call.kind, call.database
    given = properties_of(call.object())
    record = identified(database, kind, call.rest[1], call.text("idProperty"))
    if record is None or record.archived_at is not None:
        raise not_found()
    writes.update(call.author, kind, record, given)
    return written(database, kind, record.id, given)


def archive(call: Call) -> Answer:
    """Put a record into the archive. An id that leads nowhere is answered in the same way."""
    record = as_id(call.rest[1])
    if record is None:
        raise not_found()
    lifecycle.archive(call.author, call.kind, record)
    return Answer(204)


def merge(call: Call) -> Row:
    """Merge two records."""
    given, kind = call.object(), call.kind
    primary, other = (as_id(text_of(given, name)) for name in ("primaryObjectId", "objectIdToMerge"))
    if primary is None or other is None:
        raise not_found()
    record = lifecycle.merge(call.author, kind, primary, other)
    return written(call.database, kind, record, kind.defaults)


def written(database: Database, kind: ObjectType, record: int, names: Iterable[str]) -> Row:
    """Return a record as the answer to a write shows it: what was written, the usual properties, no empty ones."""
    found = database.find(kind, record)
    if found is None:
        raise HubSpotError(500, "INTERNAL_ERROR", "The record is gone")
    known = database.properties(kind)
    every = dict.fromkeys([*(name for name in names if name in known), *kind.defaults])
    return shown(kind, found, every, empty=False)


def _ends(database: Database, kind: ObjectType, record: int, end: str, specs: list[tuple[str, int]]) -> Ends:
    """Return the ends of an association of a new record: which object it leads to, only its types say."""
    for to_kind in database.types().values():
        known = {(one.category, one.type_id) for one in links.types(database, kind, to_kind)}
        if set(specs) <= known and (other := as_id(end)) is not None:
            return Ends(kind, record, to_kind, other)
    message = f"{[type_id for _, type_id in specs]} are no association types of {kind.name}, or {end} is no id"
    raise invalid(message, subCategory="crm.associations.INVALID_ASSOCIATION_TYPE")


def _with_links(
    database: Database, kind: ObjectType, record: Record, names: Iterable[str], ends: Iterable[ObjectType]
) -> Row:
    said = shown(kind, record, names)
    found: Row = {}
    for end in ends:
        held = links.linked(database, (kind, record.id), end)
        rows = [{"id": str(to), "type": on.name} for to, types in held.items() for on in types]
        if rows:
            found[end.name] = {"results": rows[:_LINKS]}
    return said | ({"associations": found} if found else {})


def _next(call: Call, after: str) -> Row:
    query = [(name, value) for name, value in call.http.query_params.multi_items() if name != "after"]
    return {"after": after, "link": str(call.http.url.replace(query=urlencode([*query, ("after", after)])))}
