"""Put verdicts in force and take them back: each is one transaction, and a line in the audit."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from jobs.context import Context
from jobs.finding.identity import Verdict, judgement
from jobs.reviewing.doubtful import Doubt
from jobs.stores import judgements
from jobs.stores.judgements import Kept
from overlap.errors import ConfigError
from overlap.model import Judgement

#: As long as the ledger keeps it.
WHO_CHARACTERS: Final = 80


def settle(context: Context, doubt: Doubt, verdict: str) -> None:
    """Put ``same`` or ``different`` in force for *doubt*, or ``undo`` the verdict on it."""
    if verdict == "undo":
        judgements.undo(context.ledger, doubt.pair, context.by_now())
        crm, ours_id, partner, theirs_id = doubt.pair
        what = {"crm": crm, "ours": ours_id, "partner": partner, "theirs": theirs_id, "verdict": "undo"}
        context.ledger.note(context.who, "judged", what, context.by_now())
        return
    put(context, judgement(*doubt.known, Verdict(verdict, "review", context.who, context.by_now())))


def put(context: Context, made: Judgement, comment: str | None = None) -> None:
    """Put *made* in force in the place of what was said before; *comment* is kept in the audit.

    The audit says who put it in force: who gave it may have done so in a workbook, or elsewhere.
    """
    made = replace(made, judged_by=made.judged_by[:WHO_CHARACTERS])
    judgements.record(context.ledger, made)
    what = {
        "crm": made.crm,
        "ours": made.ours_id,
        "partner": made.partner,
        "theirs": made.theirs_id,
        "verdict": made.verdict,
        "source": made.source,
        "by": made.judged_by,
    }
    context.ledger.note(context.who, "judged", what | ({"comment": comment} if comment else {}), context.by_now())


def undo(context: Context, number: int) -> Kept:
    """Undo verdict *number* and return it.

    Raises:
        ConfigError: there is none of that number in force.
    """
    undone = judgements.undo_one(context.ledger, number, context.by_now())
    if undone is None:
        known = next((one for one in judgements.every(context.ledger) if one.number == number), None)
        when = "" if known is None or known.undone_at is None else f": it was undone on {known.undone_at:%Y-%m-%d}"
        why = f"there is no verdict {number}" if known is None else f"verdict {number} is not in force{when}"
        raise ConfigError(f"{why}; 'overlap judgements list' shows those that are")
    said = undone.said
    what = {"crm": said.crm, "ours": said.ours_id, "partner": said.partner, "theirs": said.theirs_id, "verdict": "undo"}
    context.ledger.note(context.who, "judged", what, context.by_now())
    return undone
