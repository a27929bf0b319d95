"""Our companies: which of our accounts are one, in one CRM or in several, and which CRM speaks for each.

They are found anew only when an account changed, or what they are compared by.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

import polars as pl

from jobs import models
from jobs.context import Context
from jobs.merges import names_of
from jobs.profiles import left_out, population_rules, rated, rows_of
from jobs.stores import snapshot
from matching.duckdb_engine import DuckDbEngine
from matching.duplicates import Apart, duplicates
from matching.engine import COLUMNS
from overlap import companies, shared
from overlap.exclusions import Excluded, with_deals
from overlap.populations import populations_of

_COMPARED: Final = ("crm", *COLUMNS)
#: The fact of a run that says what its companies were found from.
FOUND_FROM: Final = "companies_from"


@dataclass(frozen=True, slots=True)
class OurCompanies:
    """Our accounts and what they are together.

    *known* is what `overlap.companies.members` and `differing` give, *gone* who is left out. *accounts* are all that
    were pulled, rated and in populations. *found_from* is for the facts of the run.
    """

    accounts: pl.DataFrame
    known: pl.DataFrame
    gone: Excluded
    found_from: str


def our_companies(
    context: Context, accounts: pl.DataFrame, deals: pl.DataFrame, verdicts: pl.DataFrame
) -> OurCompanies:
    """Return what the *accounts* and *deals* that were pulled are together; *verdicts* are those in force on pairs."""
    settings = context.workspace.settings
    order = settings.crm_order()
    rows = rows_of(context, accounts, deals)
    gone = left_out(context, rows)
    # Who is left out in one CRM is so in all: then companies are looked for among all accounts.
    one_crm = len(order) == 1
    matched = accounts.join(gone.accounts, on=["crm", "id"], how="anti", maintain_order="left") if one_crm else accounts
    found, found_from = _companies(context, matched, shared.contradicting(verdicts))
    if not one_crm:
        gone = with_deals(shared.left_out(gone.accounts, found, accounts), deals)
    known = companies.members(found, accounts, order, gone.accounts)
    populations = populations_of(rows, population_rules(context))
    standing = accounts.join(populations, on=["crm", "id"], maintain_order="left")
    full = companies.filled(accounts, known, order)
    rating = rated(context, full, rows_of(context, full, deals)).select("icp_fit", "icp_tier", "icp_reasons")
    each = pl.concat([standing, rating], how="horizontal")
    together = companies.agreed(each, known, settings.populations.order)
    return OurCompanies(together, companies.differing(each, known), gone, found_from)


def own_accounts(context: Context, ours: OurCompanies) -> pl.DataFrame:
    """Return crm, account_id, partner: which of our accounts are the partners themselves.

    The settings name one account of a partner, which may be merged by now; where another CRM has the same company, that
    is the partner there.
    """
    partners = [(key, one.account) for key, one in context.workspace.settings.partners.items() if one.account]
    named = pl.DataFrame(
        [(crm, name, key) for key, one in partners for crm in context.crms() for name in names_of(context, crm, one)],
        schema={"crm": pl.String, "account_id": pl.String, "partner": pl.String},
        orient="row",
    )
    leads = ours.accounts.filter("is_lead").select("crm", "id")
    of_company = ours.known.join(leads, on=["crm", "id"], how="anti").select("crm", "company", account_id="id")
    there = named.join(of_company, on=["crm", "account_id"])
    company = there.select("partner", "company").unique()
    elsewhere = of_company.join(company, on="company").join(there, on=["crm", "partner"], how="anti")
    return pl.concat([named, elsewhere.select(named.columns).sort(named.columns)])


def _companies(context: Context, accounts: pl.DataFrame, apart: Apart) -> tuple[pl.DataFrame, str]:
    """Return ``crm``, ``id``, ``company`` of *accounts*, see `matching.duplicates.duplicates`, and what it hangs on.

    Two accounts are one company or not, whatever a workspace asks of pairs with partners: the mode is always ``same``.
    """
    precision = context.workspace.settings.matching.precision
    model = models.chosen_models(context).same.for_precision(precision)
    compared = accounts.select(_COMPARED).sort("crm", "id").write_csv()
    facts = "\n".join((model.version, str(model.match_at), str(sorted(apart)), compared))
    found_from = hashlib.sha256(facts.encode()).hexdigest()
    known = _published(context, found_from)
    if known is None:
        context.report("looking for our own duplicates")
        known = duplicates(accounts, DuckDbEngine(), model, apart)
    return known, found_from


def _published(context: Context, found_from: str) -> pl.DataFrame | None:
    """Return what the published run found, None if it was found from something else."""
    run_id = context.ledger.pinned("published_run")
    if run_id is None or not (context.workspace.runs / run_id).is_dir():
        return None
    if snapshot.manifest(context.workspace.runs, run_id).get(FOUND_FROM) != found_from:
        return None
    (found,) = snapshot.read(context.workspace.runs, run_id, "companies")
    return found.select("crm", "id", "company")
