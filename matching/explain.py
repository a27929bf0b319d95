"""Put a decision into words: the reasons that a person reads, and the ladder behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from overlap.model import Match, schema_of

if TYPE_CHECKING:
    from matching.weights import Model

#: As many characters as the CRM's field takes.
_REASON_LENGTH: Final = 255


def explain(decided: pl.DataFrame, model: Model) -> pl.DataFrame:
    """Return *decided* pairs with the columns of `overlap.model.Match`, sorted by both ids.

    *reasons* are the levels' words, what speaks for the pair first and strongest first, then what speaks against it,
    led by "but". *evidence* has every level that weighs, and what rivals and the prior take away.
    """
    pair = ["crm", "ours_id", "partner", "theirs_id"]
    said = _levels_in_words(decided, model)
    words = said.filter(pl.col("words") != "").group_by(pair, maintain_order=True).agg(pl.col("spoken").str.join("; "))
    lines = said.group_by(pair, maintain_order=True).agg(pl.col("line").str.join("\n"))
    both = decided.join(words, on=pair, how="left").join(lines, on=pair, how="left")
    both = both.with_columns(
        reasons=pl.col("spoken").fill_null("").pipe(_shortened), evidence=pl.col("line").fill_null("")
    )
    return both.select(*schema_of(Match)).sort(pair)


def _levels_in_words(decided: pl.DataFrame, model: Model) -> pl.DataFrame:
    """Return one row per pair and level that weighs, in the order in which a person should hear them."""
    pair = ["crm", "ours_id", "partner", "theirs_id"]
    long = decided.unpivot(
        on=[ladder.comparison for ladder in model.ladders],
        index=[*pair, "domain"],
        variable_name="comparison",
        value_name="level",
    ).join(model.table(), on=["comparison", "level"])
    rivals = decided.filter(pl.col("rival") < 0).select(
        *pair,
        "domain",
        comparison=pl.lit("rivals"),
        level=pl.lit("beaten"),
        words=pl.lit("another account fits better"),
        weight="rival",
    )
    prior = decided.select(
        *pair,
        "domain",
        comparison=pl.lit("before looking"),
        level=pl.lit("prior"),
        words=pl.lit(""),
        weight=pl.lit(model.prior),
    )
    long = pl.concat([long, rivals, prior], how="diagonal").filter(pl.col("weight") != 0)
    long = long.with_columns(
        words=pl.col("words").str.replace("{website}", pl.col("domain").fill_null(""), literal=True)
    )
    long = long.sort(
        *pair, pl.col("weight") < 0, pl.col("weight").abs(), "comparison", descending=[*[False] * 5, True, False]
    )
    against = pl.col("weight") < 0
    line = pl.format("{}|{}|{}", "comparison", "words", pl.col("weight").round(2))
    return long.with_columns(spoken=pl.when(against).then("but " + pl.col("words")).otherwise("words"), line=line)


def _shortened(text: pl.Expr) -> pl.Expr:
    """Cut *text* to the CRM field's length, and show that something is missing."""
    return pl.when(text.str.len_chars() > _REASON_LENGTH).then(text.str.head(_REASON_LENGTH - 1) + "…").otherwise(text)
