"""What the settings say of our accounts, asked of what was pulled: populations, exclusions, ideal customer profile."""

from __future__ import annotations

import polars as pl

from config.rules import criterion_field, filters, known_fields
from jobs.context import Context
from jobs.finding.identity import every_domain, plain_countries
from jobs.pulling.merges import with_survivors
from overlap.change_causes import ANY_DEAL, PLAIN_DEALS
from overlap.errors import ConfigError
from overlap.exclusions import Excluded, Exclusion, excluded
from overlap.filter_rows import Rows
from overlap.filters import asks_deals, named
from overlap.icp import Criterion, IdealCustomer, fit
from overlap.populations import PopulationRules


def rows_of(context: Context, accounts: pl.DataFrame, deals: pl.DataFrame | None) -> Rows:
    """Return *accounts* and *deals* as conditions are asked of them on the day of the job."""
    return Rows(accounts, deals, context.today, context.workspace.settings.workspace.time_zone)


def with_currencies(context: Context, rows: pl.DataFrame) -> pl.DataFrame:
    """Return *rows* of our CRMs with the currency that the settings name where a CRM says none."""
    named = {crm: said.currency for crm, said in context.workspace.settings.crm.items() if said.currency}
    if not named:
        return rows
    only = pl.col("crm").replace_strict(named, default=None, return_dtype=pl.String)
    return rows.with_columns(currency=pl.coalesce("currency", only))


def population_rules(context: Context) -> PopulationRules:
    """Return which of our accounts are what."""
    settings = context.workspace.settings
    said, read = settings.populations, filters(settings)
    return PopulationRules(
        customer_types=said.customer_types,
        other_types=said.other_types,
        won_means_customer=said.won_means_customer,
        order=said.order,
        customers=read.get("populations.customers"),
        open_opportunities=read.get("populations.open_opportunities"),
        prospects=read.get("populations.prospects"),
        custom=tuple((name, read[f"populations.custom.{name}.filter"]) for name in said.custom),
    )


def left_out(context: Context, rows: Rows) -> Excluded:
    """Return the accounts and deals that the settings exclude.

    Raises:
        ConfigError: a rule lists a domain that is none, or takes a mapped field for something else than it holds.
    """
    settings = context.workspace.settings
    read = filters(settings)
    rules = [
        Exclusion(
            name,
            read.get(f"exclusions.{name}.filter"),
            with_survivors(context, said.ids),
            plain_domains(f"exclusions.{name}.domains", said.domains),
        )
        for name, said in settings.exclusions.items()
    ]
    websites = rows.accounts["website"]
    listed = any(rule.domains for rule in rules)
    return excluded(rows, every_domain(websites if listed else websites.clear(websites.len())), rules)


def exclusions_ask_deals(context: Context) -> bool:
    """Return whether anybody is excluded by what its deals are."""
    read = filters(context.workspace.settings)
    return any(asks_deals(one.condition) for place, one in read.items() if place.startswith("exclusions."))


def asked(context: Context) -> dict[str, list[str]]:
    """Return which facts of an account and its deals the populations and the ideal customer profile ask, by section."""
    settings = context.workspace.settings
    said, read = settings.populations, filters(settings)
    facts = {"populations": {"account_type", "is_lead", PLAIN_DEALS}, "icp": {"industry", "headcount", "country"}}
    for at, criterion in enumerate(settings.icp.criteria):
        field = criterion_field(settings, at)
        facts["icp"] |= {field.name} if field is not None else set()
        facts["icp"] |= {"currency"} if criterion.currency is not None else set()
    for place, one in read.items():
        section = place.split(".")[0]
        if section in facts:
            facts[section] |= {field.name for field in named(one.condition)}
            facts[section] |= {ANY_DEAL} if asks_deals(one.condition) else set()
    if None not in (said.customers, said.open_opportunities, said.prospects):
        facts["populations"] -= {PLAIN_DEALS}
    return {section: sorted(names) for section, names in facts.items()}


def plain_domains(place: str, written: tuple[str, ...]) -> tuple[str, ...]:
    """Return *written* as the domains of accounts are read: ``https://www.acme.com/`` is ``acme.com``.

    Raises:
        ConfigError: one is no domain; the message begins with *place*.
    """
    read = every_domain(pl.Series(written, dtype=pl.String)).to_list()
    wrong = next((text for text, found in zip(written, read, strict=True) if not found), None)
    if wrong is not None:
        raise ConfigError(f"{place}: '{wrong}' is no domain of a company; write it like 'acme.com'")
    return tuple(domain for found in read for domain in found)


def rated(context: Context, companies: pl.DataFrame, rows: Rows) -> pl.DataFrame:
    """Return *companies*, which are the accounts of *rows*, with icp_fit, icp_tier and icp_reasons."""
    # The profile spells countries in one way; filters see what the CRM says.
    plain = companies.with_columns(country=plain_countries(companies["country"]))
    return pl.concat([companies, fit(plain, _ideal_customer(context), rows)], how="horizontal")


def _ideal_customer(context: Context) -> IdealCustomer:
    icp = context.workspace.settings.icp
    known = known_fields(context.workspace.settings).account
    plain = [
        Criterion("industry", icp.industry.weight, known["industry"], values=icp.industry.values),
        Criterion(
            "headcount",
            icp.headcount.weight,
            known["headcount"],
            at_least=icp.headcount.at_least,
            at_most=icp.headcount.at_most,
        ),
        Criterion("country", icp.country.weight, known["country"], values=_countries(icp.country.values)),
    ]
    more = [_criterion(context, at) for at in range(len(icp.criteria))]
    return IdealCustomer((*plain, *more), icp.tier_a, icp.tier_b)


def _criterion(context: Context, at: int) -> Criterion:
    settings = context.workspace.settings
    one, place = settings.icp.criteria[at], f"icp.criteria.{at}"
    wanted = _countries(one.values) if one.values is not None and one.field == "country" else one.values
    return Criterion(
        name=one.name or one.field or f"'{one.filter}'",
        weight=one.weight,
        field=criterion_field(settings, at),
        values=wanted,
        at_least=one.at_least,
        at_most=one.at_most,
        filter=None if one.filter is None else filters(settings)[f"{place}.filter"],
        currency=one.currency,
        where=place,
    )


def _countries(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(plain_countries(pl.Series(names, dtype=pl.String)))
