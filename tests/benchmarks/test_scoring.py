"""Scoring against a slow reading of the definitions in plain Python."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.scoring import hits, labelled, scores

IDS = st.integers(0, 4).map(str)
PAIRS = st.lists(st.tuples(IDS, IDS), max_size=12)
SCORED = st.lists(st.tuples(IDS, IDS, st.sampled_from([0.1, 0.5, 0.5, 0.7, 0.9, 1.0])), max_size=20)


def frame(rows: list[tuple[Any, ...]], *more: str) -> pl.DataFrame:
    columns = ["left_id", "right_id", *more]
    types = {column: pl.Float64 if column == "score" else pl.String for column in columns}
    return pl.DataFrame(rows, schema=types, orient="row")


def by_hand(scored: list[Any], truth: set[Any], ignored: set[Any]) -> dict[str, float]:
    best: dict[Any, float] = {}
    for left, right, score in scored:
        if (left, right) in truth or (left, right) not in ignored:
            best[left, right] = max(score, best.get((left, right), 0.0))
    found = {"f1": 0.0, "r95": 0.0, "r99": 0.0}
    for threshold in set(best.values()):
        taken = {pair for pair, score in best.items() if score >= threshold}
        right = len(taken & truth)
        precision, recall = right / len(taken), right / len(truth) if truth else 0.0
        found["f1"] = max(found["f1"], 2 * precision * recall / (precision + recall) if right else 0.0)
        for name, least in (("r95", 0.95), ("r99", 0.99)):
            found[name] = max(found[name], recall if precision >= least else 0.0)
    return found


@given(scored=SCORED, truth=PAIRS, ignored=PAIRS)
def test_agrees_with_the_definitions(scored: list[Any], truth: list[Any], ignored: list[Any]) -> None:
    counted = labelled(frame(scored, "score"), frame(truth), frame(ignored))
    found, expected = scores(counted, len(set(truth))), by_hand(scored, set(truth), set(ignored))
    assert found.best_f1 == pytest.approx(expected["f1"])
    assert found.r95 == pytest.approx(expected["r95"])
    assert found.r99 == pytest.approx(expected["r99"])


def test_pairs_of_equal_score_enter_together() -> None:
    scored = frame([("a", "x", 0.9), ("b", "y", 0.9), ("c", "z", 0.9)], "score")
    found = scores(labelled(scored, frame([("a", "x")]), frame([])), 1)
    assert found.best_f1 == pytest.approx(0.5)
    assert found.r95 == 0.0


def test_a_precision_that_is_just_reached_counts() -> None:
    scored = frame([(f"{row}", "x", 0.9) for row in range(20)], "score")
    found = scores(labelled(scored, frame([(f"{row}", "x") for row in range(19)]), frame([])), 19)
    assert (found.r95, found.r99) == (1.0, 0.0)


def test_an_ignored_pair_counts_neither_way_unless_it_is_true() -> None:
    pairs = frame([("a", "x"), ("b", "y"), ("c", "z")])
    counted = labelled(pairs, frame([("a", "x")]), frame([("a", "x"), ("b", "y")]))
    assert counted.select("left_id", "is_true").rows() == [("a", True), ("c", False)]


def test_a_pair_named_twice_counts_once_under_its_highest_score() -> None:
    counted = labelled(frame([("a", "x", 0.2), ("a", "x", 0.8)], "score"), frame([]), frame([]))
    assert counted["score"].to_list() == [0.8]


def test_a_true_pair_that_was_not_found_costs_recall() -> None:
    found = hits(labelled(frame([("a", "x")]), frame([("a", "x"), ("b", "y")]), frame([])), 2)
    assert (found.precision, found.recall) == (1.0, 0.5)
    assert found.f1 == pytest.approx(2 / 3)


def test_nothing_found_is_nothing_right() -> None:
    counted = labelled(frame([]), frame([("a", "x")]), frame([]))
    assert hits(counted, 1).f1 == 0.0
    assert scores(counted, 1).best_f1 == 0.0
