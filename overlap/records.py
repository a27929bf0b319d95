"""What the CRM should say: one frame per object, with its key and every engine-owned field of `overlap.fields`.

Lookups to objects of ours hold keys, multi-select lists are sorted and joined by ``;``, as a CRM stores them.
Every frame also has crm, key, label, about_partner and about_account, which say whom a row is about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from overlap.confirmed import confirmed_names
from overlap.fields import ACCOUNT, ENGINE_MADE, OPPORTUNITY, CrmObject, Owner
from overlap.keys import external_key
from overlap.model import CUSTOMERS, OPEN_OPPORTUNITIES, PROSPECTS, SAME
from overlap.overlaps import OFF_LIMITS, play
from overlap.populations import fitting

#: What is said of an overlap whose list is older than the partner usually lets pass: it is unknown, and not gone.
LATE: Final = " (unknown by now: its list is late)"


@dataclass(frozen=True, slots=True)
class Findings:
    """What a run found, for one CRM.

    *partners* has partner, name, account, as_of, late; *confirmed* has opportunity_id, partner (key of its record)
    and sourced, for influence that people confirmed. *current* is what the CRM says now, by object name. An opportunity
    has at most *most_suggestions* current ones. *former_names* are names that partners had, with those that they have.
    *withheld* are partners of whom nothing may be written, each with the reason: no other frame here has them. *ever*
    are the names of all partners that there ever were, by the keys of their records: what people confirmed stays.
    *removed* are names of those that are none any more.
    """

    workspace_id: str
    crm: str
    partners: pl.DataFrame
    overlaps: pl.DataFrame
    influences: pl.DataFrame
    opportunities: pl.DataFrame
    users: pl.DataFrame
    confirmed: pl.DataFrame
    current: Mapping[str, pl.DataFrame]
    fallback_owner: str | None = None
    most_suggestions: int = 3
    former_names: Mapping[str, str] = field(default_factory=dict)
    withheld: Mapping[str, str] = field(default_factory=dict)
    ever: Mapping[str, str] = field(default_factory=dict)
    removed: frozenset[str] = frozenset()


def partner_records(found: Findings) -> pl.DataFrame:
    """Return the desired `overlap_partner` records: freshness lives here, so a re-dated list costs one write."""
    return labelled_partners(found).select(
        crm=pl.lit(found.crm),
        key="partner_key",
        label="partner_name",
        about_partner="partner",
        about_account=pl.lit(None, pl.String),
        name="partner_name",
        partner_key="partner_key",
        workspace=pl.lit(found.workspace_id),
        partner_account="account",
        list_as_of="as_of",
        feed_status=pl.when(pl.col("late")).then(pl.lit("Late")).otherwise(pl.lit("Current")),
    )


def overlap_records(found: Findings) -> pl.DataFrame:
    """Return the desired `partner_overlap` records; ``changed_on`` is left to the comparison."""
    email = pl.col("theirs_owner_email")
    fits = (email.str.len_chars() <= 80) & email.str.contains(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
    return (
        found.overlaps.join(labelled_partners(found), on="partner")
        .join(_owners(found), on="owner_id", how="left")
        .select(
            crm="crm",
            key="key",
            label=_record_name(),
            about_partner="partner",
            about_account="account_id",
            name=_record_name(),
            overlap_key="key",
            workspace=pl.lit(found.workspace_id),
            owner_id=pl.coalesce("active_owner_id", pl.lit(found.fallback_owner, pl.String)),
            account="account_id",
            partner="partner_key",
            our_population="our_population",
            partner_population="partner_population",
            our_populations=pl.col("our_populations").map_elements(lambda names: fitting(names, 255), pl.String),
            partner_populations=cut(pl.col("partner_populations"), 255),
            play="play",
            partner_record_name=cut(pl.col("theirs_name"), 255),
            partner_record_website=pl.when(pl.col("theirs_website").str.len_chars() <= 255).then("theirs_website"),
            partner_owner_name=cut(pl.col("theirs_owner_name"), 150),
            partner_owner_email=pl.when(fits).then(email.str.to_lowercase()),  # as a CRM keeps it
            match_probability="probability",
            match_relation="relation",
            match_reason=cut(pl.col("reasons"), 255),
            icp_fit=pl.col("icp_fit").cast(pl.Float64),
            icp_tier="icp_tier",
            priority=pl.col("priority").cast(pl.Float64),
            first_seen="first_seen",
            changed_on=pl.lit(None, pl.Date),
            status=pl.lit("Active"),
        )
    )


def influence_records(found: Findings) -> pl.DataFrame:
    """Return the desired `partner_influence` records, best first; *suggest* says which may be made."""
    return (
        found.influences.join(labelled_partners(found), on="partner", maintain_order="left")
        .join(_owners(found), on="owner_id", how="left", maintain_order="left")
        .select(
            crm="crm",
            key="key",
            label=pl.format("{}: {}", "partner_name", "opportunity_name"),
            about_partner="partner",
            about_account="account_id",
            suggest="suggest",
            influence_key="key",
            workspace=pl.lit(found.workspace_id),
            origin=pl.lit(ENGINE_MADE),
            owner_id=pl.coalesce("active_owner_id", pl.lit(found.fallback_owner, pl.String)),
            opportunity="opportunity_id",
            account="account_id",
            overlap=pl.when(~pl.col("overlap_key").is_in(_deleted_keys(found))).then("overlap_key"),
            partner="partner_key",
            evidence_summary=cut(pl.col("evidence"), 255),
            suggestion_state=pl.lit("Current"),
        )
    )


def _deleted_keys(found: Findings) -> list[str]:
    """Overlap records that a person deleted: nothing can point to them any more."""
    said = found.current["partner_overlap"]
    alive = said.filter(~pl.col("is_deleted"))
    return said.filter("is_deleted").join(alive, on="overlap_key", how="anti")["overlap_key"].drop_nulls().to_list()


def account_records(found: Findings, says_late: bool = False) -> pl.DataFrame:
    """Return the desired flat fields of every account that has an overlap. Only the company itself fills the lists.

    *says_late*: the reason says that a partner's list is late, where the CRM has no record of the partner that does.
    """
    rows = found.overlaps.join(labelled_partners(found), on="partner")
    same = rows.filter(pl.col("relation") == SAME)
    best = same.sort("account_id", "priority", "probability", "partner", descending=[False, True, True, False]).unique(
        ["account_id"], keep="first", maintain_order=True
    )
    lists = rows.group_by("account_id", "account_name").agg(
        overlap_partner_count=pl.col("partner").filter(pl.col("relation") == SAME).n_unique().cast(pl.Float64),
        overlap_customer_of=_partners_with(CUSTOMERS),
        overlap_open_opportunity_of=_partners_with(OPEN_OPPORTUNITIES),
        overlap_prospect_of=_partners_with(PROSPECTS),
        overlap_family_of=_names(pl.col("relation") != SAME),
    )
    return lists.join(best, on="account_id", how="left", suffix="_best").select(
        crm=pl.lit(found.crm),
        key="account_id",
        label="account_name",
        about_partner=pl.lit(None, pl.String),
        about_account="account_id",
        **_columns(ACCOUNT, lists),
        **_best_columns(pl.col("play"), says_late),
        overlap_icp_fit=pl.col("icp_fit").cast(pl.Float64),
        overlap_icp_tier="icp_tier",
        overlap_changed_on=pl.lit(None, pl.Date),
    )


def opportunity_records(
    found: Findings, suggested: pl.DataFrame | None = None, says_late: bool = False
) -> pl.DataFrame:
    """Return the desired flat fields of opportunities: overlaps while the deal is open, confirmed influence always.

    A closed deal keeps what it said about overlaps when it closed. Its play is always of the row Open Opportunities.
    *suggested* says by ``id`` who is suggested, where the CRM has no records of that; see `overlap.stand_ins`.
    *says_late* is as in `account_records`: where the CRM has no records of partners.
    """
    rows = found.overlaps.filter(pl.col("relation") == SAME).join(labelled_partners(found), on="partner")
    order = pl.col("partner_population").replace_strict(
        {CUSTOMERS: 0, OPEN_OPPORTUNITIES: 1, PROSPECTS: 2}, default=3, return_dtype=pl.Int64
    )
    best = rows.sort("account_id", order, "probability", "partner", descending=[False, False, True, False]).unique(
        ["account_id"], keep="first", maintain_order=True
    )
    lists = rows.group_by("account_id").agg(
        overlap_partner_count=pl.col("partner").n_unique().cast(pl.Float64),
        overlap_customer_of=_partners_with(CUSTOMERS),
        overlap_open_opportunity_of=_partners_with(OPEN_OPPORTUNITIES),
    )
    of_account = lists.join(best, on="account_id").select(
        "account_id",
        *lists.columns[1:],
        **_best_columns(
            pl.when(~pl.col("engagement").eq_missing(pl.lit(OFF_LIMITS))).then(play(pl.lit(OPEN_OPPORTUNITIES))),
            says_late,
        ),
    )
    deals = found.opportunities.select("id", "name", "account_id", "is_closed", deal_engagement="engagement")
    is_allowed = pl.col("deal_engagement").ne_missing(pl.lit(OFF_LIMITS))
    open_deals = (
        deals.filter(~pl.col("is_closed"))
        .join(of_account, on="account_id", how="left")
        .with_columns(overlap_best_play=pl.when(is_allowed).then("overlap_best_play"))
    )
    kept = found.current["opportunity"].select("id", *_flat_names(of_account))
    closed_deals = deals.filter(pl.col("is_closed")).join(kept, on="id", how="left").select(open_deals.columns)
    everything = pl.concat([open_deals, closed_deals]).join(
        confirmed_names(found, labelled_partners(found), has_partners=not says_late), on="id", how="left"
    )
    if suggested is not None:
        everything = everything.join(suggested, on="id", how="left")
    flat = [name for name in everything.columns if name.startswith("overlap_")]
    return everything.filter(pl.any_horizontal(pl.col(flat).is_not_null())).select(
        crm=pl.lit(found.crm),
        key="id",
        label="name",
        about_partner=pl.lit(None, pl.String),
        about_account="account_id",
        **_columns(OPPORTUNITY, everything),
        overlap_changed_on=pl.lit(None, pl.Date),
    )


def cut(text: pl.Expr, length: int) -> pl.Expr:
    """Cut *text* to *length* characters, with an ellipsis where something was cut off."""
    return pl.when(text.str.len_chars() > length).then(text.str.slice(0, length - 1) + "…").otherwise(text)


def labelled_partners(found: Findings) -> pl.DataFrame:
    """Return partners with partner_name (the label) and partner_key (the external key of the partner's record)."""
    key = pl.col("partner").map_elements(
        lambda partner: external_key(found.workspace_id, partner, "", "partner"), pl.String
    )
    return found.partners.rename({"name": "partner_name"}).with_columns(partner_key=key)


def _record_name() -> pl.Expr:
    return cut(pl.format("{}: {}", "partner_name", "account_name"), 80)


def _owners(found: Findings) -> pl.DataFrame:
    """Who can own a record: the owner of the account or opportunity, if active; all others are up to the fallback."""
    return found.users.filter("is_active").select(owner_id="id", active_owner_id="id")


def _names(where: pl.Expr) -> pl.Expr:
    joined = pl.col("partner_name").filter(where).unique().sort().str.join(";")
    return pl.when(joined != "").then(joined)


def _partners_with(population: str) -> pl.Expr:
    return _names((pl.col("relation") == SAME) & (pl.col("partner_population") == population))


def _best_columns(best_play: pl.Expr, says_late: bool) -> dict[str, pl.Expr]:
    """Who is best to talk to, why, and what to do."""
    contact = pl.concat_str("theirs_owner_name", "theirs_owner_email", separator=", ", ignore_nulls=True)
    who = pl.coalesce(pl.format("{} of {}", "partner_population", "partner_name"), "partner_name")
    unknown = pl.when(pl.lit(says_late) & pl.col("late")).then(pl.lit(LATE)).otherwise(pl.lit(""))
    reason = pl.format("{}{}; {}", who, unknown, "reasons")
    return {
        "overlap_best_partner": pl.col("partner_name"),
        "overlap_best_play": best_play,
        "overlap_best_reason": cut(reason, 255),
        "overlap_partner_contact": pl.when(contact != "").then(cut(contact, 255)),
    }


def _flat_names(frame: pl.DataFrame) -> list[str]:
    return [name for name in frame.columns if name.startswith("overlap_")]


def _columns(thing: CrmObject, frame: pl.DataFrame) -> dict[str, pl.Expr]:
    """The engine's fields of *thing* that *frame* has, as they are."""
    ours = (field.name for field in thing.columns if field.owner is Owner.ENGINE)
    return {name: pl.col(name) for name in ours if name in frame.columns}
