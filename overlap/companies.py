"""One company in several CRMs of ours: which CRM speaks for it, and what all its accounts take from that one.

A company that only one CRM has is none of this module's business: each of its accounts stands for itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

import polars as pl

from overlap.model import OTHER, POPULATIONS
from overlap.overlaps import OFF_LIMITS

_ROW: Final = ["crm", "id"]
_MONEY: Final = ("revenue", "currency")
#: What the ideal customer profile and its filters may ask of an account; what is empty in one CRM, another one fills.
_FACTS: Final = (
    *("website", "phone", "street", "city", "state", "postcode", "country", "industry", "headcount"),
    *("account_type", "record_type"),
)
#: What every account of a company takes from the one that decides.
_STANDING: Final = ("population", "populations", "icp_fit", "icp_tier", "icp_reasons")


def members(companies: pl.DataFrame, accounts: pl.DataFrame, order: Sequence[str], gone: pl.DataFrame) -> pl.DataFrame:
    """Return *companies* (crm, id, company) with ``in_several`` and ``speaks``.

    *in_several*: more than one CRM has an account of the company. *speaks*: the account's CRM is the first of *order*
    that has one; a lead only where no CRM has an account. Accounts that are *gone* are neither, and count for nothing.
    """
    known = companies.join(accounts.select(*_ROW, "is_lead"), on=_ROW, how="left", maintain_order="left")
    here = known.join(gone, on=_ROW, how="anti", maintain_order="left")
    place = _rank(pl.col("crm"), order) + pl.when(pl.col("is_lead")).then(len(order) + 1).otherwise(0)
    told = here.select(
        *_ROW,
        in_several=pl.col("crm").n_unique().over("company") > 1,
        speaks=pl.col("crm").sort_by(place).first().over("company") == pl.col("crm"),
    )
    return companies.join(told, on=_ROW, how="left", maintain_order="left").with_columns(
        pl.col("in_several", "speaks").fill_null(False)
    )


def filled(accounts: pl.DataFrame, known: pl.DataFrame, order: Sequence[str]) -> pl.DataFrame:
    """Return *accounts* with what the CRM that speaks for a company left empty, as the others say it, in *order*.

    *known* is what `members` gives. Only the accounts of the CRM that speaks are filled. Money comes with its currency.
    """
    shared = _shared(accounts, known)
    if shared.is_empty():
        return accounts
    others = shared.filter(~pl.col("speaks")).sort(_rank(pl.col("crm"), order), "is_lead", "id")
    has_money = pl.col("revenue").is_not_null()
    said = others.group_by("company", maintain_order=True).agg(
        *(pl.col(name).drop_nulls().first() for name in _FACTS),
        *(pl.col(name).filter(has_money).first() for name in _MONEY),
        pl.col("custom").drop_nulls(),
    )
    own = shared.filter("speaks").select(*_ROW, "company")
    both = accounts.join(own, on=_ROW, how="left", maintain_order="left").join(
        said, on="company", how="left", maintain_order="left", suffix="_else"
    )
    takes_money = pl.col("revenue").is_null() & pl.col("revenue_else").is_not_null()
    custom = pl.struct("custom", "custom_else").map_elements(
        lambda one: _united([one["custom"], *one["custom_else"]]) if one["custom_else"] else one["custom"], pl.String
    )
    return both.with_columns(
        *(pl.coalesce(name, f"{name}_else") for name in _FACTS),
        *(pl.when(takes_money).then(f"{name}_else").otherwise(name).alias(name) for name in _MONEY),
        custom=custom,
    ).select(accounts.columns)


def agreed(accounts: pl.DataFrame, known: pl.DataFrame, order: Sequence[str]) -> pl.DataFrame:
    """Return *accounts*, rated and in populations, where a company's stand in all CRMs as in the one that speaks.

    Of several accounts in that CRM, the one decides whose population comes first in *order*; each of them stays what it
    is. Where people want no partner on one account of the company, they want none on any.
    """
    shared = _shared(accounts, known)
    if shared.is_empty():
        return accounts
    ranked = dict.fromkeys((*order, *POPULATIONS, OTHER))
    deciding = shared.filter("speaks").sort("is_lead", _rank(pl.col("population"), ranked), "id")
    decided = deciding.unique("company", keep="first", maintain_order=True).select("company", *_STANDING)
    closed = shared.filter(pl.col("engagement") == OFF_LIMITS).select("company", is_closed=pl.lit(True)).unique()
    of_account = shared.select(*_ROW, "company", "speaks")
    both = accounts.join(of_account, on=_ROW, how="left", maintain_order="left")
    both = both.join(decided, on="company", how="left", maintain_order="left", suffix="_decided")
    both = both.join(closed, on="company", how="left", maintain_order="left")
    takes = ~pl.col("speaks").fill_null(True)
    return both.with_columns(
        *(pl.when(takes).then(f"{name}_decided").otherwise(name).alias(name) for name in _STANDING),
        engagement=pl.when(pl.col("is_closed")).then(pl.lit(OFF_LIMITS)).otherwise("engagement"),
    ).select(accounts.columns)


def differing(accounts: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Return *known* with ``own_population``, that of each account by itself, and ``differs``.

    *differs*: CRMs have the company in different populations, each taken for the one nearest to a customer.
    """
    own = known.join(
        accounts.select(*_ROW, own_population="population"), on=_ROW, how="left", maintain_order="left"
    ).with_columns(rank=_rank(pl.col("own_population"), (*POPULATIONS, OTHER)))
    each = own.filter("in_several").group_by("company", "crm").agg(pl.col("rank").min())
    apart = each.group_by("company").agg(differs=pl.col("rank").n_unique() > 1)
    told = own.drop("rank").join(apart, on="company", how="left", maintain_order="left")
    return told.with_columns(differs=pl.col("differs").fill_null(False) & pl.col("in_several"))


def speaking(rows: pl.DataFrame, known: pl.DataFrame, account: str = "account_id") -> pl.DataFrame:
    """Return those of *rows* whose account is of the CRM that speaks: each company once, whatever CRMs have it."""
    of_crm = known.filter("speaks").select("crm", pl.col("id").alias(account))
    return rows.join(of_crm, on=["crm", account], how="semi", maintain_order="left")


def _shared(accounts: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    several = known.filter("in_several").select(*_ROW, "company", "speaks")
    return accounts.join(several, on=_ROW, maintain_order="left")


def _united(said: Iterable[str | None]) -> str | None:
    """Return one JSON object of all that *said* holds; what comes first counts, and null is nothing."""
    found: dict[str, Any] = {}
    for text in said:
        for name, value in json.loads(text or "{}").items():
            if found.get(name) is None:
                found[name] = value
    return json.dumps(found, ensure_ascii=False) if found else None


def _rank(value: pl.Expr, order: Iterable[str]) -> pl.Expr:
    places = {name: place for place, name in enumerate(order)}
    return value.replace_strict(places, default=len(places), return_dtype=pl.Int64)
