"""How right the engine's matches are, as far as people said: only pairs that it would match without a verdict count."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Final

import polars as pl

#: Of the normal distribution, for 95 %.
_Z: Final = 1.959964


@dataclass(frozen=True, slots=True)
class Precision:
    """Of *seen* matches of the engine that people judged, *right* are the same company.

    *least* and *most*, 0..1, are the 95 % interval of the share of right ones.
    """

    seen: int
    right: int
    least: float
    most: float

    def __str__(self) -> str:
        are = "is" if self.right == 1 else "are"
        matches = "match" if self.seen == 1 else "matches"
        return (
            f"{self.right:,} of {self.seen:,} {matches} that people looked at {are} right "
            f"({self.least * 100:.0f}-{self.most * 100:.0f} %)"
        )


def precision(heard: pl.DataFrame) -> dict[str, Precision]:
    """Return the precision by partner of the verdicts *heard* (`overlap.model.Heard`); a partner without any is absent.

    Doubtful pairs say nothing of it: the engine did not claim them.
    """
    claimed = heard.filter(pl.col("decision") == "match")
    right = (pl.col("verdict") == "same").sum()
    counts = claimed.group_by("partner").agg(seen=pl.len(), right=right).sort("partner")
    return {partner: of(right, seen) for partner, seen, right in counts.iter_rows()}


def of(right: int, seen: int) -> Precision:
    """Return the precision of *right* out of *seen*, which is at least 1.

    Source: Wilson (1927), "Probable Inference, the Law of Succession, and Statistical Inference".
    """
    share, square = right / seen, _Z**2
    middle = (share + square / (2 * seen)) / (1 + square / seen)
    half = _Z * sqrt(share * (1 - share) / seen + square / (4 * seen**2)) / (1 + square / seen)
    return Precision(seen, right, max(0.0, middle - half), min(1.0, middle + half))
