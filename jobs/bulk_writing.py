"""Bulk jobs of an apply. The ledger knows a job before its data leave, so that a crash leaves nothing to guess.

A job that the ledger has no end for is asked first: one that is still open is aborted, one that works is waited for.
Only then are its rows read back.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Final

from connectors.base import Bulk, JobState, Load, Progress, Receipt
from jobs.receipts import Leaving, Writing, as_write, require_going_on, settle
from jobs.steps import step
from jobs.stores import bulk_jobs
from jobs.stores.ledger import utc_now
from jobs.stores.outbox import Entry
from overlap.errors import AccessError, TransientError
from overlap.fields import CrmObject
from overlap.plan import Change

_FIRST_PAUSE_S: Final = 0.2
_LONGEST_PAUSE_S: Final = 30.0
#: Looks at a job in a row that may fail: it goes on without us.
_MOST_MISSES: Final = 5


def write(writing: Writing, leaving: Sequence[Leaving], last: bool) -> None:
    """Write *leaving*, rows of one object, in as few jobs as they fit into, one after the other."""
    bulk = _bulk(writing)
    name = leaving[0][1].object_name
    rows = {left.key: (entry, left) for entry, left in leaving}
    loads, refused = bulk.loads(name, [as_write(left) for _, left in leaving])
    settle(writing, [(rows[receipt.key][0], receipt) for receipt in refused], last)
    for load in loads:
        _run(writing, load, rows, last)


def _run(writing: Writing, load: Load, rows: Mapping[str, tuple[Entry, Change]], last: bool) -> None:
    bulk, name, ledger = _bulk(writing), load.object_name, writing.context.ledger
    ours = [rows[write.key] for write in load.writes]
    step(f"{name}: open job")
    job_id = bulk.open(load)
    step(f"{name}: job opened")
    sent = [(entry.seq, left.old) for entry, left in ours]
    bulk_jobs.keep(ledger, job_id, writing.plan_id, name, sent, utc_now())
    step(f"{name}: job kept")
    bulk.upload(job_id, load)
    step(f"{name}: uploaded")
    bulk.close(job_id)
    step(f"{name}: closed")
    ended = _wait(writing, job_id, len(ours))
    step(f"{name}: job ended")
    receipts = bulk.receipts(job_id, load)
    answered = [(entry, receipt) for (entry, _), receipt in zip(ours, receipts, strict=True) if receipt]
    settle(writing, answered, last)
    step(f"{name}: receipts stored")
    bulk_jobs.end(ledger, job_id, utc_now())
    step(f"{name}: job settled")
    _require_done(writing, job_id, ended, [receipt for _, receipt in answered])


def end_jobs(writing: Writing, thing: CrmObject) -> None:
    """See every job for *thing* that an earlier process left behind to its end."""
    ledger = writing.context.ledger
    for job_id in bulk_jobs.open_ones(ledger, writing.plan_id, thing.name):
        bulk = _bulk(writing)
        step(f"{thing.name}: ask job")
        now = bulk.abort(job_id)
        if now.progress is Progress.OPEN:
            raise AccessError(
                f"bulk job {job_id} is open and cannot be aborted: abort it in Setup, Bulk Data Load Jobs, then go on "
                f"with 'overlap apply {writing.plan_id}'"
            )
        if now.progress is Progress.WORKING:
            _wait(writing, job_id, None)
        bulk_jobs.end(ledger, job_id, utc_now())
        step(f"{thing.name}: job known")


def _bulk(writing: Writing) -> Bulk:
    bulk = writing.sink.bulk
    assert bulk is not None, "only a sink with bulk jobs gets here"
    return bulk


def _wait(writing: Writing, job_id: str, records: int | None) -> JobState:
    """Return how the job ended. A look at it that fails ends nothing: the job goes on by itself."""
    pause_s, misses = _FIRST_PAUSE_S, 0
    while True:
        try:
            now = _bulk(writing).state(job_id)
        except TransientError as error:
            misses += 1
            if misses > _MOST_MISSES:
                raise
            writing.context.report(f"{error}; job {job_id} goes on, looking again")
        else:
            misses = 0
            if now.progress not in (Progress.OPEN, Progress.WORKING):
                return now
            share = now.processed / records if records else None
            writing.context.report(f"job {job_id} is at work", share)
        time.sleep(pause_s)
        pause_s = min(_LONGEST_PAUSE_S, pause_s * 1.5)


def _require_done(writing: Writing, job_id: str, ended: JobState, receipts: Sequence[Receipt]) -> None:
    """Stop where the job did not end well; its records that have no receipt are read back by the next apply.

    Raises:
        AccessError: the job failed, or somebody aborted it.
        GuardError: a record was refused for what only a person can settle.
    """
    if ended.progress is not Progress.DONE:
        raise AccessError(
            f"bulk job {job_id} {ended.progress}: {ended.reason}; nothing more was sent. Settle that, "
            f"then go on with 'overlap apply {writing.plan_id}', which asks first what was written"
        )
    require_going_on(writing, receipts)
