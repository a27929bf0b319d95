from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from overlap.errors import ConfigError
from overlap.filter_rows import Rows
from overlap.filter_text import read_filter
from overlap.filters import Kind, fields
from overlap.icp import Criterion, IdealCustomer, fit
from overlap.model import Account, Opportunity
from tests.overlap.frames import TODAY, frame

_FIELDS = fields().account


def plain(
    industries: tuple[str, ...] = (),
    industry_weight: int = 0,
    at_least: int | None = None,
    at_most: int | None = None,
    headcount_weight: int = 0,
    countries: tuple[str, ...] = (),
    country_weight: int = 0,
    **tiers: int,
) -> IdealCustomer:
    """A profile of the three criteria that every workspace has."""
    criteria = (
        Criterion("industry", industry_weight, _FIELDS["industry"], values=industries),
        Criterion("headcount", headcount_weight, _FIELDS["headcount"], at_least=at_least, at_most=at_most),
        Criterion("country", country_weight, _FIELDS["country"], values=countries),
    )
    return IdealCustomer(criteria, **tiers)


IDEAL = plain(
    industries=("Technology", "Banking"),
    industry_weight=40,
    at_least=500,
    at_most=20_000,
    headcount_weight=35,
    countries=("United States", "Germany"),
    country_weight=25,
)

CASES = [  # industry, headcount, country, fit, tier, reasons
    ("Technology", 500, "Germany", 100, "A", "industry Technology fits; headcount 500 fits; country Germany fits"),
    ("banking", 20_000, "germany", 100, "A", "industry banking fits; headcount 20000 fits; country germany fits"),
    (None, None, None, 0, "C", "industry unknown; headcount unknown; country unknown"),
    ("Mining", 1, "Peru", 0, "C", "industry Mining does not fit; headcount 1 does not fit; country Peru does not fit"),
    ("Technology", 0, None, 40, "B", "industry Technology fits; headcount unknown; country unknown"),
    (None, 400, None, 28, "C", "industry unknown; headcount 400 nearly fits; country unknown"),
    (None, 25_000, None, 28, "C", "industry unknown; headcount 25000 nearly fits; country unknown"),
    (None, 249, None, 0, "C", "industry unknown; headcount 249 does not fit; country unknown"),
    (None, 40_001, None, 0, "C", "industry unknown; headcount 40001 does not fit; country unknown"),
    ("Technology", 600, None, 75, "A", "industry Technology fits; headcount 600 fits; country unknown"),
]


def rate(ideal: IdealCustomer, *companies: tuple[str | None, int | None, str | None]) -> pl.DataFrame:
    schema = {"industry": pl.String, "headcount": pl.Int64, "country": pl.String}
    frame_ = pl.DataFrame(companies, schema=schema, orient="row")
    return fit(frame_, ideal, Rows(frame_, None, TODAY))


@pytest.mark.parametrize(("industry", "headcount", "country", "earned", "tier", "reasons"), CASES)
def test_fit_is_the_earned_weight_over_all_weight(industry, headcount, country, earned, tier, reasons) -> None:
    assert rate(IDEAL, (industry, headcount, country)).row(0) == (earned, tier, reasons)


@pytest.mark.parametrize(("headcount", "earned"), [(250, 50), (249, 0), (499, 100), (500, 100), (None, 0)])
def test_a_headcount_near_the_range_earns_its_ratio_down_to_a_half(headcount, earned) -> None:
    open_ended = plain(at_least=500, headcount_weight=1)
    assert rate(open_ended, (None, headcount, None))["icp_fit"].item() == earned


@pytest.mark.parametrize(("headcount", "earned"), [(1, 100), (100, 100), (200, 50), (201, 0)])
def test_a_range_may_be_open_below(headcount, earned) -> None:
    open_ended = plain(at_most=100, headcount_weight=3)
    assert rate(open_ended, (None, headcount, None))["icp_fit"].item() == earned


def test_a_range_without_bounds_fits_every_known_headcount() -> None:
    assert rate(plain(headcount_weight=1), (None, 7, None), (None, None, None))["icp_fit"].to_list() == [100, 0]


@pytest.mark.parametrize(("least", "tier"), [(40, "A"), (41, "B")])
def test_a_tier_begins_exactly_at_its_least_fit(least, tier) -> None:
    ideal = plain(("Technology",), 40, country_weight=60, tier_a=least, tier_b=40)
    assert rate(ideal, ("Technology", None, None)).row(0)[:2] == (40, tier)


def test_below_the_lower_tier_is_c() -> None:
    ideal = plain(("Technology",), 40, country_weight=60, tier_a=80, tier_b=41)
    assert rate(ideal, ("Technology", None, None))["icp_tier"].item() == "C"


def test_a_criterion_without_weight_is_left_out_of_fit_and_reasons() -> None:
    ideal = plain(("Technology",), 40, at_least=500)
    assert rate(ideal, ("Technology", 1, "Peru")).row(0) == (100, "A", "industry Technology fits")


def test_a_criterion_without_values_fits_nobody() -> None:
    assert rate(plain(industry_weight=10), ("Technology", 1, None), (None, 1, None))["icp_fit"].to_list() == [
        0,
        0,
    ]


def test_without_a_profile_nobody_fits_and_the_reason_says_so() -> None:
    assert rate(plain(), ("Technology", 500, "Germany"), (None, None, None)).rows() == [
        (0, "C", "no profile set"),
        (0, "C", "no profile set"),
    ]


