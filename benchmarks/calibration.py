"""Whether a probability means what it says: of the pairs given .8, do eight in ten match?

Bins hold equally many pairs, not equally wide ranges: most pairs are near 0 or near 1, and wide empty bins would hide
what happens between. True pairs that were never proposed have no probability, so they are not part of this.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

LEAST: Final = 0.05
_BINS: Final = 10
_DRAWS: Final = 400
_SEED: Final = 20_261_121


@dataclass(frozen=True, slots=True)
class Bin:
    """So many *pairs*, what was *said* of them on average, and how many of them *came* true (both 0..1)."""

    pairs: int
    said: float
    came: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """The expected calibration error (0..1), its 95 % interval, and the bins that it was made of."""

    pairs: int
    error: float
    low: float
    high: float
    bins: tuple[Bin, ...]


def calibration(pairs: pl.DataFrame) -> Calibration | None:
    """Return the calibration of `labelled` *pairs* with a score from `LEAST` up; None without any.

    The interval is a bootstrap over rows of theirs (``task`` and ``right_id``): pairs of one row compete, so they are
    not independent draws. Bins are made anew in every draw. A finite sample shows some error even where there is
    none, so the interval's lower end does not reach 0.
    """
    kept = pairs.filter(pl.col("score") >= LEAST)
    if kept.is_empty():
        return None
    kept = kept.with_columns(group=pl.struct("task", "right_id").rank("dense") - 1).sort("score", "group", "left_id")
    said, came = kept["score"].to_numpy(), kept["is_true"].to_numpy().astype(float)
    group = kept["group"].to_numpy()
    bins = _bins(said, came, np.ones(kept.height))
    draws, groups = np.random.default_rng(_SEED), int(group.max()) + 1
    errors = []
    for _ in range(_DRAWS):
        drawn = np.bincount(draws.integers(groups, size=groups), minlength=groups)
        errors.append(_error(_bins(said, came, drawn[group].astype(float))))
    low, high = np.quantile(errors, [0.025, 0.975])
    return Calibration(kept.height, _error(bins), float(low), float(high), bins)


def _bins(said: np.ndarray, came: np.ndarray, weights: np.ndarray) -> tuple[Bin, ...]:
    """Return bins of equal weight over pairs sorted by what was said of them; equal scores stay together."""
    total = weights.sum()
    middle = np.cumsum(weights) - weights / 2
    _, first, which = np.unique(said, return_index=True, return_inverse=True)
    place = np.minimum((middle[first][which] * _BINS / total).astype(int), _BINS - 1)
    mass, sum_said, sum_came = (
        np.bincount(place, weights=weights * values, minlength=_BINS) for values in (np.ones_like(said), said, came)
    )
    return tuple(
        Bin(round(mass[number]), sum_said[number] / mass[number], sum_came[number] / mass[number])
        for number in range(_BINS)
        if mass[number]
    )


def _error(bins: tuple[Bin, ...]) -> float:
    pairs = sum(one.pairs for one in bins)
    return sum(one.pairs * abs(one.said - one.came) for one in bins) / pairs
