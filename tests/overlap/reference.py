"""The whole planning once more, slowly and record by record: the oracle of `overlap.planning.intent`."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from overlap.fields import OBJECTS, CrmObject
from tests.overlap.agreed import key_by_hand
from tests.overlap.frames import TODAY, WORKSPACE
from tests.overlap.reference_records import Row, World, desired

Found = tuple[str, str, str, str | None, frozenset[tuple[str, Any]], frozenset[tuple[str, Any]]]


def expected(world: World) -> tuple[set[Found], list[str], dict[str, int]]:
    """(object, action, key, record id, new, old) of every change; the notes; how many records are right."""
    changes: set[Found] = set()
    notes: list[str] = []
    unchanged: dict[str, int] = defaultdict(int)
    wanted = desired(world)
    adopted = _adoptions(world, wanted["partner_influence"], changes, notes)
    wanted["partner_influence"] = {
        key: row for key, row in _with_room(world, wanted["partner_influence"], adopted).items() if key not in adopted
    }
    for thing in OBJECTS:
        address = thing.key or "id"
        now = world.current[thing.name]
        alive = {row[address]: row for row in now if not row["is_deleted"] and row[address]}
        dead = {row[address] for row in now if row["is_deleted"]}
        for key, row in wanted[thing.name].items():
            if key in alive:
                new = _moved(thing, row, alive[key])
                unchanged[thing.name] += not new
                if new:
                    changes.add(_change(thing, "update", key, alive[key], new | _today(thing)))
            elif thing.key is None or (key in dead and thing.name != "overlap_partner"):
                notes.append(key)
            else:
                new = {name: value for name, value in row.items() if value is not None}
                changes.add(_change(thing, "create", key, None, new | _today(thing)))
        for key, row in alive.items():
            if key not in wanted[thing.name] and key not in adopted:
                _retire(thing, key, row, changes)
    return changes, sorted(notes), dict(unchanged)


def _today(thing: CrmObject) -> Row:
    return {name: TODAY for name in ("changed_on", "overlap_changed_on") if name in thing.by_name}


def _plain(value: Any) -> Any:
    return ";".join(sorted(value.split(";"))) if isinstance(value, str) and ";" in value else value


def _moved(thing: CrmObject, row: Row, now: Row) -> Row:
    new = {}
    by_person = thing.name == "partner_influence" and now["origin"] != "Engine"
    for name in {one.name for one in thing.engine_fields} - {
        "first_seen",
        "changed_on",
        "overlap_changed_on",
        "origin",
    }:
        value = row.get(name)
        if _plain(value) == _plain(now[name]) or (value is None and (by_person or name == "owner_id")):
            continue
        if not (by_person and now[name] is not None):
            new[name] = value
    return new


def _change(thing: CrmObject, action: str, key: str, now: Row | None, new: Row) -> Found:
    moved = {name: value for name, value in new.items() if now is None or _plain(now[name]) != _plain(value)}
    old = {name: now and _plain(now[name]) for name in moved}
    record_id = now and now["id"]
    return thing.name, action, key, record_id, frozenset(moved.items()), frozenset(old.items())


def _is_current(row: Row) -> bool:
    ours = row["workspace"] == WORKSPACE and not row["is_deleted"]
    return ours and row["origin"] == "Engine" and row["suggestion_state"] == "Current"


def _with_room(world: World, wanted: dict[str, Row], adopted: set[str]) -> dict[str, Row]:
    """What stands and what people made, and new suggestions in their order while there is room."""
    now = {row["influence_key"]: row for row in world.current["partner_influence"] if not row["is_deleted"]}
    may = {row["key"]: row["suggest"] for row in world.influences}
    allowed = {k: row for k, row in wanted.items() if not world.off_limits(row["account"], row["opportunity"])}
    taken: dict[str, int] = defaultdict(int)
    for key, row in allowed.items():
        taken[row["opportunity"]] += key in now and _is_current(now[key])
    kept = {}
    for key, row in allowed.items():
        if key in adopted or (key in now and (_is_current(now[key]) or now[key]["origin"] != "Engine")):
            kept[key] = row
        elif may[key] and taken[row["opportunity"]] < world.most:
            taken[row["opportunity"]] += 1
            kept[key] = row
    return kept


def _adoptions(world: World, wanted: dict[str, Row], changes: set[Found], notes: list[str]) -> set[str]:
    """Give each first hand-made record its key, and name the others; return the keys given."""
    alive = [row for row in world.current["partner_influence"] if not row["is_deleted"]]
    taken = {row["influence_key"] for row in alive}
    thing = next(thing for thing in OBJECTS if thing.name == "partner_influence")
    deals = {row["id"] for row in world.opportunities}
    partners = {world.partner_key(row["partner"]): row["partner"] for row in world.partners}
    given: set[str] = set()
    for row in sorted(alive, key=lambda row: row["id"]):
        if row["influence_key"] or row["opportunity"] not in deals or row["partner"] not in partners:
            continue
        key = key_by_hand(WORKSPACE, partners[row["partner"]], row["opportunity"], "influence")
        if key in taken | given:
            notes.append(row["id"])
            continue
        given.add(key)
        evidence = wanted.get(key, {})
        if evidence and world.off_limits(evidence["account"], evidence["opportunity"]):
            evidence = {}
        fill = evidence | {"influence_key": key, "workspace": WORKSPACE, "origin": "Person"}
        new = {name: value for name, value in fill.items() if value is not None and row[name] is None}
        changes.add(_change(thing, "adopt", key, row, new))
    return given


def _retire(thing: CrmObject, key: str, row: Row, changes: set[Found]) -> None:
    if thing.name == "partner_overlap" and row["workspace"] == WORKSPACE and row["status"] == "Active":
        changes.add(_change(thing, "retire", key, row, {"status": "Retired", "changed_on": TODAY}))
    if thing.name == "partner_influence" and _is_current(row):
        changes.add(_change(thing, "retire", key, row, {"suggestion_state": "Withdrawn"}))
    filled = {one.name: None for one in thing.engine_fields if one.name != "overlap_changed_on"}
    if thing.key is None and any(row[name] is not None for name in filled):
        changes.add(_change(thing, "clear", key, row, filled | {"overlap_changed_on": TODAY}))
