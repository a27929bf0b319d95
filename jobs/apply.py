"""Apply: the only job that writes to a CRM. Exact, bounded, and finished after a crash rather than done again.

Every change is in the outbox before anything leaves. A row is committed as ``sent`` before its request goes out; a
``sent`` row that has no receipt is read back from the CRM before anything else happens to it. Only a new record is
upserted by its key; one that exists is addressed by its id, so that a record deleted meanwhile is not made again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from connectors.base import Connection, Receipt, Sink, Write
from jobs.context import Context, connected, recorded
from jobs.steps import step
from jobs.stores import outbox, plans
from jobs.stores.ledger import utc_now
from jobs.stores.lock import workspace_lock
from jobs.stores.outbox import Entry, Settled, State
from overlap.diff import canonical_row, still_needed
from overlap.errors import GuardError, StalePlanError, TransientError
from overlap.fields import BY_NAME, OBJECTS, CrmObject, Kind
from overlap.plan import Action, Change, SyncPlan

_MOST_ATTEMPTS: Final = 4
_FIRST_WAIT_S: Final = 0.2
_LONGEST_WAIT_S: Final = 30.0
_PLAN_LIFETIME: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class ApplyReport:
    """How a plan's changes ended. *finished_first* are plans that a crash had left unfinished."""

    plan_id: str
    states: Mapping[State, int]
    troubles: tuple[tuple[str, State, str], ...]
    finished_first: tuple[int, ...]

    @property
    def superseded(self) -> int:
        """Records that were never sent, because the plan was cut short and is stale."""
        return self.states.get(State.SUPERSEDED, 0)

    @property
    def written(self) -> int:
        """Records that the CRM took."""
        return self.states.get(State.ACKNOWLEDGED, 0)


def apply(context: Context, plan_id: str, approve: bool = False) -> ApplyReport:
    """Write plan *plan_id* to its CRM. *approve* says that a person has looked at why it is held.

    Raises:
        StalePlanError: the world moved on since the plan.
        GuardError: the plan is held and nobody approved it.
        TransientError: the CRM stopped answering; call again, nothing is written twice.
    """
    planned = plans.header(context.ledger, plan_id)
    with (
        recorded(context, "apply") as (_, summary),
        workspace_lock(context.workspace.lock_file),
        connected(context, planned.crm) as connection,
    ):
        step("apply: begun")
        finished = _finish_leftovers(context, connection)
        if plans.applied_at(context.ledger, planned.id) is None:
            _require_fresh(context, planned, connection.org_id)
            _require_approval(context, planned, approve)
            step("apply: set off")
            plans.set_off(context.ledger, planned.id, context.now, context.who if approve else None)
            step("apply: is set off")
            _finish(context, connection.sink, planned.id)
        report = ApplyReport(
            plan_id=planned.id,
            states=outbox.tally(context.ledger, planned.id),
            troubles=tuple(outbox.troubles(context.ledger, planned.id)),
            finished_first=tuple(number for number in finished if str(number) != planned.id),
        )
        summary |= {"plan": planned.id, "states": report.states}
        context.ledger.note(context.who, "applied plan", {"plan": planned.id, "approved": approve}, context.now)
        step("apply: ended")
    return report


def finish_leftovers(context: Context, crm: str) -> tuple[int, ...]:
    """Finish what a crash cut short at *crm* and return the plans it was; the ledger alone says if there is any."""
    if not outbox.unfinished(context.ledger, crm):
        return ()
    with workspace_lock(context.workspace.lock_file), connected(context, crm) as connection:
        return _finish_leftovers(context, connection)


def _finish_leftovers(context: Context, connection: Connection) -> tuple[int, ...]:
    """Bring plans that were cut short to their end: ask about what was sent, and send the rest if it still holds.

    What a stale plan has not sent yet is superseded: the next plan says what the CRM should say today.
    """
    unfinished = outbox.unfinished(context.ledger, connection.name)
    for number in map(str, unfinished):
        if _why_stale(context, plans.header(context.ledger, number)):
            for thing in OBJECTS:
                sent = outbox.entries(context.ledger, number, (State.SENT,), thing.name)
                _read_back(context, connection.sink, sent)
            outbox.supersede(context.ledger, number, context.now)
        else:
            _finish(context, connection.sink, number)
    return tuple(unfinished)


def standing(context: Context, planned: SyncPlan) -> str | None:
    """Return in words why *planned* cannot be applied: it was, or it is stale. None if it can."""
    at = plans.applied_at(context.ledger, planned.id)
    if at is not None:
        return f"applied on {at.astimezone(context.workspace.zone):%Y-%m-%d %H:%M}"
    stale = _why_stale(context, planned)
    return f"stale: {'; '.join(stale)}" if stale else None


def _require_fresh(context: Context, planned: SyncPlan, org_id: str) -> None:
    stale = _why_stale(context, planned)
    if planned.org_id != org_id:
        stale.append(f"it was made for org {planned.org_id}, this is {org_id}")
    if stale:
        raise StalePlanError(f"plan {planned.id} is stale: {'; '.join(stale)}; run 'overlap plan' again")


def _why_stale(context: Context, planned: SyncPlan) -> list[str]:
    newest = plans.last_applied(context.ledger, planned.crm)
    reasons = {
        "another run was published since": context.ledger.pinned("published_run") != planned.run_id,
        "the settings changed since": context.workspace.settings.fingerprint() != planned.settings_hash,
        "it is older than 24 hours": context.now - planned.created_at > _PLAN_LIFETIME,
        "a newer plan was applied": newest is not None and newest.id > int(planned.id),
    }
    return [reason for reason, holds in reasons.items() if holds]


