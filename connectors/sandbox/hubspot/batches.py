"""Up to a hundred records in one call: read, create, update, upsert, archive.

A batch is refused as a whole, unless each input has an ``objectWriteTraceId`` of its own: then what is refused is a row
of a 207 answer. Ids that lead nowhere are always such a row. What comes back is in no order that means anything.
Source: HubSpot's guides to objects and to error handling ("multi-status errors").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from connectors.sandbox.hubspot import lifecycle, records, writes
from connectors.sandbox.hubspot.bodies import Row, as_id, optional_text, properties_of, text_of, texts_of
from connectors.sandbox.hubspot.call import Answer, Call
from connectors.sandbox.hubspot.database import Record
from connectors.sandbox.hubspot.errors import HubSpotError, invalid, missing_records, repeated

MOST: Final = 100


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of the inputs: records as the API shows them, refused rows, and ids that lead nowhere."""

    results: list[Row] = field(default_factory=list)
    errors: list[Row] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def read(call: Call) -> Answer:
    """Answer with the records of some ids, or of some values of a unique property."""
    kind, database, body = call.kind, call.database, call.object()
    names = records.wanted(database, kind, texts_of(body, "properties"))
    if texts_of(body, "propertiesWithHistory"):
        raise invalid("propertiesWithHistory: this sandbox keeps no history of properties")
    archived, id_property = call.flag("archived"), optional_text(body, "idProperty")
    outcome = _Outcome()
    for identity in dict.fromkeys(text_of(given, "id") for given in call.inputs(MOST)):
        found = records.identified(database, kind, identity, id_property, archived=archived)
        if found is None or (found.archived_at is not None) != archived or not records.visible(database, kind, [found]):
            outcome.missing.append(identity)
        else:
            outcome.results.append(records.shown(kind, found, names))
    return _answer(call, outcome, 200)


def create(call: Call) -> Answer:
    """Make records, with their associations."""

    def make(given: Row, _: Record | None) -> Row:
        record = records.made(call, given)
        return records.written(call.database, call.kind, record, properties_of(given))

    return _answer(call, _each(call, [(given, None) for given in call.inputs(MOST)], make), 201)


def update(call: Call) -> Answer:
    """Change records by id, or by the value of a unique property."""
    found = _resolved(call, call.inputs(MOST))
    there = [(given, record) for given, record in found if record is not None]

    def change(given: Row, record: Record | None) -> Row:
        assert record is not None
        writes.update(call.author, call.kind, record, properties_of(given))
        return records.written(call.database, call.kind, record.id, properties_of(given))

    outcome = _each(call, there, change)
    outcome.missing.extend(text_of(given, "id") for given, record in found if record is None)
    return _answer(call, outcome, 200)


def upsert(call: Call) -> Answer:
    """Change the records that have the values of a unique property, and make those that nobody has."""
    inputs = call.inputs(MOST)
    for given in inputs:
        text_of(given, "idProperty")

    def put(given: Row, record: Record | None) -> Row:
        values = {given["idProperty"]: text_of(given, "id"), **properties_of(given)}
        if record is None:
            made = writes.create(call.author, call.kind, values)
        else:
            writes.update(call.author, call.kind, record, values)
            made = record.id
        return {**records.written(call.database, call.kind, made, values), "new": record is None}

    return _answer(call, _each(call, _resolved(call, inputs), put), 200)


def archive(call: Call) -> Answer:
    """Put records into the archive."""
    for record in [text_of(given, "id") for given in call.inputs(MOST)]:
        if (number := as_id(record)) is not None:
            lifecycle.archive(call.author, call.kind, number)
    return Answer(204)


def _resolved(call: Call, inputs: Sequence[Row]) -> list[tuple[Row, Record | None]]:
    """Return each input with the record that it means, None if there is none.

    Raises:
        HubSpotError: two of them are one record, or a property is not unique.
    """
    found: list[tuple[Row, Record | None]] = []
    seen: dict[str, int] = {}
    for given in inputs:
        identity, _ = text_of(given, "id"), properties_of(given)
        record = records.identified(call.database, call.kind, identity, optional_text(given, "idProperty"))
        if record is not None and (record.archived_at or not records.visible(call.database, call.kind, [record])):
            record = None
        found.append((given, record))
        key = f"{given.get('idProperty') or ''} {identity.lower()}" if record is None else str(record.id)
        seen[key] = seen.get(key, 0) + 1
    if twice := [key.rpartition(" ")[2] for key, times in seen.items() if times > 1]:
        raise repeated(twice)
    return found


def _each(
    call: Call, inputs: Sequence[tuple[Row, Record | None]], act: Callable[[Row, Record | None], Row]
) -> _Outcome:
    """Do each input, as one transaction, or as one each if they can be told apart.

    Raises:
        HubSpotError: an input is refused, and they cannot be.
    """
    traces = [given.get("objectWriteTraceId") for given, _ in inputs]
    told = [trace for trace in traces if isinstance(trace, str) and trace]
    apart = len(set(told)) == len(traces)
    outcome = _Outcome()
    for (given, record), trace in zip(inputs, traces, strict=True):
        try:
            with call.database.transaction():
                result = act(given, record)
        except HubSpotError as error:
            if not apart:
                raise
            outcome.errors.append(error.row({"objectWriteTraceId": [str(trace)]}))
            continue
        outcome.results.append({**result, "objectWriteTraceId": trace} if isinstance(trace, str) else result)
    return outcome


def _answer(call: Call, outcome: _Outcome, status: int) -> Answer:
    # A client that counts on the order of its inputs is to find that out here.
    Random(call.database.request).shuffle(outcome.results)
    now = call.database.stamp()
    body: Row = {"status": "COMPLETE", "results": outcome.results, "startedAt": now, "completedAt": now}
    errors = list(outcome.errors)
    if outcome.missing:
        errors.append(missing_records(call.kind.legacy).row({"ids": outcome.missing}))
    if not errors:
        return Answer(status, body)
    return Answer(207, {**body, "numErrors": len(errors), "errors": errors})
