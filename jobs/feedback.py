"""What people said of overlaps in the CRM: "Right company" and "Wrong company" become judgements."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from jobs.context import Context
from jobs.stores import judgements, snapshot
from overlap.keys import external_key
from overlap.model import Judgement

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
    described = new.join(ours, left_on=["crm", "ours_id"], right_on=["crm", "id"]).join(
        theirs, left_on=["partner", "theirs_id"], right_on=["partner", "id"], suffix="_theirs"
    )
    for row in described.iter_rows(named=True):
        judgements.record(context.ledger, _judgement(context, row))
    return described.height + undone


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


def _judgement(context: Context, row: dict[str, Any]) -> Judgement:
    return Judgement(
        crm=row["crm"],
        ours_id=row["ours_id"],
        ours_name=row["name"],
        ours_domain=row["domain"],
        ours_country=row["country"],
        partner=row["partner"],
        theirs_id=row["theirs_id"],
        theirs_name=row["name_theirs"],
        theirs_domain=row["domain_theirs"],
        theirs_country=row["country_theirs"],
        verdict=row["verdict"],
        source=_SOURCE,
        judged_by="CRM feedback",
        judged_at=context.now,
    )