def _require_approval(context: Context, planned: SyncPlan, approve: bool) -> None:
    if not planned.held:
        return
    if not approve:
        raise GuardError(
            f"plan {planned.id} is held: {'; '.join(planned.held)}; look at it with "
            f"'overlap plan --show {planned.id}', then 'overlap apply {planned.id} --approve'"
        )
    what = {"plan": planned.id, "held": planned.held}
    context.ledger.note(context.who, "approved plan", what, context.now)


def _finish(context: Context, sink: Sink, plan_id: str) -> None:
    """Bring every open change of *plan_id* to its end, one object after the other.

    A record that others point to may be locked: they leave only when it is settled, or they would be refused.
    """
    for thing in OBJECTS:
        _finish_object(context, sink, plan_id, thing)


def _finish_object(context: Context, sink: Sink, plan_id: str, thing: CrmObject) -> None:
    asked_s = 0.0
    for attempt in range(_MOST_ATTEMPTS):
        if not outbox.entries(context.ledger, plan_id, outbox.OPEN, thing.name):
            return
        if attempt:
            time.sleep(min(_LONGEST_WAIT_S, max(asked_s, _FIRST_WAIT_S * 2**attempt * random.uniform(0.5, 1.0))))
        try:
            _read_back(context, sink, outbox.entries(context.ledger, plan_id, (State.SENT,), thing.name))
            pending = outbox.entries(context.ledger, plan_id, (State.PENDING,), thing.name)
            done = 0
            for batch in _batches(pending, sink.batch_size):
                context.report(f"writing {thing.label} records", done / len(pending))
                _write(context, sink, batch, last=attempt + 1 == _MOST_ATTEMPTS)
                done += len(batch)
        except TransientError as error:
            if attempt + 1 == _MOST_ATTEMPTS:
                raise TransientError(f"{error}; run 'overlap apply {plan_id}' again to finish") from error
            asked_s = error.retry_after_s or 0.0
            context.report(f"{error}; trying again")


def _read_back(context: Context, sink: Sink, sent: list[Entry]) -> None:
    """Ask the CRM what became of changes of one object that left without a receipt."""
    for batch in _batches(sent, sink.batch_size):
        now = _current(sink, batch)
        step("read back: read")
        outbox.settle(
            context.ledger, [_judge_sent(entry, now.get(_address(entry.change))) for entry in batch], utc_now()
        )
        step("read back: settled")


def _judge_sent(entry: Entry, now: dict[str, Any] | None) -> Settled:
    left, conflict = still_needed(entry.change, now)
    if conflict:
        return Settled(entry.seq, State.CONFLICT, error=conflict)
    if left is None:
        assert now is not None, "only a record that exists needs nothing more"
        return Settled(entry.seq, State.ACKNOWLEDGED, now["id"], created=entry.change.action is Action.CREATE)
    return Settled(entry.seq, State.PENDING)


def _write(context: Context, sink: Sink, batch: list[Entry], last: bool) -> None:
    """Send one batch: look, mark as sent, send, store the receipts."""
    name = batch[0].change.object_name
    step(f"{name}: look")
    now = _current(sink, batch)
    step(f"{name}: looked")
    leaving: list[tuple[Entry, Change]] = []
    settled: list[Settled] = []
    for entry in batch:
        left, conflict = still_needed(entry.change, now.get(_address(entry.change)))
        if conflict:
            settled.append(Settled(entry.seq, State.CONFLICT, error=conflict))
        elif left is None:
            settled.append(Settled(entry.seq, State.UNNEEDED))
        else:
            leaving.append((entry, left))
    outbox.settle(context.ledger, settled, utc_now())
    step(f"{name}: sorted")
    if not leaving:
        return
    outbox.mark_sent(context.ledger, [(entry.seq, left.old) for entry, left in leaving])
    step(f"{name}: marked sent")
    receipts = sink.send(name, [_as_write(left) for _, left in leaving])
    step(f"{name}: sent")
    pairs = zip((entry for entry, _ in leaving), receipts, strict=True)
    outbox.settle(context.ledger, [_judge_receipt(entry, receipt, last) for entry, receipt in pairs], utc_now())
    step(f"{name}: receipts stored")


def _judge_receipt(entry: Entry, receipt: Receipt, last: bool) -> Settled:
    if receipt.error is None:
        return Settled(entry.seq, State.ACKNOWLEDGED, receipt.record_id, receipt.created)
    if receipt.gone:
        return Settled(entry.seq, State.CONFLICT, error="the record is gone from the CRM")
    state = State.PENDING if receipt.retry and not last else State.REJECTED
    return Settled(entry.seq, state, error=receipt.error)


def _current(sink: Sink, batch: Sequence[Entry]) -> dict[str, dict[str, Any]]:
    """Return what the CRM says now of the records of *batch*, by `_address`."""
    thing = BY_NAME[batch[0].change.object_name]
    changes = [entry.change for entry in batch]
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


def _as_write(change: Change) -> Write:
    thing = BY_NAME[change.object_name]
    values = {name: _for_crm(thing, name, value) for name, value in change.new.items()}
    return Write(change.key, change.record_id, values)


def _for_crm(thing: CrmObject, name: str, value: Any) -> Any:
    is_list = thing.by_name[name].kind is Kind.MULTI_PICKLIST
    return tuple(value.split(";")) if is_list and value else value


def _batches(entries: Sequence[Entry], size: int) -> Iterator[list[Entry]]:
    """Yield *entries* of one object in batches, an account's records together.

    Keeping an account's records in one batch keeps two batches from waiting for the same row lock.
    """
    ours = sorted(entries, key=lambda entry: (entry.change.account_id or "", entry.seq))
    for start in range(0, len(ours), size):
        yield ours[start : start + size]
