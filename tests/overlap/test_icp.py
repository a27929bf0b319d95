from __future__ import annotations

from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from overlap.icp import IdealCustomer, fit

IDEAL = IdealCustomer(
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
    return fit(pl.DataFrame(companies, schema=schema, orient="row"), ideal)


@pytest.mark.parametrize(("industry", "headcount", "country", "earned", "tier", "reasons"), CASES)
def test_fit_is_the_earned_weight_over_all_weight(industry, headcount, country, earned, tier, reasons) -> None:
    assert rate(IDEAL, (industry, headcount, country)).row(0) == (earned, tier, reasons)


@pytest.mark.parametrize(("headcount", "earned"), [(250, 50), (249, 0), (499, 100), (500, 100), (None, 0)])
def test_a_headcount_near_the_range_earns_its_ratio_down_to_a_half(headcount, earned) -> None:
    open_ended = IdealCustomer(at_least=500, headcount_weight=1)
    assert rate(open_ended, (None, headcount, None))["icp_fit"].item() == earned


@pytest.mark.parametrize(("headcount", "earned"), [(1, 100), (100, 100), (200, 50), (201, 0)])
def test_a_range_may_be_open_below(headcount, earned) -> None:
    open_ended = IdealCustomer(at_most=100, headcount_weight=3)
    assert rate(open_ended, (None, headcount, None))["icp_fit"].item() == earned


def test_a_range_without_bounds_fits_every_known_headcount() -> None:
    assert rate(IdealCustomer(headcount_weight=1), (None, 7, None), (None, None, None))["icp_fit"].to_list() == [100, 0]


@pytest.mark.parametrize(("least", "tier"), [(40, "A"), (41, "B")])
def test_a_tier_begins_exactly_at_its_least_fit(least, tier) -> None:
    ideal = IdealCustomer(("Technology",), 40, country_weight=60, tier_a=least, tier_b=40)
    assert rate(ideal, ("Technology", None, None)).row(0)[:2] == (40, tier)


def test_below_the_lower_tier_is_c() -> None:
    ideal = IdealCustomer(("Technology",), 40, country_weight=60, tier_a=80, tier_b=41)
    assert rate(ideal, ("Technology", None, None))["icp_tier"].item() == "C"


def test_a_criterion_without_weight_is_left_out_of_fit_and_reasons() -> None:
    ideal = IdealCustomer(("Technology",), 40, at_least=500)
    assert rate(ideal, ("Technology", 1, "Peru")).row(0) == (100, "A", "industry Technology fits")


def test_a_criterion_without_values_fits_nobody() -> None:
    assert rate(IdealCustomer(industry_weight=10), ("Technology", 1, None), (None, 1, None))["icp_fit"].to_list() == [
        0,
        0,
    ]


def test_without_a_profile_nobody_fits_and_the_reason_says_so() -> None:
    assert rate(IdealCustomer(), ("Technology", 500, "Germany"), (None, None, None)).rows() == [
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
    ideal = IdealCustomer(("Technology",), weights[0], 500, 20_000, weights[1], ("Germany",), weights[2])
    earned = rate(ideal, *companies)["icp_fit"].to_list()
    for (industry, headcount, country), points in zip(companies, earned, strict=True):
        near = min(Fraction(1), Fraction(headcount, 500), Fraction(20_000, headcount)) if headcount else Fraction(0)
        shares = (industry == "Technology", near if near >= Fraction(1, 2) else 0, country == "Germany")
        exact = 100 * sum(w * Fraction(s) for w, s in zip(weights, shares, strict=True)) / sum(weights)
        assert abs(points - exact) <= Fraction(1, 2) + Fraction(1, 10**9)
        assert 0 <= points <= 100
