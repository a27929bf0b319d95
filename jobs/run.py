"""Run: pull, match, plan, and apply what lies within the limits."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from jobs.apply import ApplyReport, Leftovers, Trouble, UnfinishedApplyError, apply, finish_leftovers
from jobs.context import Context
from jobs.match import MatchReport, match
from jobs.plan import plan
from jobs.pull import PullReport, UnfinishedPullError, pull
from jobs.unfinished import UnfinishedError, keeping
from overlap.errors import OverlapError
from overlap.plan import SyncPlan


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a whole run did. *applied* has no report for a plan that is held: a person must look at it.

    *finished_first* is what runs before had left unfinished. *matched* is None where a CRM could not be read: what is
    one company, excluded or off limits there, nobody knows for the others.
    """

    pulled: PullReport
    matched: MatchReport | None
    plans: tuple[SyncPlan, ...]
    applied: tuple[ApplyReport, ...]
    finished_first: Leftovers

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
    before every CRM was read.

    Raises:
        UnfinishedRunError: something is left to do in a CRM; everything else is done. Or a step failed after something
            that was left unfinished before went wrong: its report has that.
        OverlapError: a step failed; the steps before it stand.
    """
    stopped: dict[str, OverlapError] = {}
    left = []
    # Before the pull, which then sees what they wrote.
    for crm in context.crms():
        with keeping(stopped, crm):
            left.append(finish_leftovers(context, crm))
    finished = Leftovers(tuple(n for one in left for n in one.plans), tuple(t for one in left for t in one.troubles))
    try:
        return _new(context, finished, stopped, approve, lists)
    except UnfinishedRunError:
        raise
    except OverlapError as error:
        if not finished.troubles:
            raise
        # Nobody would hear of them any more: they are settled, and in no later report.
        nothing = RunReport(PullReport((), ()), None, (), (), finished)
        raise UnfinishedRunError({**stopped, "": error}, nothing) from error


def _new(
    context: Context, finished: Leftovers, stopped: dict[str, OverlapError], approve: bool, lists: Collection[str]
) -> RunReport:
    """Do what is new once leftovers are *finished*; raises what `run` does."""
    plans, applied = [], []
    try:
        pulled = pull(context, approve=lists)
    except UnfinishedPullError as error:
        raise UnfinishedRunError(error.stopped | stopped, RunReport(error.report, None, (), (), finished)) from error
    matched = match(context)
    for crm in context.crms():
        with keeping(stopped, crm):
            plans.append(plan(context, crm))
    for planned in plans:
        if planned.crm not in stopped and (approve or not planned.held):
            with keeping(stopped, planned.crm):
                applied.append(_applied(context, planned, approve, stopped))
    report = RunReport(pulled, matched, tuple(plans), tuple(applied), finished)
    if stopped:
        raise UnfinishedRunError(stopped, report)
    return report


def _applied(context: Context, planned: SyncPlan, approve: bool, stopped: dict[str, OverlapError]) -> ApplyReport:
    """Apply *planned* and return what was done, even if some of it waits."""
    try:
        return apply(context, planned.id, approve)
    except UnfinishedApplyError as error:
        stopped[planned.crm] = error
        return error.report
