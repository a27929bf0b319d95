"""Say how complete and how costly the search for candidate pairs is, where nobody knows the truth.

The yardstick are pairs of rows that have a website of their own in common: how many of them would have been proposed
had nobody known the websites? That is a guess at how many true pairs are proposed where one side has no website.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from matching import candidates, statistics
from matching.accounts import tables
from matching.features import Features, featurise
from matching.keys import MOST_PAIRS, shared_keys
from matching.misspellings import near_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matching.statistics import Statistics

    Array = NDArray[Any]


def diagnose(ours: pl.DataFrame, theirs: pl.DataFrame) -> dict[str, int | float]:
    """Return figures by name, for the frames of `matching.engine.Engine`.

    ``pairs compared`` of ``pairs possible``; ``keys`` that both sides share, how many of them are ``keys too frequent``
    to propose anything; ``left rows without candidates`` and ``right rows without candidates``; ``pairs of one
    website`` and ``found without it`` (a share, 0..1; absent where there is no such pair).
    """
    read = tables(ours, theirs)
    counted = statistics.measure(read)
    features = featurise(read, counted)
    o, t = candidates.propose(features, counted)
    figures: dict[str, int | float] = {
        "pairs possible": ours.height * theirs.height,
        "pairs compared": len(o),
        **_keys(features, counted),
        "left rows without candidates": ours.height - len(np.unique(o)),
        "right rows without candidates": theirs.height - len(np.unique(t)),
    }
    return figures | _completeness(features, counted)


def _keys(features: Features, counted: Statistics) -> dict[str, int | float]:
    text = features.words["text"]
    sides = shared_keys(features, near_words(text, counted.occurrences(text["hash"])))
    ours, theirs = (pl.DataFrame({"key": key}).group_by("key").len() for _, key in sides)
    both = ours.join(theirs, on="key").select("key", ours="len", theirs="len_right")
    most = (pl.col("key") & 3).cast(pl.Int64).replace_strict(dict(enumerate(MOST_PAIRS)), return_dtype=pl.Int64)
    frequent = both.filter(pl.col("ours").cast(pl.Int64) * pl.col("theirs").cast(pl.Int64) > most)
    return {"keys": both.height, "keys too frequent": frequent.height}


def _completeness(features: Features, counted: Statistics) -> dict[str, int | float]:
    """Return how many pairs have a website of their own in common, and the share found by other keys."""
    accounts = features.accounts
    own = np.flatnonzero((accounts["domain"] != 0) & (accounts["sharers"] == 1))
    rows = pl.DataFrame({"row": own, "domain": accounts["domain"][own]})
    mine, yours = rows.filter(pl.col("row") < features.ours), rows.filter(pl.col("row") >= features.ours)
    known = mine.join(yours, on="domain").select(o="row", t="row_right")
    if known.is_empty():
        return {"pairs of one website": 0}
    blind = accounts.copy()
    for field in ("domain", "others", "label", "bare"):
        blind[field] = np.zeros((), dtype=accounts.dtype[field])
    o, t = candidates.propose(replace(features, accounts=blind), counted)
    found = known.join(pl.DataFrame({"o": o, "t": t}), on=["o", "t"], how="semi")
    return {"pairs of one website": known.height, "found without it": round(found.height / known.height, 4)}
