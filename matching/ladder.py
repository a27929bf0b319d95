"""One pair told rung by rung: what was thought before looking, what each comparison found, what rivals took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from matching.decide import NO_MATCH
from matching.explain import explain
from matching.relations import relate
from overlap.model import PAIR

if TYPE_CHECKING:
    from matching.model import Model
    from matching.surroundings import Surroundings


@dataclass(frozen=True, slots=True)
class Step:
    """One rung: what was *compared*, the *level* reached and its words (*found*), and what it weighs in *bits*.

    Level and words are empty for what is thought before looking, and the words for a level that says nothing.
    """

    compared: str
    level: str
    found: str
    bits: float


def ladder(around: Surroundings, decided: pl.DataFrame, model: Model) -> tuple[Step, ...]:
    """Return the rungs of the pair of *around*, whose bits add up to what the model calls its sum.

    The first is ``before looking``, the last ``rivals``; between them stand all comparisons, also those that say
    nothing. Empty for a pair of which one row has no usable name. *decided* is that of `surroundings.Outcome`.
    """
    found = decided.join(around.pair, on=PAIR, how="semi")
    if found.is_empty():
        return ()
    pair = found.row(0, named=True)
    steps = [Step("before looking", "", "", round(pair["prior"], 2))]
    for one in model.ladders:
        level = next(level for level in one.levels if level.code == pair[one.comparison])
        words = level.words.replace("{website}", pair["domain"] or "")
        steps.append(Step(one.comparison, level.code, words, round(level.weight, 2)))
    return (*steps, Step("rivals", "", "", round(pair["rival"], 2)))


def thought_of(around: Surroundings, decided: pl.DataFrame, ours: pl.DataFrame, model: Model) -> pl.DataFrame:
    """Return the pair of *around* as `Match` has it, as a run says it: no row if one of its rows has no usable name.

    *ours* are all accounts, for their hierarchy. A pair that no run compares is ``no match``, whatever its probability.
    """
    if not around.proposed:
        decided = decided.with_columns(decision=pl.when(_is(around.pair)).then(pl.lit(NO_MATCH)).otherwise("decision"))
    said = explain(decided, model)
    kept = pl.col("decision") != NO_MATCH
    published = relate(said.filter(kept), ours, around.theirs, model).join(around.pair, on=PAIR, how="semi")
    if published.height:
        return published
    return relate(said.join(around.pair, on=PAIR, how="semi"), ours, around.theirs, model).join(
        around.pair, on=PAIR, how="semi"
    )


def _is(pair: pl.DataFrame) -> pl.Expr:
    return pl.all_horizontal(pl.col(column) == pair[column][0] for column in PAIR)
