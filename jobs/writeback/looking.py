"""What the CRM says now of rows of the outbox, and what follows: before they leave, and when no answer came."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from connectors.base import Sink
from jobs.steps import step
from jobs.stores import given_up, outbox
from jobs.stores.entries import Entry, Settled, State
from jobs.writeback.receipts import Leaving, Writing
from overlap.diff import canonical_row, still_needed
from overlap.fields import BY_NAME, CrmObject, Kind
from overlap.plan import Action, Change


def look(writing: Writing, batch: Sequence[Entry]) -> list[Leaving]:
    """Hold *batch*, rows of one object, against what the CRM says now, and return what must still be written."""
    name = batch[0].change.object_name
    step(f"{name}: look")
    now = said_now(writing.sink, batch)
    binned = _deleted(writing, batch, now)
    step(f"{name}: looked")
    landed = _landed(writing, batch, now)
    leaving: list[Leaving] = []
    settled: list[Settled] = []
    for entry in batch:
        said = now.get(_address(entry.change))
        left, conflict = still_needed(entry.change, said)
        if entry.change.key in binned or entry.seq in landed:
            # Sent before and not found when it was read back: its commit came late, and it is ours.
            settled.append(_judge_sent(entry, said, landed, binned))
        elif conflict:
            settled.append(Settled(entry.seq, State.CONFLICT, error=conflict))
        elif left is None:
            settled.append(Settled(entry.seq, State.UNNEEDED))
        else:
            leaving.append((entry, left))
    writing.settle(settled)
    step(f"{name}: sorted")
    return leaving


def read_back(writing: Writing, thing: CrmObject) -> None:
    """Settle by what the CRM says what has become of rows that left without a receipt.

    Raises:
        PausedError: the day's budget is used up; they stay as they are.
    """
    sent = outbox.entries(writing.context.ledger, writing.plan_id, (State.SENT,), thing.name)
    for batch in batches(sent, len(sent) if is_much(writing, sent) else writing.sink.batch_size):
        writing.require(writing.sink.looks(*addressed(batch)))
        now = said_now(writing.sink, batch)
        binned = _deleted(writing, batch, now)
        step("read back: read")
        landed = _landed(writing, batch, now)
        apart = writing.sink.links_apart
        said = {entry.seq: now.get(_address(entry.change)) for entry in batch}
        settled = [_judge_sent(entry, said[entry.seq], landed, binned) for entry in batch]
        halves = {entry.seq: half_taken(entry, said[entry.seq], links_apart=apart) for entry in batch}
        writing.settle([replace(one, landed=halves[one.seq]) for one in settled])
        step("read back: settled")


def arrived(sink: Sink, entries: Sequence[Entry]) -> list[Settled]:
    """Return which of *entries*, rows of one object that left some time ago without a receipt, were taken after all."""
    now = said_now(sink, entries)
    landed = proven(entries, now, links_apart=sink.links_apart)
    return [_judge_sent(entry, now[_address(entry.change)], landed, {}) for entry in entries if entry.seq in landed]


def _judge_sent(
    entry: Entry, now: Mapping[str, Any] | None, landed: Collection[int], binned: Mapping[str, str]
) -> Settled:
    """Return what became of a change that left without a receipt.

    *landed* are the numbers of rows that the CRM shows to be taken, *binned* deleted records by their key.
    """
    if now is not None and entry.seq in landed:
        return Settled(entry.seq, State.ACKNOWLEDGED, now["id"], created=entry.change.action is Action.CREATE)
    if now is None and entry.change.key in binned:
        said = "it was made, and a person deleted it in the CRM; it is not made again"
        return Settled(entry.seq, State.CONFLICT, binned[entry.change.key], created=True, error=said)
    _, conflict = still_needed(entry.change, now)
    state = State.CONFLICT if conflict else State.PENDING
    return Settled(entry.seq, state, error=conflict, in_doubt=True)


def _landed(writing: Writing, batch: Sequence[Entry], now: Mapping[str, Mapping[str, Any]]) -> set[int]:
    """Return the numbers of rows that left without a receipt, and that the CRM shows *now* to be taken.

    An older change of the same record, given up since, may be what arrived instead.
    """
    asked = [entry for entry in batch if entry.is_unanswered and _address(entry.change) in now]
    rivals = given_up.older(writing.context.ledger, asked)
    return proven([*rivals, *asked], now, links_apart=writing.sink.links_apart)


def proven(entries: Sequence[Entry], now: Mapping[str, Mapping[str, Any]], *, links_apart: bool) -> set[int]:
    """Return the numbers of those of *entries*, unanswered ones, that the records *now* show to be taken.

    Of several changes of one record, that is the one of which it shows most; of those, the one that leaves fewest facts
    as they were before it; and the newest of those.
    """
    best: dict[str, tuple[int, int, int]] = {}
    for entry in entries:
        said = now.get(_address(entry.change))
        seen = 0 if said is None else signs(entry, said, links_apart=links_apart)
        if said is not None and seen:
            rank = seen, -_missing(entry, said), entry.seq
            best[said["id"]] = max(best.get(said["id"], rank), rank)
    return {seq for *_, seq in best.values()}


def half_taken(entry: Entry, now: Mapping[str, Any] | None, *, links_apart: bool) -> dict[str, Any]:
    """Return what of an unanswered change was taken although its links were not: fields that are written before those.

    What had landed before is part of it. Where links are not apart, a record is written whole or not at all.
    """
    change, thing = entry.change, BY_NAME[entry.change.object_name]
    if not links_apart or now is None or change.record_id is None:
        return dict(entry.landed)
    fields = {name for name in _moved(entry) if thing.by_name[name].kind is not Kind.LOOKUP or name == "owner_id"}
    taken = {name for name in fields if now[name] == change.new[name]}
    is_sure = bool(taken - {thing.key, "owner_id"})  # others set these too
    return {**entry.landed, **({name: change.new[name] for name in taken} if is_sure else {})}


def signs(entry: Entry, now: Mapping[str, Any], *, links_apart: bool) -> int:
    """Return how many facts of the record show that what left was taken, whatever people did to others since.

    A record is written whole: one field of what was sent proves the rest, but for those that may say so by themselves:
    the key, the owner, and a link that is empty since its other end is gone. Where links are written apart, after the
    other fields, one that is as before disproves it.
    """
    change, before = entry.change, entry.before or {}
    thing = BY_NAME[change.object_name]
    moved = _moved(entry)
    links = {name for name in moved if thing.by_name[name].kind is Kind.LOOKUP and name != "owner_id"}
    if links_apart and change.record_id is not None and any(now[name] == before[name] for name in links):
        return 0
    mute = {thing.key, "owner_id", *(name for name in links if now[name] is None)}
    seen = sum(now[name] == change.new[name] for name in moved - mute)
    return seen or int(still_needed(change, now) == (None, None))


def _missing(entry: Entry, now: Mapping[str, Any]) -> int:
    """Return how many facts that *entry* was to move are as they were before: people may have set some back."""
    before = entry.before or {}
    return sum(now[name] == before[name] for name in _moved(entry))


def _moved(entry: Entry) -> set[str]:
    """Return the facts that what left was to move."""
    change, before = entry.change, entry.before or {}
    facts = before.keys() - BY_NAME[change.object_name].bookkeeping
    return {name for name in facts if change.new[name] != before[name]}


def _deleted(writing: Writing, batch: Sequence[Entry], now: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the deleted records that rows of *batch* may have made when they left before, by key.

    A person may delete a record before we know that it was made. What is *restored* then is made again all the same.
    """
    thing = BY_NAME[batch[0].change.object_name]
    sent = [entry.change for entry in batch if entry.is_unanswered and entry.change.record_id is None]
    keys = [change.key for change in sent if change.key not in now]
    if not keys or thing.restored:
        return {}
    writing.require(writing.sink.looks(thing.name, len(keys), 0))
    return writing.sink.deleted(thing.name, keys)


