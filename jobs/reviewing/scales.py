"""What would settle a pair: rivals, what speaks against it, and the facts that a person could find out."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from jobs import views
from jobs.context import Context
from jobs.finding.models import chosen
from jobs.reviewing.doubtful import Doubt
from jobs.stores import snapshot
from jobs.stores.statistics import StatisticsFolder
from matching.kept import engine_version
from matching.model import Model
from matching.surroundings import Survey, look_from, survey
from matching.why_not import WhyNot, why_not
from overlap.model import PAIR


@dataclass(frozen=True, slots=True)
class Scales:
    """Weighs one pair after the other of the published run, by the model chosen now: everything is read once."""

    around: Survey
    model: Model

    def weigh(self, doubt: Doubt) -> WhyNot:
        """Return why *doubt* is doubtful, and what would settle it."""
        pair = pl.DataFrame(dict(zip(PAIR, ([value] for value in doubt.pair), strict=True)))
        return why_not(look_from(self.around, pair), self.model, dict(doubt.ours), dict(doubt.theirs))


def scales(context: Context) -> Scales:
    """Return the scales for the published run.

    Raises:
        ConfigError: nothing has been matched yet.
    """
    accounts, theirs = views.published(context, "accounts", "partner_accounts")
    run_id = str(context.ledger.pinned("published_run"))
    named = snapshot.manifest(context.workspace.runs, run_id).get("statistics")
    counted = (
        None if named is None else StatisticsFolder(context.workspace.statistics).load(str(named), engine_version())
    )
    context.report("weighing pairs among their rivals")
    return Scales(survey(accounts, theirs, counted), chosen(context))
