"""A match does not end because words were counted again. Pure: which matches stand, and how long.

A word's weight hangs on how many names have it, so a pair near the threshold may fall below it although neither company
changed. Such a pair stays a match while it is nearly one; whatever else moves it, moves it at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from overlap import shared

#: Bits that the log-odds of a standing match may lie below those of the threshold. Between two counts a word's
#: information moves by a small part of a bit, which at most takes a pair to the level beside the one that it had; most
#: of those lie within a bit. One bit halves the odds: a match at 0.90 stands down to 0.82.
BAND_BITS: Final = 1.0
_PAIR: Final = ["crm", "ours_id", "partner", "theirs_id"]
#: The line of evidence of a match that stands; it tells the next run that it stood.
_LINE: Final = "kept|a match before words were counted again|0.0"


def standing(before: pl.DataFrame, is_counted_again: bool) -> pl.DataFrame:
    """Return the pairs of the last run's matches *before* that may stand: all, or else those that stood then.

    What a person judged needs no hysteresis, and what another account of the company brought stands or falls with it.
    """
    matches = before.filter(
        pl.col("decision") == "match",
        ~pl.col("reasons").str.starts_with("judged "),
        ~pl.col("evidence").str.contains(shared.LINE, literal=True),
    )
    return (matches if is_counted_again else matches.filter(_stands())).select(_PAIR)


def unchanged(pairs: pl.DataFrame, before: pl.DataFrame, now: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Return those of *pairs* whose row of one side says the same in *columns* in *before* and *now*.

    Both frames are of one side: with ``crm``, they hold accounts of ours, with ``partner``, theirs.
    """
    book, row = ("crm", "ours_id") if "crm" in now.columns else ("partner", "theirs_id")
    asked = pairs.select(book, pl.col(row).alias("id")).unique()
    then, today = (frame.select(book, *columns).join(asked, on=[book, "id"], how="semi") for frame in (before, now))
    same = today.join(then, on=[book, *columns], how="semi", nulls_equal=True)
    return pairs.join(same, left_on=[book, row], right_on=[book, "id"], how="semi")


def keep(pairs: pl.DataFrame, stand: pl.DataFrame, match_at: float) -> pl.DataFrame:
    """Return *pairs* (columns of Match) with those that *stand* and are nearly a match decided ``match``.

    *match_at* is the least probability of a match; the band below it is `BAND_BITS`.
    """
    known = stand.select(*_PAIR, stands=pl.lit(True))
    both = pairs.join(known, on=_PAIR, how="left", maintain_order="left")
    is_kept = (
        pl.col("stands").fill_null(False)
        & (pl.col("decision") == "review")
        & (pl.col("probability") >= least(match_at))
    )
    return both.with_columns(
        decision=pl.when(is_kept).then(pl.lit("match")).otherwise("decision"),
        evidence=pl.when(is_kept).then(pl.format("{}\n{}", "evidence", pl.lit(_LINE))).otherwise("evidence"),
    ).drop("stands")


def least(match_at: float) -> float:
    """Return the least probability at which a match stands, where a match begins at *match_at*."""
    if match_at >= 1:
        return 1.0
    odds = match_at / (1 - match_at) * 2**-BAND_BITS
    return odds / (1 + odds)


def count(pairs: pl.DataFrame) -> int:
    """Return how many of *pairs* are matches only because they were."""
    return pairs.filter(_stands()).height


def _stands() -> pl.Expr:
    return pl.col("evidence").str.ends_with(_LINE)
