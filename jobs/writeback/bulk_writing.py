"""Bulk jobs of an apply. The ledger knows a job before its data leave, so that a crash leaves nothing to guess.

A job that the ledger has no end for is asked first: one that is still open is aborted, one that works is waited for,
and its own receipts count. Only what it does not speak of is read back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from connectors.base import Bulk, JobState, Load, Progress, Receipt
from jobs.service import stopping
from jobs.steps import step
from jobs.stores import bulk_jobs, outbox
from jobs.stores.entries import Entry, Settled, State
from jobs.stores.ledger import utc_now
from jobs.writeback.looking import addressed, look
from jobs.writeback.receipts import Leaving, Writing, as_write, require_going_on, settle
from overlap.errors import AccessError, PausedError, TransientError
from overlap.fields import CrmObject
from overlap.plan import Change

_FIRST_PAUSE_S: Final = 0.2
_LONGEST_PAUSE_S: Final = 30.0
_PATIENCE_S: Final = 12 * 3600.0
#: How long a CRM knows a job. Source: Salesforce, "Bulk API 2.0 Limits": results are kept for seven days.
_KEPT_FOR: Final = timedelta(days=7)
#: Looks at a job in a row that may fail: it goes on without us.
_MOST_MISSES: Final = 5


def write(writing: Writing, pending: Sequence[Entry]) -> list[Entry]:
    """Write *pending*, rows of one object, job after job; return those of which too few for a job are left.

    A job may take hours: what goes with one is looked at when the one before has ended.
    """
    rows = {entry.change.key: entry for entry in pending}
    waiting = [entry.change for entry in pending]
    few: list[Entry] = []
    while planned := _loads(writing, rows, waiting):
        batch = [rows[write.key] for write in planned[0].writes]
        writing.require(writing.sink.looks(*addressed(batch)))
        leaving = {left.key: (entry, left) for entry, left in look(writing, batch)}
        # What the CRM says already is left out by now: that may make another load of it.
        loads = _loads(writing, rows, [left for _, left in leaving.values()])
        if loads and len(loads[0].writes) < min(_bulk(writing).least, writing.sink.batch_size):
            few += [rows[write.key] for write in loads[0].writes]
        elif loads:
            _run(writing, loads[0], leaving)
        waiting = [rows[write.key].change for load in (*loads[1:], *planned[1:]) for write in load.writes]
    return few


def _loads(writing: Writing, rows: Mapping[str, Entry], changes: Sequence[Change]) -> list[Load]:
    """Return *changes* as loads; those that fit into none are settled."""
    if not changes:
        return []
    loads, refused = _bulk(writing).loads(changes[0].object_name, [as_write(change) for change in changes])
    if refused:
        settle(writing, [(rows[receipt.key], receipt) for receipt in refused])
    return loads


def _run(writing: Writing, load: Load, rows: Mapping[str, Leaving]) -> None:
    bulk, name = _bulk(writing), load.object_name
    ours = [rows[write.key] for write in load.writes]
    writing.require(bulk.calls)
    step(f"{name}: open job")
    job_id = bulk.open(load)
    step(f"{name}: job opened")
    with writing.transaction() as transaction:
        sent = [(entry.seq, entry.image(left)) for entry, left in ours]
        bulk_jobs.keep(transaction, job_id, writing.plan_id, name, sent, utc_now())
    step(f"{name}: job kept")
    writing.context.ledger.require_lease()
    bulk.upload(job_id, load)
    step(f"{name}: uploaded")
    writing.context.ledger.require_lease()  # a job that is closed writes
    bulk.close(job_id)
    step(f"{name}: closed")
    ended = _wait(writing, job_id, len(ours))
    step(f"{name}: job ended")
    refused = _settle(writing, job_id, [entry for entry, _ in ours])
    step(f"{name}: job settled")
    _require_done(writing, job_id, ended)
    require_going_on(writing, refused)


def end_jobs(writing: Writing, thing: CrmObject) -> None:
    """See every job for *thing* that was left behind to its end, and settle its rows by what it says of them.

    What it does not speak of stays ``sent``, to be read back.

    Raises:
        AccessError: a job can neither be ended nor waited for, or it was told what nobody knows how to take.
        TransientError: the CRM does not find a job that may be at work.
    """
    for job_id in bulk_jobs.open_ones(writing.context.ledger, writing.plan_id, thing.name):
        bulk = _bulk(writing)
        writing.require(bulk.calls)
        step(f"{thing.name}: ask job")
        now = _known(writing, job_id, bulk.abort(job_id))
        if now.progress is Progress.OPEN:
            raise AccessError(
                f"bulk job {job_id} is open and cannot be aborted: abort it in Setup, Bulk Data Load Jobs, then go on "
                f"with 'overlap apply {writing.plan_id}'"
            )
        if now.progress is Progress.WORKING:
            _wait(writing, job_id, None)
        step(f"{thing.name}: job asked")
        sent = outbox.entries(writing.context.ledger, writing.plan_id, (State.SENT,), thing.name)
        if not now.begun:
            # Nothing of it was looked at, so nothing can come late.
            writing.settle([Settled(entry.seq, State.PENDING) for entry in sent])
            sent = []
        refused = _settle(writing, job_id, sent)
        step(f"{thing.name}: job known")
        require_going_on(writing, refused)


def _settle(writing: Writing, job_id: str, entries: Sequence[Entry]) -> Receipt | None:
    """Store what a job that has ended says of *entries*, rows of one object, and that nothing more will come of it.

    What it did not get to, or does not speak of, nobody has looked at: it stays ``sent``. Returns what `settle` does.
    """
    refused = None
    if entries:
        name = entries[0].change.object_name
        receipts = _bulk(writing).receipts(job_id, name, [as_write(entry.change) for entry in entries])
        answered = [(entry, receipt) for entry, receipt in zip(entries, receipts, strict=True) if receipt]
        refused = settle(writing, answered)
        writing.tries.update(entry.seq for entry, receipt in zip(entries, receipts, strict=True) if receipt is None)
        step(f"{name}: receipts stored")
    with writing.transaction() as transaction:
        bulk_jobs.end(transaction, job_id, utc_now())
    return refused


def _bulk(writing: Writing) -> Bulk:
    bulk = writing.sink.bulk
    assert bulk is not None, "only a sink with bulk jobs gets here"
    return bulk


def _wait(writing: Writing, job_id: str, records: int | None) -> JobState:
    """Return how the job ended. A look at it that fails ends nothing: the job goes on by itself.

    Raises:
        PausedError: the day's budget is used up, or the job takes too long. It goes on; the next apply asks it first.
    """
    pause_s, waited_s, misses = _FIRST_PAUSE_S, 0.0, 0
    while True:
        writing.require(_bulk(writing).calls)
        try:
            now = _known(writing, job_id, _bulk(writing).state(job_id))
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
        with writing.transaction():
            pass  # a job may take hours: its looks are counted as they are made
        if waited_s > _PATIENCE_S:
            raise PausedError(
                f"paused: bulk job {job_id} has not ended in {waited_s / 3600:.0f} hours; it goes on by itself. Go on "
                f"with 'overlap apply {writing.plan_id}' when it has ended (Setup, Bulk Data Load Jobs)"
            )
        stopping.sleep(pause_s)
        waited_s += pause_s
        pause_s = min(_LONGEST_PAUSE_S, pause_s * 1.5)


def _known(writing: Writing, job_id: str, now: JobState) -> JobState:
    """Return *now*; a job that the CRM has forgotten, or that a person knows to be gone, writes nothing any more.

    Raises:
        TransientError: it is too young to be forgotten, and may be at work: another user's jobs are not found either.
    """
    if now.progress is not Progress.UNKNOWN:
        return now
    if job_id == writing.gone:
        what = {"plan": writing.plan_id, "job": job_id}
        writing.context.ledger.note(writing.context.who, "gave up bulk job", what, utc_now())
        return replace(now, progress=Progress.ABORTED)
    until = bulk_jobs.opened_at(writing.context.ledger, job_id) + _KEPT_FOR
    if utc_now() >= until:
        return replace(now, progress=Progress.ABORTED)
    raise TransientError(
        f"bulk job {job_id} is not found, and may be at work: nothing of it is sent again. Sign in as the user that "
        f"opened it. From {until:%Y-%m-%d} on, what it has not written is written again; now, if an admin sees in "
        f"Setup, Bulk Data Load Jobs, that it is gone: overlap apply {writing.plan_id} --give-up-job {job_id}"
    )


def _require_done(writing: Writing, job_id: str, ended: JobState) -> None:
    """Stop where the job did not end well; its records that have no receipt are read back by the next apply.

    Raises:
        AccessError: the job failed, or somebody aborted it.
    """
    if ended.progress is not Progress.DONE:
        raise AccessError(
            f"bulk job {job_id} {ended.progress}: {ended.reason}; nothing more was sent. Settle that, "
            f"then go on with 'overlap apply {writing.plan_id}', which asks first what was written"
        )
