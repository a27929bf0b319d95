"""Put a decision into words: the reasons that a person reads, and the ladder behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from overlap.model import Match, schema_of

if TYPE_CHECKING:
    from matching.model import Model

#: As many characters as the CRM's field takes.
_REASON_LENGTH: Final = 255
_BEATEN: Final = "another account fits better"


def explain(decided: pl.DataFrame, model: Model) -> pl.DataFrame:
    """Return *decided* pairs with the columns of `overlap.model.Match`, sorted by both ids.

    *decided* has the columns of `decide.decide`, the pair's four ids and ``domain``, the website that speaks. *reasons*
    are the levels' words, what speaks for the pair first and strongest first, then, after one "but", what speaks
    against it. *evidence* has every level that weighs, and what rivals and the prior take away.
    """
    comparisons = [ladder.comparison for ladder in model.ladders]
    pair = ["crm", "ours_id", "partner", "theirs_id"]
    # Millions of pairs reach a few thousand combinations of levels.
    decided = decided.with_columns(beaten=pl.col("rival") < 0)
    said = _in_words(decided.select(*comparisons, "beaten").unique(), model)
    both = decided.join(said, on=[*comparisons, "beaten"], how="left", maintain_order="left")
    domain = pl.col("domain").fill_null("")
    reasons = pl.col("spoken").str.replace_all("{website}", domain, literal=True)
    rivals = pl.when("beaten").then(pl.format("\nrivals|{}|{}", pl.lit(_BEATEN), pl.col("rival").round(2)))
    ladder = pl.col("lines").str.replace_all("{website}", domain, literal=True)
    prior = pl.format("\nbefore looking||{}", pl.col("prior").round(2))
    evidence = pl.concat_str(ladder, rivals.otherwise(pl.lit("")), prior).str.strip_prefix("\n")
    both = both.with_columns(reasons=_shortened(reasons), evidence=evidence)
    return both.select(*schema_of(Match)).sort(pair)


def _in_words(combinations: pl.DataFrame, model: Model) -> pl.DataFrame:
    """Add ``spoken`` and ``lines`` to each combination of levels."""
    weights = {(row[0], row[1]): (row[2], row[3]) for row in model.table().iter_rows()}
    spoken, lines = [], []
    for row in combinations.iter_rows(named=True):
        levels = [(comparison, *weights[comparison, row[comparison]]) for comparison in row if comparison != "beaten"]
        if row["beaten"]:
            levels.append(("rivals", _BEATEN, -model.margin))
        levels.sort(key=lambda level: (level[2] < 0, -abs(level[2]), level[0]))
        speaks_for = "; ".join(said for _, said, weight in levels if said and weight > 0)
        against = "; ".join(said for _, said, weight in levels if said and weight < 0)
        spoken.append("; but ".join(filter(None, (speaks_for, against))))
        told = [f"{name}|{said}|{round(weight, 2)}" for name, said, weight in levels if weight and name != "rivals"]
        lines.append("\n".join(told))
    return combinations.with_columns(spoken=pl.Series(spoken, dtype=pl.String), lines=pl.Series(lines, dtype=pl.String))


def _shortened(text: pl.Expr) -> pl.Expr:
    """Cut *text* to the CRM field's length, and show that something is missing."""
    return pl.when(text.str.len_chars() > _REASON_LENGTH).then(text.str.head(_REASON_LENGTH - 1) + "…").otherwise(text)
