"""How well a company fits our ideal customer profile: earned weight over all weight, and why."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
class IdealCustomer:
    """The profile. A weight of 0 leaves its criterion out; a headcount bound of None is open.

    *industries* and *countries* are compared as they stand, without regard to case: normalise both sides first.
    """

    industries: tuple[str, ...] = ()
    industry_weight: int = 0
    at_least: int | None = None
    at_most: int | None = None
    headcount_weight: int = 0
    countries: tuple[str, ...] = ()
    country_weight: int = 0
    tier_a: int = 70
    tier_b: int = 40


def fit(companies: pl.DataFrame, ideal: IdealCustomer) -> pl.DataFrame:
    """Return icp_fit (0..100), icp_tier (A, B, C) and icp_reasons, in the order of *companies*.

    *companies* has industry, headcount and country. A headcount outside the range earns its distance from the range
    as a ratio (250 for "at least 500" earns half), and nothing beyond a factor of two. What is unknown earns nothing.
    """
    headcount = pl.col("headcount").cast(pl.Float64)
    ratio = pl.min_horizontal(
        pl.lit(1.0),
        headcount / ideal.at_least if ideal.at_least else pl.lit(1.0),
        ideal.at_most / headcount if ideal.at_most else pl.lit(1.0),
    )
    share = {
        "industry": _listed(pl.col("industry"), ideal.industries),
        "headcount": pl.when(headcount > 0).then(pl.when(ratio >= 0.5).then(ratio).otherwise(0.0)),
        "country": _listed(pl.col("country"), ideal.countries),
    }
    weights = {"industry": ideal.industry_weight, "headcount": ideal.headcount_weight, "country": ideal.country_weight}
    used = [name for name, weight in weights.items() if weight > 0]
    if not used:
        nothing = {"icp_fit": pl.lit(0, pl.Int64), "icp_tier": pl.lit("C"), "icp_reasons": pl.lit("no profile set")}
        # A select of nothing but literals has one row, however many companies there are.
        return companies.with_columns(**nothing).select(list(nothing))
    earned = pl.sum_horizontal(share[name].fill_null(0.0) * weights[name] for name in used)
    rated = companies.with_columns(icp_fit=(100 * earned / sum(weights[name] for name in used)).round().cast(pl.Int64))
    return rated.select(
        "icp_fit",
        icp_tier=pl.when(pl.col("icp_fit") >= ideal.tier_a)
        .then(pl.lit("A"))
        .when(pl.col("icp_fit") >= ideal.tier_b)
        .then(pl.lit("B"))
        .otherwise(pl.lit("C")),
        icp_reasons=pl.concat_str(*(_reason(name, share[name]) for name in used), separator="; "),
    )


def _listed(value: pl.Expr, wanted: tuple[str, ...]) -> pl.Expr:
    """Return 1.0 where *value* is wanted, 0.0 where it is not, null where it is unknown."""
    return value.str.to_lowercase().is_in([name.lower() for name in wanted]).cast(pl.Float64)


def _reason(name: str, share: pl.Expr) -> pl.Expr:
    value = pl.col(name).cast(pl.String)
    return (
        pl.when(share.is_null())
        .then(pl.lit(f"{name} unknown"))
        .when(share >= 1.0)
        .then(pl.format(f"{name} {{}} fits", value))
        .when(share > 0.0)
        .then(pl.format(f"{name} {{}} nearly fits", value))
        .otherwise(pl.format(f"{name} {{}} does not fit", value))
    )
