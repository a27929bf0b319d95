"""Weigh levels, let rivals compete, and decide: match, review or no match, and in which relation.

A sum of weights is not yet a decision: of two rows of ours that both look like one of theirs, the clearly better one
takes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from overlap.model import PARENT, SAME, SIBLING, SUBSIDIARY

if TYPE_CHECKING:
    from matching.weights import Model

MATCH: Final = "match"
REVIEW: Final = "review"
NO_MATCH: Final = "no match"
#: Information of a word, in 1/100 bit, from which on it is a name and not a description.
_DISTINCTIVE: Final = 900


def decide(levels: pl.DataFrame, model: Model) -> pl.DataFrame:
    """Add ``rival`` (bits lost to a better pair, 0 or less), ``probability``, ``decision``, ``relation`` to *levels*.

    *levels* are those of `comparisons.levels` with the pair's four ids. Bits b make the probability 2^b / (1 + 2^b).
    Pairs compete for one row of theirs within a crm, and for one row of ours within a partner: two partners may well
    have the same account.
    """
    weighed = levels.with_columns(weight=pl.sum_horizontal(_weights(model)) + model.prior)
    weighed = weighed.with_columns(rival=_lost_to_rivals(model))
    bits = pl.col("weight") + pl.col("rival")
    weighed = weighed.with_columns(probability=(1 / (1 + pl.lit(2.0).pow(-bits))).round(4))
    decision = (
        pl.when(pl.col("probability") >= model.match_at)
        .then(pl.lit(MATCH))
        .when(pl.col("probability") >= model.review_at)
        .then(pl.lit(REVIEW))
        .otherwise(pl.lit(NO_MATCH))
    )
    return weighed.with_columns(decision=decision, relation=_relation())


def _weights(model: Model) -> list[pl.Expr]:
    """Return the weight of each comparison's level; a level that the model does not know is an error."""
    return [
        pl.col(ladder.comparison).replace_strict(
            {level.code: level.weight for level in ladder.levels}, return_dtype=pl.Float64
        )
        for ladder in model.ladders
    ]


def _lost_to_rivals(model: Model) -> pl.Expr:
    """Return what a pair loses to the best pair of either of its rows: what lies beyond the margin, up to a limit.

    An equal name is beaten by another equal name only: a sister company at the same address does not take it away.
    """
    weight, is_equal = pl.col("weight"), pl.col("name").str.starts_with("equal")
    of_all = pl.max_horizontal(weight.max().over("o", "partner"), weight.max().over("t", "crm"))
    of_equals = pl.max_horizontal(weight.max().over("o", "partner", is_equal), weight.max().over("t", "crm", is_equal))
    best = pl.when(is_equal).then(of_equals).otherwise(of_all)
    beyond = (best - weight - model.margin).clip(0.0, model.most_lost)
    # A rival that is itself no match takes nothing away.
    return pl.when(best > 0).then(-beyond).otherwise(0.0)


def _relation() -> pl.Expr:
    """Return one of `overlap.model.RELATIONS`, by the names alone.

    The rule: the two names share a brand (a distinctive word), and a side that has words left over which name a unit
    (a region, a division, or a distinctive word beside the brand) is that unit. Left over on their side only, theirs
    is our subsidiary; on ours only, theirs is our parent; on both sides, they are siblings. Equal names are the same.
    """
    apart = (pl.col("shared") >= _DISTINCTIVE) & ~pl.col("name").str.contains("^(?:equal|near$)")
    ours = apart & (pl.col("unit_a") | (pl.col("own_a") >= _DISTINCTIVE))
    theirs = apart & (pl.col("unit_b") | (pl.col("own_b") >= _DISTINCTIVE))
    return (
        pl.when(ours & theirs)
        .then(pl.lit(SIBLING))
        .when(theirs)
        .then(pl.lit(SUBSIDIARY))
        .when(ours)
        .then(pl.lit(PARENT))
        .otherwise(pl.lit(SAME))
    )
