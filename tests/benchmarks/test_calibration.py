"""Calibration of made-up pairs whose probabilities are known."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from benchmarks.calibration import calibration


def pairs(said: list[float], came: list[bool]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "task": "t",
            "left_id": "a",
            "right_id": [str(row) for row in range(len(said))],
            "score": said,
            "is_true": came,
        }
    )


def drawn(said: np.ndarray, true: np.ndarray) -> pl.DataFrame:
    return pairs(said.tolist(), (np.random.default_rng(1).random(len(true)) < true).tolist())


def test_probabilities_that_come_true_have_little_error() -> None:
    said = np.random.default_rng(2).uniform(0.05, 1, 20_000)
    found = calibration(drawn(said, said))
    assert found is not None
    assert found.error < 0.015
    assert found.low < found.high < 0.03


def test_boasting_is_measured_by_how_much() -> None:
    said = np.random.default_rng(2).uniform(0.2, 1, 20_000)
    found = calibration(drawn(said, said - 0.15))
    assert found is not None
    assert found.error == pytest.approx(0.15, abs=0.02)
    assert found.low <= found.error <= found.high


def test_modesty_here_does_not_make_up_for_boasting_there() -> None:
    said = np.array([0.3, 0.7] * 5_000)
    found = calibration(drawn(said, np.full(10_000, 0.5)))
    assert found is not None
    assert found.error == pytest.approx(0.2, abs=0.02)


def test_ten_bins_hold_equally_many_pairs() -> None:
    found = calibration(drawn(np.linspace(0.05, 1, 1_000), np.ones(1_000)))
    assert found is not None
    assert [one.pairs for one in found.bins] == [100] * 10


def test_equal_scores_are_not_torn_apart() -> None:
    found = calibration(pairs([0.5] * 50, [True] * 25 + [False] * 25))
    assert found is not None
    assert len(found.bins) == 1
    assert found.error == 0.0


def test_pairs_below_the_least_score_are_left_out() -> None:
    found = calibration(pairs([0.01, 0.04, 0.9], [True, True, True]))
    assert found is not None
    assert found.pairs == 1
    assert calibration(pairs([0.01], [True])) is None


def test_the_same_pairs_give_the_same_interval_in_any_order() -> None:
    rows = drawn(np.linspace(0.05, 1, 300), np.linspace(0.05, 1, 300))
    assert calibration(rows) == calibration(rows.reverse())


def test_rows_with_many_pairs_make_the_interval_wider() -> None:
    said = [0.5, 0.6, 0.7, 0.8] * 200
    came = [row % 8 < 4 for row in range(800)]
    alone = pairs(said, came)
    together = alone.with_columns(
        right_id=(pl.int_range(pl.len()) // 80).cast(pl.String)
        + pl.when("is_true").then(pl.lit("t")).otherwise(pl.lit("f"))
    )
    one, other = calibration(alone), calibration(together)
    assert one is not None and other is not None
    assert other.high - other.low > 1.5 * (one.high - one.low)
