"""How well a company fits our ideal customer profile: earned weight over all weight, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from overlap.currencies import currencies_of, listed, unnamed
from overlap.errors import ConfigError
from overlap.filter_rows import Rows, chosen, values
from overlap.filters import Field, Filter, asks_deals, named

_MONEY: Final = "revenue"


@dataclass(frozen=True, slots=True)
class Criterion:
    """One part of the profile, called *name*; a weight of 0 leaves it out.

    It asks one thing: that the value of *field* is one of *values* (compared as it stands, without regard to case:
    normalise both sides first); that it lies in [*at_least*, *at_most*], open where None; or that *filter* holds.
    Money counts only where it is in *currency*, or where the only org has only one. *where* is its place in the
    settings.
    """

    name: str
    weight: int
    field: Field | None = None
    values: tuple[str, ...] | None = None
    at_least: float | None = None
    at_most: float | None = None
    filter: Filter | None = None
    currency: str | None = None
    where: str = "icp"


@dataclass(frozen=True, slots=True)
class IdealCustomer:
    """The profile. Tiers are by least fit."""

    criteria: tuple[Criterion, ...] = ()
    tier_a: int = 70
    tier_b: int = 40


def fit(companies: pl.DataFrame, ideal: IdealCustomer, rows: Rows) -> pl.DataFrame:
    """Return icp_fit (0..100), icp_tier (A, B, C) and icp_reasons, in the order of *companies*.

    *rows* are the same companies as filters see them. A number outside the range earns its distance from the range as a
    ratio (250 for "at least 500" earns half), and nothing beyond a factor of two. What is unknown earns nothing, and so
    does what these companies have no column for.

    Raises:
        ConfigError: revenue is in several currencies and a criterion does not say in which one; or a mapped field holds
            something else than a criterion takes it for.
    """
    used = [one for one in ideal.criteria if one.weight > 0]
    if not used:
        nothing = {"icp_fit": pl.lit(0, pl.Int64), "icp_tier": pl.lit("C"), "icp_reasons": pl.lit("no profile set")}
        # A select of nothing but literals has one row, however many companies there are.
        return companies.with_columns(**nothing).select(list(nothing))
    rated = pl.concat([_rated(one, at, companies, rows) for at, one in enumerate(used)], how="horizontal")
    earned = pl.sum_horizontal(pl.col(f"share{at}").fill_null(0.0) * one.weight for at, one in enumerate(used))
    points = (100 * earned / sum(one.weight for one in used)).round().cast(pl.Int64)
    return rated.with_columns(icp_fit=points).select(
        "icp_fit",
        icp_tier=pl.when(pl.col("icp_fit") >= ideal.tier_a)
        .then(pl.lit("A"))
        .when(pl.col("icp_fit") >= ideal.tier_b)
        .then(pl.lit("B"))
        .otherwise(pl.lit("C")),
        icp_reasons=pl.concat_str(*(f"reason{at}" for at in range(len(used))), separator="; "),
    )


def _rated(one: Criterion, at: int, companies: pl.DataFrame, rows: Rows) -> pl.DataFrame:
    """Return the share (0..1, null where unknown) that companies earn of the criterion *at* a place, and the reason."""
    if one.filter is not None:
        share, value, unknown = _by_filter(one.filter, rows)
    elif one.field is None or not _has(companies, one.field):
        share, value, unknown = pl.lit(None, pl.Float64), pl.lit(None, pl.String), pl.lit("unknown")
    else:
        share, value, unknown = _by_value(one, one.field, companies)
    rated = companies.with_columns(share=share, value=value, unknown=unknown)
    said = pl.concat_str(pl.lit(one.name), "value", separator=" ", ignore_nulls=True)
    reason = (
        pl.when(pl.col("share").is_null())
        .then(pl.format("{} {}", pl.lit(one.name), "unknown"))
        .when(pl.col("share") >= 1.0)
        .then(pl.format("{} fits", said))
        .when(pl.col("share") > 0.0)
        .then(pl.format("{} nearly fits", said))
        .otherwise(pl.format("{} does not fit", said))
    )
    return rated.select(pl.col("share").alias(f"share{at}"), reason.alias(f"reason{at}"))


def _by_filter(wanted: Filter, rows: Rows) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    no_value, unknown = pl.lit(None, pl.String), pl.lit("unknown")
    blind = rows.deals is None and asks_deals(wanted.condition)
    if blind or not all(_has(rows.accounts, field) for field in named(wanted.condition)):
        return pl.lit(None, pl.Float64), no_value, unknown
    return pl.lit(chosen(wanted, rows).cast(pl.Float64)), no_value, unknown


def _by_value(one: Criterion, field: Field, companies: pl.DataFrame) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    value = values(field, companies, one.where)
    unknown = pl.lit("unknown")
    if one.values is not None:
        wanted = [name.lower() for name in one.values]
        return value.str.to_lowercase().is_in(wanted).cast(pl.Float64), value, unknown
    ratio = pl.min_horizontal(
        pl.lit(1.0),
        value / one.at_least if one.at_least else pl.lit(1.0),
        one.at_most / value if one.at_most else pl.lit(1.0),
    )
    share = pl.when(value > 0).then(pl.when(ratio >= 0.5).then(ratio).otherwise(0.0))
    whole = (value == value.floor()) & (value.abs() < 1e15)
    shown = pl.when(whole).then(value.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(value.cast(pl.String))
    if "currency" not in companies.columns:
        return share, shown, unknown
    _require_one_currency(one, field, companies)
    if one.currency is None:
        return share, shown, unknown
    currency = pl.col("currency").str.to_uppercase()
    # What has no currency is in its org's only one. Which one that is, only the settings say of one of several orgs.
    is_only_org = companies.filter(value.is_not_null())["crm"].n_unique() < 2
    is_other = (currency != one.currency.upper()).fill_null(not is_only_org)
    told = pl.format("in {}, not {}", currency.fill_null("an unnamed currency"), pl.lit(one.currency))
    other = pl.when(is_other & value.is_not_null()).then(told)
    return pl.when(~is_other).then(share), shown, pl.coalesce(other, unknown)


def _require_one_currency(one: Criterion, field: Field, companies: pl.DataFrame) -> None:
    if one.currency is not None or field.name != _MONEY:
        return
    found = currencies_of(companies, _MONEY)
    if len(found) > 1:
        meant = f'write in which one the bounds are, as in currency = "{found[0][0]}"'
        said = f"{one.where}: revenue is in {listed(found)}; nothing is converted: "
        raise ConfigError(said + (unnamed(found) or meant))


def _has(companies: pl.DataFrame, field: Field) -> bool:
    return ("custom" if field.is_mapped else field.name) in companies.columns
