"""Run: pull, match, plan, and apply what lies within the limits."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Final

from jobs import fresh
from jobs.context import Context, recorded
from jobs.finding.match import MatchReport, match
from jobs.past.resume import left_by_last
from jobs.pulling.pull import PullReport, UnfinishedPullError, pull
from jobs.unfinished import UnfinishedError, keeping
from jobs.writeback.apply import ApplyReport, Leftovers, Trouble, UnfinishedApplyError, apply, finish_leftovers
from jobs.writeback.plan import plan
from overlap.errors import OverlapError
from overlap.plan import SyncPlan

#: How often a run matches anew because people judged pairs meanwhile.
_MATCHED_AGAIN: Final = 2


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a whole run did. *applied* has no report for a plan that is held: a person must look at it.

    *finished_first* is what runs before had left unfinished. *matched* is None where a CRM could not be read: what is
    one company, excluded or off limits there, nobody knows for the others. *run_id* is the number of the whole run, of
    which pull, match, plans and applies are parts; *goes_on_after* that of a run that was cut short, whose pull, and
    match and plans if it got so far, are those of this one.
    """

    pulled: PullReport
    matched: MatchReport | None
    plans: tuple[SyncPlan, ...]
    applied: tuple[ApplyReport, ...]
    finished_first: Leftovers
    run_id: int = 0
    goes_on_after: int | None = None

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """What did not go through of all that was applied or finished."""
        return (*self.finished_first.troubles, *(one for done in self.applied for one in done.troubles))

    @property
    def held(self) -> tuple[SyncPlan, ...]:
        """Plans that wait for a person."""
        return tuple(planned for planned in self.plans if planned.held)


class UnfinishedRunError(UnfinishedError[RunReport]):
    """Something is left to do in a CRM; *report* is what was done all the same."""


def run(context: Context, approve: bool = False, lists: Collection[str] = ()) -> RunReport:
    """Do the whole weekly job. *approve* also applies a plan that a guard holds; *lists* are approved partners' lists.

    What stops one CRM keeps nothing from the others: it is raised after them. But nothing is matched, nor written,
    before every CRM was read. Where the run before it was cut short within the hour, it goes on after the last part
    of that which still holds.

    Raises:
        UnfinishedRunError: something is left to do in a CRM; everything else is done. Or a step failed after something
            that was left unfinished before went wrong: its report has that.
        OverlapError: a step failed; the steps before it stand.
    """
    with recorded(context, "run") as (run_id, summary):
        report, stopped = _whole(replace(context, part_of=run_id), approve, lists, run_id)
        summary |= _in_short(report)
        if stopped:
            raise UnfinishedRunError(stopped, report)
    return report


def _whole(
    context: Context, approve: bool, lists: Collection[str], run_id: int
) -> tuple[RunReport, dict[str, OverlapError]]:
    """Do the parts of run *run_id* and return what was done, and what stopped CRMs."""
    stopped: dict[str, OverlapError] = {}
    left = []
    # Before the pull, which then sees what they wrote.
    for crm in context.crms():
        with keeping(stopped, crm):
            left.append(finish_leftovers(context, crm))
    finished = Leftovers(tuple(n for one in left for n in one.plans), tuple(t for one in left for t in one.troubles))
    begun = RunReport(PullReport((), ()), None, (), (), finished, run_id)
    try:
        return _new(context, begun, stopped, approve, lists)
    except OverlapError as error:
        if not finished.troubles:
            raise
        # Nobody would hear of them any more: they are settled, and in no later report.
        return begun, {**stopped, "": error}


def _new(
    context: Context, begun: RunReport, stopped: dict[str, OverlapError], approve: bool, lists: Collection[str]
) -> tuple[RunReport, dict[str, OverlapError]]:
    """Do what is new once leftovers are finished, and return what `_whole` does."""
    plans, applied = [], []
    done = None if lists else left_by_last(context, begun.run_id)  # a list that a person let in is to be read
    if done is not None:
        context.report(f"goes on after run {done.number}, which was cut short")
        begun = replace(begun, goes_on_after=done.number)
    try:
        pulled = done.pulled if done is not None else pull(context, approve=lists)
    except UnfinishedPullError as error:
        return replace(begun, pulled=error.report), error.stopped | stopped
    matched = done.matched if done is not None and done.matched is not None else match(context)
    for _ in range(_MATCHED_AGAIN):  # people go on judging while the job runs
        if not fresh.judged_since(context, matched.run_id):
            break
        matched = match(context)
    for crm in context.crms():
        with keeping(stopped, crm):
            plans.append(done.plans[crm] if done is not None and crm in done.plans else plan(context, crm))
    for planned in plans:
        if planned.crm not in stopped and (approve or not planned.held):
            with keeping(stopped, planned.crm):
                applied.append(_applied(context, planned, approve, stopped))
    return replace(begun, pulled=pulled, matched=matched, plans=tuple(plans), applied=tuple(applied)), stopped


def _in_short(report: RunReport) -> dict[str, Any]:
    """Return what the ledger keeps of a whole run beside its parts."""
    found = report.matched
    approved = {done.plan_id for done in report.applied}
    return {
        "found": None if found is None else {"run": found.run_id, "overlaps": found.overlaps, "reviews": found.reviews},
        "goes_on_after": report.goes_on_after,
        "written": sum(done.written for done in report.applied),
        "troubles": len(report.troubles),
        "held": [f"plan {one.id}: {why}" for one in report.held if one.id not in approved for why in one.held],
        "held_lists": [one.partner for one in report.pulled.held],
    }


def _applied(context: Context, planned: SyncPlan, approve: bool, stopped: dict[str, OverlapError]) -> ApplyReport:
    """Apply *planned* and return what was done, even if some of it waits."""
    try:
        return apply(context, planned.id, approve)
    except UnfinishedApplyError as error:
        stopped[planned.crm] = error
        return error.report
