"""Turn levels into decisions: the prior of the two lists, rivals, probability, match or review or not, relation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from matching import relations
from matching.rivals import compete

if TYPE_CHECKING:
    from matching.model import Model

MATCH: Final = "match"
REVIEW: Final = "review"
NO_MATCH: Final = "no match"
#: Rows that we pretend to have compared before, and the share of them that had a company of the very name.
_ROWS_BEFORE: Final = 40
_SHARE_BEFORE: Final = 0.25
#: However little or much two lists overlap, that says no more than so many bits of log-odds.
_LEAST_ODDS: Final = -4.0
_MOST_ODDS: Final = 2.0


def decide(levels: pl.DataFrame, model: Model) -> pl.DataFrame:
    """Add ``rival`` (bits lost to a better pair, 0 or less), ``probability``, ``decision``, ``relation`` to *levels*.

    *levels* are those of `comparisons.compare` with ``crm``, ``partner`` and ``prior``, which ``weight`` contains.
    """
    weighed = compete(levels, model)
    weighed = weighed.with_columns(probability=model.probability(pl.col("weight") + pl.col("rival")).round(4))
    decision = (
        pl.when(pl.col("probability") >= model.match_at)
        .then(pl.lit(MATCH))
        .when(pl.col("probability") >= model.review_at)
        .then(pl.lit(REVIEW))
        .otherwise(pl.lit(NO_MATCH))
    )
    return weighed.with_columns(decision=decision, relation=relations.by_names())


def priors(shares: pl.DataFrame, model: Model) -> pl.DataFrame:
    """Return ``crm``, ``partner``, ``prior``: the bits before anything is compared, for each two lists.

    *shares* are those of `statistics.Statistics`. Where most of a list has a company of the very name on the other
    side, the next pair is likelier too.
    """
    share = (pl.col("equal") + _SHARE_BEFORE * _ROWS_BEFORE) / (pl.col("rows") + _ROWS_BEFORE)
    odds = (share / (1 - share)).log(2).clip(_LEAST_ODDS, _MOST_ODDS)
    return shares.select("crm", "partner", prior=model.prior + model.lists * odds)


def least_bits(probability: float) -> float:
    """Return the bits that a pair needs for *probability*, were they calibrated as they are."""
    return float(np.log2(probability / (1 - probability)))
