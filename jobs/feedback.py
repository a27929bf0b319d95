"""What people said of overlaps in the CRM: "Right company" and "Wrong company" become judgements."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from jobs.context import Context
from jobs.identity import Verdict, judgement
from jobs.stores import judgements, snapshot
from overlap.keys import external_key

_VERDICTS: Final = {"Right company": "same", "Wrong company": "different"}
_SOURCE: Final = "crm"
_PAIR: Final = ("crm", "ours_id", "partner", "theirs_id")


def take_feedback(context: Context, records: pl.DataFrame, ours: pl.DataFrame, theirs: pl.DataFrame) -> int:
    """Turn the feedback on *records* of overlaps into judgements and return how many are new or undone.

    A record speaks for the pairs that the published run put behind it; feedback that was taken away is undone.
    *ours* and *theirs* are `jobs.identity.identified`.
    """
    published = context.ledger.pinned("published_run")
    if published is None:
        return 0
    spoken = records.filter(~pl.col("is_deleted")).select(
        key="overlap_key", verdict=pl.col("feedback").replace_strict(_VERDICTS, default=None)
    )
    known = judgements.in_force(context.ledger).filter(pl.col("source") == _SOURCE)
    undone = _undo_what_was_taken_back(context, known, spoken)
    new = _shown(context, published).join(spoken.drop_nulls(), on="key").join(known, on=[*_PAIR, "verdict"], how="anti")
    of_crm = {(row["crm"], row["id"]): row for row in _rows(ours, new, "crm", "ours_id")}
    of_partner = {(row["partner"], row["id"]): row for row in _rows(theirs, new, "partner", "theirs_id")}
    for row in new.iter_rows(named=True):
        our_row, their_row = (
            of_crm.get((row["crm"], row["ours_id"])),
            of_partner.get((row["partner"], row["theirs_id"])),
        )
        if our_row and their_row:
            verdict = Verdict(row["verdict"], _SOURCE, "CRM feedback", context.now)
            judgements.record(context.ledger, judgement(our_row, their_row, verdict))
    return new.height + undone


def _rows(side: pl.DataFrame, pairs: pl.DataFrame, book: str, identifier: str) -> list[dict[str, Any]]:
    """Return the rows of *side* that *pairs* name."""
    return side.join(pairs, left_on=[book, "id"], right_on=[book, identifier], how="semi").to_dicts()


def _shown(context: Context, published: str) -> pl.DataFrame:
    """The pairs behind the overlaps that people see, with the overlap's key."""
    overlaps, matches = snapshot.read(context.workspace.runs, published, "overlaps", "matches")
    account = overlaps.select("key", "crm", "partner", "relation", ours_id="account_id")
    return (
        matches.filter(pl.col("decision") == "match")
        .join(account, on=["crm", "ours_id", "partner", "relation"])
        .select("key", *_PAIR)
    )


def _undo_what_was_taken_back(context: Context, known: pl.DataFrame, spoken: pl.DataFrame) -> int:
    workspace_id = context.workspace.settings.workspace.id
    verdicts = dict(spoken.iter_rows())
    undone = 0
    for row in known.iter_rows(named=True):
        key = external_key(workspace_id, row["partner"], row["ours_id"], "overlap")
        if verdicts.get(key) != row["verdict"]:
            crm, ours_id, partner, theirs_id = (row[name] for name in _PAIR)
            undone += judgements.undo(context.ledger, (crm, ours_id, partner, theirs_id), context.now)
    return undone
