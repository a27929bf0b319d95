"""How right the matches with each partner are, by the verdicts that the published run heeded."""

from __future__ import annotations

from jobs.context import Context
from jobs.stores import snapshot
from overlap.precision import Precision, precision


def measured(context: Context) -> dict[str, Precision]:
    """Return how right the matches of each partner are, as far as people said; none where no run tells."""
    before = snapshot.former(context.workspace.runs, context.ledger.pinned("published_run"), "judged")
    return {} if before is None else precision(before[1][0])
