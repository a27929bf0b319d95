"""Write what the outbox holds of a plan to its CRM: in calls, or in bulk jobs where there is much of one object.

Nothing leaves before its row is committed as ``sent``; a ``sent`` row without a receipt is read back from the CRM
before anything else happens to it.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from jobs.service import stopping
from jobs.steps import step
from jobs.stores import lease, outbox
from jobs.stores.entries import OPEN, Entry, Settled, State
from jobs.stores.ledger import utc_now
from jobs.writeback import bulk_writing, looking
from jobs.writeback.looking import addressed, batches, is_much
from jobs.writeback.receipts import MOST_ATTEMPTS, Leaving, Writing, as_write, require_going_on, settle
from overlap.errors import BusyError, PausedError, TransientError
from overlap.fields import BY_NAME, OBJECTS, CrmObject

_FIRST_WAIT_S: Final = 0.2
_LONGEST_WAIT_S: Final = 30.0

#: A record of ours: its object and its key.
Place = tuple[str, str]


def finish(writing: Writing) -> None:
    """Bring the open changes of the plan to their end, one object after the other.

    What the CRM has locked all the while stays open, and so does what points to a record that is not made yet: it would
    be refused.

    Raises:
        TransientError: the CRM stopped answering, or (PausedError) the day's budget is used up, or (StoppedError)
            this process was asked to end.
        GuardError: the CRM refuses what only a person can settle.
        AccessError: it takes nothing more, or said something that nobody knows how to take.
    """
    _wait_for_others(writing)
    in_flight = outbox.in_flight(writing.context.ledger, writing.plan_id)
    missing: set[Place] = set()
    with stopping.after_the_batch():
        for thing in OBJECTS:
            if thing.name in in_flight:
                _finish_object(writing, thing, missing)
                left = outbox.entries(writing.context.ledger, writing.plan_id, OPEN, thing.name)
                missing |= {(thing.name, entry.change.key) for entry in left if entry.change.record_id is None}


def read_back(writing: Writing) -> None:
    """Ask what became of every change of the plan that left without a receipt."""
    _wait_for_others(writing)
    for thing in OBJECTS:
        _read_back(writing, thing)


def _wait_for_others(writing: Writing) -> None:
    """Wait until nothing can arrive any more of what a process sent from which the workspace was taken over."""
    standing = lease.last(writing.context.ledger.engine)
    until = standing.quiet_from if standing else None
    while until is not None and (left_s := (until - utc_now()).total_seconds()) > 0:
        writing.context.report(f"waiting until {until:%H:%M} UTC for what another process may have sent")
        stopping.sleep(min(left_s, _LONGEST_WAIT_S))
        with writing.transaction():
            pass  # renews the lease


def _finish_object(writing: Writing, thing: CrmObject, missing: Collection[Place]) -> None:
    """Write what is open of one object, until each row is settled or was sent in vain too often."""
    misses, lost = 0, None
    while True:
        try:
            _read_back(writing, thing)
            pending = _ready(writing, thing, missing)
            if not pending:
                break
            tried = min(writing.tries[entry.seq] for entry in pending)
            if tried and not misses:
                _wait(tried)
            for _ in _write(writing, pending):
                misses = 0
        except PausedError:
            raise
        except TransientError as error:
            misses, lost = misses + 1, error
            if misses >= MOST_ATTEMPTS:
                break
            writing.context.report(f"{error}; trying again")
            _wait(misses, error.retry_after_s)
    if lost is not None and (misses >= MOST_ATTEMPTS or _has_lost(writing, thing)):
        raise TransientError(f"{lost}; run 'overlap apply {writing.plan_id}' again to finish") from lost


def _wait(attempt: int, asked_s: float | None = None) -> None:
    stopping.sleep(min(_LONGEST_WAIT_S, max(asked_s or 0.0, _FIRST_WAIT_S * 2**attempt * random.uniform(0.5, 1.0))))


def _has_lost(writing: Writing, thing: CrmObject) -> bool:
    """Whether rows of one object wait of which no try was answered."""
    left = outbox.entries(writing.context.ledger, writing.plan_id, OPEN, thing.name)
    return any(writing.tries[entry.seq] and entry.error is None for entry in left)


def _ready(writing: Writing, thing: CrmObject, missing: Collection[Place]) -> list[Entry]:
    """Return the pending changes of one object that may be tried again and point to no record that is *missing*."""
    links = [(field.name, field.target) for field in thing.fields if field.target]
    found = outbox.entries(writing.context.ledger, writing.plan_id, (State.PENDING,), thing.name)
    return [
        entry
        for entry in found
        if writing.tries[entry.seq] < MOST_ATTEMPTS
        and (not missing or not any((target, entry.change.new.get(name)) in missing for name, target in links))
    ]


def _read_back(writing: Writing, thing: CrmObject) -> None:
    bulk_writing.end_jobs(writing, thing)
    looking.read_back(writing, thing)


def _write(writing: Writing, pending: list[Entry]) -> Iterator[None]:
    """Write *pending*, changes of one object, and yield after each batch that was answered.

    A row that was sent in vain goes in smaller company, so that one row holds up fewer; the others go as before.
    """
    crowded = [entry for entry in pending if entry.seq in writing.crowded]
    together = [entry for entry in pending if entry.seq not in writing.crowded]
    if is_much(writing, together):
        (everything,) = batches(together, len(together))
        few = bulk_writing.write(writing, everything)
        yield
        pending = few + crowded
    done = 0
    for batch in _sized(writing, pending):
        label = BY_NAME[batch[0].change.object_name].label
        writing.context.report(f"writing {label} records", done / len(pending))
        writing.require(writing.sink.calls(*addressed(batch)))
        try:
            leaving = looking.look(writing, batch)
            if leaving:
                _send(writing, leaving)
        except TransientError:
            writing.tries.update(entry.seq for entry in batch)
            raise
        yield
        done += len(batch)


def _sized(writing: Writing, pending: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Yield *pending* in batches, a quarter as large after each try that was in vain."""
    by_tries: dict[int, list[Entry]] = {}
    for entry in pending:
        by_tries.setdefault(writing.tries[entry.seq], []).append(entry)
    for tries, entries in sorted(by_tries.items()):
        yield from batches(entries, max(1, writing.sink.batch_size >> 2 * tries))


def _send(writing: Writing, leaving: Sequence[Leaving]) -> None:
    """Send one batch: mark as sent, send, store the receipts."""
    name = leaving[0][1].object_name
    with writing.transaction() as transaction:
        outbox.mark_sent_within(transaction, [(entry.seq, entry.image(left)) for entry, left in leaving])
    step(f"{name}: marked sent")
    # Who was stopped here for long finds the workspace taken over, and the rows read back and sent by another.
    writing.context.ledger.require_lease()
    try:
        receipts = writing.sink.send(name, [as_write(left) for _, left in leaving])
    except BusyError:
        # Nothing of it was looked at, so nothing can come late.
        writing.settle([Settled(entry.seq, State.PENDING) for entry, _ in leaving])
        raise
    step(f"{name}: sent")
    refused = settle(writing, zip((entry for entry, _ in leaving), receipts, strict=True))
    step(f"{name}: receipts stored")
    require_going_on(writing, refused)
