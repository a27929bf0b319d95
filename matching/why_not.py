"""Say why two accounts are not (or only doubtfully) one company to us, and which fact would settle it.

Nothing is guessed: each fact that a person could find out (`matching.facts`) is put into the rows, the pair is weighed
anew among all its rivals, and what moves the decision is kept. A pair that would still share no key is still no match.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from matching.decide import MATCH, NO_MATCH, REVIEW
from matching.explain import explain
from matching.facts import Fact, Row, facts
from matching.hierarchy import by_hierarchy
from matching.key_words import in_words
from matching.surroundings import Outcome, Surroundings, Thought, think
from overlap.model import PAIR, SAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matching.model import Model

_SAID: Final = {MATCH: "a match", REVIEW: "a doubtful pair for you to judge", NO_MATCH: "no match"}


@dataclass(frozen=True, slots=True)
class Settling:
    """One fact that would move the decision: *said* is the whole sentence, *probability* 0..1."""

    kind: str
    said: str
    decision: str
    probability: float


@dataclass(frozen=True, slots=True)
class Rival:
    """The pair that fits one of the two rows better. *side* says whose row is the other one: ours or theirs."""

    side: str
    id: str
    name: str
    probability: float


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Why a pair is what it is.

    *found_by* are the keys that proposed it and *too_frequent* those that too many rows have, in words; *would_find*
    are the facts that would have it proposed if it was not. *against* is what speaks against it, the strongest first.
    *settling* are the facts that move the decision, the likeliest to be found out first.
    """

    proposed: bool
    found_by: tuple[str, ...]
    too_frequent: tuple[str, ...]
    would_find: tuple[str, ...]
    against: tuple[str, ...]
    rival: Rival | None
    settling: tuple[Settling, ...]


def why_not(around: Surroundings, model: Model, ours: Row, theirs: Row) -> WhyNot:
    """Return why the pair of *around* is not a match, or what would unmake it; *ours* and *theirs* are its rows."""
    possible = facts(ours, theirs)
    now, *then = think(around, model, [Thought(), *(fact.thought for fact in possible)])
    settled = settling(_answer(now, around), possible, [_answer(outcome, around) for outcome in then])
    would_find = [fact.said for fact, outcome in zip(possible, then, strict=True) if fact.favours and outcome.usable]
    if model.mode == "family":
        settled = [*settled, *_by_parent(around, now, model, ours)]
    return WhyNot(
        proposed=around.proposed,
        found_by=tuple(in_words(around, now.usable, ours)),
        too_frequent=tuple(in_words(around, now.frequent, ours)),
        would_find=() if around.proposed else tuple(would_find),
        against=_against(now, around, model),
        rival=rival(around, now.decided),
        settling=tuple(settled),
    )


def settling(now: tuple[str, float], possible: Sequence[Fact], then: Sequence[tuple[str, float]]) -> list[Settling]:
    """Return those of the *possible* facts that move the decision: first what leaves no doubt, the likeliest first.

    *now* and *then* are (decision, probability), as the pair stands and under each fact. What would be found of one
    company may not speak against it, nor the other way round: such a fact moves the pair through rivals and settles
    nothing.
    """
    order = (NO_MATCH, REVIEW, MATCH)
    moved = [
        (fact, decision, probability)
        for fact, (decision, probability) in zip(possible, then, strict=True)
        if decision != now[0] and (order.index(decision) > order.index(now[0])) == fact.favours
    ]
    moved.sort(key=lambda one: (one[1] == REVIEW, -one[0].likelihood(now[1]), one[0].said))
    return [
        Settling(fact.kind, _sentence(fact.said, decision, probability), decision, probability)
        for fact, decision, probability in moved
    ]


def rival(around: Surroundings, decided: pl.DataFrame) -> Rival | None:
    """Return the pair that took bits from the pair of *around*, None if none did."""
    own = decided.join(around.pair, on=PAIR, how="semi")
    if own.is_empty() or own["rival"][0] >= 0:
        return None
    one = own.row(0, named=True)
    others = decided.join(around.pair, on=PAIR, how="anti")
    shares = (pl.col("ours_id") == one["ours_id"]) | (pl.col("theirs_id") == one["theirs_id"])
    # An equal name is beaten by another equal name only, see `rivals.compete`.
    counts = pl.col("is_equal") if one["is_equal"] else pl.lit(True)
    best = others.filter(shares & counts).sort("weight", *PAIR, descending=[True, False, False, False, False])
    won = best.row(0, named=True)
    side, key, book, rows = (
        ("ours", "ours_id", "crm", around.ours)
        if won["theirs_id"] == one["theirs_id"]
        else ("theirs", "theirs_id", "partner", around.theirs)
    )
    here = (pl.col("id") == won[key]) & (pl.col(book) == won[book])
    name = rows.row(by_predicate=here, named=True)["name"]
    return Rival(side, won[key], name, won["probability"])


def _answer(outcome: Outcome, around: Surroundings) -> tuple[str, float]:
    """Return decision and probability of the pair; one that nothing proposes is never looked at."""
    row = _row(outcome, around)
    if row is None:
        return NO_MATCH, 0.0
    return (row["decision"] if outcome.usable else NO_MATCH), row["probability"]


def _row(outcome: Outcome, around: Surroundings) -> dict[str, Any] | None:
    found = outcome.decided.join(around.pair, on=PAIR, how="semi")
    return found.row(0, named=True) if found.height else None


def _against(outcome: Outcome, around: Surroundings, model: Model) -> tuple[str, ...]:
    row = _row(outcome, around)
    if row is None:
        return ()
    reached = ((level, ladder) for ladder in model.ladders for level in ladder.levels)
    against = [level for level, ladder in reached if row[ladder.comparison] == level.code and level.weight < 0]
    against.sort(key=lambda level: level.weight)
    return tuple(level.words.replace("{website}", row["domain"] or "") for level in against)


def _by_parent(around: Surroundings, now: Outcome, model: Model, ours: Row) -> list[Settling]:
    """Return what a parent account would settle: the one of ours that their row is, if it is none of ours' yet."""
    found = explain(now.decided, model)
    decision, _ = _answer(now, around)
    same = found.filter((pl.col("decision") == MATCH) & (pl.col("relation") == SAME))
    same = same.filter((pl.col("theirs_id") == around.pair["theirs_id"][0]) & (pl.col("ours_id") != ours["id"]))
    if decision == MATCH or same.is_empty():
        return []
    parent = around.ours.filter(pl.col("id") == same.sort("probability", "ours_id")["ours_id"][-1]).row(0, named=True)
    link = pl.when(pl.col("id") == ours["id"]).then(pl.lit(parent["id"])).alias("parent_id")
    linked = by_hierarchy(found.join(around.pair, on=PAIR, how="anti"), around.ours.with_columns(link), model)
    pair = linked.join(around.pair, on=PAIR, how="semi").row(0, named=True)
    said = f"our CRM had {parent['name']} as the parent account of {ours['name']}"
    sentence = _sentence(said, pair["decision"], pair["probability"])
    return [Settling("parent", sentence, pair["decision"], pair["probability"])]


def _sentence(said: str, decision: str, probability: float) -> str:
    return f"If {said}, this would be {_SAID[decision]} ({probability:.0%})."
