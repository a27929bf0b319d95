"""What people said of overlaps in the CRM: "Right company" and "Wrong company" become judgements.

Only what is new is taken: the last feedback seen on each record is remembered, so that an old one neither overrules a
later judgement nor speaks for rows that nobody saw when it was given.
"""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from jobs.context import Context
from jobs.identity import Verdict, judgement
from jobs.stores import judgements, snapshot
from overlap import judgements as verdicts
from overlap.keys import external_key

_VERDICTS: Final = {"Right company": "same", "Wrong company": "different"}
_SOURCE: Final = "crm"
_SEEN: Final = "feedback:"
_PAIR: Final = ("crm", "ours_id", "partner", "theirs_id")


def take_feedback(context: Context, records: pl.DataFrame, ours: pl.DataFrame, theirs: pl.DataFrame) -> int:
    """Turn new feedback on *records* of overlaps into judgements and return on how many records it was new.

    A record speaks for the pairs that the published run put behind it, and for those that its feedback judged before.
    Feedback that is taken away undoes its judgements. A deleted record says nothing new. *ours* and *theirs* are
    `jobs.identity.identified`.
    """
    published = context.ledger.pinned("published_run")
    if published is None:
        return 0
    seen = context.ledger.pins(_SEEN)
    said = records.filter(~pl.col("is_deleted")).select("crm", "overlap_key", pl.col("feedback").fill_null(""))
    new = [row for row in said.sort("crm", "overlap_key").iter_rows() if row[2] != seen.get(f"{row[0]}:{row[1]}", "")]
    if not new:
        return 0
    pairs = pl.concat([_shown(context, published), _judged_before(context, ours, theirs)]).unique(maintain_order=True)
    for crm, key, feedback in new:
        about = pairs.filter((pl.col("key") == key) & (pl.col("crm") == crm)).drop("key")
        judged = _judge(context, about, _VERDICTS.get(feedback), ours, theirs)
        if judged or feedback not in _VERDICTS:  # a verdict on a pair that is not there today waits until it is
            context.ledger.pin(f"{_SEEN}{crm}:{key}", feedback)
    return len(new)


def _shown(context: Context, published: str) -> pl.DataFrame:
    """The pairs behind the overlaps that people see, with the overlap's key."""
    shown = snapshot.former(context.workspace.runs, published, "overlaps", "matches")
    if shown is None:  # restored without its runs
        return pl.DataFrame(schema=dict.fromkeys(("key", *_PAIR), pl.String))
    overlaps, matches = shown[1]
    account = overlaps.select("key", "crm", "partner", "relation", ours_id="account_id")
    return (
        matches.filter(pl.col("decision") == "match")
        .join(account, on=["crm", "ours_id", "partner", "relation"])
        .select("key", *_PAIR)
    )


def _judged_before(context: Context, ours: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
    """The pairs that feedback judged and nobody undid, as they were and as they are found today.

    A wrong company is shown no more, but may be spoken of again.
    """
    in_force = judgements.in_force(context.ledger).filter(pl.col("source") == _SOURCE)
    known = pl.concat([in_force.select(_PAIR), verdicts.resolve(in_force, ours, theirs).select(_PAIR)]).unique()
    workspace_id = context.workspace.settings.workspace.id
    key = pl.struct("partner", "ours_id").map_elements(
        lambda pair: external_key(workspace_id, pair["partner"], pair["ours_id"], "overlap"), pl.String
    )
    return known.select(key.alias("key"), *_PAIR)


def _judge(context: Context, pairs: pl.DataFrame, verdict: str | None, ours: pl.DataFrame, theirs: pl.DataFrame) -> int:
    """Put *verdict* in force on *pairs* and return on how many; None undoes what feedback said of them."""
    of_crm = _rows(ours, pairs, "crm", "ours_id")
    of_partner = _rows(theirs, pairs, "partner", "theirs_id")
    by_crm = judgements.in_force(context.ledger).filter(pl.col("source") == _SOURCE).select(_PAIR).rows()
    judged = 0
    for pair in pairs.select(_PAIR).sort(_PAIR).iter_rows():
        crm, ours_id, partner, theirs_id = pair
        known = (crm, ours_id) in of_crm and (partner, theirs_id) in of_partner
        if pair in by_crm and (verdict is None or not known):
            judgements.undo(context.ledger, pair, context.now)
        elif verdict is not None and known:
            judged += 1
            said = Verdict(verdict, _SOURCE, "CRM feedback", context.now)
            judgements.record(context.ledger, judgement(of_crm[crm, ours_id], of_partner[partner, theirs_id], said))
    return judged


def _rows(side: pl.DataFrame, pairs: pl.DataFrame, book: str, identifier: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the rows of *side* that *pairs* name, by (crm or partner, id)."""
    found = side.join(pairs, left_on=[book, "id"], right_on=[book, identifier], how="semi")
    return {(row[book], row["id"]): row for row in found.iter_rows(named=True)}
