"""Our companies: which of our accounts are one, in one CRM or in several, and which CRM speaks for each.

They are found anew only when an account changed, or what they are compared by; what was found before then stands while
it is nearly found again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any, Final

import polars as pl

from jobs.context import Context
from jobs.finding import models
from jobs.finding.profiles import left_out, population_rules, rated, rows_of
from jobs.pulling.merges import names_of
from jobs.stores import snapshot
from matching.duckdb_engine import DuckDbEngine
from matching.duplicates import Apart, Before, duplicates
from matching.engine import COLUMNS
from matching.kept import engine_version
from overlap import companies, same_deals, shared
from overlap.exclusions import Excluded, with_deals
from overlap.populations import populations_of

_COMPARED: Final = ("crm", *COLUMNS)
_ROW: Final = pl.concat_str("crm", "id", separator=":").alias("row")
#: The facts of a run that say what its companies were found from, and by which rules.
_FROM: Final = "companies_from"
_RULES: Final = "companies_by"


@dataclass(frozen=True, slots=True)
class OurCompanies:
    """Our accounts and what they are together.

    *known* is what `overlap.companies.members` and `differing` give, *gone* who is left out. *accounts* are all that
    were pulled, rated and in populations; *deals* are all too, and *copies* (`overlap.same_deals.copies`) those of them
    that are another CRM's as well. *facts* are for those of the run.
    """

    accounts: pl.DataFrame
    deals: pl.DataFrame
    copies: pl.DataFrame
    known: pl.DataFrame
    gone: Excluded
    facts: dict[str, Any]


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
    aside = gone.accounts.clear() if one_crm else gone.accounts
    found, facts = _companies(context, matched, shared.contradicting(verdicts), aside)
    linked = same_deals.linked(deals, settings.companies.same_deal, order)
    if not one_crm:
        gone = with_deals(shared.left_out(gone.accounts, found, accounts), deals)
        gone = replace(gone, deals=same_deals.left_out(gone.deals, deals, linked))
    known = companies.members(found, accounts, order, gone.accounts)
    populations = populations_of(rows, population_rules(context))
    standing = accounts.join(populations, on=["crm", "id"], maintain_order="left")
    full = companies.filled(accounts, known, order)
    rating = rated(context, full, rows_of(context, full, deals)).select("icp_fit", "icp_tier", "icp_reasons")
    each = pl.concat([standing, rating], how="horizontal")
    together = companies.agreed(each, known, settings.populations.order)
    return OurCompanies(
        accounts=together,
        deals=same_deals.agreed(deals, together, linked),
        copies=same_deals.copies(linked),
        known=companies.differing(each, known).join(_said(accounts, aside), on=["crm", "id"], maintain_order="left"),
        gone=gone,
        facts=facts,
    )


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


def _companies(
    context: Context, accounts: pl.DataFrame, apart: Apart, gone: pl.DataFrame
) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Return ``crm``, ``id``, ``company`` of *accounts*, see `matching.duplicates.duplicates`, and what it hangs on.

    Two accounts are one company or not, whatever a workspace asks of pairs with partners: the mode is always ``same``.
    Those that are *gone* are set aside: a third account that both one of them and another one fit is the other's.
    """
    precision = context.workspace.settings.matching.precision
    model = models.chosen_models(context).same.for_precision(precision)
    rules = f"{engine_version()} {model.version} {model.match_at}"
    aside = set(gone.select(_ROW).to_series())
    compared = accounts.select(_COMPARED).sort("crm", "id").write_csv()
    hangs_on = "\n".join((rules, str(sorted(apart)), str(sorted(aside)), compared))
    facts = {_FROM: hashlib.sha256(hangs_on.encode()).hexdigest(), _RULES: rules}
    then, known = _published(context)
    if then.get(_FROM) == facts[_FROM]:
        return known.select("crm", "id", "company"), facts
    context.report("looking for our own duplicates")
    before = Before(apart, aside)
    if then.get(_RULES) == rules:
        moved = known.join(_said(accounts, gone), on=["crm", "id", "said"], how="anti")
        same = known.join(moved, on="company", how="anti").select(_ROW, "company")
        before = replace(before, companies=same.join(_parted(same, apart), on="company", how="anti"))
    return duplicates(accounts, DuckDbEngine(), model, before), facts


def _said(accounts: pl.DataFrame, gone: pl.DataFrame) -> pl.DataFrame:
    """Return ``crm``, ``id`` and ``said``, a number that changes when an account says something else of itself.

    Or when it begins or ceases to be one of those that are *gone*.
    """
    aside = gone.select("crm", "id", is_aside=pl.lit(True)).unique()
    told = accounts.join(aside, on=["crm", "id"], how="left", maintain_order="left")
    return told.select("crm", "id", said=pl.struct(*_COMPARED, pl.col("is_aside").fill_null(False)).hash())


def _parted(companies: pl.DataFrame, apart: Apart) -> pl.DataFrame:
    """Return the ``company`` of those of *companies* (row, company) that people have parted since: two rows of them."""
    pairs = pl.DataFrame(sorted(apart), schema={"one": pl.String, "other": pl.String}, orient="row")
    of_one = pairs.join(companies, left_on="one", right_on="row")
    return of_one.join(companies, left_on=["other", "company"], right_on=["row", "company"]).select("company")


def _published(context: Context) -> tuple[dict[str, Any], pl.DataFrame]:
    """Return the facts and the companies of the published run, none if it cannot be read any more."""
    before = snapshot.former(context.workspace.runs, context.ledger.pinned("published_run"), "companies")
    if before is None:
        return {}, pl.DataFrame()
    facts, (found,) = before
    return facts, found