def test_no_companies_are_no_rows() -> None:
    assert rate(IDEAL).columns == ["icp_fit", "icp_tier", "icp_reasons"]
    assert rate(IDEAL).is_empty()


@given(
    st.lists(
        st.tuples(
            st.sampled_from([None, "Technology", "Mining"]),
            st.one_of(st.none(), st.integers(0, 100_000)),
            st.sampled_from([None, "Germany", "Peru"]),
        ),
        min_size=1,
    ),
    st.tuples(*[st.integers(0, 50)] * 3).filter(any),
)
def test_rates_as_the_exact_fraction_does_and_keeps_the_order(companies, weights) -> None:
    ideal = plain(("Technology",), weights[0], 500, 20_000, weights[1], ("Germany",), weights[2])
    earned = rate(ideal, *companies)["icp_fit"].to_list()
    for (industry, headcount, country), points in zip(companies, earned, strict=True):
        near = min(Fraction(1), Fraction(headcount, 500), Fraction(20_000, headcount)) if headcount else Fraction(0)
        shares = (industry == "Technology", near if near >= Fraction(1, 2) else 0, country == "Germany")
        exact = 100 * sum(w * Fraction(s) for w, s in zip(weights, shares, strict=True)) / sum(weights)
        assert abs(points - exact) <= Fraction(1, 2) + Fraction(1, 10**9)
        assert 0 <= points <= 100


# --- criteria on any field --------------------------------------------------------------------------------------------


def one(
    criterion: Criterion, *accounts: dict, deals: pl.DataFrame | None = None, drop: tuple[str, ...] = ()
) -> list[tuple[int, str]]:
    """Fit and reasons of *accounts* by one criterion."""
    rows = frame(Account, *accounts).drop(drop)
    return fit(rows, IdealCustomer((criterion,)), Rows(rows, deals, TODAY)).select("icp_fit", "icp_reasons").rows()


REVENUE = Criterion("revenue", 10, _FIELDS["revenue"], at_least=1e6, currency="EUR", where="icp.criteria.0")


def test_money_counts_only_in_the_currency_of_its_criterion() -> None:
    euros, dollars = {"revenue": 2e6, "currency": "EUR"}, {"revenue": 2e6, "currency": "USD"}
    assert one(REVENUE, euros, dollars, {"revenue": None, "currency": "USD"}, {"revenue": 5e5, "currency": None}) == [
        (100, "revenue 2000000 fits"),
        (0, "revenue in USD, not EUR"),
        (0, "revenue unknown"),
        (50, "revenue 500000 nearly fits"),
    ]


def test_revenue_in_several_currencies_needs_one_to_be_named() -> None:
    accounts = ({"revenue": 2e6, "currency": "EUR"}, {"revenue": 2e6, "currency": "USD"})
    with pytest.raises(ConfigError) as raised:
        one(replace(REVENUE, currency=None), *accounts)
    assert str(raised.value).startswith("icp.criteria.0: revenue is in EUR, USD; nothing is converted")
    unnamed = replace(REVENUE, currency=None)
    assert one(unnamed, accounts[0], {"revenue": None, "currency": "USD"})[0] == (100, "revenue 2000000 fits")


def test_of_several_orgs_nobody_knows_the_currency_of_what_has_none() -> None:
    ours, other = {"revenue": 2e6}, {"crm": "second", "revenue": 2e6}
    assert one(REVENUE, ours, other) == [(0, "revenue in an unnamed currency, not EUR")] * 2
    assert one(REVENUE, ours, {**other, "revenue": None})[0] == (100, "revenue 2000000 fits")
    assert one(REVENUE, ours, {**other, "currency": "EUR"})[1] == (100, "revenue 2000000 fits")
    for unlike in ({}, {"currency": "EUR"}):
        with pytest.raises(ConfigError, match="nothing is converted"):
            one(replace(REVENUE, currency=None), ours, other | unlike)


def test_a_criterion_on_a_column_that_a_list_lacks_is_unknown() -> None:
    for criterion in (REVENUE, Criterion("rich", 10, filter=read_filter("revenue > 1", "here", fields()))):
        assert one(criterion, {"revenue": 2e6}, drop=("revenue", "currency")) == [(0, f"{criterion.name} unknown")]


def test_a_filter_is_a_criterion_and_deals_nobody_knows_are_unknown() -> None:
    has_deals = Criterion("deals", 10, filter=read_filter("any_opportunity()", "here", fields()))
    deals = frame(Opportunity, {"account_id": "001A"})
    accounts = ({"id": "001A"}, {"id": "001B"})
    assert one(has_deals, *accounts, deals=deals) == [(100, "deals fits"), (0, "deals does not fit")]
    assert one(has_deals, *accounts) == [(0, "deals unknown")] * 2


def test_a_mapped_field_is_a_criterion() -> None:
    known = fields(("segment", "arr")).account
    custom = {"custom": json.dumps({"segment": "Enterprise", "arr": 1.5})}
    text = Criterion("segment", 1, replace(known["segment"], kind=Kind.TEXT), values=("enterprise",))
    number = Criterion("arr", 1, replace(known["arr"], kind=Kind.NUMBER), at_most=3)
    assert one(text, custom, {}) == [(100, "segment Enterprise fits"), (0, "segment unknown")]
    assert one(number, custom, {}) == [(100, "arr 1.5 fits"), (0, "arr unknown")]
