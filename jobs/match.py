"""Match: find, judge and rank the overlaps in what was pulled, and publish them as a run."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from jobs import models
from jobs.context import Context, recorded
from jobs.feedback import take_feedback
from jobs.found_pairs import found_pairs
from jobs.identity import identified
from jobs.our_companies import our_companies
from jobs.profiles import left_out, population_rules, rated, rows_of
from jobs.pulled import require_pulled
from jobs.steps import step
from jobs.stores import judgements, snapshot
from jobs.stores.lock import workspace_lock
from jobs.stores.warehouse import Warehouse, open_warehouse, streams
from matching.relations import relate
from overlap import doubles
from overlap import judgements as verdicts
from overlap.counting import counts, reconciled
from overlap.exclusions import Excluded
from overlap.exclusions import counts as counted
from overlap.influence import Evidence, InfluenceRules, influences_of, with_keys
from overlap.model import Overlap, conform
from overlap.overlaps import greenfield, overlaps_of
from overlap.populations import populations_of


@dataclass(frozen=True, slots=True)
class MatchReport:
    """What a run found: pairs by decision, overlaps, suggestions, and accounts of partners that match nothing.

    *excluded* counts the accounts that each rule of the settings left out; *accounts* are the others.
    """

    run_id: str
    accounts: int
    partner_accounts: int
    matches: int
    reviews: int
    overlaps: int
    suggestions: int
    greenfield: int
    judgements: int
    excluded: dict[str, int]


def match(context: Context) -> MatchReport:
    """Match what the warehouse holds and publish the run; the one before stays where it is.

    Raises:
        ConfigError: a CRM has not been read yet: publishing nothing would look like overlaps that are gone. Or it was
            read by other settings; or a filter cannot be asked of what was read.
    """
    with recorded(context, "match") as (run_id, summary), workspace_lock(context.workspace.lock_file):
        context.report("reading what was pulled")
        with open_warehouse(context.workspace.warehouse_file) as warehouse:
            require_pulled(context, warehouse)
            pulled, gone = _pulled(context, warehouse)
            pairs, how = _pairs(context, warehouse, pulled, gone)
        frames = _find(context, _without(pulled, gone), pairs)
        frames["greenfield"] = _unknown(frames["greenfield"], pulled["accounts"], gone)
        how["excluded"] = counted(gone, tuple(context.workspace.settings.exclusions))
        snapshot.publish(context.workspace.runs, run_id, frames, _facts(context) | how)
        step("match: publish")
        context.ledger.pin("published_run", str(run_id))
        step("match: published")
        report = _report(run_id, frames, how["excluded"])
        summary |= asdict(report)
    return report


def _pulled(context: Context, warehouse: Warehouse) -> tuple[dict[str, pl.DataFrame], Excluded]:
    """Everything that was pulled, our companies rated and in their populations; and who is left out."""
    frames = {stream.replace(":", "_"): warehouse.frame(stream) for stream in streams()}
    accounts, theirs = frames["accounts"], frames["partner_accounts"]
    ours = rows_of(context, accounts, frames["opportunities"])
    populations = populations_of(ours, population_rules(context))
    frames["accounts"] = rated(context, accounts, ours).join(populations, on=["crm", "id"], maintain_order="left")
    frames["partner_accounts"] = rated(context, theirs, rows_of(context, theirs, None))
    return frames, left_out(context, ours)


def _pairs(
    context: Context, warehouse: Warehouse, pulled: dict[str, pl.DataFrame], gone: Excluded
) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Return the pairs, judgements in force, and the facts of how they were found."""
    accounts, theirs = pulled["accounts"], pulled["partner_accounts"]
    ours = accounts.height - gone.accounts.height
    context.report(f"matching {ours:,} accounts with {theirs.height:,} of {theirs['partner'].n_unique()} partners")
    pairs, how = found_pairs(context, warehouse, gone.accounts)
    pairs = relate(pairs, accounts, theirs, models.chosen(context))
    # A verdict on an account that is left out must not pass to its double: all accounts take part in reading verdicts.
    judged = _with_judgements(context, pairs, pulled)
    left = gone.accounts.select("crm", ours_id="id")
    return judged.join(left, on=["crm", "ours_id"], how="anti", maintain_order="left"), how


def _without(pulled: dict[str, pl.DataFrame], gone: Excluded) -> dict[str, pl.DataFrame]:
    """Return *pulled* without the accounts that are *gone*, their deals and who is partner on these."""
    of_deals = gone.deals.select("crm", opportunity_id="id")
    partners = pulled["opportunity_partners"].join(of_deals, on=["crm", "opportunity_id"], how="anti")
    return pulled | {
        "accounts": pulled["accounts"].join(gone.accounts, on=["crm", "id"], how="anti", maintain_order="left"),
        "opportunities": pulled["opportunities"].join(gone.deals, on=["crm", "id"], how="anti", maintain_order="left"),
        "opportunity_partners": partners,
        "excluded": gone.accounts,
        "excluded_opportunities": gone.deals,
    }


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
    rules = InfluenceRules(
        influence.look_back_days, influence.most_per_opportunity, context.workspace.settings.workspace.time_zone
    )
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


def _unknown(found: pl.DataFrame, accounts: pl.DataFrame, gone: Excluded) -> pl.DataFrame:
    """Return the rows of *found* without those that bear name or domain of an account that is *gone*: we do have it."""
    if gone.accounts.is_empty():
        return found
    ours = identified(accounts.join(gone.accounts, on=["crm", "id"], how="semi"), "crm")
    theirs = identified(found, "partner")
    known = pl.any_horizontal(
        theirs[what].is_in(ours[what].drop_nulls().to_list()).fill_null(False) for what in ("name", "domain")
    )
    return found.filter(~known)


def _with_judgements(context: Context, pairs: pl.DataFrame, pulled: dict[str, pl.DataFrame]) -> pl.DataFrame:
    ours, theirs = identified(pulled["accounts"], "crm"), identified(pulled["partner_accounts"], "partner")
    take_feedback(context, pulled["record_partner_overlap"], ours, theirs)
    return verdicts.apply(pairs, verdicts.resolve(judgements.in_force(context.ledger), ours, theirs))


def _facts(context: Context) -> dict[str, object]:
    return {
        "workspace": context.workspace.settings.workspace.id,
        "settings_hash": context.workspace.settings.fingerprint(),
        "found_by": context.workspace.settings.run_fingerprints(),
        "made_at": context.now.isoformat(),
    }


def _report(run_id: int, frames: dict[str, pl.DataFrame], excluded: dict[str, int]) -> MatchReport:
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
        excluded=excluded,
    )


def _partner_accounts(context: Context) -> dict[tuple[str, str], str]:
    """Which of our CRM's accounts are the partners themselves."""
    partners = context.workspace.settings.partners.items()
    return {(crm, settings.account): key for key, settings in partners if settings.account for crm in context.crms()}
