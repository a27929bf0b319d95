"""What the CRM says now of rows of the outbox, and what follows: before they leave, and when no answer came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.base import Sink
from jobs.receipts import Leaving, Writing
from jobs.steps import step
from jobs.stores import outbox
from jobs.stores.outbox import Entry, Settled, State
from overlap.diff import canonical_row, still_needed
from overlap.fields import BY_NAME, CrmObject, Kind
from overlap.plan import Action, Change


def look(writing: Writing, batch: Sequence[Entry]) -> list[Leaving]:
    """Hold *batch*, rows of one object, against what the CRM says now, and return what must still be written."""
    name = batch[0].change.object_name
    step(f"{name}: look")
    now = current(writing.sink, [entry.change for entry in batch])
    binned = _deleted(writing, batch, now)
    step(f"{name}: looked")
    leaving: list[Leaving] = []
    settled: list[Settled] = []
    for entry in batch:
        said = now.get(_address(entry.change))
        left, conflict = still_needed(entry.change, said)
        if entry.change.key in binned or (entry.attempts and said is not None and landed(entry, said)):
            # Sent before and not found when it was read back: its commit came late, and it is ours.
            settled.append(_judge_sent(entry, said, binned))
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
        now = current(writing.sink, [entry.change for entry in batch])
        binned = _deleted(writing, batch, now)
        step("read back: read")
        writing.settle([_judge_sent(entry, now.get(_address(entry.change)), binned) for entry in batch])
        step("read back: settled")


def arrived(sink: Sink, entries: Sequence[Entry]) -> list[Settled]:
    """Return which of *entries*, rows of one object that left some time ago without a receipt, were taken after all."""
    now = current(sink, [entry.change for entry in entries])
    found = [(entry, now.get(_address(entry.change))) for entry in entries]
    return [_judge_sent(entry, said, {}) for entry, said in found if said is not None and landed(entry, said)]


def _judge_sent(entry: Entry, now: Mapping[str, Any] | None, binned: Mapping[str, str]) -> Settled:
    """Return what became of a change that left without a receipt; *binned* are deleted records by their key."""
    if now is not None and landed(entry, now):
        return Settled(entry.seq, State.ACKNOWLEDGED, now["id"], created=entry.change.action is Action.CREATE)
    if now is None and entry.change.key in binned:
        said = "it was made, and a person deleted it in the CRM; it is not made again"
        return Settled(entry.seq, State.CONFLICT, binned[entry.change.key], created=True, error=said)
    _, conflict = still_needed(entry.change, now)
    if conflict:
        return Settled(entry.seq, State.CONFLICT, error=conflict)
    return Settled(entry.seq, State.PENDING)


def landed(entry: Entry, now: Mapping[str, Any]) -> bool:
    """Whether the record shows that what left was taken, whatever people did to it since.

    Only we make records of our keys, and a record is written whole: one field of what was sent proves the rest. Links
    alone may be written later than the other fields, in calls of their own: one that is as before disproves it.
    """
    change = entry.change
    if change.record_id is None or still_needed(change, now) == (None, None):
        return True
    before = entry.before or {}
    thing = BY_NAME[change.object_name]
    facts = before.keys() - thing.bookkeeping
    moved = {name for name in facts if change.new[name] != before[name]}
    links = {name for name in moved if thing.by_name[name].kind is Kind.LOOKUP and name != "owner_id"}
    return any(now[name] == change.new[name] for name in moved) and all(now[name] != before[name] for name in links)


def _deleted(writing: Writing, batch: Sequence[Entry], now: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the deleted records that rows of *batch* may have made when they left before, by key.

    A person may delete a record before we know that it was made. What is *restored* then is made again all the same.
    """
    thing = BY_NAME[batch[0].change.object_name]
    sent = [entry.change for entry in batch if entry.attempts and entry.change.record_id is None]
    keys = [change.key for change in sent if change.key not in now]
    if not keys or thing.restored:
        return {}
    writing.require(writing.sink.looks(thing.name, len(keys), 0))
    return writing.sink.deleted(thing.name, keys)


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
