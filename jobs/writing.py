"""Write what the outbox holds of a plan to its CRM: in calls, or in bulk jobs where there is much of one object.

Nothing leaves before its row is committed as ``sent``; a ``sent`` row without a receipt is read back from the CRM
before anything else happens to it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

from connectors.base import Sink
from jobs import bulk_writing
from jobs.receipts import Leaving, Writing, as_write, require_going_on, settle
from jobs.steps import step
from jobs.stores import outbox
from jobs.stores.ledger import utc_now
from jobs.stores.outbox import Entry, Settled, State
from overlap.diff import canonical_row, still_needed
from overlap.errors import PausedError, TransientError
from overlap.fields import BY_NAME, OBJECTS, CrmObject
from overlap.plan import Action, Change

MOST_ATTEMPTS: Final = 4
_FIRST_WAIT_S: Final = 0.2
_LONGEST_WAIT_S: Final = 30.0


def finish(writing: Writing) -> None:
    """Bring every open change of the plan to its end, one object after the other.

    A record that others point to may be locked: they leave only when it is settled, or they would be refused.

    Raises:
        TransientError: the CRM stopped answering, or (PausedError) the day's budget is used up.
        GuardError: the CRM refuses what only a person can settle.
        AccessError: it takes nothing more, or said something that nobody knows how to take.
    """
    in_flight = outbox.in_flight(writing.context.ledger, writing.plan_id)
    for thing in OBJECTS:
        if thing.name in in_flight:
            _finish_object(writing, thing)


def read_back(writing: Writing) -> None:
    """Ask what became of every change of the plan that left without a receipt."""
    for thing in OBJECTS:
        _read_back(writing, thing)


def _finish_object(writing: Writing, thing: CrmObject) -> None:
    context, plan_id = writing.context, writing.plan_id
    asked_s = 0.0
    for attempt in range(MOST_ATTEMPTS):
        if attempt and thing.name not in outbox.in_flight(context.ledger, plan_id):
            return
        if attempt:
            time.sleep(min(_LONGEST_WAIT_S, max(asked_s, _FIRST_WAIT_S * 2**attempt * random.uniform(0.5, 1.0))))
        try:
            _read_back(writing, thing)
            pending = outbox.entries(context.ledger, plan_id, (State.PENDING,), thing.name)
            _write(writing, pending, attempt)
        except PausedError:
            raise
        except TransientError as error:
            if attempt + 1 == MOST_ATTEMPTS:
                raise TransientError(f"{error}; run 'overlap apply {plan_id}' again to finish") from error
            asked_s = error.retry_after_s or 0.0
            context.report(f"{error}; trying again")
    if outbox.entries(context.ledger, plan_id, (State.SENT,), thing.name):
        raise TransientError(
            f"the CRM does not say what became of some {thing.label} records; run 'overlap apply {plan_id}' again to "
            "finish"
        )


def _read_back(writing: Writing, thing: CrmObject) -> None:
    bulk_writing.end_jobs(writing, thing)
    sent = outbox.entries(writing.context.ledger, writing.plan_id, (State.SENT,), thing.name)
    size = len(sent) if _is_much(writing, sent) else writing.sink.batch_size
    for batch in _batches(sent, size):
        now = _current(writing.sink, batch)
        step("read back: read")
        settled = [_judge_sent(entry, now.get(_address(entry.change))) for entry in batch]
        outbox.settle(writing.context.ledger, settled, utc_now())
        step("read back: settled")


def _judge_sent(entry: Entry, now: dict[str, Any] | None) -> Settled:
    """Return what became of a change that left without a receipt."""
    if now is not None and _landed(entry, now):
        return Settled(entry.seq, State.ACKNOWLEDGED, now["id"], created=entry.change.action is Action.CREATE)
    _, conflict = still_needed(entry.change, now)
    if conflict:
        return Settled(entry.seq, State.CONFLICT, error=conflict)
    return Settled(entry.seq, State.PENDING)


def _landed(entry: Entry, now: dict[str, Any]) -> bool:
    """Whether the record shows that what left was taken, whatever people did to it since.

    Only we make records of our keys, and a record is written whole: one field of what was sent proves the rest.
    """
    change = entry.change
    if change.record_id is None or still_needed(change, now) == (None, None):
        return True
    before = entry.before or {}
    facts = before.keys() - BY_NAME[change.object_name].bookkeeping
    return any(now[name] == change.new[name] != before[name] for name in facts)


def _write(writing: Writing, pending: list[Entry], attempt: int) -> None:
    """Write *pending*, changes of one object; each attempt in smaller batches, so that one row holds up fewer."""
    last = attempt + 1 == MOST_ATTEMPTS
    if _is_much(writing, pending):
        writing.require(writing.sink.calls(len(pending)))
        (everything,) = _batches(pending, len(pending))
        leaving = _look(writing, everything)
        if _is_much(writing, leaving):
            bulk_writing.write(writing, leaving, last)
        else:
            for start in range(0, len(leaving), writing.sink.batch_size):
                _send(writing, leaving[start : start + writing.sink.batch_size], last)
        return
    done = 0
    for batch in _batches(pending, max(1, writing.sink.batch_size >> 2 * attempt)):
        label = BY_NAME[batch[0].change.object_name].label
        writing.context.report(f"writing {label} records", done / len(pending))
        writing.require(writing.sink.calls(len(batch)))
        leaving = _look(writing, batch)
        if leaving:
            _send(writing, leaving, last)
        done += len(batch)


def _is_much(writing: Writing, rows: Sequence[Any]) -> bool:
    return writing.sink.bulk is not None and len(rows) >= writing.sink.bulk.least


def _look(writing: Writing, batch: list[Entry]) -> list[Leaving]:
    """Hold *batch*, rows of one object, against what the CRM says now, and return what must still be written."""
    name = batch[0].change.object_name
    step(f"{name}: look")
    now = _current(writing.sink, batch)
    step(f"{name}: looked")
    leaving: list[Leaving] = []
    settled: list[Settled] = []
    for entry in batch:
        said = now.get(_address(entry.change))
        left, conflict = still_needed(entry.change, said)
        if entry.attempts and said is not None and _landed(entry, said):
            # Sent before and not found when it was read back: its commit came late, and it is ours.
            settled.append(_judge_sent(entry, said))
        elif conflict:
            settled.append(Settled(entry.seq, State.CONFLICT, error=conflict))
        elif left is None:
            settled.append(Settled(entry.seq, State.UNNEEDED))
        else:
            leaving.append((entry, left))
    outbox.settle(writing.context.ledger, settled, utc_now())
    step(f"{name}: sorted")
    return leaving


def _send(writing: Writing, leaving: Sequence[Leaving], last: bool) -> None:
    """Send one batch: mark as sent, send, store the receipts."""
    name = leaving[0][1].object_name
    outbox.mark_sent(writing.context.ledger, [(entry.seq, left.old) for entry, left in leaving])
    step(f"{name}: marked sent")
    receipts = writing.sink.send(name, [as_write(left) for _, left in leaving])
    step(f"{name}: sent")
    settle(writing, zip((entry for entry, _ in leaving), receipts, strict=True), last)
    step(f"{name}: receipts stored")
    require_going_on(writing, receipts)


def _current(sink: Sink, batch: Sequence[Entry]) -> dict[str, dict[str, Any]]:
    """Return what the CRM says now of the records of *batch*, by `_address`."""
    return current(sink, [entry.change for entry in batch])


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


def _address(change: Change) -> str:
    return change.record_id or change.key


def _batches(entries: Sequence[Entry], size: int) -> Iterator[list[Entry]]:
    """Yield *entries* of one object in batches, an account's records together.

    Keeping an account's records in one batch keeps two batches from waiting for the same row lock.
    """
    ours = sorted(entries, key=lambda entry: (entry.change.account_id or "", entry.seq))
    for start in range(0, len(ours), size or 1):
        yield ours[start : start + size]
