"""Measure how far probabilities can be trusted on labelled pairs, and make them trustworthy.

Calibration moves probabilities, never the order of pairs. Measure it on pairs that nothing was fitted to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log2
from typing import Final

import numpy as np
import polars as pl

from matching.model import Knots

#: More bends than these would be noise.
_MOST_KNOTS: Final = 8
#: No pair is surer than that, in bits of log-odds: about 1 in 4,000. Labels themselves are not.
_SUREST: Final = 12.0


@dataclass(frozen=True, slots=True)
class _Block:
    """Neighbours in the order of bits: their mean *bits*, and *trues* of *total* pairs."""

    bits: float
    trues: float
    total: float

    def rate(self) -> float:
        return self.trues / self.total

    def log_odds(self) -> float:
        """In bits; half a pair of either kind is added, so that few pairs are never certain."""
        found = log2((self.trues + 0.5) / (self.total - self.trues + 0.5))
        return min(max(found, -_SUREST), _SUREST)

    def __add__(self, other: _Block) -> _Block:
        total = self.total + other.total
        mean = (self.bits * self.total + other.bits * other.total) / total
        return _Block(mean, self.trues + other.trues, total)


def calibrate(bits: pl.Series, same: pl.Series) -> Knots:
    """Return the knots of `matching.model.Model.calibration` that labelled pairs ask for, at most eight.

    *bits* are sums of weights, *same* the truth (Boolean). Isotonic regression (neighbours that fall are pooled), then
    the points whose absence the labels notice least are left out.

    Raises:
        ValueError: all pairs are the same, or all are different.

    Source: Zadrozny and Elkan (2002), "Transforming Classifier Scores into Accurate Multiclass Probability Estimates".
    """
    if same.n_unique() < 2:
        raise ValueError("labels of one kind only teach nothing; both same and different pairs are needed")
    counted = pl.DataFrame({"bits": bits.cast(pl.Float64).round(2), "same": same}).group_by("bits")
    rows = counted.agg(trues=pl.col("same").sum(), total=pl.len()).sort("bits").rows()
    blocks = _rising([_Block(*row) for row in rows], _Block.rate)
    blocks = _rising(blocks, _Block.log_odds)  # a small block is less sure than its rate says, and may fall again
    if len(blocks) == 1:  # the sum says nothing about the truth
        return tuple((round(end, 2), round(blocks[0].log_odds(), 2)) for end in (rows[0][0] - 0.5, rows[-1][0] + 0.5))
    return tuple((round(at.bits, 2), round(at.log_odds(), 2)) for at in _thinned(blocks))


def reliability(probability: pl.Series, same: pl.Series, bins: int = 10) -> pl.DataFrame:
    """Return what was promised and what came true, for *bins* equally large groups of pairs, the least sure first.

    Columns: ``pairs``, ``probability`` (mean, 0..1), ``rate`` (share of true pairs), ``error`` (the group's part of the
    expected calibration error, whose sum is that error).
    """
    pairs = pl.DataFrame({"probability": probability, "same": same}).sort("probability").with_row_index("at")
    grouped = pairs.group_by(pl.col("at") * bins // pairs.height, maintain_order=True).agg(
        pairs=pl.len(), probability=pl.col("probability").mean(), rate=pl.col("same").mean()
    )
    error = (pl.col("probability") - pl.col("rate")).abs() * pl.col("pairs") / pairs.height
    return grouped.select("pairs", "probability", "rate", error=error)


def least_probabilities(probability: pl.Series, same: pl.Series, targets: Sequence[float]) -> Knots:
    """Return the rows (target, least probability) of `matching.model.Model.precision` that labelled pairs support.

    From that probability on, pairs are true at least as often as the *target* (0..1) says. A target that no
    probability reaches is left out.
    """
    pairs = pl.DataFrame({"probability": probability, "same": same}).group_by("probability")
    counted = pairs.agg(trues=pl.col("same").sum(), total=pl.len()).sort("probability", descending=True)
    counted = counted.with_columns(precision=pl.col("trues").cum_sum() / pl.col("total").cum_sum())
    least = ((target, counted.filter(pl.col("precision") >= target)["probability"].min()) for target in sorted(targets))
    return tuple((target, float(found)) for target, found in least if isinstance(found, float))


def _rising(blocks: list[_Block], value: Callable[[_Block], float]) -> list[_Block]:
    """Pool neighbours until *value* rises from block to block (pool adjacent violators)."""
    pooled: list[_Block] = []
    for block in blocks:
        while pooled and value(pooled[-1]) >= value(block):
            block = pooled.pop() + block
        pooled.append(block)
    return pooled


def _thinned(blocks: list[_Block]) -> list[_Block]:
    """Leave out inner blocks, each time the one whose absence costs least, until few enough are left."""
    bits = np.array([block.bits for block in blocks])
    trues = np.array([block.trues for block in blocks])
    total = np.array([block.total for block in blocks])

    def cost(kept: list[_Block]) -> float:
        odds = np.interp(bits, [at.bits for at in kept], [at.log_odds() for at in kept])
        return float(trues @ np.logaddexp2(0, -odds) + (total - trues) @ np.logaddexp2(0, odds))

    while len(blocks) > _MOST_KNOTS:
        blocks = min((blocks[:at] + blocks[at + 1 :] for at in range(1, len(blocks) - 1)), key=cost)
    return blocks
