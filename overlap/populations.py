"""Which of our accounts are customers, have an open opportunity, or are prospects, and what else the settings say."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from overlap.filter_rows import Rows, chosen
from overlap.filters import Filter
from overlap.model import CUSTOMERS, OPEN_OPPORTUNITIES, OTHER, POPULATIONS, PROSPECTS, Opportunity, empty


@dataclass(frozen=True, slots=True)
class PopulationRules:
    """*customer_types* and *other_types* are values of the account's Type, compared without regard to case.

    A filter takes the place of the plain rules of its population. *custom* populations, by name, come besides. An
    account in several populations takes its cell in *order*; a custom one is no cell.
    """

    customer_types: tuple[str, ...] = ("Customer",)
    other_types: tuple[str, ...] = ()
    won_means_customer: bool = True
    order: tuple[str, ...] = POPULATIONS
    customers: Filter | None = None
    open_opportunities: Filter | None = None
    prospects: Filter | None = None
    custom: tuple[tuple[str, Filter], ...] = ()


def populations_of(rows: Rows, rules: PopulationRules) -> pl.DataFrame:
    """Return crm, id, population (the cell) and populations (all, joined by ``, ``), one row per account.

    Raises:
        ConfigError: a mapped field holds something else than a filter takes it for.
    """
    ordered = dict.fromkeys((*rules.order, *POPULATIONS, OTHER))
    cells = [pl.when(pl.col(name)).then(pl.lit(name)) for name in ordered]
    custom = [pl.when(pl.col(name)).then(pl.lit(name)) for name, _ in rules.custom]
    return members(rows, rules).select(
        "crm",
        "id",
        population=pl.coalesce(*cells),
        populations=pl.concat_str(*cells, *custom, separator=", ", ignore_nulls=True),
    )


def members(rows: Rows, rules: PopulationRules) -> pl.DataFrame:
    """Return crm, id and for each population whether the account is in it, one row per account.

    Customers: a customer type, or a won opportunity if the rules say so. Open Opportunities: an opportunity that is
    not closed. Other: a type of *other_types* and none of the three. Prospects: everybody else. Where a filter says who
    the prospects are, everybody else is Other. A lead is a prospect, whatever the rules say.

    Raises:
        ConfigError: a mapped field holds something else than a filter takes it for.
    """
    plain = _plain(rows, rules)
    filters = {CUSTOMERS: rules.customers, OPEN_OPPORTUNITIES: rules.open_opportunities, PROSPECTS: rules.prospects}
    told = {name: chosen(one, rows) for name, one in filters.items() if one is not None}
    is_lead = pl.col("is_lead").fill_null(False)
    taken = pl.col(CUSTOMERS) | pl.col(OPEN_OPPORTUNITIES)
    rest = ~taken & ~pl.col(OTHER) if rules.prospects is None else pl.col(PROSPECTS)
    return (
        plain.with_columns(**told)
        .with_columns(pl.col(CUSTOMERS, OPEN_OPPORTUNITIES, OTHER) & ~is_lead)
        .with_columns((is_lead | rest).alias(PROSPECTS))
        .with_columns((~taken & ~pl.col(PROSPECTS)).alias(OTHER))
        .drop("is_lead")
        .with_columns(**{name: chosen(one, rows) for name, one in rules.custom})
    )


def _plain(rows: Rows, rules: PopulationRules) -> pl.DataFrame:
    """Return what the account's type and its deals say."""
    known_deals = empty(Opportunity) if rows.deals is None else rows.deals
    deals = known_deals.group_by("crm", pl.col("account_id").alias("id")).agg(
        has_won=pl.col("is_won").any(), has_open=(~pl.col("is_closed")).any()
    )
    known = rows.accounts.select("crm", "id", "account_type", "is_lead").join(
        deals, on=["crm", "id"], how="left", maintain_order="left"
    )
    kind = pl.col("account_type").str.to_lowercase()
    return known.select(
        "crm",
        "id",
        "is_lead",
        (
            kind.is_in([name.lower() for name in rules.customer_types]).fill_null(False)
            | (pl.col("has_won").fill_null(False) & rules.won_means_customer)
        ).alias(CUSTOMERS),
        pl.col("has_open").fill_null(False).alias(OPEN_OPPORTUNITIES),
        kind.is_in([name.lower() for name in rules.other_types]).fill_null(False).alias(OTHER),
        pl.lit(False).alias(PROSPECTS),
    )


def fitting(populations: str, length: int) -> str:
    """Return as many of *populations*, joined by ``, ``, as *length* characters hold, and how many more there are."""
    if len(populations) <= length:
        return populations
    names = populations.split(", ")
    for kept in range(len(names) - 1, 0, -1):
        text = f"{', '.join(names[:kept])}, +{len(names) - kept} more"
        if len(text) <= length:
            return text
    return f"{names[0][: length - 1]}…"
