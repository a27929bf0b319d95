"""What people look at: the published run as frames, filtered, and the state of the workspace."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from jobs import fresh
from jobs.context import Context, require_crm
from jobs.crm_status import CrmStatus, crm_statuses
from jobs.partners.lists import is_late
from jobs.partners.terms import warnings
from jobs.reviewing.measured import measured
from jobs.stores import lists, outbox, plans, runs, snapshot
from jobs.stores.ledger import RunRecord
from overlap import counting, shared
from overlap.companies import speaking
from overlap.errors import ConfigError, OverlapError
from overlap.model import OTHER, POPULATIONS
from overlap.overlaps import matrix as cells


@dataclass(frozen=True, slots=True)
class ListStatus:
    """The list of one partner that is in force.

    *late* means older than the partner's usual cadence; *held* says why a newer one waits for a person.
    """

    partner: str
    name: str
    file: str | None
    as_of: datetime | None
    accounts: int
    late: bool
    held: str | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """Where the workspace stands.

    *unfinished* are plans whose writing a crash cut short; *excluded* counts the accounts that each rule left out;
    *drift* says what the last pull read otherwise than the one before; *terms* whose end soon, or did. *precision* says
    by partner how right its matches are, as far as people said.
    """

    workspace: str
    published_run: str | None
    runs: tuple[RunRecord, ...]
    lists: tuple[ListStatus, ...]
    unfinished: tuple[int, ...]
    excluded: dict[str, int]
    next_step: str
    drift: tuple[str, ...] = ()
    crms: tuple[CrmStatus, ...] = ()
    terms: dict[str, str] = field(default_factory=dict)
    precision: dict[str, str] = field(default_factory=dict)


def matrix(
    context: Context, partner: str | None = None, population: str | None = None, crm: str | None = None
) -> pl.DataFrame:
    """Return partner, our_population, partner_population, accounts of the published run.

    The rows of populations of the workspace's own come after the cells: an account is in one cell and in any number of
    these. *population* counts only the accounts in it, *crm* only the accounts of that CRM; without it, a company that
    several CRMs have counts once.
    """
    overlaps, known = published(context, "overlaps", "companies")
    listed = _listed(context, overlaps, known, crm)
    kept = _of_population(context, _of_partner(context, listed, partner), population)
    custom = [
        cells(_in(kept, name).with_columns(our_population=pl.lit(name)))
        for name in context.workspace.settings.populations.custom
    ]
    return pl.concat([cells(kept), *custom])


def reconciled(context: Context, partner: str | None = None, crm: str | None = None) -> pl.DataFrame:
    """Return per partner how our view and theirs give one number of companies, see `overlap.counting.reconciled`.

    *crm* looks at that CRM alone.
    """
    if crm is None:
        (found,) = published(context, "reconciled")
    else:
        overlaps, known, pairs, theirs = published(context, "overlaps", "companies", "matches", "partner_accounts")
        found = counting.reconciled(_listed(context, overlaps, known, crm), known, pairs, theirs)
    return _of_partner(context, found, partner)


def overlaps(
    context: Context,
    partner: str | None = None,
    account: str | None = None,
    population: str | None = None,
    crm: str | None = None,
) -> pl.DataFrame:
    """Return the overlaps of the published run, highest priority first; *account* is part of a name.

    *population* is one of ours, also one of the workspace's own. A company that several CRMs have is listed as the one
    that speaks for it has it, or as *crm* does; ``crms`` says which have it. *late* ones are unknown by now: the
    partner's list is older than it usually lets pass.
    """
    found, known = published(context, "overlaps", "companies")
    listed = _listed(context, found, known, crm)
    kept = _of_population(context, _of_partner(context, listed, partner), population)
    kept = kept.join(_crms(known), on=["crm", "account_id"], how="left", maintain_order="left")
    kept = kept.with_columns(late=pl.col("partner").is_in(list(late_lists(context))))
    if account:
        kept = kept.filter(pl.col("account_name").str.to_lowercase().str.contains(account.lower(), literal=True))
    return kept


def reviews(context: Context, partner: str | None = None) -> pl.DataFrame:
    """Return the doubtful pairs of the published run with both names, surest first; those of one company once."""
    names = ("matches", "accounts", "partner_accounts", "companies")
    matches, accounts, theirs, known = published(context, *names)
    doubtful = _of_partner(context, matches.filter(pl.col("decision") == "review"), partner)
    if "speaks" in known.columns:
        doubtful = shared.once(doubtful, known)
    return (
        doubtful.join(accounts.select("crm", ours_id="id", ours="name"), on=["crm", "ours_id"])
        .join(theirs.select("partner", theirs_id="id", theirs="name"), on=["partner", "theirs_id"])
        .sort("probability", "crm", "ours_id", "theirs_id", descending=[True, False, False, False])
    )


def greenfield(context: Context, partner: str | None = None) -> pl.DataFrame:
    """Return the partners' accounts that match nothing of ours, best ICP fit first."""
    (found,) = published(context, "greenfield")
    return _of_partner(context, found, partner)


