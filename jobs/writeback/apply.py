"""Apply: the only job that writes to a CRM. Exact, bounded, and finished after a crash rather than done again.

Every change is in the outbox before anything leaves; `jobs.writeback.writing` sends it. Only a new record is upserted
by its key; one that exists is addressed by its id, so that a record deleted meanwhile is not made again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from connectors.base import Connection
from jobs import fresh
from jobs.context import Context, counted, recorded
from jobs.steps import step
from jobs.stores import bulk_jobs, given_up, outbox, plans
from jobs.stores.entries import OPEN, State
from jobs.stores.lease import QUIET_AFTER
from jobs.stores.lock import workspace_lock
from jobs.upkeep import reconciling
from jobs.writeback import looking, writing
from jobs.writeback.budget import Budget
from jobs.writeback.receipts import Writing
from overlap.errors import ConfigError, GuardError, StalePlanError, TransientError
from overlap.fields import OBJECTS
from overlap.plan import Drift, SyncPlan

#: After that nothing arrives any more that had left before.
_LATEST_COMMIT: Final = QUIET_AFTER
#: Records that wait, of which an error says why.
_SHOWN: Final = 3


#: Label of a record, how its change ended, and what was wrong.
Trouble = tuple[str, State, str]


@dataclass(frozen=True, slots=True)
class Leftovers:
    """*plans* that were cut short at a CRM and are brought to their end now, and what of them did not go through."""

    plans: tuple[int, ...] = ()
    troubles: tuple[Trouble, ...] = ()


@dataclass(frozen=True, slots=True)
class ApplyReport:
    """How a plan's changes to *crm* ended. *finished_first* are plans that a crash had left unfinished.

    *troubles* are those of all these plans, since nobody has heard of them yet.
    *drift* are fields of ours that people had changed when the plan was made; *calls* is what this apply took.
    """

    plan_id: str
    states: Mapping[State, int]
    troubles: tuple[Trouble, ...]
    finished_first: tuple[int, ...]
    drift: tuple[Drift, ...] = ()
    calls: int = 0
    crm: str = ""

    @property
    def superseded(self) -> int:
        """Records that were given up, because the plan was cut short and is stale."""
        return self.states.get(State.SUPERSEDED, 0)

    @property
    def written(self) -> int:
        """Records that the CRM took."""
        return self.states.get(State.ACKNOWLEDGED, 0)


class UnfinishedApplyError(TransientError):
    """Records of a plan wait for the CRM; *report* says how the others ended."""

    def __init__(self, message: str, report: ApplyReport) -> None:
        super().__init__(message)
        self.report = report


def apply(context: Context, plan_id: str, approve: bool = False, gone: str | None = None) -> ApplyReport:
    """Write plan *plan_id* to its CRM. *approve* says that a person has looked at why it is held.

    *gone* is a bulk job of the plan that a person knows to be gone: where the CRM does not find it, its rows are read
    back, and go on.

    Raises:
        ConfigError: the plan waits for no such job.
        StalePlanError: the world moved on since the plan.
        GuardError: the plan is held and nobody approved it.
        TransientError: the CRM stopped answering, has some records locked (UnfinishedApplyError), or the day's budget
            of calls is used up; call again, nothing is written twice.
    """
    planned = plans.header(context.ledger, plan_id)
    _require_waiting_for(context, planned, gone)
    with (
        recorded(context, "apply") as (_, summary),
        workspace_lock(context.workspace.lock_file),
        counted(context, planned.crm) as (connection, meter),
    ):
        step("apply: begun")
        budget = Budget(context, connection, meter)
        finished = _finish_leftovers(context, connection, budget, planned.id, gone)
        if plans.applied_at(context.ledger, planned.id) is None:
            _require_fresh(context, planned, connection.org_id)
            _require_approval(context, planned, approve)
            step("apply: set off")
            plans.set_off(context.ledger, planned.id, context.now, context.who if approve else None)
            step("apply: is set off")
            writing.finish(Writing(context, connection.sink, planned.id, budget))
        report = ApplyReport(
            plan_id=planned.id,
            states=outbox.tally(context.ledger, planned.id),
            troubles=(*finished.troubles, *outbox.troubles(context.ledger, planned.id)),
            finished_first=finished.plans,
            drift=planned.drift,
            calls=connection.api_calls_made(),
            crm=planned.crm,
        )
        _require_nothing_waits(context, report)
        summary |= {"plan": planned.id, "states": report.states, "calls": report.calls}
        reconciling.settled(context, planned.crm, planned.created_at)
        what = {"plan": planned.id, "crm": planned.crm, "approved": approve, "undoes": planned.undoes}
        context.ledger.note(context.who, "applied plan", what | {"states": report.states}, context.now)
        step("apply: ended")
    return report


def finish_leftovers(context: Context, crm: str) -> Leftovers:
    """Finish what a crash cut short at *crm* and return what that was; the ledger alone says if there is any."""
    if not outbox.unfinished(context.ledger, crm) and not given_up.doubtful(context.ledger, crm):
        return Leftovers()
    with workspace_lock(context.workspace.lock_file), counted(context, crm) as (connection, meter):
        return _finish_leftovers(context, connection, Budget(context, connection, meter))


def _finish_leftovers(
    context: Context, connection: Connection, budget: Budget, applied: str = "", gone: str | None = None
) -> Leftovers:
    """Bring plans that were cut short to their end: ask about what was sent, and send the rest if it still holds.

    What a stale plan has not written by then is superseded: the next plan says what the CRM should say today. The plan
    that is *applied* now is no leftover. *gone* is a bulk job that a person knows to be gone.
    """
    unfinished = outbox.unfinished(context.ledger, connection.name)
    for number in map(str, unfinished):
        left = Writing(context, connection.sink, number, budget, gone=gone)
        if fresh.why_stale(context, plans.header(context.ledger, number)):
            writing.read_back(left)
            given_up.supersede(context.ledger, number, context.now)
        else:
            writing.finish(left)
    _look_for_late_ones(context, connection, budget)
    others = tuple(number for number in unfinished if str(number) != applied)
    return Leftovers(others, tuple(one for number in others for one in outbox.troubles(context.ledger, str(number))))


def _look_for_late_ones(context: Context, connection: Connection, budget: Budget) -> None:
    """Acknowledge what the CRM took after its plan was given up: a commit may come long after its answer was lost.

    Otherwise it would look like a person's edit, and no undo would know of it.
    """
    doubts = given_up.doubtful(context.ledger, connection.name)
    for thing in OBJECTS:
        ours = [entry for entry in doubts if entry.change.object_name == thing.name]
        if ours:
            budget.require(connection.sink.looks(*looking.addressed(ours)))
            outbox.settle(context.ledger, looking.arrived(connection.sink, ours), context.now)
    given_up.close(context.ledger, doubts, before=context.now - _LATEST_COMMIT)


def _require_nothing_waits(context: Context, report: ApplyReport) -> None:
    """Make sure that the CRM has answered for every change of the plan.

    Raises:
        UnfinishedApplyError: some wait, because the CRM had them locked or did not get to them; the others are written.
    """
    plan_id = report.plan_id
    waiting = outbox.entries(context.ledger, plan_id, OPEN)
    if not waiting:
        return
    told = [f"{one.change.label}: {one.error} (tries so far: {one.attempts})" for one in waiting if one.error]
    parts = (
        f"plan {plan_id}: {report.written:,} records are written, {len(waiting):,} wait for the CRM",
        *told[:_SHOWN],
        *(["and so on"] if len(told) > _SHOWN else []),
        f"run 'overlap apply {plan_id}' again to finish",
    )
    raise UnfinishedApplyError("; ".join(parts), report)


def standing(context: Context, planned: SyncPlan) -> str | None:
    """Return in words why *planned* cannot be applied: it was, or it is stale. None if it can."""
    at = plans.applied_at(context.ledger, planned.id)
    if at is not None:
        return f"applied on {at.astimezone(context.workspace.zone):%Y-%m-%d %H:%M}"
    stale = fresh.why_stale(context, planned)
    return f"stale: {'; '.join(stale)}" if stale else None


def _require_waiting_for(context: Context, planned: SyncPlan, job_id: str | None) -> None:
    waits_for = bulk_jobs.open_ones(context.ledger, planned.id)
    if job_id is not None and job_id not in waits_for:
        known = f"it waits for {', '.join(waits_for)}" if waits_for else "it waits for none: apply it without that"
        raise ConfigError(f"plan {planned.id} waits for no bulk job '{job_id}'; {known}")


def _require_fresh(context: Context, planned: SyncPlan, org_id: str) -> None:
    stale = fresh.why_stale(context, planned)
    if planned.org_id != org_id:
        stale.append(f"it was made for org {planned.org_id}, this is {org_id}")
    if stale:
        remedy = "'overlap match' and 'overlap plan'" if fresh.overruled(context, planned) else "'overlap plan'"
        raise StalePlanError(f"plan {planned.id} is stale: {'; '.join(stale)}; run {remedy} again")


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
