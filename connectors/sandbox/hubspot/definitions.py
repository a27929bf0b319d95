"""Properties and their groups: made, changed, archived, with HubSpot's rules for names, types, options and numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from connectors.sandbox.hubspot.bodies import Row, flag_of, number_of, objects_of, optional_text, text_of
from connectors.sandbox.hubspot.call import Answer, Call
from connectors.sandbox.hubspot.database import Database
from connectors.sandbox.hubspot.errors import HubSpotError, invalid, not_found
from connectors.sandbox.hubspot.schema import FIELD_TYPES, OPTION_TYPES, ObjectType, Option, Property
from connectors.sandbox.hubspot.tiers import TIERS, UNIQUE_PROPERTIES
from connectors.sandbox.hubspot.writes import Author

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,99}")
_MOST: Final = 100
_UNIQUE: Final = frozenset({"string", "number"})
#: What a definition may say of how a value is shown: kept and given back.
_HINTS: Final = ("numberDisplayHint", "textDisplayHint", "showCurrencySymbol", "currencyPropertyName")
_CHANGEABLE: Final = frozenset(
    {"label", "type", "fieldType", "groupName", "description", "options", "displayOrder", "hidden", "formField"}
) | frozenset(_HINTS)


def every(call: Call) -> Row:
    """Answer with the properties of an object: those in use, or the archived ones."""
    found = call.database.properties(call.kind, archived=call.flag("archived")).values()
    return {"results": [definition.shown() for definition in found]}


def one(call: Call) -> Row:
    """Answer with one property."""
    return _find(call, call.rest[1], archived=call.flag("archived")).shown()


def create(call: Call) -> Answer:
    """Make a property."""
    return Answer(201, made(call.author, call.kind, call.object()).shown())


def update(call: Call) -> Row:
    """Change a property; options that are given take the place of all that were there."""
    given, before = call.object(), _find(call, call.rest[1])
    if not before.ours:
        raise invalid(f"{before.name} is defined by HubSpot and cannot be changed")
    if unknown := given.keys() - _CHANGEABLE:
        raise invalid(f"{min(unknown)} of a property cannot be changed")
    return changed(call.author, call.kind, before, given).shown()


def archive(call: Call) -> Answer:
    """Put a property into the archive, its values with it."""
    put_away(call.author, call.kind, _find(call, call.rest[1]))
    return Answer(204)


def create_several(call: Call) -> Answer:
    """Make properties, each by itself: those that are refused are rows of a 207 answer.

    Source: HubSpot's specifications, of which the one of 2026-09 has 200 where the others have 201.
    """
    inputs = call.inputs(_MOST)
    found: list[Row] = []
    errors: list[Row] = []
    for name, given in [(text_of(given, "name"), given) for given in inputs]:
        try:
            with call.database.transaction():
                found.append(made(call.author, call.kind, given).shown())
        except HubSpotError as error:
            errors.append(error.row({"name": [name]}))
    if errors:
        return Answer(207, {**_batch(call, found), "numErrors": len(errors), "errors": errors})
    return Answer(200 if call.version == "2026-09" else 201, _batch(call, found))


def read_several(call: Call) -> Answer:
    """Answer with some properties; those that are not there are rows of a 207 answer."""
    known = call.database.properties(call.kind, archived=flag_of(call.object(), "archived", False))
    names = [text_of(given, "name") for given in call.inputs(_MOST)]
    found = _batch(call, [known[name].shown() for name in names if name in known])
    errors = [_absent(name).row({"name": [name]}) for name in names if name not in known]
    return Answer(207, {**found, "numErrors": len(errors), "errors": errors}) if errors else Answer(200, found)


def archive_several(call: Call) -> Answer:
    """Put properties into the archive."""
    for name in [text_of(given, "name") for given in call.inputs(_MOST)]:
        put_away(call.author, call.kind, _find(call, name))
    return Answer(204)


def made(author: Author, kind: ObjectType, given: Mapping[str, Any]) -> Property:
    """Define a new property.

    Raises:
        HubSpotError: HubSpot refuses it.
    """
    database = author.database
    name = text_of(given, "name")
    if not _NAME.fullmatch(name) or name.startswith("hs_"):
        raise invalid(f"{name} is no name of a property: small letters, digits and underscores, not hs_ first")
    if name in database.properties(kind) or name in database.properties(kind, archived=True):
        raise HubSpotError(409, "OBJECT_ALREADY_EXISTS", f"A property named '{name}' already exists.")
    now = database.stamp()
    unique = flag_of(given, "hasUniqueValue", False)
    blank = Property(name, "", "", "", "", unique=unique, ours=True, created_at=now)
    definition = _described(database, kind, blank, given)
    _check_room(database, kind, definition)
    database.define(kind, definition)
    shown = {"label": [None, definition.label], "type": [None, definition.type]}
    database.note(author.user, ("properties", f"{kind.word}.{name}"), "create", shown)
    return definition


def changed(author: Author, kind: ObjectType, before: Property, given: Mapping[str, Any]) -> Property:
    """Change the definition *before* to what is *given*.

    Raises:
        HubSpotError: HubSpot refuses it.
    """
    database = author.database
    after = _described(database, kind, before, given)
    old, new = before.shown(), after.shown()
    moved = {name: [old.get(name), new[name]] for name in new if name != "updatedAt" and old.get(name) != new[name]}
    if moved:
        database.define(kind, after)
        database.note(author.user, ("properties", f"{kind.word}.{before.name}"), "update", moved)
    return after


def put_away(author: Author, kind: ObjectType, before: Property) -> None:
    """Archive a property.

    Raises:
        HubSpotError: it is HubSpot's own.
    """
    if not before.ours:
        raise invalid(f"{before.name} is defined by HubSpot and cannot be archived")
    author.database.define(kind, replace(before, archived_at=author.database.stamp()))
    what = ("properties", f"{kind.word}.{before.name}")
    author.database.note(author.user, what, "archive", {"archived": [False, True]})


def _find(call: Call, name: str, *, archived: bool = False) -> Property:
    found = call.database.properties(call.kind, archived=archived).get(name)
    if found is None:
        raise _absent(name)
    return found


def _absent(name: str) -> HubSpotError:
    return HubSpotError(
        404, "OBJECT_NOT_FOUND", f'Property "{name}" does not exist', subCategory="PROPERTY_DOESNT_EXIST"
    )


def _described(database: Database, kind: ObjectType, before: Property, given: Mapping[str, Any]) -> Property:
    """Return *before* with what is *given*, checked."""
    said = {"label": before.label, "type": before.type, "fieldType": before.field_type, "groupName": before.group}
    said = {name: text_of({**said, **given}, name) for name in said}
    if said["fieldType"] not in FIELD_TYPES.get(said["type"], ()):
        raise invalid(f"{said['fieldType']} is not a valid fieldType for a property of type {said['type']}")
    groups = database.rows(
        "select 1 from property_group where type_id = ? and name = ?", (kind.type_id, said["groupName"])
    )
    if not groups:
        raise invalid(f"The property group '{said['groupName']}' does not exist")
    options = _options(objects_of(given, "options")) or before.options
    if said["type"] in OPTION_TYPES and not options:
        raise invalid(f"A property of type {said['type']} needs options")
    if said["type"] == "bool" and sorted(option.value for option in options) != ["false", "true"]:
        raise invalid("A property of type bool has the two options true and false")
    if said["type"] not in OPTION_TYPES and options:
        raise invalid(f"A property of type {said['type']} has no options")
    return replace(
        before,
        label=said["label"],
        type=said["type"],
        field_type=said["fieldType"],
        group=said["groupName"],
        options=options,
        description=optional_text({"description": before.description, **given}, "description"),
        hidden=flag_of(given, "hidden", before.hidden),
        form_field=flag_of(given, "formField", before.form_field),
        display_order=number_of(given, "displayOrder", before.display_order),
        updated_at=database.stamp(),
        more={**before.more, **{name: given[name] for name in _HINTS if name in given}},
    )


def _options(given: Sequence[Row]) -> tuple[Option, ...]:
    found = []
    for option in given:
        value, hidden = text_of(option, "value"), flag_of(option, "hidden")
        if ";" in value:
            raise invalid(f"The option value '{value}' has a semicolon, which parts values")
        order, text = number_of(option, "displayOrder", -1), optional_text(option, "description")
        found.append(Option(value, text_of(option, "label"), hidden, order, text))
    for names in ([option.value for option in found], [option.label.lower() for option in found]):
        if len(set(names)) < len(names):
            raise invalid("Values and labels of options must be unique")
    return tuple(found)


def _check_room(database: Database, kind: ObjectType, definition: Property) -> None:
    ours = [known for known in database.properties(kind).values() if known.ours]
    most = TIERS[database.setting("tier")].properties
    if len(ours) >= most:
        raise invalid(f"The account has reached its limit of {most} custom properties of {kind.name}")
    if not definition.unique:
        return
    if definition.type not in _UNIQUE:
        raise invalid(f"A property of type {definition.type} cannot have unique values")
    if sum(known.unique for known in ours) >= UNIQUE_PROPERTIES:
        raise invalid(f"An object has at most {UNIQUE_PROPERTIES} properties with unique values")


def _batch(call: Call, results: list[Row]) -> Row:
    now = call.database.stamp()
    return {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}


# --- groups ---------------------------------------------------------------------------------------------------------


def groups(call: Call) -> Row:
    """Answer with the property groups of an object."""
    sql = "select name, label, display_order from property_group where type_id = ? order by display_order, name"
    return {"results": [_group(*row) for row in call.database.rows(sql, (call.kind.type_id,))]}


def group(call: Call) -> Row:
    """Answer with one group."""
    sql = "select name, label, display_order from property_group where type_id = ? and name = ?"
    for row in call.database.rows(sql, (call.kind.type_id, call.rest[1])):
        return _group(*row)
    raise not_found(f"The property group '{call.rest[1]}' does not exist")


def create_group(call: Call) -> Answer:
    """Make a group."""
    given = call.object()
    name, label, order = text_of(given, "name"), text_of(given, "label"), number_of(given, "displayOrder", -1)
    if not _NAME.fullmatch(name):
        raise invalid(f"{name} is no name of a group: small letters, digits and underscores")
    add_group(call.author, call.kind, name, label, order)
    return Answer(201, _group(name, label, order))


def add_group(author: Author, kind: ObjectType, name: str, label: str, order: int = -1) -> None:
    """Make a group.

    Raises:
        HubSpotError: it is there.
    """
    sql = "insert or ignore into property_group values (?, ?, ?, ?) returning name"
    if not author.database.rows(sql, (kind.type_id, name, label, order)):
        raise HubSpotError(409, "OBJECT_ALREADY_EXISTS", f"A property group named '{name}' already exists.")
    author.database.note(author.user, ("groups", f"{kind.word}.{name}"), "create", {"label": [None, label]})


def update_group(call: Call) -> Row:
    """Change the label or the place of a group."""
    given, before = call.object(), group(call)
    after: Row = {**before, **{name: given[name] for name in ("label", "displayOrder") if name in given}}
    label, order = text_of(after, "label"), number_of(after, "displayOrder")
    sql = "update property_group set label = ?, display_order = ? where type_id = ? and name = ?"
    call.database.rows(sql, (label, order, call.kind.type_id, before["name"]))
    what = ("groups", f"{call.kind.word}.{before['name']}")
    call.database.note(call.author.user, what, "update", {"label": [before["label"], label]})
    return _group(before["name"], label, order)


def archive_group(call: Call) -> Answer:
    """Remove a group that has no properties."""
    before = group(call)
    if any(known.group == before["name"] for known in call.database.properties(call.kind).values()):
        raise invalid(f"The property group '{before['name']}' has properties")
    sql = "delete from property_group where type_id = ? and name = ?"
    call.database.rows(sql, (call.kind.type_id, before["name"]))
    what = ("groups", f"{call.kind.word}.{before['name']}")
    call.database.note(call.author.user, what, "archive", {"archived": [False, True]})
    return Answer(204)


def _group(name: str, label: str, order: int) -> Row:
    return {"name": name, "label": label, "displayOrder": order, "archived": False}
