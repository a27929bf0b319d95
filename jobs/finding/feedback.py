"""What people said of overlaps in the CRM: "Right company" and "Wrong company" become judgements.

Only what is new is taken: the last feedback seen on each record is remembered, so that an old one neither overrules a
later judgement nor speaks for rows that nobody saw when it was given. "Working it" and "Not now" say nothing of the
company: they take a "Wrong company" back, and leave a "Right company" in force.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

import polars as pl

from connectors.records import CHANGES
from jobs.context import Context
from jobs.finding.identity import Verdict, judgement, plain_domains, plain_names
from jobs.stores import judgements, snapshot
from overlap import judgements as verdicts
from overlap.keys import external_key
from overlap.model import PAIR
from overlap.whereabouts import Book, Known

_VERDICTS: Final = {"Right company": "same", "Wrong company": "different"}
#: Feedback that is about the deal, not about the company.
_NO_VERDICTS: Final = ("Not now", "Working it")
_SOURCE: Final = "crm"
#: What a record says of its pair, the account first.
_WRITTEN: Final = ("account", "partner_record_name", "partner_record_website")
_NOBODY: Final = "CRM feedback"
_SEEN: Final = "feedback:"


@dataclass(frozen=True, slots=True)
class People:
    """Whom a CRM knows, as it names them by (crm, id)."""

    names: Mapping[tuple[str, str], str]

    @classmethod
    def of(cls, users: pl.DataFrame) -> Self:
        """Return the people among *users* (columns of `overlap.model.User`)."""
        return cls({(crm, identifier): name for crm, identifier, name in users.select("crm", "id", "name").iter_rows()})

    def who(self, record: Mapping[str, Any], now: datetime) -> tuple[str, datetime]:
        """Return who said what stands on *record*, and when.

        That is who changed it last, unless we did, who made it: then nobody can say any more.
        """
        by, at = record["last_changed_by"], record["last_changed_at"]
        if by is None or at is None or by == record["made_by"]:
            return _NOBODY, now
        return self.names.get((record["crm"], by), _NOBODY), min(at, now)


def take_feedback(
    context: Context, records: pl.DataFrame, ours: pl.DataFrame, theirs: pl.DataFrame, people: People
) -> int:
    """Turn new feedback on *records* of overlaps into judgements and return on how many records it was new.

    A record speaks for the pairs that the published run put behind it, and for those that its feedback judged before;
    one that is retired, for the pair that was written on it. Feedback that is taken away undoes its judgements. A
    deleted record says nothing new. *ours* and *theirs* are `jobs.finding.identity.identified`.
    """
    published = context.ledger.pinned("published_run")
    if published is None:
        return 0
    seen = context.ledger.pins(_SEEN)
    said = records.filter(~pl.col("is_deleted")).with_columns(pl.col("feedback").fill_null(""))
    rows = (
        said.select("crm", "overlap_key", "feedback", *_WRITTEN, *CHANGES)
        .sort("crm", "overlap_key")
        .iter_rows(named=True)
    )
    new = [row for row in rows if row["feedback"] != seen.get(f"{row['crm']}:{row['overlap_key']}", "")]
    if not new:
        return 0
    pairs = pl.concat([_shown(context, published), _judged_before(context, ours, theirs)]).unique(maintain_order=True)
    for record in new:
        crm, key, feedback = record["crm"], record["overlap_key"], record["feedback"]
        about = pairs.filter((pl.col("key") == key) & (pl.col("crm") == crm)).drop("key")
        if about.is_empty() and feedback in _VERDICTS:
            about = _as_written(context, record, theirs)
        if feedback in _NO_VERDICTS:
            about = _wrong(context, about)
        said_by = Verdict(_VERDICTS.get(feedback, ""), _SOURCE, *people.who(record, context.now))
        judged = _judge(context, about, said_by, ours, theirs)
        if judged or feedback not in _VERDICTS:  # a verdict on a pair that is not there today waits until it is
            context.ledger.pin(f"{_SEEN}{crm}:{key}", feedback)
    return len(new)


def _shown(context: Context, published: str) -> pl.DataFrame:
    """The pairs behind the overlaps that people see, with the overlap's key."""
    shown = snapshot.former(context.workspace.runs, published, "overlaps", "matches")
    if shown is None:  # restored without its runs
        return pl.DataFrame(schema=dict.fromkeys(("key", *PAIR), pl.String))
    overlaps, matches = shown[1]
    account = overlaps.select("key", "crm", "partner", "relation", ours_id="account_id")
    return (
        matches.filter(pl.col("decision") == "match")
        .join(account, on=["crm", "ours_id", "partner", "relation"])
        .select("key", *PAIR)
    )


