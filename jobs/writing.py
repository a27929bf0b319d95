"""Write what the outbox holds of a plan to its CRM: in calls, or in bulk jobs where there is much of one object.

Nothing leaves before its row is committed as ``sent``; a ``sent`` row without a receipt is read back from the CRM
before anything else happens to it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Collection, Sequence
from typing import Final

from jobs import bulk_writing, looking
from jobs.looking import addressed, batches, is_much
from jobs.receipts import Leaving, Writing, as_write, require_going_on, settle
from jobs.steps import step
from jobs.stores import outbox
from jobs.stores.outbox import Entry, State
from overlap.errors import PausedError, TransientError
from overlap.fields import BY_NAME, OBJECTS, CrmObject

MOST_ATTEMPTS: Final = 4
_FIRST_WAIT_S: Final = 0.2
_LONGEST_WAIT_S: Final = 30.0

#: A record of ours: its object and its key.
Place = tuple[str, str]


def finish(writing: Writing) -> None:
    """Bring the open changes of the plan to their end, one object after the other.

    What the CRM has locked all the while stays open, and so does what points to a record that is not made yet: it would
    be refused.

    Raises:
        TransientError: the CRM stopped answering, or (PausedError) the day's budget is used up.
        GuardError: the CRM refuses what only a person can settle.
        AccessError: it takes nothing more, or said something that nobody knows how to take.
    """
    in_flight = outbox.in_flight(writing.context.ledger, writing.plan_id)
    missing: set[Place] = set()
    for thing in OBJECTS:
        if thing.name in in_flight:
            _finish_object(writing, thing, missing)
            left = outbox.entries(writing.context.ledger, writing.plan_id, outbox.OPEN, thing.name)
            missing |= {(thing.name, entry.change.key) for entry in left if entry.change.record_id is None}


def read_back(writing: Writing) -> None:
    """Ask what became of every change of the plan that left without a receipt."""
    for thing in OBJECTS:
        _read_back(writing, thing)


def _finish_object(writing: Writing, thing: CrmObject, missing: Collection[Place]) -> None:
    context, plan_id = writing.context, writing.plan_id
    asked_s = 0.0
    for attempt in range(MOST_ATTEMPTS):
        if attempt:
            if not _ready(writing, thing, outbox.OPEN, missing):
                return
            time.sleep(min(_LONGEST_WAIT_S, max(asked_s, _FIRST_WAIT_S * 2**attempt * random.uniform(0.5, 1.0))))
        try:
            _read_back(writing, thing)
            _write(writing, _ready(writing, thing, (State.PENDING,), missing), attempt)
        except PausedError:
            raise
        except TransientError as error:
            if attempt + 1 == MOST_ATTEMPTS:
                raise TransientError(f"{error}; run 'overlap apply {plan_id}' again to finish") from error
            asked_s = error.retry_after_s or 0.0
            context.report(f"{error}; trying again")


def _ready(writing: Writing, thing: CrmObject, states: Sequence[State], missing: Collection[Place]) -> list[Entry]:
    """Return the changes of one object in one of *states* that point to no record that is *missing*."""
    links = [(field.name, field.target) for field in thing.fields if field.target]
    found = outbox.entries(writing.context.ledger, writing.plan_id, states, thing.name)
    return [
        entry
        for entry in found
        if not missing or not any((target, entry.change.new.get(name)) in missing for name, target in links)
    ]


def _read_back(writing: Writing, thing: CrmObject) -> None:
    bulk_writing.end_jobs(writing, thing)
    looking.read_back(writing, thing)


def _write(writing: Writing, pending: list[Entry], attempt: int) -> None:
    """Write *pending*, changes of one object; each attempt in smaller batches, so that one row holds up fewer."""
    last = attempt + 1 == MOST_ATTEMPTS
    crowded = [entry for entry in pending if entry.seq in writing.crowded]
    together = [entry for entry in pending if entry.seq not in writing.crowded]
    if is_much(writing, together):
        (everything,) = batches(together, len(together))
        few = bulk_writing.write(writing, everything, last)
        pending = few + crowded
    done = 0
    for batch in batches(pending, max(1, writing.sink.batch_size >> 2 * attempt)):
        label = BY_NAME[batch[0].change.object_name].label
        writing.context.report(f"writing {label} records", done / len(pending))
        writing.require(writing.sink.calls(*addressed(batch)))
        leaving = looking.look(writing, batch)
        if leaving:
            _send(writing, leaving, last)
        done += len(batch)


def _send(writing: Writing, leaving: Sequence[Leaving], last: bool) -> None:
    """Send one batch: mark as sent, send, store the receipts."""
    name = leaving[0][1].object_name
    with writing.transaction() as transaction:
        outbox.mark_sent_within(transaction, [(entry.seq, entry.image(left)) for entry, left in leaving])
    step(f"{name}: marked sent")
    receipts = writing.sink.send(name, [as_write(left) for _, left in leaving])
    step(f"{name}: sent")
    refused = settle(writing, zip((entry for entry, _ in leaving), receipts, strict=True), last)
    step(f"{name}: receipts stored")
    require_going_on(writing, refused)
