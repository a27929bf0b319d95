"""What a portal lacks of what is wanted, as steps that a person sees first. Reads the portal, changes nothing.

What is there stays as an admin made it: labels, groups, order. Only options that are missing are added to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from connectors.hubspot.columns import STANDARD
from connectors.hubspot.limits import room_for
from connectors.hubspot.options import with_options
from connectors.hubspot.portal import COMPANIES, DEALS
from connectors.hubspot.session import HubSpotSession, Properties
from connectors.hubspot.setup.wanted import GROUP, LEFT_OUT_FIRST, Wanted, label_body, properties, schema, targets
from overlap.errors import ConfigError
from overlap.fields import CrmObject, Kind
from overlap.labels import LABELS


class Action(StrEnum):
    """What becomes of one thing."""

    CREATE = "create"
    CHANGE = "change"
    KEEP = "keep"
    LEAVE_OUT = "leave out"  # the portal has no room for it
    CLASH = "clash"  # something else has its name: only a person can settle that


class Kinds(StrEnum):
    """What a step is about, which says how it is made."""

    GROUP = "group"
    PROPERTY = "property"
    OPTIONS = "options"
    OBJECT = "object"
    ASSOCIATION = "association"
    LABEL = "label"


@dataclass(frozen=True, slots=True)
class Step:
    """*name* is ``object`` or ``object.property``. *place* and *body* say where HubSpot is sent what."""

    action: Action
    kind: Kinds
    name: str
    detail: str = ""
    place: tuple[str, ...] = ()
    body: Mapping[str, Any] = field(default_factory=dict)


def compared(session: HubSpotSession, wanted: Wanted) -> list[Step]:
    """Return the steps that bring the portal to what is *wanted*, in the order in which they are made.

    Raises:
        ConfigError: there is no partner yet: HubSpot makes no list without an option.
        AccessError: the portal does not let us look.
    """
    steps: list[Step] = []
    portal = session.portal
    for thing in portal.things:
        if thing.key is not None:
            steps += _object(session, thing)
        elif wanted.flat_fields:
            if not wanted.partners:
                raise ConfigError(
                    "there is no partner in the settings, and HubSpot makes no list without an option; add a first "
                    "[partners.KEY] with its name"
                )
            steps += _flat(session, thing, wanted.partners)
    if portal.labels and not portal.custom_objects:
        steps += _labels(session)
    return steps


def _flat(session: HubSpotSession, thing: CrmObject, partners: tuple[str, ...]) -> Iterator[Step]:
    path = STANDARD[thing.name]
    groups = {str(one["name"]) for one in session.read("groups", path)["results"]}
    if GROUP["name"] not in groups:
        yield Step(Action.CREATE, Kinds.GROUP, f"{path}.{GROUP['name']}", "", (path,), GROUP)
    found = list(_properties(session, thing, path, properties(thing, partners), str(GROUP["name"])))
    order = LEFT_OUT_FIRST[thing.name]
    new = sorted((one for one in found if one.action is Action.CREATE), key=lambda one: order.index(one.body["name"]))
    room = room_for(session, path)
    lost = {one.name for one in new[: max(0, len(new) - room)]} if room is not None else set()
    for step in found:
        if step.name in lost:
            yield Step(Action.LEAVE_OUT, step.kind, step.name, "no room for more custom properties")
        else:
            yield step


def _properties(
    session: HubSpotSession, thing: CrmObject, path: str, bodies: Sequence[Mapping[str, Any]], group: str
) -> Iterator[Step]:
    there = session.properties(path) or {}
    archived = {str(one["name"]) for one in session.read("properties", path, query=[("archived", "true")])["results"]}
    for body in bodies:
        name = str(body["name"])
        yield _property(thing, path, {**body, "groupName": group}, there, name in archived)


def _property(thing: CrmObject, path: str, body: Mapping[str, Any], there: Properties, is_archived: bool) -> Step:
    name = str(body["name"])
    shown = f"{thing.name if thing.key else path}.{name}"
    if name not in there:
        if is_archived:
            return Step(
                Action.CLASH, Kinds.PROPERTY, shown, "it is archived: restore it in HubSpot, or delete it there"
            )
        return Step(Action.CREATE, Kinds.PROPERTY, shown, "", (path,), body)
    is_ = there[name]
    wanted, found = ((one["type"], one["fieldType"], bool(one.get("hasUniqueValue"))) for one in (body, is_))
    if wanted != found:
        what = f"it is a {is_['fieldType']} of {is_['type']}" + (", unique" if found[2] else "")
        return Step(Action.CLASH, Kinds.PROPERTY, shown, f"{what}, and not ours: rename or delete it in HubSpot")
    # A checkbox's two options are HubSpot's to word.
    names = [] if body["type"] == "bool" else [str(one["value"]) for one in body["options"]]
    options = with_options(_named(thing, name), is_, names)
    if options is None:
        return Step(Action.KEEP, Kinds.PROPERTY, shown)
    known = {str(one["label"]) for one in is_.get("options") or ()}
    more = ", ".join(str(one["label"]) for one in options if str(one["label"]) not in known)
    return Step(Action.CHANGE, Kinds.OPTIONS, shown, f"options {more}", (path, name), {"options": list(options)})


def _named(thing: CrmObject, name: str) -> Any:
    one = thing.by_name[name]
    assert one.kind is not Kind.LOOKUP or one.target == "user"
    return one


def _object(session: HubSpotSession, thing: CrmObject) -> Iterator[Step]:
    type_ids = session.portal.type_ids
    path = type_ids.get(thing.name)
    if path is None:
        yield Step(Action.CREATE, Kinds.OBJECT, thing.name, "", (), schema(thing, targets(thing), session.paths.family))
        return
    yield Step(Action.KEEP, Kinds.OBJECT, thing.name)
    group = str(
        (session.properties(path) or {}).get(str(thing.key), {}).get("groupName") or f"{thing.name}_information"
    )
    yield from _properties(session, thing, path, properties(thing, ()), group)
    for target in targets(thing):
        end = STANDARD.get(target) or type_ids.get(target)
        named = f"{thing.name}.{target}"
        if end is not None and session.read("labels", path, end)["results"]:
            yield Step(Action.KEEP, Kinds.ASSOCIATION, named)
        else:
            body = {"fromObjectTypeId": path, "toObjectTypeId": target, "name": f"{thing.name}_to_{target}"}
            yield Step(Action.CREATE, Kinds.ASSOCIATION, named, "", (path,), body)


def _labels(session: HubSpotSession) -> Iterator[Step]:
    there = set(session.labels(DEALS, COMPANIES).values())
    for label in LABELS:
        action = Action.KEEP if label in there else Action.CREATE
        yield Step(action, Kinds.LABEL, f"{DEALS}.{label}", "", (DEALS, COMPANIES), label_body(label))