def _judged_before(context: Context, ours: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
    """The pairs that feedback judged and nobody undid, as they were and as they are found today.

    A wrong company is shown no more, but may be spoken of again.
    """
    in_force = judgements.in_force(context.ledger).filter(pl.col("source") == _SOURCE)
    known = pl.concat([in_force.select(PAIR), verdicts.resolve(in_force, ours, theirs).select(PAIR)]).unique()
    workspace_id = context.workspace.settings.workspace.id
    key = pl.struct("partner", "ours_id").map_elements(
        lambda pair: external_key(workspace_id, pair["partner"], pair["ours_id"], "overlap"), pl.String
    )
    return known.select(key.alias("key"), *PAIR)


def _as_written(context: Context, record: Mapping[str, Any], theirs: pl.DataFrame) -> pl.DataFrame:
    """Return the pair that *record* shows although no run finds it any more: its account, and the one row named so."""
    nothing = pl.DataFrame(schema=dict.fromkeys(PAIR, pl.String))
    account, workspace_id = record["account"], context.workspace.settings.workspace.id
    keys = {
        external_key(workspace_id, partner, account or "", "overlap"): partner
        for partner in context.workspace.settings.partners
    }
    partner = keys.get(record["overlap_key"])
    name, website = (pl.Series([record[one]], dtype=pl.String) for one in _WRITTEN[1:])
    if account is None or partner is None or name[0] is None:
        return nothing
    rows = theirs.filter(pl.col("partner") == partner).select("id", "name", "domain", "country").iter_rows()
    named = Known("", plain_names(name)[0], plain_domains(website)[0], None)
    found = Book(Known(*row) for row in rows).find(named)
    if len(found) != 1:
        return nothing
    pair = (record["crm"], account, partner, found[0])
    return pl.DataFrame([pair], schema=nothing.schema, orient="row")


def _wrong(context: Context, pairs: pl.DataFrame) -> pl.DataFrame:
    """Return those of *pairs* of which feedback says that they are different companies."""
    in_force = judgements.in_force(context.ledger).filter(pl.col("source") == _SOURCE, pl.col("verdict") == "different")
    return pairs.join(in_force, on=PAIR, how="semi", maintain_order="left")


def _judge(context: Context, pairs: pl.DataFrame, said: Verdict, ours: pl.DataFrame, theirs: pl.DataFrame) -> int:
    """Put what was *said* in force on *pairs* and return on how many; no verdict undoes what feedback said of them."""
    of_crm = _rows(ours, pairs, "crm", "ours_id")
    of_partner = _rows(theirs, pairs, "partner", "theirs_id")
    by_crm = judgements.in_force(context.ledger).filter(pl.col("source") == _SOURCE).select(PAIR).rows()
    judged = 0
    for pair in pairs.select(PAIR).sort(PAIR).iter_rows():
        crm, ours_id, partner, theirs_id = pair
        known = (crm, ours_id) in of_crm and (partner, theirs_id) in of_partner
        if pair in by_crm and (not said.verdict or not known):
            judgements.undo(context.ledger, pair, context.now)
        elif said.verdict and known:
            judged += 1
            judgements.record(context.ledger, judgement(of_crm[crm, ours_id], of_partner[partner, theirs_id], said))
    return judged


def _rows(side: pl.DataFrame, pairs: pl.DataFrame, book: str, identifier: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the rows of *side* that *pairs* name, by (crm or partner, id)."""
    found = side.join(pairs, left_on=[book, "id"], right_on=[book, identifier], how="semi")
    return {(row[book], row["id"]): row for row in found.iter_rows(named=True)}
