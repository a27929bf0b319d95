"""Run: pull, match, plan, and apply what lies within the limits."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from jobs.apply import ApplyReport, Leftovers, Trouble, UnfinishedApplyError, apply, finish_leftovers
from jobs.context import Context
from jobs.match import MatchReport, match
from jobs.plan import plan
from jobs.pull import PullReport, pull
from overlap.errors import TransientError
from overlap.plan import SyncPlan


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a whole run did. *applied* has no report for a plan that is held: a person must look at it.

    *finished_first* is what runs before had left unfinished.
    """

    pulled: PullReport
    matched: MatchReport
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


class UnfinishedRunError(TransientError):
    """Something passes by itself at a CRM; *report* is what was done all the same."""

    def __init__(self, message: str, report: RunReport) -> None:
        super().__init__(message)
        self.report = report


def run(context: Context, approve: bool = False, lists: Collection[str] = ()) -> RunReport:
    """Do the whole weekly job. *approve* also applies a plan that a guard holds; *lists* are approved partners' lists.

    What passes by itself in one CRM keeps nothing from the others: it is raised after them.

    Raises:
        UnfinishedRunError: something is left to do in a CRM; everything else is done.
        OverlapError: a step failed; the steps before it stand.
    """
    passing: dict[str, TransientError] = {}
    left, plans, applied = [], [], []
    # Before the pull, which then sees what they wrote.
    for crm in context.crms():
        with _keeping(passing, crm):
            left.append(finish_leftovers(context, crm))
    pulled = pull(context, approve=lists)
    matched = match(context)
    for crm in context.crms():
        with _keeping(passing, crm):
            plans.append(plan(context, crm))
    for planned in plans:
        if planned.crm not in passing and (approve or not planned.held):
            with _keeping(passing, planned.crm):
                applied.append(_applied(context, planned, approve, passing))
    finished = Leftovers(tuple(n for one in left for n in one.plans), tuple(t for one in left for t in one.troubles))
    report = RunReport(pulled, matched, tuple(plans), tuple(applied), finished)
    if passing:
        raise UnfinishedRunError("\n".join(map(str, passing.values())), report)
    return report


@contextmanager
def _keeping(passing: dict[str, TransientError], crm: str) -> Iterator[None]:
    """Keep what passes by itself at *crm*, the first of it, instead of raising it."""
    try:
        yield
    except TransientError as error:
        passing.setdefault(crm, error)


def _applied(context: Context, planned: SyncPlan, approve: bool, passing: dict[str, TransientError]) -> ApplyReport:
    """Apply *planned* and return what was done, even if some of it waits."""
    try:
        return apply(context, planned.id, approve)
    except UnfinishedApplyError as error:
        passing[planned.crm] = error
        return error.report
