"""How right a list of scored pairs is, measured against the true pairs.

Pairs in the list of ignored ones count neither way, unless they are true. Pairs of equal score enter together: no order
among them is anybody's merit.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

PAIR = ("left_id", "right_id")


@dataclass(frozen=True, slots=True)
class Hits:
    """What a set of pairs got right: *precision* and *recall*, 0..1, of so many *pairs*."""

    pairs: int
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; 0 when nothing was right."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass(frozen=True, slots=True)
class Scores:
    """How well scores sort pairs: the best F1 at any threshold, and the most recall at a precision of .95 and .99."""

    best_f1: float
    best_threshold: float | None
    r95: float
    r99: float


def labelled(pairs: pl.DataFrame, truth: pl.DataFrame, ignored: pl.DataFrame) -> pl.DataFrame:
    """Return left_id, right_id, score and is_true of each distinct pair that counts, under its highest score.

    *truth* and *ignored* hold left_id and right_id. Pairs without a ``score`` are as sure as can be: 1.0.
    """
    if "score" not in pairs.columns:
        pairs = pairs.with_columns(score=pl.lit(1.0))
    best = pairs.group_by(PAIR).agg(pl.col("score").cast(pl.Float64).max())
    true = truth.select(PAIR).unique()
    joined = best.join(true.with_columns(is_true=True), on=PAIR, how="left")
    aside = ignored.select(PAIR).join(true, on=PAIR, how="anti")
    return joined.join(aside, on=PAIR, how="anti").with_columns(pl.col("is_true").fill_null(False)).sort(PAIR)


def hits(pairs: pl.DataFrame, true_pairs: int) -> Hits:
    """Return what these `labelled` *pairs*, all taken as matches, got right of *true_pairs* in all."""
    right = int(pairs["is_true"].sum())
    return Hits(
        pairs=pairs.height,
        precision=right / pairs.height if pairs.height else 0.0,
        recall=right / true_pairs if true_pairs else 0.0,
    )


def scores(pairs: pl.DataFrame, true_pairs: int) -> Scores:
    """Return how well the scores of `labelled` *pairs* sort them, over every threshold there is."""
    if pairs.is_empty() or not true_pairs:
        return Scores(0.0, None, 0.0, 0.0)
    taken = (
        pairs.group_by("score")
        .agg(pairs=pl.len(), right=pl.col("is_true").sum())
        .sort("score", descending=True)
        .select("score", pl.col("pairs").cum_sum(), pl.col("right").cum_sum())
        .with_columns(precision=pl.col("right") / pl.col("pairs"), recall=pl.col("right") / true_pairs)
        .with_columns(f1=2 * pl.col("right") / (pl.col("pairs") + true_pairs))
    )
    best = taken.row(int(taken["f1"].arg_max() or 0), named=True)
    return Scores(
        best_f1=best["f1"],
        best_threshold=best["score"] if best["f1"] else None,
        r95=_most_recall(taken, 0.95),
        r99=_most_recall(taken, 0.99),
    )


def _most_recall(taken: pl.DataFrame, precision: float) -> float:
    reached = taken.filter(pl.col("precision") >= precision)["recall"]
    return max(reached.to_list(), default=0.0)