def said_now(sink: Sink, entries: Sequence[Entry]) -> dict[str, dict[str, Any]]:
    """Return what the CRM says now of the records of *entries*, all of one object, by id and by key.

    Where links are written apart, the former end goes before the new one comes. A link that our own change may have
    left without an end is told as it was before: what is left of the change is still to be written. Where the CRM said
    that it took nothing, it was a person who took the end away.
    """
    now = current(sink, [entry.change for entry in entries])
    for entry in entries if sink.links_apart else ():
        change, before = entry.change, entry.before or {}
        if entry.is_unanswered and change.record_id is not None and change.record_id in now:
            said, fields = now[change.record_id], BY_NAME[change.object_name].by_name
            links = {name for name in before if fields[name].kind is Kind.LOOKUP and fields[name].target != "user"}
            said |= {name: before[name] for name in links if said[name] is None and change.new[name] is not None}
    return now


def current(sink: Sink, changes: Sequence[Change]) -> dict[str, dict[str, Any]]:
    """Return what the CRM says now of the records of *changes*, all of one object, by id and by key."""
    thing = BY_NAME[changes[0].object_name]
    keys = [change.key for change in changes if change.record_id is None]
    ids = [change.record_id for change in changes if change.record_id]
    found: dict[str, dict[str, Any]] = {}
    for row in sink.current(thing.name, keys, ids).iter_rows(named=True):
        said = canonical_row(thing, row)
        found[row["id"]] = said
        if thing.key:
            found[row[thing.key]] = said
    return found


def addressed(entries: Sequence[Entry]) -> tuple[str, int, int]:
    """Return the object of *entries*, and how many of them are addressed by key and by id."""
    by_key = sum(entry.change.record_id is None for entry in entries)
    return entries[0].change.object_name, by_key, len(entries) - by_key


def is_much(writing: Writing, rows: Sequence[Any]) -> bool:
    """Whether *rows*, all of one object, are worth a bulk job."""
    return writing.sink.bulk is not None and len(rows) >= writing.sink.bulk.least


def batches(entries: Sequence[Entry], size: int) -> Iterator[list[Entry]]:
    """Yield *entries* of one object in batches, an account's records together.

    Keeping an account's records in one batch keeps two batches from waiting for the same row lock.
    """
    ours = sorted(entries, key=lambda entry: (entry.change.account_id or "", entry.seq))
    for start in range(0, len(ours), size or 1):
        yield ours[start : start + size]


def _address(change: Change) -> str:
    return change.record_id or change.key
