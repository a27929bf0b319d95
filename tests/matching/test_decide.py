"""From weights to decisions."""

from dataclasses import replace
from math import log2

import polars as pl
import pytest

from matching.decide import MATCH, NO_MATCH, REVIEW, decide, least_bits, priors
from matching.weights import DEFAULT
from tests.matching.levels_by_hand import frame, pair

MODEL = replace(DEFAULT, prior=1.0, lists=0.5, match_at=0.8, review_at=0.5)


def bits_before(rows: int, equal: int) -> float:
    shares = pl.DataFrame({"crm": ["sf"], "partner": ["globex"], "rows": [rows], "equal": [equal]})
    return priors(shares, MODEL)["prior"].item()


def test_without_rows_the_prior_is_that_of_lists_that_share_a_quarter() -> None:
    # 10 of 40 rows: odds of 1 to 3.
    assert bits_before(0, 0) == pytest.approx(1.0 + 0.5 * log2(1 / 3))


def test_lists_that_overlap_more_make_every_pair_likelier() -> None:
    found = [bits_before(1000, equal) for equal in (0, 10, 100, 500, 900, 1000)]
    assert found == sorted(found)
    assert bits_before(1000, 510) == pytest.approx(1.0)


def test_however_much_or_little_lists_overlap_the_prior_stays_within_its_limits() -> None:
    assert bits_before(10**6, 0) == pytest.approx(1.0 + 0.5 * -4)
    assert bits_before(10**6, 10**6) == pytest.approx(1.0 + 0.5 * 2)


@pytest.mark.parametrize("probability", [0.02, 0.5, 0.85])
def test_least_bits_are_those_of_the_probability(probability: float) -> None:
    assert 1 / (1 + 2 ** -least_bits(probability)) == pytest.approx(probability)


@pytest.mark.parametrize(
    ("weight", "decision"), [(1.99, REVIEW), (2.0, MATCH), (0.0, REVIEW), (-0.01, NO_MATCH), (9.0, MATCH)]
)
def test_a_decision_begins_at_its_probability(weight: float, decision: str) -> None:
    # 2 bits are odds of 4 to 1, which is 0.8.
    assert decide(frame([pair(weight=weight)]), MODEL)["decision"].to_list() == [decision]


def test_a_better_rival_makes_a_pair_less_probable() -> None:
    levels = frame([pair("a", "x", weight=6.0), pair("b", "x", weight=3.0)])
    alone, beside = decide(levels[1:], MODEL), decide(levels, MODEL)
    assert alone["decision"].to_list() == [MATCH]
    assert beside["decision"].to_list() == [MATCH, REVIEW]
    # 3 bits, of which a rival that is 3 bits better takes what lies beyond the margin.
    assert beside["probability"].to_list()[1] == pytest.approx(1 / (1 + 2 ** -(3.0 - (3.0 - MODEL.margin))), abs=1e-4)