def _listed(context: Context, rows: pl.DataFrame, known: pl.DataFrame, crm: str | None) -> pl.DataFrame:
    """Return the overlaps *rows* of *crm*, or else of the CRM that speaks for each company."""
    if crm is not None:
        require_crm(context, crm)
        return rows.filter(pl.col("crm") == crm)
    if "speaks" not in known.columns:  # a run of an earlier version
        return rows
    return speaking(rows, known)


def _crms(known: pl.DataFrame) -> pl.DataFrame:
    """Return for each account which CRMs have its company, joined by ``, ``."""
    crms = known.group_by("company").agg(crms=pl.col("crm").unique().sort().str.join(", "))
    return known.join(crms, on="company").select("crm", "crms", account_id="id")


def published(context: Context, *names: str) -> tuple[pl.DataFrame, ...]:
    """Return frames of the published run.

    Raises:
        ConfigError: nothing has been matched yet.
    """
    run_id = context.ledger.pinned("published_run")
    if run_id is None:
        raise ConfigError("nothing has been matched yet; run 'overlap pull' and 'overlap match' first")
    return snapshot.read(context.workspace.runs, run_id, *names)


def status(context: Context) -> Status:
    """Return where the workspace stands, and what to do next."""
    found = tuple(list_status(context, partner) for partner in context.workspace.settings.partners)
    unfinished = tuple(n for crm in context.workspace.settings.crm for n in outbox.unfinished(context.ledger, crm))
    run_id = context.ledger.pinned("published_run")
    crms: tuple[CrmStatus, ...] = ()
    excluded: dict[str, int] = {}
    damage = None
    try:
        crms, excluded = crm_statuses(context, run_id), _excluded(context, run_id)
    except OverlapError as error:  # a damaged run hides nothing of what the ledger knows
        damage = str(error)
    last = _last_pull(context)
    pulled = last.summary if last else {}
    return Status(
        workspace=context.workspace.settings.workspace.id,
        published_run=run_id,
        runs=tuple(runs.as_they_are(context.ledger, context.workspace.logs, context.ledger.last_runs())),
        lists=found,
        unfinished=unfinished,
        excluded=excluded,
        next_step=_next_step(context, run_id, unfinished, crms, damage),
        crms=crms,
        terms=warnings(context),
        precision={partner: str(said) for partner, said in measured(context).items()},
        drift=tuple(f"{crm['crm']}: {note}" for crm in pulled.get("crms", []) for note in crm.get("drift", ())),
    )


def _excluded(context: Context, run_id: str | None) -> dict[str, int]:
    """Return how many accounts each rule left out of the published run."""
    if run_id is None or not snapshot.exists(context.workspace.runs, run_id):
        return {}
    return dict(snapshot.manifest(context.workspace.runs, run_id).get("excluded", {}))


