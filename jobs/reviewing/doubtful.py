"""The pairs that wait for a person, what matters most first; or a sample of matches, to see how right they are."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from jobs import views
from jobs.context import Context
from jobs.finding.identity import identified
from jobs.partners.partner_views import require_partner
from jobs.stores import judgements
from overlap import judgements as verdicts
from overlap import shared
from overlap.model import PAIR
from overlap.overlaps import overlaps_of


@dataclass(frozen=True, slots=True)
class Doubt:
    """One pair as the published run has it, both rows whole.

    *known* are both sides as `identity.identified` has them; *evidence* is (comparison, words, bits), strongest first.
    *priority*, 0..100, and *cell* are those of the overlap that it would be, were it a match.
    """

    ours: Mapping[str, Any]
    theirs: Mapping[str, Any]
    known: tuple[Mapping[str, Any], Mapping[str, Any]]
    probability: float
    relation: str
    reasons: str
    evidence: tuple[tuple[str, str, float], ...]
    priority: int
    cell: str
    open_deals: int

    @property
    def pair(self) -> tuple[str, str, str, str]:
        """crm, ours_id, partner, theirs_id."""
        return self.ours["crm"], self.ours["id"], self.theirs["partner"], self.theirs["id"]


def doubtful(context: Context, partner: str | None = None, sample: int | None = None) -> tuple[Doubt, ...]:
    """Return the doubtful pairs of the published run that nobody has judged since, the highest priority first.

    *sample* returns so many of its matches in their place, drawn by chance: another run draws others.

    Raises:
        ConfigError: nothing has been matched yet, or there is no such partner.
    """
    if partner is not None:
        require_partner(context, partner)
    names = ("matches", "accounts", "partner_accounts", "companies", "opportunities")
    matches, accounts, theirs, known, deals = views.published(context, *names)
    asked = matches.filter(pl.col("decision") == ("review" if sample is None else "match"))
    asked = asked.filter(~pl.col("reasons").str.starts_with("judged "))
    if partner is not None:
        asked = asked.filter(pl.col("partner") == partner)
    if "speaks" in known.columns:  # else it is a run of an earlier version
        asked = shared.once(asked, known)
        asked = asked.join(_judged(context, asked, accounts, theirs, known), on=PAIR, how="anti", maintain_order="left")
    if sample is not None:
        asked = _drawn(asked, sample, str(context.ledger.pinned("published_run")))
    return _told(asked, accounts, theirs, deals, context.workspace.settings.workspace.id)


def _judged(
    context: Context, asked: pl.DataFrame, accounts: pl.DataFrame, theirs: pl.DataFrame, known: pl.DataFrame
) -> pl.DataFrame:
    """Return the pairs on which a verdict is in force; the rows of others than *asked* and judged need no look."""
    in_force = judgements.in_force(context.ledger)
    ours_ids, theirs_ids = (pl.concat([asked[name], in_force[name]]) for name in ("ours_id", "theirs_id"))
    ours = identified(accounts.filter(pl.col("id").is_in(ours_ids.implode())), "crm")
    of_theirs = identified(theirs.filter(pl.col("id").is_in(theirs_ids.implode())), "partner")
    return shared.verdicts_of_all(verdicts.resolve(in_force, ours, of_theirs), known, accounts)


def _drawn(matches: pl.DataFrame, sample: int, run_id: str) -> pl.DataFrame:
    """Return *sample* of *matches* by a hash: who looks twice at one run is shown the same ones."""
    said = matches.select(pl.concat_str(*PAIR, separator="\n")).to_series()
    lots = [hashlib.sha256(f"{run_id}\n{pair}".encode()).hexdigest() for pair in said]
    return matches.with_columns(lot=pl.Series(lots, dtype=pl.String)).sort("lot").drop("lot").head(sample)


def _told(
    asked: pl.DataFrame, accounts: pl.DataFrame, theirs: pl.DataFrame, deals: pl.DataFrame, workspace_id: str
) -> tuple[Doubt, ...]:
    ours = accounts.join(asked, left_on=["crm", "id"], right_on=["crm", "ours_id"], how="semi")
    rows = theirs.join(asked, left_on=["partner", "id"], right_on=["partner", "theirs_id"], how="semi")
    would_be = overlaps_of(asked.with_columns(decision=pl.lit("match")), ours, rows, workspace_id)
    worth = would_be.select(
        "crm", "partner", "priority", ours_id="account_id",
        cell=pl.format("our {} x their {}", "our_population", "partner_population"),
    )  # fmt: skip
    open_deals = deals.filter(~pl.col("is_closed")).group_by("crm", ours_id="account_id").agg(open_deals=pl.len())
    ranked = (
        asked.join(worth, on=["crm", "partner", "ours_id"])
        .join(open_deals, on=["crm", "ours_id"], how="left")
        .with_columns(pl.col("open_deals").fill_null(0))
        .sort("priority", "open_deals", "probability", *PAIR, descending=[True, True, True, *[False] * len(PAIR)])
    )
    side, other = _by_id(ours, "crm"), _by_id(rows, "partner")
    plain, plain_other = _by_id(identified(ours, "crm"), "crm"), _by_id(identified(rows, "partner"), "partner")
    return tuple(
        Doubt(
            ours=side[row["crm"], row["ours_id"]],
            theirs=other[row["partner"], row["theirs_id"]],
            known=(plain[row["crm"], row["ours_id"]], plain_other[row["partner"], row["theirs_id"]]),
            evidence=evidence(row["evidence"]),
            **{name: row[name] for name in ("probability", "relation", "reasons", "priority", "cell", "open_deals")},
        )
        for row in ranked.iter_rows(named=True)
    )


def evidence(lines: str) -> tuple[tuple[str, str, float], ...]:
    """Return the rungs of a match's *evidence*: comparison, words, bits."""
    rungs = (line.split("|") for line in lines.splitlines())
    return tuple((rung[0], "|".join(rung[1:-1]), float(rung[-1])) for rung in rungs if len(rung) > 2)


def _by_id(rows: pl.DataFrame, book: str) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row[book], row["id"]): row for row in rows.iter_rows(named=True)}
