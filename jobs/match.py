"""Match: find, judge and rank the overlaps in what was pulled, and publish them as a run."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from jobs import models
from jobs.context import Context, recorded
from jobs.feedback import take_feedback
from jobs.found_pairs import found_pairs
from jobs.identity import identified, plain_countries
from jobs.our_companies import our_companies
from jobs.steps import step
from jobs.stores import judgements, snapshot
from jobs.stores.lock import workspace_lock
from jobs.stores.warehouse import Warehouse, open_warehouse, streams
from matching.relations import relate
from overlap import doubles
from overlap import judgements as verdicts
from overlap.counting import counts, reconciled
from overlap.errors import ConfigError
from overlap.icp import IdealCustomer, fit
from overlap.influence import Evidence, InfluenceRules, influences_of, with_keys
from overlap.model import Overlap, conform
from overlap.overlaps import greenfield, overlaps_of
from overlap.populations import PopulationRules, populations_of


@dataclass(frozen=True, slots=True)
class MatchReport:
    """What a run found: pairs by decision, overlaps, suggestions, and accounts of partners that match nothing."""

    run_id: str
    accounts: int
    partner_accounts: int
    matches: int
    reviews: int
    overlaps: int
    suggestions: int
    greenfield: int
    judgements: int


def match(context: Context) -> MatchReport:
    """Match what the warehouse holds and publish the run; the one before stays where it is.

    Raises:
        ConfigError: a CRM has not been read yet: publishing nothing would look like overlaps that are gone.
    """
    with recorded(context, "match") as (run_id, summary), workspace_lock(context.workspace.lock_file):
        context.report("reading what was pulled")
        with open_warehouse(context.workspace.warehouse_file) as warehouse:
            unread = [crm for crm in context.crms() if warehouse.watermark(crm) is None]
            if unread:
                raise ConfigError(f"nothing has been pulled from '{unread[0]}' yet; run 'overlap pull' first")
            pulled = _pulled(context, warehouse)
            pairs, how = _pairs(context, warehouse, pulled)
        frames = _find(context, pulled, pairs)
        snapshot.publish(context.workspace.runs, run_id, frames, _facts(context) | how)
        step("match: publish")
        context.ledger.pin("published_run", str(run_id))
        step("match: published")
        report = _report(run_id, frames)
        summary |= asdict(report)
    return report


def _pulled(context: Context, warehouse: Warehouse) -> dict[str, pl.DataFrame]:
    """Everything that was pulled, our companies rated and in their populations."""
    frames = {stream.replace(":", "_"): warehouse.frame(stream) for stream in streams()}
    accounts, theirs = frames["accounts"], frames["partner_accounts"]
    populations = populations_of(accounts, frames["opportunities"], _population_rules(context))
    ideal = _ideal_customer(context)
    rated = pl.concat([accounts, fit(_plain(accounts), ideal)], how="horizontal")
    frames["accounts"] = rated.join(populations, on=["crm", "id"], maintain_order="left")
    frames["partner_accounts"] = pl.concat([theirs, fit(_plain(theirs), ideal)], how="horizontal")
    return frames


def _pairs(
    context: Context, warehouse: Warehouse, pulled: dict[str, pl.DataFrame]
) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Return the pairs, judgements in force, and the facts of how they were found."""
    accounts, theirs = pulled["accounts"], pulled["partner_accounts"]
    context.report(
        f"matching {accounts.height:,} accounts with {theirs.height:,} of {theirs['partner'].n_unique()} partners"
    )
    pairs, how = found_pairs(context, warehouse)
    pairs = relate(pairs, accounts, theirs, models.chosen(context))
    return _with_judgements(context, pairs, pulled), how


def _find(context: Context, pulled: dict[str, pl.DataFrame], pairs: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Return every frame of the run."""
    accounts, theirs = pulled["accounts"], pulled["partner_accounts"]
    workspace_id = context.workspace.settings.workspace.id
    companies = our_companies(context, accounts)
    pairs = doubles.follow(pairs, companies)
    context.report("ranking overlaps")
    found = overlaps_of(pairs, accounts, theirs, workspace_id)
    seen = context.ledger.first_seen(found["key"].to_list(), context.today)
    day = pl.col("key").replace_strict(seen, return_dtype=pl.Date, default=None)
    overlaps = conform(found.with_columns(first_seen=day), Overlap)
    influence = context.workspace.settings.influence
    evidence = Evidence(theirs, pairs, pulled["opportunity_partners"], _partner_accounts(context))
    rules = InfluenceRules(influence.look_back_days, influence.most_per_opportunity)
    influences = influences_of(evidence, pulled["opportunities"], overlaps, rules, context.today)
    return {
        **pulled,
        "matches": pairs,
        "overlaps": overlaps,
        "influences": with_keys(influences, workspace_id),
        "greenfield": greenfield(theirs, pairs),
        "companies": companies,
        "reconciled": reconciled(overlaps, companies, pairs, theirs),
        "counts": counts(overlaps, companies, pairs, theirs),
    }


def _with_judgements(context: Context, pairs: pl.DataFrame, pulled: dict[str, pl.DataFrame]) -> pl.DataFrame:
    ours, theirs = identified(pulled["accounts"], "crm"), identified(pulled["partner_accounts"], "partner")
    take_feedback(context, pulled["record_partner_overlap"], ours, theirs)
    return verdicts.apply(pairs, verdicts.resolve(judgements.in_force(context.ledger), ours, theirs))


def _facts(context: Context) -> dict[str, object]:
    return {
        "workspace": context.workspace.settings.workspace.id,
        "settings_hash": context.workspace.settings.fingerprint(),
        "made_at": context.now.isoformat(),
    }


def _report(run_id: int, frames: dict[str, pl.DataFrame]) -> MatchReport:
    decisions = frames["matches"]["decision"].to_list()
    return MatchReport(
        run_id=str(run_id),
        accounts=frames["accounts"].height,
        partner_accounts=frames["partner_accounts"].height,
        matches=decisions.count("match"),
        reviews=decisions.count("review"),
        overlaps=frames["overlaps"].height,
        suggestions=frames["influences"].filter("suggest").height,
        greenfield=frames["greenfield"].height,
        judgements=frames["matches"].filter(pl.col("reasons").str.starts_with("judged ")).height,
    )


def _population_rules(context: Context) -> PopulationRules:
    return PopulationRules(**context.workspace.settings.populations.model_dump())


def _ideal_customer(context: Context) -> IdealCustomer:
    icp = context.workspace.settings.icp
    wanted = pl.Series(icp.country.values, dtype=pl.String)
    return IdealCustomer(
        industries=icp.industry.values,
        industry_weight=icp.industry.weight,
        at_least=icp.headcount.at_least,
        at_most=icp.headcount.at_most,
        headcount_weight=icp.headcount.weight,
        countries=tuple(plain_countries(wanted)),
        country_weight=icp.country.weight,
        tier_a=icp.tier_a,
        tier_b=icp.tier_b,
    )


def _plain(companies: pl.DataFrame) -> pl.DataFrame:
    """Companies with their country as the profile spells it."""
    return companies.with_columns(country=plain_countries(companies["country"]))


def _partner_accounts(context: Context) -> dict[tuple[str, str], str]:
    """Which of our CRM's accounts are the partners themselves."""
    partners = context.workspace.settings.partners.items()
    return {(crm, settings.account): key for key, settings in partners if settings.account for crm in context.crms()}
