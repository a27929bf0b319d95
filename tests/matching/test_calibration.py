"""How far probabilities can be trusted, measured against what was drawn with known odds."""

import random
from dataclasses import replace
from itertools import pairwise
from math import log2

import polars as pl
import pytest

from matching.calibration import calibrate, least_probabilities, reliability
from matching.weights import DEFAULT


def drawn(pairs: int, odds_of=lambda bits: bits, seed: int = 5) -> pl.DataFrame:
    """Sums of weights and truths; a sum of b bits is true with log-odds *odds_of* (b)."""
    draw = random.Random(seed)
    bits = [round(draw.uniform(-8, 8), 1) for _ in range(pairs)]
    return pl.DataFrame({"bits": bits, "same": [draw.random() < 1 / (1 + 2 ** -odds_of(at)) for at in bits]})


def error(pairs: pl.DataFrame, knots) -> float:
    """The expected calibration error under *knots*."""
    model = replace(DEFAULT, calibration=knots)
    return reliability(pairs.select(model.probability(pl.col("bits")))["bits"], pairs["same"])["error"].sum()


def test_sums_that_are_twice_too_sure_are_halved() -> None:
    seen, unseen = drawn(20_000, lambda bits: bits / 2), drawn(20_000, lambda bits: bits / 2, seed=6)
    knots = calibrate(seen["bits"], seen["same"])
    assert error(unseen, ((-20, -20), (20, 20))) > 0.08
    assert error(unseen, knots) < 0.015


def test_sums_that_are_right_are_left_about_as_they_are() -> None:
    pairs = drawn(50_000)
    knots = calibrate(pairs["bits"], pairs["same"])
    assert [known for bits, known in knots if -5 < bits < 5] == pytest.approx(
        [bits for bits, _ in knots if -5 < bits < 5], abs=0.6
    )


@pytest.mark.parametrize("seed", range(20))
def test_knots_are_few_and_rise_whatever_the_labels_say(seed) -> None:
    pairs = drawn(30 * (seed + 1), lambda bits: -bits if seed % 2 else bits / 3, seed)
    knots = calibrate(pairs["bits"], pairs["same"])
    assert 2 <= len(knots) <= 8
    assert all(left[0] < right[0] and left[1] <= right[1] for left, right in pairwise(knots))


def test_where_sums_say_nothing_every_pair_gets_the_share_of_true_ones() -> None:
    pairs = pl.DataFrame({"bits": [1.0, 2.0] * 300, "same": [True, False] * 300})  # the surer ones are all false
    knots = calibrate(pairs["bits"], pairs["same"])
    assert [known for _, known in knots] == [0.0, 0.0]


def test_few_pairs_are_never_certain() -> None:
    knots = calibrate(pl.Series([-4.0] * 3 + [4.0] * 3), pl.Series([False] * 3 + [True] * 3))
    assert knots == ((-4.0, round(-log2(3.5 / 0.5), 2)), (4.0, round(log2(3.5 / 0.5), 2)))


def test_labels_of_one_kind_are_refused() -> None:
    with pytest.raises(ValueError, match="one kind only"):
        calibrate(pl.Series([1.0, 2.0]), pl.Series([True, True]))


def test_reliability_sets_what_was_promised_beside_what_came_true() -> None:
    promised = pl.Series([0.9] * 10 + [0.2] * 10)
    came_true = pl.Series([True] * 8 + [False] * 2 + [True] * 2 + [False] * 8)
    found = reliability(promised, came_true, bins=2)
    assert found.select("pairs", "rate").rows() == [(10, 0.2), (10, 0.8)]
    assert found["probability"].to_list() == pytest.approx([0.2, 0.9])
    assert found["error"].sum() == pytest.approx(0.05)  # half of the pairs are off by 0.1


def test_groups_are_equally_large_and_no_pair_is_left_out() -> None:
    pairs = drawn(1_003)
    found = reliability(pairs["bits"] / 20 + 0.5, pairs["same"])
    assert found["pairs"].sum() == 1_003
    assert set(found["pairs"]) == {100, 101}


def test_from_the_least_probability_on_pairs_are_as_often_true_as_asked() -> None:
    pairs = drawn(3_000).select(p=(pl.col("bits") / 16 + 0.5).round(2), same="same")
    found = least_probabilities(pairs["p"], pairs["same"], (0.99, 0.8, 0.95))
    assert [target for target, _ in found] == [0.8, 0.95, 0.99]
    for target, least in found:
        precision = {
            at: pairs.filter(pl.col("p") >= at)["same"].mean() for at in pairs["p"].unique().to_list() if at <= least
        }
        assert precision.pop(least) >= target
        assert all(share < target for share in precision.values())


def test_a_precision_that_no_pair_reaches_is_left_out() -> None:
    assert least_probabilities(pl.Series([0.9, 0.8]), pl.Series([False, True]), (0.5, 0.9)) == ((0.5, 0.8),)
