"""Match: find, judge and rank the overlaps in what was pulled, and publish them as a run."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import polars as pl

from jobs import fresh
from jobs.context import Context, recorded
from jobs.finding import models
from jobs.finding.feedback import People, take_feedback
from jobs.finding.found_pairs import found_pairs
from jobs.finding.identity import every_domain, identified, plain_names
from jobs.finding.our_companies import OurCompanies, our_companies, own_accounts
from jobs.finding.profiles import rated, rows_of, with_currencies
from jobs.partners.terms import terms_of
from jobs.past.retention import prune
from jobs.pulling.pulled import behind, require_pulled, require_read
from jobs.steps import step
from jobs.stores import intervals, judgements, list_mappings, snapshot
from jobs.stores.lock import workspace_lock
from jobs.stores.warehouse import Warehouse, open_warehouse, streams
from jobs.upkeep.reconciling import adopt_days
from matching.relations import relate
from overlap import doubles, shared
from overlap import judgements as verdicts
from overlap.companies import speaking
from overlap.counting import counts, reconciled
from overlap.exclusions import Excluded, names_any
from overlap.exclusions import counts as counted
from overlap.influence import Evidence, InfluenceRules, influences_of, with_keys
from overlap.model import Overlap, conform
from overlap.overlaps import greenfield, overlaps_of
from overlap.terms import ANALYSIS, permitted_rows


@dataclass(frozen=True, slots=True)
class MatchReport:
    """What a run found: pairs by decision, overlaps, suggestions, and accounts of partners that match nothing.

    *excluded* counts the accounts that each rule of the settings left out; *accounts* are the others. An overlap counts
    once, whatever CRMs have the company. *in_several* counts the companies that several CRMs have, *differing* those of
    them that are in different populations: there, *population_from* decides (None: there is only one CRM). *behind* are
    CRMs that the last pull could not read: what an earlier one read of them was matched.
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
    in_several: int = 0
    differing: int = 0
    population_from: str | None = None
    behind: tuple[str, ...] = ()


def match(context: Context, old_rows: bool = False) -> MatchReport:
    """Match what the warehouse holds and publish the run; the one before stays where it is.

    *old_rows*: also where the last pull could not read some CRM.

    Raises:
        GuardError: the last pull could not read some CRM.
        ConfigError: a CRM has not been read yet: publishing nothing would look like overlaps that are gone. Or it was
            read by other settings; or a filter cannot be asked of what was read.
    """
    with recorded(context, "match") as (run_id, summary), workspace_lock(context.workspace.lock_file):
        context.report("reading what was pulled")
        with open_warehouse(context.workspace.warehouse_file) as warehouse:
            mappings = list_mappings.fingerprints(context.ledger, context.workspace.settings.partners)
            require_pulled(context, warehouse)
            if not old_rows:
                require_read(context, warehouse)
            late = tuple(behind(context, warehouse))
            pulled = _pulled(context, warehouse)
            adopt_days(context, pulled["record_partner_overlap"])
            said, judged = _verdicts(context, pulled)
            ours = our_companies(context, pulled["accounts"], pulled["opportunities"], said)
            pulled |= {"accounts": ours.accounts, "opportunities": ours.deals}
            pairs, how, heard = _pairs(context, warehouse, pulled, ours, said)
        frames = _find(context, _without(pulled, ours.gone), pairs, ours) | {"judged": heard}
        frames["greenfield"] = _unknown(frames["greenfield"], pulled["accounts"], ours.gone, said)
        frames |= _left_out(pulled["accounts"], ours.gone, said)
        how["excluded"] = counted(ours.gone, tuple(context.workspace.settings.exclusions))
        how |= {"workspace": context.workspace.settings.workspace.id, "behind": late, "mappings": mappings}
        how |= fresh.facts(context, judged) | ours.facts | {"audit": context.ledger.audit_head()}
        snapshot.publish(context.workspace.runs, run_id, frames, how)
        step("match: publish")
        intervals.publish(context.ledger, str(run_id), frames["overlaps"], context.today)
        step("match: published")
        report = replace(_report(context, run_id, frames, how["excluded"], ours), behind=late)
        summary |= asdict(report)
        prune(context)
    return report


def _pulled(context: Context, warehouse: Warehouse) -> dict[str, pl.DataFrame]:
    """Everything that was pulled, the partners' companies rated."""
    frames = {stream.replace(":", "_"): warehouse.frame(stream) for stream in streams()}
    frames |= {stream: with_currencies(context, frames[stream]) for stream in ("accounts", "opportunities")}
    theirs = permitted_rows(frames["partner_accounts"], terms_of(context), ANALYSIS, context.today)
    frames["partner_accounts"] = rated(context, theirs, rows_of(context, theirs, None))
    return frames


def _verdicts(context: Context, pulled: dict[str, pl.DataFrame]) -> tuple[pl.DataFrame, str]:
    """Return the judgements in force, see `overlap.judgements.resolve`, and their fingerprint. All accounts take part.

    A verdict on an account that is left out must not pass to its double. Judging takes no lock: what is judged from now
    on is not in this run, nor in the fingerprint.
    """
    records, accounts, theirs = (pulled[name] for name in ("record_partner_overlap", "accounts", "partner_accounts"))
    if judgements.in_force(context.ledger).is_empty() and records["feedback"].is_null().all():
        accounts, theirs = accounts.clear(), theirs.clear()  # reading a million names for nothing takes long
    ours, theirs = identified(accounts, "crm"), identified(theirs, "partner")
    take_feedback(context, records, ours, theirs, People.of(pulled["users"]))
    judged = judgements.fingerprint(context.ledger)  # before they are read: one more is better than one too few
    return verdicts.resolve(judgements.in_force(context.ledger), ours, theirs), judged


