"""Which of our accounts are customers, have an open opportunity, or are prospects, from the CRM's own fields."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from overlap.model import CUSTOMERS, OPEN_OPPORTUNITIES, OTHER, POPULATIONS, PROSPECTS


@dataclass(frozen=True, slots=True)
class PopulationRules:
    """*customer_types* and *other_types* are values of the account's Type, compared without regard to case.

    An account in several populations takes its cell in *order*.
    """

    customer_types: tuple[str, ...] = ("Customer",)
    other_types: tuple[str, ...] = ()
    won_means_customer: bool = True
    order: tuple[str, ...] = POPULATIONS


def populations_of(accounts: pl.DataFrame, opportunities: pl.DataFrame, rules: PopulationRules) -> pl.DataFrame:
    """Return crm, id, population (the cell) and populations (all, joined by ``, ``), one row per account.

    Customers: a customer type, or a won opportunity if the rules say so. Open Opportunities: an opportunity that is
    not closed. Other: a type of *other_types* and neither of the two. Prospects: everybody else.
    """
    deals = opportunities.group_by("crm", pl.col("account_id").alias("id")).agg(
        has_won=pl.col("is_won").any(), has_open=(~pl.col("is_closed")).any()
    )
    kind = pl.col("account_type").str.to_lowercase()
    known = accounts.select("crm", "id", "account_type").join(deals, on=["crm", "id"], how="left")
    is_in = known.select(
        "crm",
        "id",
        (
            kind.is_in([name.lower() for name in rules.customer_types]).fill_null(False)
            | (pl.col("has_won").fill_null(False) & rules.won_means_customer)
        ).alias(CUSTOMERS),
        pl.col("has_open").fill_null(False).alias(OPEN_OPPORTUNITIES),
        kind.is_in([name.lower() for name in rules.other_types]).fill_null(False).alias(OTHER),
    ).with_columns(
        pl.col(OTHER) & ~pl.col(CUSTOMERS) & ~pl.col(OPEN_OPPORTUNITIES),
        (~pl.col(CUSTOMERS) & ~pl.col(OPEN_OPPORTUNITIES) & ~pl.col(OTHER)).alias(PROSPECTS),
    )
    ordered = dict.fromkeys((*rules.order, *POPULATIONS, OTHER))
    member = [pl.when(pl.col(name)).then(pl.lit(name)) for name in ordered]
    return is_in.select(
        "crm",
        "id",
        population=pl.coalesce(*member),
        populations=pl.concat_str(*member, separator=", ", ignore_nulls=True),
    )
