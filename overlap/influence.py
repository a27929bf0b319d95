"""Influence is suggested from evidence on an opportunity, never from overlap alone; a person decides on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

import polars as pl

from overlap import same_deals
from overlap.keys import external_key
from overlap.model import SAME, Influence, conform
from overlap.overlaps import OFF_LIMITS


@dataclass(frozen=True, slots=True)
class InfluenceRules:
    """Evidence older than *look_back_days* makes no new suggestion; an opportunity has at most *most* current ones.

    Times are days of the time zone *zone*.
    """

    look_back_days: int = 180
    most: int = 3
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where evidence is looked for.

    *partner_accounts* maps (crm, the partner's own account in it) to the partner's key; *claims* are rows of
    PartnerAccount, *matches* say which accounts they are about. What is found on one of *copies*, see
    `overlap.same_deals.copies`, counts for the deal itself.
    """

    claims: pl.DataFrame
    matches: pl.DataFrame
    opportunity_partners: pl.DataFrame
    partner_accounts: Mapping[tuple[str, str], str]
    copies: pl.DataFrame = field(default_factory=same_deals.none)


def influences_of(
    evidence: Evidence, opportunities: pl.DataFrame, overlaps: pl.DataFrame, rules: InfluenceRules, today: date
) -> pl.DataFrame:
    """Return one row of Influence per opportunity and partner with evidence, without its key.

    *suggest* is true where a new record may be made: the deal is open, nobody is off limits, the evidence is recent,
    and it is among the best of its opportunity. Where it is false, the evidence stands and an existing suggestion is
    kept: closing a deal does not withdraw what led to it. A claim without a date counts as recent.
    """
    found = pl.concat([_claims(evidence, opportunities), _opportunity_partners(evidence, rules.zone)])
    found = same_deals.of_originals(found, evidence.copies)
    pairs = (
        found.sort("kind_rank", "on", "text", descending=[False, True, False], nulls_last=True)
        .group_by("crm", "opportunity_id", "partner", maintain_order=True)
        .agg(
            evidence=pl.col("text").unique(maintain_order=True).str.join("; "),
            recent=pl.col("on").is_null().any() | (pl.col("on") >= today - timedelta(days=rules.look_back_days)).any(),
            kinds=pl.col("kind_rank").n_unique(),
            kind_rank=pl.col("kind_rank").min(),
        )
    )
    of_deal = opportunities.rename({"id": "opportunity_id", "name": "opportunity_name"})
    of_overlap = overlaps.select("crm", "account_id", "partner", overlap_key="key", account_engagement="engagement")
    known = pairs.join(of_deal, on=["crm", "opportunity_id"]).join(
        of_overlap, on=["crm", "account_id", "partner"], how="left"
    )
    off_limits = pl.any_horizontal(
        pl.col(name).eq_missing(pl.lit(OFF_LIMITS)) for name in ("engagement", "account_engagement")
    )
    may = known.with_columns(may=pl.col("recent") & ~pl.col("is_closed") & ~off_limits)
    ranked = may.sort(
        "crm",
        "opportunity_id",
        "may",
        "kinds",
        "kind_rank",
        "partner",
        descending=[False, False, True, True, False, False],
    ).with_columns(rank=pl.int_range(pl.len()).over("crm", "opportunity_id"))
    return conform(ranked.with_columns(suggest=pl.col("may") & (pl.col("rank") < rules.most)), Influence, "key")


def with_keys(influences: pl.DataFrame, workspace_id: str) -> pl.DataFrame:
    """Return *influences* with their external key in front."""
    key = pl.struct("partner", "opportunity_id").map_elements(
        lambda pair: external_key(workspace_id, pair["partner"], pair["opportunity_id"], "influence"), pl.String
    )
    return influences.select(key.alias("key"), pl.all())


def _claims(evidence: Evidence, opportunities: pl.DataFrame) -> pl.DataFrame:
    """What partners claim in their lists, on every opportunity of the account that they mean."""
    sure = evidence.matches.filter((pl.col("decision") == "match") & (pl.col("relation") == SAME))
    claimed = evidence.claims.filter(pl.col("claim").is_not_null()).join(
        sure, left_on=["partner", "id"], right_on=["partner", "theirs_id"]
    )
    deals = opportunities.select("crm", "account_id", opportunity_id="id")
    on = pl.col("claimed_on").cast(pl.String)
    return claimed.join(deals, left_on=["crm", "ours_id"], right_on=["crm", "account_id"]).select(
        "crm",
        "opportunity_id",
        "partner",
        kind_rank=pl.lit(0),
        text=pl.format("partner says: {}{}", "claim", pl.format(" ({})", on).fill_null("")),
        on=pl.col("claimed_on"),
    )


def _opportunity_partners(evidence: Evidence, zone: str) -> pl.DataFrame:
    """Partners that somebody of ours entered on the opportunity."""
    keys = pl.DataFrame(
        [(crm, account_id, partner) for (crm, account_id), partner in evidence.partner_accounts.items()],
        schema={"crm": pl.String, "account_id": pl.String, "partner": pl.String},
        orient="row",
    )
    return evidence.opportunity_partners.join(keys, on=["crm", "account_id"]).select(
        "crm",
        "opportunity_id",
        "partner",
        kind_rank=pl.lit(1),
        text=pl.format("entered as partner on the opportunity{}", pl.format(" ({})", "role").fill_null("")),
        on=pl.col("created_at").dt.convert_time_zone(zone).dt.date(),
    )
