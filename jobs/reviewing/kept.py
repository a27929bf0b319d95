"""All verdicts that people gave: who, when, where, still in force or not, found again or not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from jobs import views
from jobs.context import Context
from jobs.finding.identity import identified
from jobs.partners.partner_views import require_partner
from jobs.stores import judgements
from jobs.stores.judgements import Kept
from overlap import judgements as verdicts
from overlap.model import Judgement, schema_of


@dataclass(frozen=True, slots=True)
class KeptVerdict:
    """One verdict. *ours* and *theirs* are the names as they are today, or by which it was kept.

    *found* says whether the published run has both rows, by these or by other ids; None for a verdict that was undone
    on *undone_at*, and where nothing has been matched yet.
    """

    number: int
    partner: str
    crm: str
    ours: str
    ours_id: str
    theirs: str
    theirs_id: str
    verdict: str
    source: str
    judged_by: str
    judged_at: datetime
    undone_at: datetime | None
    found: bool | None


def kept(context: Context, partner: str | None = None, undone: bool = False) -> tuple[KeptVerdict, ...]:
    """Return the verdicts in force, those on *partner* if one is named, the latest first; *undone* adds the others.

    Raises:
        ConfigError: there is no such partner.
    """
    if partner is not None:
        require_partner(context, partner)
    every = [one for one in judgements.every(context.ledger) if partner in (None, one.said.partner)]
    wanted = [one for one in every if undone or one.undone_at is None]
    names = _names_today(context, wanted)
    return tuple(_line(one, names) for one in sorted(wanted, key=lambda one: -one.number))


def _line(one: Kept, names: dict[int, tuple[str, str]] | None) -> KeptVerdict:
    said = one.said
    ours, theirs = (names or {}).get(one.number, (said.ours_name, said.theirs_name))
    found = None if names is None or one.undone_at is not None else one.number in names
    facts = {
        name: getattr(said, name)
        for name in ("partner", "crm", "ours_id", "theirs_id", "verdict", "source", "judged_by", "judged_at")
    }
    return KeptVerdict(number=one.number, ours=ours, theirs=theirs, undone_at=one.undone_at, found=found, **facts)


def _names_today(context: Context, asked: list[Kept]) -> dict[int, tuple[str, str]] | None:
    """Return the names of both sides by the number of each verdict that holds today; None: there is no run to ask."""
    in_force = [one for one in asked if one.undone_at is None]
    if not in_force:
        return {}
    if context.ledger.pinned("published_run") is None:
        return None
    context.report("looking for the companies that were judged")
    accounts, theirs = views.published(context, "accounts", "partner_accounts")
    rows = [tuple(getattr(one.said, name) for name in schema_of(Judgement)) for one in in_force]
    frame = pl.DataFrame(rows, schema=dict(schema_of(Judgement)), orient="row")
    found = verdicts.located(frame, identified(accounts, "crm"), identified(theirs, "partner"))
    named = found.join(accounts.select("crm", ours_id="id", ours="name"), on=["crm", "ours_id"]).join(
        theirs.select("partner", theirs_id="id", theirs="name"), on=["partner", "theirs_id"]
    )
    return {
        in_force[at].number: (ours, other) for at, ours, other in named.select("judgement", "ours", "theirs").rows()
    }
