"""Look at the populations of what was pulled, and propose better ones. Changes nothing and needs no CRM."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import polars as pl

from config.rules import known_fields
from jobs.context import Context, require_crm
from jobs.finding.profiles import left_out, population_rules, rows_of, with_currencies
from jobs.pulling.pulled import require_pulled
from jobs.stores.lock import workspace_lock
from jobs.stores.warehouse import open_warehouse
from overlap.exclusions import counts
from overlap.filter_rows import Rows
from overlap.model import OTHER, POPULATIONS
from overlap.populations import members
from overlap.proposals import SAMPLES, Profile, Proposal, profile, proposals

IN_NONE = "in none"


@dataclass(frozen=True, slots=True)
class Population:
    """One population: how many accounts are in it, and some of their names."""

    name: str
    accounts: int
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Together:
    """How many accounts are in both of two populations."""

    first: str
    second: str
    accounts: int


@dataclass(frozen=True, slots=True)
class Populations:
    """The populations of *accounts*, which nothing excludes, the last those in none; who is excluded, by rule."""

    accounts: int
    populations: tuple[Population, ...]
    together: tuple[Together, ...]
    excluded: dict[str, int]


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What the accounts and deals say of themselves, and what could be made of it."""

    profile: Profile
    proposals: tuple[Proposal, ...]


def show(context: Context, crm: str | None = None) -> Populations:
    """Return who is in which population by the settings of now; each account (of *crm*) by itself.

    Raises:
        ConfigError: nothing has been pulled yet, or by other settings; or a filter cannot be asked of what was pulled.
    """
    rows = _pulled(context, crm)
    gone, rules = left_out(context, rows), population_rules(context)
    found = members(rows, rules).with_columns(account=rows.accounts["name"])
    found = found.join(gone.accounts, on=["crm", "id"], how="anti", maintain_order="left")
    names = [*POPULATIONS, OTHER, *(name for name, _ in rules.custom)]
    custom = [name for name, _ in rules.custom]
    in_none = pl.col(OTHER) & ~pl.any_horizontal(custom) if custom else pl.col(OTHER)
    found = found.with_columns(in_none.alias(IN_NONE))
    both = ((one, two, int((found[one] & found[two]).sum())) for one, two in combinations(names, 2))
    return Populations(
        accounts=found.height,
        populations=tuple(_population(found, name) for name in (*names, IN_NONE)),
        together=tuple(Together(*pair) for pair in both if pair[2]),
        excluded=counts(gone, tuple(context.workspace.settings.exclusions)),
    )


def suggest(context: Context, crm: str | None = None) -> Suggestions:
    """Return what could stand in the settings, by what was pulled (from *crm*) and is not excluded yet.

    Raises:
        ConfigError: nothing has been pulled yet, or by other settings; or a filter cannot be asked of what was pulled.
    """
    pulled, settings = _pulled(context, crm), context.workspace.settings
    gone = left_out(context, pulled)
    rows = rows_of(
        context,
        pulled.accounts.join(gone.accounts, on=["crm", "id"], how="anti", maintain_order="left"),
        pulled.deals.join(gone.deals, on=["crm", "id"], how="anti") if pulled.deals is not None else None,
    )
    own = {partner.account: partner.name for partner in settings.partners.values() if partner.account}
    return Suggestions(profile(rows), proposals(rows, known_fields(settings), own))


def _population(found: pl.DataFrame, name: str) -> Population:
    those = found.filter(pl.col(name)).sort("account", "id")
    return Population(name, those.height, tuple(those["account"].head(SAMPLES).to_list()))


def _pulled(context: Context, crm: str | None) -> Rows:
    if crm is not None:
        require_crm(context, crm)
    with workspace_lock(context.workspace.lock_file), open_warehouse(context.workspace.warehouse_file) as warehouse:
        require_pulled(context, warehouse)
        accounts, deals = (with_currencies(context, warehouse.frame(name)) for name in ("accounts", "opportunities"))
    if crm is not None:
        accounts, deals = (frame.filter(pl.col("crm") == crm) for frame in (accounts, deals))
    return rows_of(context, accounts, deals)
