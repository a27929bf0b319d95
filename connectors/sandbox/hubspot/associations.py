"""Associations between records, and their labels.

Versions differ. The ids that v4 answers with are numbers, those of dated ones are texts. To a batch that creates,
``2026-09`` says 200; to one that archives, dated ones say 200 with a body; and ``2026-09`` reads only in batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from connectors.sandbox.hubspot import links
from connectors.sandbox.hubspot.bodies import Row, as_id, number_of, objects_of, optional_text, text_of, types_of
from connectors.sandbox.hubspot.call import Answer, Call
from connectors.sandbox.hubspot.errors import HubSpotError, invalid, not_found
from connectors.sandbox.hubspot.links import Ends, LinkType
from connectors.sandbox.hubspot.schema import ObjectType

MOST_READ, MOST_WRITTEN = 1_000, 2_000
_PAGE: Final = 500


def of_record(call: Call) -> Row:
    """Answer with what a record is associated with: (object, id, the other object)."""
    kind, end = call.kind, call.database.object_type(call.rest[2])
    record = _id(call.rest[1])
    if call.database.find(kind, record) is None:
        raise not_found()
    limit, after = call.number("limit", _PAGE, _PAGE), call.text("after") or "0"
    place = as_id(after)
    if place is None:
        raise invalid(f"after: '{after}' is not a valid cursor")
    found, more = _page(call, (kind, record), end, (place, limit))
    return {"results": found} | ({"paging": more} if more else {})


def label(call: Call) -> Answer:
    """Associate two records by types that the body lists."""
    ends = _ends(call, *call.rest)
    links.connect(call.author, ends, links.of_ids(call.database, ends, types_of(call.json())))
    return Answer(201, _labels(call, ends))


def default(call: Call) -> Row:
    """Associate two records without a label."""
    return _batch(call, _associated(call, _ends(call, *call.rest)))


def remove(call: Call) -> Answer:
    """End every association of two records."""
    links.disconnect(call.author, _ends(call, *call.rest))
    return Answer(204)


def read(call: Call) -> Answer:
    """Answer with what some records are associated with; those with nothing are rows of a 207 answer."""
    kind, end = _kinds(call)
    results: list[Row] = []
    errors: list[Row] = []
    for given in call.inputs(MOST_READ):
        identity, after = text_of(given, "id"), optional_text(given, "after") or "0"
        record, place = as_id(identity), as_id(after)
        if record is None or place is None:
            bad = invalid(f"{identity} is not a valid id", subCategory="crm.associations.INVALID_IDENTIFIER")
            errors.append(bad.row({"id": [identity]}))
            continue
        found, more = _page(call, (kind, record), end, (place, _PAGE))
        if found:
            results.append({"from": {"id": identity}, "to": found} | ({"paging": more} if more else {}))
        else:
            errors.append(_alone(kind, end, identity))
    return _answer(call, results, errors, 200)


def create(call: Call) -> Answer:
    """Associate pairs of records by the types that each lists."""
    inputs = [(given, types_of(given.get("types"))) for given in call.inputs(MOST_WRITTEN)]
    results: list[Row] = []
    errors: list[Row] = []
    for given, specs in inputs:
        ends = _pair(call, given)
        try:
            with call.database.transaction():
                links.connect(call.author, ends, links.of_ids(call.database, ends, specs))
        except HubSpotError as error:
            errors.append(error.row({"from": [str(ends.record)], "to": [str(ends.to_record)]}))
            continue
        results.append(_labels(call, ends))
    return _answer(call, results, errors, 200 if call.version == "2026-09" else 201)


def create_default(call: Call) -> Row:
    """Associate pairs of records without a label."""
    pairs = [_pair(call, given) for given in call.inputs(MOST_WRITTEN)]
    return _batch(call, [row for ends in pairs for row in _associated(call, ends)])


def archive(call: Call) -> Answer:
    """End every association of some records with some others."""
    kind, end = _kinds(call)
    for given in call.inputs(MOST_WRITTEN):
        for target in objects_of(given, "to"):
            ends = Ends(kind, _id(text_of(given.get("from"), "id")), end, _id(text_of(target, "id")))
            links.disconnect(call.author, ends)
    return Answer(200, _batch(call, [])) if call.dated else Answer(204)


def archive_labels(call: Call) -> Answer:
    """Take some types from associations."""
    for given in call.inputs(MOST_WRITTEN):
        ends = _pair(call, given)
        links.disconnect(call.author, ends, links.of_ids(call.database, ends, types_of(given.get("types"))))
    return Answer(200, _batch(call, [])) if call.dated else Answer(204)


def types(call: Call) -> Row:
    """Answer with the types of association from one object to another."""
    return {"results": [one.shown() for one in links.types(call.database, *_kinds(call))]}


def create_type(call: Call) -> Row:
    """Make a label, one for each direction."""
    given = call.object()
    said = text_of(given, "label"), optional_text(given, "inverseLabel")
    made = links.add_label(call.author, _kinds(call), text_of(given, "name"), said)
    return {"results": [one.shown() for one in made]}


def update_type(call: Call) -> Answer:
    """Change the words of a label."""
    given = call.object()
    one = _own_type(call, number_of(given, "associationTypeId"))
    sql = "update association_type set label = ? where category = ? and type_id = ?"
    call.database.rows(sql, (text_of(given, "label"), one.category, one.type_id))
    if (inverse := optional_text(given, "inverseLabel")) and one.inverse != one.type_id:
        call.database.rows(sql, (inverse, one.category, one.inverse))
    what = ("labels", ".".join([*(kind.word for kind in _kinds(call)), one.name]))
    call.database.note(call.author.user, what, "update", {"label": [one.label, given["label"]]})
    return Answer(204)


def archive_type(call: Call) -> Answer:
    """Remove a label, from every association that has it too."""
    one = _own_type(call, as_id(call.rest[2]))
    for table in ("association", "association_type"):
        sql = f"delete from {table} where category = ? and type_id in (?, ?)"
        call.database.rows(sql, (one.category, one.type_id, one.inverse))
    what = ("labels", ".".join([*(kind.word for kind in _kinds(call)), one.name]))
    call.database.note(call.author.user, what, "archive", {"archived": [False, True]})
    return Answer(204)


def _own_type(call: Call, type_id: Any) -> LinkType:
    for one in links.types(call.database, *_kinds(call)):
        if one.category == links.USER and one.label and one.type_id == type_id:
            return one
    raise not_found(f"{type_id} is no label of these objects")


def _kinds(call: Call) -> tuple[ObjectType, ObjectType]:
    return call.kind, call.database.object_type(call.rest[1])


def _ends(call: Call, *named: str) -> Ends:
    kind, record, end, other = named
    return Ends(call.database.object_type(kind), _id(record), call.database.object_type(end), _id(other))


def _pair(call: Call, given: Row) -> Ends:
    kind, end = _kinds(call)
    record, other = (text_of(given.get(side), "id") for side in ("from", "to"))
    return Ends(kind, _id(record), end, _id(other))


def _id(text: str) -> int:
    found = as_id(text)
    if found is None:
        raise invalid(f"{text} is not a valid id", subCategory="crm.associations.INVALID_IDENTIFIER")
    return found


def _told(call: Call, record: int) -> int | str:
    return str(record) if call.dated else record


def _page(
    call: Call, start: tuple[ObjectType, int], end: ObjectType, span: tuple[int, int]
) -> tuple[list[Row], Row | None]:
    after, limit = span
    hidden = call.database.hidden
    held = links.linked(call.database, start, end)
    ids = [to for to in held if to > after and (end.type_id, to) not in hidden]
    rows = [{"toObjectId": _told(call, to), "associationTypes": [on.shown() for on in held[to]]} for to in ids[:limit]]
    more = {"next": {"after": str(ids[limit - 1])}} if len(ids) > limit else None
    return rows, more


def _labels(call: Call, ends: Ends) -> Row:
    held = links.linked(call.database, (ends.kind, ends.record), ends.to_kind).get(ends.to_record, [])
    return {
        "fromObjectTypeId": ends.kind.type_id,
        "fromObjectId": _told(call, ends.record),
        "toObjectTypeId": ends.to_kind.type_id,
        "toObjectId": _told(call, ends.to_record),
        "labels": [on.label for on in held if on.label is not None],
    }


def _associated(call: Call, ends: Ends) -> list[Row]:
    """Associate by the plain type; a deal's first company is its primary one too."""
    database = call.database
    wanted = [links.plain(database, ends.kind, ends.to_kind)]
    deal = ends if ends.kind.name == "deals" else ends.turned()
    if (deal.kind.name, deal.to_kind.name) == ("deals", "companies"):
        held = links.linked(database, (deal.kind, deal.record), deal.to_kind)
        if not held:
            primary = links.DEAL_TO_PRIMARY if deal is ends else 6
            wanted += links.of_ids(database, ends, [(links.HUBSPOT, primary)])
    links.connect(call.author, ends, wanted)
    ways = [(ends, wanted[0].type_id), (ends.turned(), wanted[0].inverse)]
    return [
        {
            "from": {"id": str(way.record)},
            "to": {"id": str(way.to_record)},
            "associationSpec": {"associationCategory": wanted[0].category, "associationTypeId": type_id},
        }
        for way, type_id in ways
    ]


def _alone(kind: ObjectType, end: ObjectType, record: str) -> Row:
    message = f"No {end.singular.lower()} is associated with {kind.singular.lower()} {record}."
    error = HubSpotError(404, "OBJECT_NOT_FOUND", message, subCategory="crm.associations.NO_ASSOCIATIONS_FOUND")
    return error.row({"fromObjectId": [record], "fromObjectType": [kind.name], "toObjectType": [end.name]})


def _batch(call: Call, results: Sequence[Row]) -> Row:
    now = call.database.stamp()
    return {"status": "COMPLETE", "results": [*results], "startedAt": now, "completedAt": now}


def _answer(call: Call, results: Sequence[Row], errors: Sequence[Row], status: int) -> Answer:
    body = _batch(call, results)
    return Answer(207, {**body, "numErrors": len(errors), "errors": [*errors]}) if errors else Answer(status, body)
