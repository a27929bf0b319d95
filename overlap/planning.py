"""Decide what to write: everything that the CRM should say, held against everything that it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl

from overlap import records
from overlap.diff import adopt, compare, retire
from overlap.exclusions import Excluded
from overlap.fields import (
    ACCOUNT,
    ENGINE_MADE,
    INFLUENCE,
    OBJECTS,
    OPPORTUNITY,
    OVERLAP,
    PARTNER,
    SUGGESTED,
    TICKED,
    CrmObject,
    Owner,
)
from overlap.keys import external_key
from overlap.overlaps import OFF_LIMITS
from overlap.plan import JUDGED_DIFFERENT, Change
from overlap.records import Findings
from overlap.stand_ins import suggested, unclear


@dataclass(frozen=True, slots=True)
class Intent:
    """What must change in one CRM, in the order of writing, and how many records are right, by object."""

    changes: tuple[Change, ...] = ()
    unchanged: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reasons:
    """What explains a retirement: the accounts, lists and verdicts of the run, and what else changed since the last.

    *rules_changed*: settings or model; *statistics_changed*: words were counted again. What is *excluded* is in none of
    the frames.
    """

    accounts: pl.DataFrame
    theirs: pl.DataFrame
    matches: pl.DataFrame
    rules_changed: bool = False
    statistics_changed: bool = False
    excluded: Excluded = field(default_factory=Excluded)


def intent(
    found: Findings, reasons: Reasons, today: date, flat_fields: bool, holds: Sequence[CrmObject] = OBJECTS
) -> Intent:
    """Return every change that takes the CRM from what it says to what *found* says it should.

    *holds* are the objects that it can hold, each with only the fields that it has.
    """
    room = {thing.name: thing for thing in holds if thing.key is not None or flat_fields}
    desired = {PARTNER.name: records.partner_records(found), OVERLAP.name: records.overlap_records(found)}
    handmade, notes = _handmade(found)
    live = live_records(found)
    suggested = _suggestions(found, reasons.accounts, handmade, live[INFLUENCE.name])
    adopted = adopt(INFLUENCE, handmade, suggested, found.workspace_id)
    desired[INFLUENCE.name] = suggested.join(handmade, on="key", how="anti")
    says_late = PARTNER.name not in room  # else the partner's record does, by one write
    if ACCOUNT.name in room:
        desired[ACCOUNT.name] = records.account_records(found, says_late)
    if OPPORTUNITY.name in room:
        has = {one.name for one in room[OPPORTUNITY.name].fields}
        stand_ins = _stand_ins(found, reasons.accounts, INFLUENCE.name in room) if SUGGESTED in has else None
        desired[OPPORTUNITY.name] = records.opportunity_records(found, stand_ins, says_late)
        notes += unclear(found) if TICKED in has else ()
    if not room:
        notes += ("this CRM has no room for records of ours, and flat_fields = false: there is nothing to write",)
    changes: list[Change] = []
    unchanged: dict[str, int] = {}
    for thing in (thing for thing in OBJECTS if thing.name in room):
        wanted = desired[thing.name]
        difference = compare(room[thing.name], wanted, found.current[thing.name], today)
        unchanged[thing.name] = difference.unchanged
        notes += difference.notes
        changes += [*difference.changes, *(adopted if thing is INFLUENCE else ())]
        gone = (
            live[thing.name].join(wanted, on="key", how="anti", maintain_order="left") if thing.name in live else None
        )
        if gone is not None and not gone.is_empty():
            told = _with_rule(thing, gone, reasons.excluded)
            changes += _retirements(thing, told, found, reasons, wanted, _emptied(room[thing.name], today))
    return Intent(tuple(changes), unchanged, notes)


def _suggestions(found: Findings, accounts: pl.DataFrame, handmade: pl.DataFrame, live: pl.DataFrame) -> pl.DataFrame:
    """Return the desired influence records: what stands, and what is new as far as there is room for it.

    Off limits withdraws. What was withdrawn comes back only where it could be suggested anew.
    """
    known = found.current[INFLUENCE.name].filter(~pl.col("is_deleted"))
    by_people = known.filter(pl.col("origin").ne_missing(pl.lit(ENGINE_MADE)))["influence_key"].drop_nulls().to_list()
    standing = pl.col("key").is_in(live["key"].to_list())
    theirs = pl.col("key").is_in([*by_people, *handmade["key"]])
    new = pl.col("suggest") & ~standing & ~theirs
    place = (new.cum_sum() + standing.sum()).over("opportunity")
    allowed = records.influence_records(found).filter(~_is_off_limits(found, accounts))
    return allowed.filter(standing | theirs | (new & (place <= found.most_suggestions)))


def _stand_ins(found: Findings, accounts: pl.DataFrame, has_records: bool) -> pl.DataFrame:
    """Return who is to be suggested on deals; nobody new where there are records of that by now."""
    wanted = records.influence_records(found).filter(~_is_off_limits(found, accounts))
    return suggested(found, wanted.clear() if has_records else wanted)


def _emptied(thing: CrmObject, today: date) -> dict[str, Any]:
    """Return flat fields as they are where there is no overlap any more."""
    return dict.fromkeys(one.name for one in thing.engine_fields) | dict.fromkeys(thing.bookkeeping, today)


def _is_off_limits(found: Findings, accounts: pl.DataFrame) -> pl.Expr:
    """Whether people want no partner on the account or the opportunity of an influence record."""
    closed = [
        pl.col(name).is_in(frame.filter(pl.col("engagement") == OFF_LIMITS)["id"].to_list()).fill_null(False)
        for name, frame in (("account", accounts), ("opportunity", found.opportunities))
    ]
    return pl.any_horizontal(closed)


def live_records(found: Findings) -> dict[str, pl.DataFrame]:
    """Return the records in force that are ours, by object, with crm, key, label, about_partner and about_account."""
    # A partner that was removed from the settings has no key any more: its record's name says who it was.
    names = dict(found.current[PARTNER.name].select("partner_key", "name").drop_nulls().iter_rows())
    names |= {row["partner_key"]: row["partner"] for row in _partner_keys(found).iter_rows(named=True)}
    names |= {external_key(found.workspace_id, partner, "", "partner"): partner for partner in found.withheld}
    about_partner = pl.col("partner").replace(names) if names else pl.col("partner")
    ours = (pl.col("workspace") == found.workspace_id) & ~pl.col("is_deleted")
    overlaps = found.current[OVERLAP.name].filter(ours, pl.col("status") == "Active")
    influences = (
        found.current[INFLUENCE.name]
        .filter(ours, pl.col("origin") == ENGINE_MADE, pl.col("suggestion_state") == "Current")
        .join(found.opportunities.select(opportunity="id", deal="name"), on="opportunity", how="left")
    )
    live = {
        OVERLAP.name: overlaps.with_columns(
            key="overlap_key", label="name", about_partner=about_partner, about_account="account"
        ),
        INFLUENCE.name: influences.with_columns(
            key="influence_key",
            label=pl.format("{}: {}", about_partner, pl.col("deal").fill_null("a deleted opportunity")),
            about_partner=about_partner,
            about_account="account",
        ),
    }
    for thing in (ACCOUNT, OPPORTUNITY):
        said = found.current[thing.name].columns  # a run of an earlier version may lack some
        filled = [one.name for one in thing.engine_fields if one.name not in thing.bookkeeping]
        filled += [one.name for one in thing.stand_ins if one.owner is Owner.ENGINE and one.name in said]
        nobody = pl.lit(None, pl.String)
        live[thing.name] = (
            found.current[thing.name]
            .filter(~pl.col("is_deleted"), pl.any_horizontal(pl.col(filled).is_not_null()))
            .with_columns(key="id", label="id", about_partner=nobody, about_account="id")
        )
    return live


def _retirements(
    thing: CrmObject,
    live: pl.DataFrame,
    found: Findings,
    reasons: Reasons,
    desired: pl.DataFrame,
    emptied: Mapping[str, Any],
) -> tuple[Change, ...]:
    """Return the changes that retire what is *live* of *thing* and no longer *desired*."""
    new: Mapping[str, Any]
    if thing is OVERLAP:
        new = {"status": "Retired", "changed_on": emptied["changed_on"]}
        live = live.with_columns(cause=_why_gone(found, reasons))
    elif thing is INFLUENCE:
        new = {"suggestion_state": "Withdrawn"}
        off_limits = _is_off_limits(found, reasons.accounts)
        is_partner = pl.col("about_partner").is_in(found.partners["partner"].to_list())
        gone = pl.when(is_partner).then(pl.lit("its evidence is gone")).otherwise(pl.lit("the partner was removed"))
        gone = pl.coalesce(_withheld(found), gone)
        live = live.with_columns(cause=pl.when(off_limits).then(pl.lit("it is off limits now")).otherwise(gone))
    else:
        new = emptied
        named = reasons.accounts.with_columns(account_id="id") if thing is ACCOUNT else found.opportunities
        live = live.join(named.select("id", shown="name", of="account_id"), on="id", how="left").with_columns(
            label=pl.coalesce("shown", "excluded_name", "id"),
            about_account=pl.coalesce("of", "excluded_account"),
            cause=pl.lit("no overlap any more"),
        )
    live = live.with_columns(cause=pl.coalesce(pl.format("excluded: {}", "rule"), "cause"))
    return retire(thing, live, desired, new)


def _with_rule(thing: CrmObject, live: pl.DataFrame, excluded: Excluded) -> pl.DataFrame:
    """Return *live* with the rule that excludes what a record is about, and the name and account of what that is."""
    of_deals = thing in (INFLUENCE, OPPORTUNITY)
    about = {OVERLAP: "about_account", INFLUENCE: "opportunity"}.get(thing, "id")
    gone = excluded.deals if of_deals else excluded.accounts.with_columns(account_id="id")
    told = gone.select("rule", pl.col("id").alias(about), excluded_name="name", excluded_account="account_id")
    live = live.join(told, on=about, how="left", maintain_order="left")
    if thing is INFLUENCE:
        named = pl.format("{}: {}", "about_partner", "excluded_name")
        live = live.with_columns(label=pl.coalesce(named, "label"))
    return live


def _why_gone(found: Findings, reasons: Reasons) -> pl.Expr:
    """Say why an overlap is gone, the plainest cause first."""
    judged = reasons.matches.filter((pl.col("decision") == "no match") & pl.col("reasons").str.starts_with("judged"))
    pairs = pl.concat_str("about_account", "about_partner", separator="|")
    judged_pairs = judged.select(pl.concat_str("ours_id", "partner", separator="|")).to_series().to_list()
    partners = found.partners["partner"].to_list()
    listed = pl.concat_str("about_partner", "partner_record_name", separator="|")
    lists = reasons.theirs.select(pl.concat_str("partner", pl.col("name").str.slice(0, 254), separator="|")).to_series()
    merged = pl.col("key") != pl.struct("about_partner", "about_account").map_elements(
        lambda who: external_key(found.workspace_id, who["about_partner"] or "", who["about_account"] or "", "overlap"),
        pl.String,
    )
    rules = " by the new word statistics" if reasons.statistics_changed else ""
    rules = " since the settings or the model changed" if reasons.rules_changed else rules
    return (
        pl.when(_withheld(found).is_not_null())
        .then(_withheld(found))
        .when(~pl.col("about_partner").is_in(partners))
        .then(pl.lit("the partner was removed"))
        # A CRM clears lookups to an account that was deleted: no account is an account that is gone.
        .when(~pl.col("about_account").is_in(reasons.accounts["id"].to_list()).fill_null(False))
        .then(pl.lit("our account is gone"))
        # A CRM lets lookups follow a merge; the key is still the loser's.
        .when(merged)
        .then(pl.lit("our account was merged into another one"))
        .when(pairs.is_in(judged_pairs))
        .then(pl.lit(JUDGED_DIFFERENT))
        .when(~listed.is_in(lists.to_list()))
        .then(pl.lit("not in the partner's list any more"))
        .otherwise(pl.lit(f"no longer a match{rules}"))
    )


def _withheld(found: Findings) -> pl.Expr:
    """Say why nothing of the partner may be written; null where it may."""
    return pl.col("about_partner").replace_strict(dict(found.withheld), default=None, return_dtype=pl.String)


def _handmade(found: Findings) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return influence that people entered and that has no key yet, with its key; and notes on duplicates."""
    keys = _partner_keys(found)
    known = found.current[INFLUENCE.name].filter(~pl.col("is_deleted"))
    taken = known.filter(pl.col("influence_key").is_not_null())["influence_key"].to_list()
    made = (
        known.filter(pl.col("influence_key").is_null() & pl.col("opportunity").is_not_null())
        .join(keys, left_on="partner", right_on="partner_key", maintain_order="left", suffix="_about")
        .join(found.opportunities.select(opportunity="id", deal="name", deal_account="account_id"), on="opportunity")
        .sort("id")
    )
    made = made.with_columns(
        key=pl.struct("partner_about", "opportunity").map_elements(
            lambda pair: external_key(found.workspace_id, pair["partner_about"], pair["opportunity"], "influence"),
            pl.String,
        ),
        crm=pl.lit(found.crm),
        label=pl.format("{}: {}", "partner_name", "deal"),
        about_partner="partner_about",
        about_account="deal_account",
    )
    double = made.filter(pl.col("key").is_in(taken) | ~pl.col("key").is_first_distinct())
    notes = tuple(
        f"{row['label']}: {row['id']} is a duplicate influence record" for row in double.iter_rows(named=True)
    )
    return made.join(double, on="id", how="anti"), notes


def _partner_keys(found: Findings) -> pl.DataFrame:
    return records.labelled_partners(found).select("partner", "partner_name", "partner_key")
