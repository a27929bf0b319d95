"""Run: pull, match, plan, and apply what lies within the limits."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from jobs.apply import ApplyReport, Leftovers, Trouble, apply, finish_leftovers
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


def run(context: Context, approve: bool = False, lists: Collection[str] = ()) -> RunReport:
    """Do the whole weekly job. *approve* also applies a plan that a guard holds; *lists* are approved partners' lists.

    Raises:
        OverlapError: a step failed; the steps before it stand.
    """
    # Before the pull, which then sees what they wrote.
    left = [finish_leftovers(context, crm) for crm in context.crms()]
    finished = Leftovers(tuple(n for one in left for n in one.plans), tuple(t for one in left for t in one.troubles))
    pulled = pull(context, approve=lists)
    matched = match(context)
    plans = tuple(plan(context, crm) for crm in context.crms())
    applied = _applied(context, [planned for planned in plans if approve or not planned.held], approve)
    return RunReport(pulled, matched, plans, applied, finished)


def _applied(context: Context, plans: Collection[SyncPlan], approve: bool) -> tuple[ApplyReport, ...]:
    """Apply *plans*. What passes by itself in one CRM keeps nothing from the others: it is raised after them."""
    done: list[ApplyReport] = []
    passing: list[TransientError] = []
    for planned in plans:
        try:
            done.append(apply(context, planned.id, approve))
        except TransientError as error:
            passing.append(error)
    if passing:
        raise TransientError("\n".join(map(str, passing)))
    return tuple(done)
