"""Undo after apply is the identity on every engine field, on 500 random plans in a CRM that lives in memory."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
from sqlalchemy import event

from config.workspace import init, open_workspace
from connectors.base import Bulk, Receipt, Write
from connectors.records import record_schema
from jobs.context import Context
from jobs.stores import outbox, plans
from jobs.stores.entries import State
from jobs.writeback import writing
from jobs.writeback.receipts import Writing
from jobs.writeback.undo import changes_back
from overlap.fields import ACCOUNT, BY_NAME, INFLUENCE, OBJECTS, OVERLAP, PARTNER, CrmObject, Field, Kind
from overlap.plan import Action, Change, SyncPlan

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
RETIRED = {OVERLAP.name: {"status": "Retired"}, INFLUENCE.name: {"suggestion_state": "Withdrawn"}, PARTNER.name: {}}


@dataclass
class Memory:
    """A `connectors.base.Sink` without a server: records by object and id."""

    records: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {thing.name: {} for thing in OBJECTS})
    batch_size: int = 200
    links_apart: bool = False
    bulk: Bulk | None = None

    def current(self, object_name: str, keys: list[str], record_ids: list[str] = ()) -> pl.DataFrame:
        key = BY_NAME[object_name].key
        schema = {name: kind for name, kind in record_schema(BY_NAME[object_name]).items() if name != "crm"}
        of_keys, of_ids = set(keys), set(record_ids)
        rows = [
            {"id": id_, **record}
            for id_, record in self.records[object_name].items()
            if id_ in of_ids or (key and record.get(key) in of_keys)
        ]
        return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)

    def send(self, object_name: str, batch: list[Write]) -> list[Receipt]:
        return [self._write(object_name, write) for write in batch]

    def _write(self, object_name: str, write: Write) -> Receipt:
        thing = BY_NAME[object_name]
        values = {n: ";".join(v) if isinstance(v, tuple) else v for n, v in write.values.items()}
        id_ = write.record_id or f"id-{write.key}"
        created = id_ not in self.records[object_name]
        record = self.records[object_name].setdefault(id_, {thing.key: write.key} if thing.key else {})
        record.update(values)
        return Receipt(write.key, id_, created=created)

    def deleted(self, object_name: str, keys: list[str]) -> dict[str, str]:
        del object_name, keys
        return {}

    def looks(self, object_name: str, by_key: int, by_id: int) -> int:
        del object_name
        return by_key + by_id

    calls = looks


def some(random_: random.Random, one: Field) -> Any:
    """A value that the field can hold, often none."""
    if random_.random() < 0.25:
        return None
    kinds = {
        Kind.NUMBER: lambda: float(random_.randrange(100)),
        Kind.DATE: lambda: date(2026, 1, 1) + timedelta(days=random_.randrange(300)),
        Kind.DATETIME: lambda: NOW + timedelta(minutes=random_.randrange(9999)),
        Kind.MULTI_PICKLIST: lambda: ";".join(sorted(random_.sample("abcdef", random_.randint(1, 3)))),
    }
    return kinds.get(one.kind, lambda: random_.choice(("Ä", 'b "c"', "d\ne", "f", "Active")))()


def values_of(random_: random.Random, thing: CrmObject) -> dict[str, Any]:
    return {one.name: some(random_, one) for one in thing.engine_fields if one.name != thing.key}


def a_plan(random_: random.Random, sink: Memory, number: int) -> tuple[Change, ...]:
    """Random changes of random records: new ones, and others that are updated, retired, cleared or adopted."""
    changes = []
    for at in range(random_.randint(1, 12)):
        thing, key = random_.choice(OBJECTS), f"k{number}-{at}"
        if thing.key and random_.random() < 0.4:
            new = {n: v for n, v in values_of(random_, thing).items() if v is not None}
            new |= {thing.key: key, **({"status": "Active"} if thing is OVERLAP else {})}
            new |= {"suggestion_state": "Current"} if thing is INFLUENCE else {}
            changes.append(change_of(thing, key, None, Action.CREATE, dict.fromkeys(new), new))
            continue
        now = values_of(random_, thing) | ({thing.key: key} if thing.key else {})
        adopted = thing is INFLUENCE and random_.random() < 0.5
        if adopted:
            now[thing.key] = None
        id_ = key if thing.key is None else f"id-{key}"
        sink.records[thing.name][id_] = dict(now)
        wanted = {n: v for n, v in values_of(random_, thing).items() if random_.random() < 0.5 and v != now[n]}
        wanted |= {thing.key: key} if adopted else {}
        action = Action.ADOPT if adopted else random_.choice((Action.UPDATE, Action.RETIRE, Action.CLEAR))
        if wanted:
            changes.append(change_of(thing, key, id_, action, {n: now[n] for n in wanted}, wanted))
    return tuple(changes)


def change_of(thing, key, id_, action, old, new) -> Change:
    return Change(
        "salesforce", thing.name, key, id_, action, key, "globex", f"a-{random.Random(key).random()}", "c", old, new
    )


def carry_out(context: Context, sink: Memory, changes: tuple[Change, ...]) -> SyncPlan:
    plan = SyncPlan("", "1", "salesforce", "00D", "f", NOW, changes, {}, (), ())
    stored = plans.store(context.ledger, plan)
    plans.set_off(context.ledger, stored.id, NOW, None)
    writing.finish(Writing(context, sink, stored.id))
    return stored


def engine_fields(sink: Memory) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (thing.name, id_): {one.name: record.get(one.name) for one in thing.engine_fields}
        for thing in OBJECTS
        for id_, record in sink.records[thing.name].items()
    }


def test_undo_after_apply_leaves_every_engine_field_as_it_was(tmp_path, ledger):
    ledger.engine.dispose()
    event.listen(ledger.engine, "connect", lambda connection, _: connection.execute("pragma synchronous=off"))
    init(tmp_path / "workspace")
    context = Context(open_workspace(tmp_path / "workspace"), ledger, NOW, "ada")
    reached = {"created": 0, "restored": 0, "adopted": 0}
    for number in range(500):
        random_, sink = random.Random(number), Memory()
        changes = a_plan(random_, sink, number)
        before = engine_fields(sink)
        done = carry_out(context, sink, changes)
        applied = engine_fields(sink)
        undoing = changes_back(context, sink, "salesforce", [done])
        assert undoing.refused == (), number
        back = carry_out(context, sink, tuple(replace(one, cause="undo") for one in undoing.changes))
        assert outbox.tally(ledger, back.id).keys() <= {State.ACKNOWLEDGED}
        after = engine_fields(sink)
        assert {place: after[place] for place in before} == before, number
        for place in after.keys() - before.keys():
            retired = RETIRED[place[0]] | ({"changed_on": NOW.date()} if place[0] == OVERLAP.name else {})
            assert after[place] == applied[place] | retired, number
        reached["created"] += len(after.keys() - before.keys())
        reached["restored"] += applied != before and bool(before)
        reached["adopted"] += any(one.action is Action.ADOPT for one in changes)
    assert all(count > 50 for count in reached.values()), reached
    assert ACCOUNT.key is None, "records of the CRM's own are among them"