def _next_step(
    context: Context, run_id: str | None, unfinished: tuple[int, ...], crms: tuple[CrmStatus, ...], damage: str | None
) -> str:
    """Return what to do next; *damage* says what is wrong with the published run, and the remedy."""
    settings = context.workspace.settings
    if unfinished:
        return f"overlap apply {unfinished[0]}"
    if not settings.crm or not settings.partners:
        return f"fill in {context.workspace.folder / 'overlap.toml'}, then: overlap check"
    held = held_lists(context)
    if held:
        return f"look at the held list, then: overlap pull --accept {next(iter(held))}"
    if run_id is None:
        return "overlap run"
    if damage is not None:
        return damage
    try:
        outdated = fresh.outdated(context, run_id)
    except ConfigError as error:  # the run is missing, or its model: what is wrong and its remedy are the next step
        return str(error)
    if any(one.plan is None or (one.waits and _is_stale(context, one.plan)) for one in crms):
        return "overlap plan" if outdated is None else outdated[1][0]
    return next((f"overlap apply {one.plan}" for one in crms if one.waits), "overlap run")


def _is_stale(context: Context, plan: int) -> bool:
    return bool(fresh.why_stale(context, plans.header(context.ledger, str(plan))))


def held_lists(context: Context) -> dict[str, str]:
    """Return why the last pull held a list, by partner, unless a list was accepted since."""
    pulled = _last_pull(context)
    if pulled is None:
        return {}
    held = {one["partner"]: one["reasons"] for one in pulled.summary.get("lists", []) if one["state"] == "held"}
    return {
        partner: "; ".join(reasons)
        for partner, reasons in held.items()
        if not lists.was_accepted_since(context.ledger, partner, pulled.started_at)
    }


def _last_pull(context: Context) -> RunRecord | None:
    """Return the last pull; None if there was none."""
    return context.ledger.last_run("pull")


def late_lists(context: Context) -> dict[str, datetime]:
    """Return the partners whose list is late, each with its day: their overlaps are unknown, and not gone."""
    states = (list_status(context, partner) for partner in context.workspace.settings.partners)
    return {one.partner: one.as_of for one in states if one.late and one.as_of is not None}


def list_status(context: Context, partner: str) -> ListStatus:
    """Return what is in force of *partner*, and what waits."""
    settings = context.workspace.settings.partners[partner]
    held = held_lists(context).get(partner)
    newest, _ = lists.in_force(context.ledger, partner, context.workspace.zone)
    if newest is None:
        return ListStatus(partner, settings.name, None, None, 0, late=False, held=held)
    late = is_late(context, partner, newest.as_of)
    return ListStatus(partner, settings.name, newest.file_name, newest.as_of, newest.rows_out, late, held)


def _of_population(context: Context, frame: pl.DataFrame, population: str | None) -> pl.DataFrame:
    """Return the overlaps of *frame* whose account is in *population*, named without regard to case."""
    if population is None:
        return frame
    known = {name.lower(): name for name in (*POPULATIONS, OTHER, *context.workspace.settings.populations.custom)}
    if population.lower() not in known:
        raise ConfigError(f"there is no population '{population}'; known: {', '.join(known.values())}")
    return _in(frame, known[population.lower()])


def _in(frame: pl.DataFrame, population: str) -> pl.DataFrame:
    return frame.filter(pl.col("our_populations").str.split(", ").list.contains(population))


def _of_partner(context: Context, frame: pl.DataFrame, partner: str | None) -> pl.DataFrame:
    if partner is None:
        return frame
    known: dict[str, Any] = dict(context.workspace.settings.partners)
    if partner not in known:
        raise ConfigError(f"there is no partner '{partner}'; known: {', '.join(known) or 'none'}")
    return frame.filter(pl.col("partner") == partner)