def _pairs(
    context: Context, warehouse: Warehouse, pulled: dict[str, pl.DataFrame], ours: OurCompanies, said: pl.DataFrame
) -> tuple[pl.DataFrame, dict[str, Any], pl.DataFrame]:
    """Return the pairs, the verdicts *said* in force, the facts of how they were found, and `verdicts.heard`."""
    accounts, theirs, gone = pulled["accounts"], pulled["partner_accounts"], ours.gone.accounts
    matched = accounts.height - gone.height
    context.report(f"matching {matched:,} accounts with {theirs.height:,} of {theirs['partner'].n_unique()} partners")
    pairs, how = found_pairs(context, warehouse, gone)
    pairs = permitted_rows(pairs, terms_of(context), ANALYSIS, context.today)
    pairs = relate(pairs, accounts, theirs, models.chosen(context))
    judged = verdicts.apply(pairs, shared.verdicts_of_all(said, ours.known, accounts))
    left = gone.select("crm", ours_id="id")
    judged = judged.join(left, on=["crm", "ours_id"], how="anti", maintain_order="left")
    together = shared.matches_of_all(judged, ours.known, accounts)
    return doubles.follow(together, ours.known.select("crm", "id", "company")), how, verdicts.heard(pairs, said)


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


def _find(
    context: Context, pulled: dict[str, pl.DataFrame], pairs: pl.DataFrame, ours: OurCompanies
) -> dict[str, pl.DataFrame]:
    """Return every frame of the run."""
    accounts, theirs = pulled["accounts"], pulled["partner_accounts"]
    settings = context.workspace.settings
    workspace_id = settings.workspace.id
    context.report("ranking overlaps")
    found = overlaps_of(pairs, accounts, theirs, workspace_id)
    seen = context.ledger.first_seen(found["key"].to_list(), context.today)
    day = pl.col("key").replace_strict(seen, return_dtype=pl.Date, default=None)
    overlaps = conform(found.with_columns(first_seen=day), Overlap)
    own = own_accounts(context, ours)
    of_partner = {(crm, account_id): partner for crm, account_id, partner in own.iter_rows()}
    evidence = Evidence(theirs, pairs, pulled["opportunity_partners"], of_partner, ours.copies)
    rules = InfluenceRules(
        settings.influence.look_back_days, settings.influence.most_per_opportunity, settings.workspace.time_zone
    )
    influences = influences_of(evidence, pulled["opportunities"], overlaps, rules, context.today)
    once = speaking(overlaps, ours.known)
    return {
        **pulled,
        "matches": pairs,
        "overlaps": overlaps,
        "influences": with_keys(influences, workspace_id),
        "greenfield": greenfield(theirs, pairs),
        "companies": ours.known,
        "own_accounts": own,
        "reconciled": reconciled(once, ours.known, pairs, theirs),
        "counts": counts(once, ours.known, pairs, theirs),
    }


def _unknown(found: pl.DataFrame, accounts: pl.DataFrame, gone: Excluded, said: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of *found* without those that are an account that is *gone*: we do have it.

    They bear its name or domain, or people *said* so.
    """
    if gone.accounts.is_empty():
        return found
    same = said.filter(verdict="same").join(gone.accounts, left_on=["crm", "ours_id"], right_on=["crm", "id"])
    judged = same.select("partner", id="theirs_id")
    found = found.join(judged, on=["partner", "id"], how="anti", maintain_order="left")
    ours = accounts.join(gone.accounts, on=["crm", "id"], how="semi")
    names = plain_names(ours["name"]).drop_nulls().to_list()
    sites = every_domain(ours["website"]).explode().drop_nulls().to_list()
    theirs = found.select(name=plain_names(found["name"]), domains=every_domain(found["website"]))
    known = pl.col("name").is_in(names).fill_null(False) | names_any("domains", sites)
    return found.filter(~theirs.select(known.alias("known")).to_series())


def _left_out(accounts: pl.DataFrame, gone: Excluded, said: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Return what tells the accounts that are *gone* where somebody else has them, or people *said* so: for sharing."""
    judged = said.filter(verdict="same").join(gone.accounts, left_on=["crm", "ours_id"], right_on=["crm", "id"])
    return {
        "left_out": accounts.join(gone.accounts, on=["crm", "id"], how="semi").select("crm", "id", "name", "website"),
        "left_out_rows": judged.select("partner", id="theirs_id").unique(maintain_order=True),
    }


def _report(
    context: Context, run_id: int, frames: dict[str, pl.DataFrame], excluded: dict[str, int], ours: OurCompanies
) -> MatchReport:
    decisions = frames["matches"]["decision"].to_list()
    order = context.workspace.settings.crm_order()
    judged = frames["matches"].filter(pl.col("reasons").str.starts_with("judged "))
    return MatchReport(
        run_id=str(run_id),
        accounts=frames["accounts"].height,
        partner_accounts=frames["partner_accounts"].height,
        matches=decisions.count("match"),
        reviews=shared.once(frames["matches"].filter(pl.col("decision") == "review"), ours.known).height,
        overlaps=speaking(frames["overlaps"], ours.known).height,
        suggestions=frames["influences"].filter("suggest").height,
        greenfield=frames["greenfield"].height,
        judgements=shared.once(judged, ours.known).height,
        excluded=excluded,
        in_several=ours.known.filter("in_several")["company"].n_unique(),
        differing=ours.known.filter("differs")["company"].n_unique(),
        population_from=order[0] if len(order) > 1 else None,
    )
