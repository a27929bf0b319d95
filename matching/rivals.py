"""What a pair loses to other pairs of its two rows, and what it gains where nothing else is left for them.

Pairs compete for one row of theirs within a crm, and for one row of ours within a partner: two partners may well have
the same account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

if TYPE_CHECKING:
    from matching.model import Model

#: Numbers of those that a pair of (ours, theirs) competes with: of our row within a partner, of theirs within a crm.
_OF_OURS: Final = "rivals_of_ours"
_OF_THEIRS: Final = "rivals_of_theirs"
_BOOKS: Final = 2**16


def compete(levels: pl.DataFrame, model: Model) -> pl.DataFrame:
    """Return *levels* with ``taken``, the levels of ``post`` that rivals decide, ``weight`` corrected, and ``rival``.

    *levels* are those of `comparisons.compare` with ``crm`` and ``partner``. *rival* is the bits lost to a better pair
    of either row, 0 or less: what lies beyond the margin, up to a limit. An equal name is beaten by another equal name
    only: a sister company at the same address does not take it away.
    """
    levels = levels.with_columns(_numbers("o", "partner").alias(_OF_OURS), _numbers("t", "crm").alias(_OF_THEIRS))
    levels = _with_taken(levels, model)
    weight, is_equal = pl.col("weight"), pl.col("is_equal")
    of_all = pl.max_horizontal(weight.max().over(_OF_OURS), weight.max().over(_OF_THEIRS))
    of_equals = pl.max_horizontal(weight.max().over(2 * pl.col(rivals) + is_equal) for rivals in (_OF_OURS, _OF_THEIRS))
    levels = levels.with_columns(best=pl.when(is_equal).then(of_equals).otherwise(of_all))
    beyond = ((pl.col("best") - weight - model.margin) * model.slope).clip(0.0, model.most_lost)
    # A rival that is itself no match takes nothing away.
    return levels.with_columns(rival=pl.when(pl.col("best") > 0).then(-beyond).otherwise(0.0)).drop(
        "best", _OF_OURS, _OF_THEIRS
    )


def _numbers(row: str, book: str) -> pl.Expr:
    """Return one number for each *row* and *book*: millions of numbers are grouped faster than texts."""
    return pl.col(row) * _BOOKS + pl.col(book).rank("dense").cast(pl.Int64)


def _with_taken(levels: pl.DataFrame, model: Model) -> pl.DataFrame:
    """Tell pairs whose row has a company of the same name already from those of rows that are still free.

    Two free rows that are the only ones at one address may well be a company that changed its name.
    """
    name, post, industry = (pl.col(column).cast(pl.String) for column in ("name", "post", "industry"))
    levels = levels.with_columns(is_equal=name.str.starts_with("equal"))
    elsewhere = pl.col("place").cast(pl.String).is_in(["country_differs", "country_named"])
    apart = (name == "equal_common") & pl.col("website").cast(pl.String).str.starts_with("different")
    plausible = pl.col("is_equal") & (name != "equal_alias") & ~elsewhere & ~apart
    levels = levels.with_columns(ours=plausible.any().over(_OF_OURS), theirs=plausible.any().over(_OF_THEIRS))
    here = (post == "sisters") & ~pl.col("ours") & ~pl.col("theirs")
    alike = here & industry.str.starts_with("same")
    levels = levels.with_columns(only=_is_only(here), only_in_industry=_is_only(alike))
    at_post = (
        pl.when(alike & pl.col("only"))
        .then(pl.lit("alone_industry"))
        .when(pl.col("only_in_industry") & (industry == "same_many"))
        .then(pl.lit("alone_industry"))
        .when(pl.col("only_in_industry"))
        .then(pl.lit("alone_in_industry"))
        .when(pl.col("only"))
        .then(pl.lit("alone"))
        .otherwise(post)
    )
    taken = (
        pl.when(pl.col("is_equal") | ~(pl.col("ours") | pl.col("theirs")))
        .then(pl.lit("unknown"))
        .when(pl.col("ours") & pl.col("theirs"))
        .then(pl.lit("both_taken"))
        .otherwise(pl.lit("one_taken"))
    )
    weights = {ladder.comparison: {level.code: level.weight for level in ladder.levels} for ladder in model.ladders}
    levels = levels.with_columns(before=_weight("post", weights), post=at_post, taken=taken)
    gained = _weight("post", weights) - pl.col("before") + _weight("taken", weights)
    return levels.with_columns(weight=pl.col("weight") + gained).drop(
        "before", "ours", "theirs", "only", "only_in_industry"
    )


def _is_only(holds: pl.Expr) -> pl.Expr:
    """Return whether a pair is the only one of either of its rows for which something *holds*."""
    return holds & (holds.sum().over(_OF_OURS) == 1) & (holds.sum().over(_OF_THEIRS) == 1)


def _weight(comparison: str, weights: dict[str, dict[str, float]]) -> pl.Expr:
    return pl.col(comparison).cast(pl.String).replace_strict(weights[comparison], return_dtype=pl.Float64)
