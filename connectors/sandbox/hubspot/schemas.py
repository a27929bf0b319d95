"""Custom objects: their schemas, which an account of the Enterprise tier may make, ten of them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final

from connectors.sandbox.hubspot import definitions, links
from connectors.sandbox.hubspot.bodies import Row, flag_of, objects_of, optional_text, text_of, texts_of
from connectors.sandbox.hubspot.call import Answer, Call
from connectors.sandbox.hubspot.errors import HubSpotError, invalid, not_found, unreadable
from connectors.sandbox.hubspot.links import LinkType
from connectors.sandbox.hubspot.schema import ObjectType, custom_type
from connectors.sandbox.hubspot.standard import groups as standard_groups

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_FIRST_TYPE: Final = 1_000_000
_FIRST_LINK: Final = 100
_LISTS: Final = ("requiredProperties", "searchableProperties", "secondaryDisplayProperties")
#: What a schema needs, by the version of the path.
_NEEDED: Final = ("associatedObjects", "properties", "requiredProperties")
_DATED: Final = ("allowsSensitiveProperties", "searchableProperties", "secondaryDisplayProperties")


def every(call: Call) -> Row:
    """Answer with the schemas of the portal; nothing archived is kept."""
    if call.flag("archived"):
        return {"results": []}
    return {"results": [_shown(call, kind) for kind in call.database.types().values() if kind.custom]}


def one(call: Call) -> Row:
    """Answer with one schema."""
    return _shown(call, _custom(call))


def create(call: Call) -> Answer:
    """Make a custom object with its properties and associations."""
    given, database = call.object(), call.database
    _check(call, given)
    number = database.next_number("schema")
    now = database.stamp()
    schema = {
        "id": str(_FIRST_TYPE + number),
        "objectTypeId": f"2-{_FIRST_TYPE + number}",
        "fullyQualifiedName": f"p{database.portal_id}_{given['name']}",
        "name": given["name"],
        "labels": _labels(given),
        "description": optional_text(given, "description"),
        "primaryDisplayProperty": optional_text(given, "primaryDisplayProperty") or given["properties"][0].get("name"),
        **{name: texts_of(given, name) for name in _LISTS},
        "allowsSensitiveProperties": flag_of(given, "allowsSensitiveProperties", False),
        "createdAt": now,
        "updatedAt": now,
        "archived": False,
    }
    kind = custom_type(database.portal_id, schema)
    database.rows("insert into schema values (?, ?)", (kind.type_id, json.dumps(schema)))
    database.found_type(kind)
    for name, label in standard_groups(kind.type_id):
        database.rows("insert into property_group values (?, ?, ?, -1)", (kind.type_id, name, label))
    for definition in given["properties"]:
        group = standard_groups(kind.type_id)[0][0]
        definitions.made(call.author, kind, {"groupName": group, **definition})
    for name in _LISTS:
        _check_names(call, kind, schema[name])
    for other in texts_of(given, "associatedObjects"):
        _associate(call, kind, database.object_type(other))
    if flag_of(given, "shouldCreateSameObjectAssociation", False):
        _associate(call, kind, kind)
    database.note(call.author.user, ("schemas", kind.type_id), "create", {"name": [None, given["name"]]})
    return Answer(201, _shown(call, kind))


def update(call: Call) -> Row:
    """Change labels and lists of a schema; its name stays."""
    given, kind = call.object(), _custom(call)
    before = _schema(call, kind)
    if "name" in given:
        raise invalid("The name of an object cannot be changed")
    known = ("labels", "description", "primaryDisplayProperty", *_LISTS)
    after = {**before, **{name: given[name] for name in known if name in given}, "labels": _labels({**before, **given})}
    for name in ("description", "primaryDisplayProperty"):
        optional_text(after, name)
    for name in _LISTS:
        _check_names(call, kind, texts_of(after, name))
    after["updatedAt"] = call.database.stamp()
    call.database.rows("update schema set body = ? where type_id = ?", (json.dumps(after), kind.type_id))
    moved = {name: [before[name], after[name]] for name in known if before[name] != after[name]}
    call.database.note(call.author.user, ("schemas", kind.type_id), "update", moved)
    return {name: value for name, value in after.items() if name != "properties"}


def archive(call: Call) -> Answer:
    """Remove a schema that has no records."""
    kind, database = _custom(call), call.database
    if database.rows(f'select 1 from "{kind.type_id}" where archived_at is null limit 1'):
        raise invalid("An object that has records cannot be deleted")
    for sql in (
        "delete from schema where type_id = ?",
        "delete from property where type_id = ?",
        "delete from property_group where type_id = ?",
    ):
        database.rows(sql, (kind.type_id,))
    database.rows("delete from association_type where from_type = ?1 or to_type = ?1", (kind.type_id,))
    database.rows(f'drop table "{kind.type_id}"')
    database.note(call.author.user, ("schemas", kind.type_id), "archive", {"archived": [False, True]})
    return Answer(204)


def associate(call: Call) -> Answer:
    """Let a custom object be associated with another object."""
    given, kind = call.object(), _custom(call)
    other = call.database.object_type(text_of(given, "toObjectTypeId"))
    if (
        kind is not call.database.object_type(text_of(given, "fromObjectTypeId"))
        and kind.type_id != given["fromObjectTypeId"]
    ):
        raise invalid("fromObjectTypeId is another object than that of the path")
    return Answer(201, _associate(call, kind, other))


def dissociate(call: Call) -> Answer:
    """End an association of a custom object, by its id or its name."""
    kind = _custom(call)
    sql = "select type_id, inverse from association_type where from_type = ? and (type_id = ? or name = ?)"
    found = call.database.rows(sql, (kind.type_id, call.rest[1], call.rest[1]))
    if not found:
        raise not_found()
    for type_id in found[0]:
        call.database.rows("delete from association where category = ? and type_id = ?", (links.USER, type_id))
        call.database.rows("delete from association_type where category = ? and type_id = ?", (links.USER, type_id))
    return Answer(204)


def _check(call: Call, given: Row) -> None:
    """Refuse what is no schema, or one schema too many."""
    name = text_of(given, "name")
    needed = (*_NEEDED, *_DATED) if call.dated else _NEEDED
    if call.version == "2026-03":
        needed = (*needed, "shouldCreateSameObjectAssociation")
    missing = [key for key in needed if key not in given]
    if missing:
        raise unreadable(f"Some required fields were not set: {missing}")
    if not objects_of(given, "properties"):
        raise invalid("An object needs at least one property")
    if not _NAME.fullmatch(name):
        raise invalid(f"{name} is no name of an object: letters, digits and underscores, a letter first")
    _labels(given)
    custom = [kind for kind in call.database.types().values() if kind.custom]
    if any(name.lower() == kind.word.lower() for kind in custom):
        raise HubSpotError(409, "OBJECT_ALREADY_EXISTS", f"An object named '{name}' already exists.")
    if len(custom) >= call.tier.custom_objects:
        raise invalid(f"The account has reached its limit of {call.tier.custom_objects} custom objects")


def _labels(given: Row) -> dict[str, str]:
    return {name: text_of(given.get("labels"), name) for name in ("singular", "plural")}


def _check_names(call: Call, kind: ObjectType, names: Sequence[Any]) -> None:
    known = call.database.properties(kind)
    for name in names:
        if name not in known:
            raise invalid(f'Property "{name}" does not exist')


def _custom(call: Call) -> ObjectType:
    kind = call.kind
    if not kind.custom:
        raise invalid(f"{kind.name} is no custom object")
    return kind


def _schema(call: Call, kind: ObjectType) -> Row:
    found: Row = json.loads(call.database.rows("select body from schema where type_id = ?", (kind.type_id,))[0][0])
    return found


def _shown(call: Call, kind: ObjectType) -> Row:
    sql = "select type_id, from_type, to_type, name from association_type where from_type = ?1 or to_type = ?1"
    associations = [_definition(*row) for row in call.database.rows(f"{sql} order by type_id", (kind.type_id,))]
    properties = [definition.shown() for definition in call.database.properties(kind).values()]
    return {**_schema(call, kind), "properties": properties, "associations": associations}


def _associate(call: Call, kind: ObjectType, other: ObjectType) -> Row:
    if links.types(call.database, kind, other):
        raise HubSpotError(409, "OBJECT_ALREADY_EXISTS", f"{kind.name} and {other.name} are associated already.")
    first = _FIRST_LINK + 2 * call.database.next_number("link")
    second = first if other is kind else first + 1
    there, back = f"{kind.word}_to_{other.word}", f"{other.word}_to_{kind.word}"
    made = LinkType(links.USER, first, kind.type_id, other.type_id, None, there.lower(), second)
    links.add_type(call.database, made)
    if second != first:
        links.add_type(
            call.database, LinkType(links.USER, second, other.type_id, kind.type_id, None, back.lower(), first)
        )
    return _definition(first, kind.type_id, other.type_id, there.lower())


def _definition(type_id: int, start: str, end: str, name: str) -> Row:
    return {"id": str(type_id), "fromObjectTypeId": start, "toObjectTypeId": end, "name": name}
