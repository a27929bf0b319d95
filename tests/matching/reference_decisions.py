"""Rivals, priors and decisions, pair by pair: a part of the oracle `reference`.

A pair is a dict: its four ids, `reference.compare`'s levels and weight, and here ``taken``, ``rival`` and the rest.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from math import log2
from typing import Any

from matching.model import Model
from tests.matching.reference_names import EQUAL, Counts

Pair = dict[str, Any]
Row = tuple[str, ...]


def prior(counts: Counts, crm: str, partner: str, model: Model) -> float:
    """Forty rows were seen before, ten of them with a company of the very name."""
    rows, equal = counts.shares[crm, partner]
    share = (equal + 10) / (rows + 40)
    return model.prior + model.lists * min(max(log2(share / (1 - share)), -4.0), 2.0)


def decide(pairs: list[Pair], model: Model) -> list[Pair]:
    """Return *pairs*, whose weight has the prior in it, with all that their rivals do to them."""
    taken_rows = {row for other in pairs if is_plausible(other) for row in rows_of(other)}
    settled = [settle(pair, pairs, taken_rows, model) for pair in pairs]
    beside: dict[Row, list[Pair]] = defaultdict(list)
    for pair in settled:
        for row in rows_of(pair):
            beside[row].append(pair)
    return [pair | _decision(pair, rival(pair, beside, model), model) for pair in settled]


def rows_of(pair: Pair) -> tuple[Row, Row]:
    """A row of ours competes within a partner, one of theirs within a crm."""
    return (pair["crm"], pair["ours_id"], pair["partner"]), (pair["partner"], pair["theirs_id"], pair["crm"])


def settle(pair: Pair, pairs: list[Pair], taken_rows: set[Row], model: Model) -> Pair:
    """Return *pair* with ``taken`` and ``post`` as they are beside all others."""
    weights = {ladder.comparison: {level.code: level.weight for level in ladder.levels} for ladder in model.ladders}
    number = 0 if pair["name"] in EQUAL else sum(row in taken_rows for row in rows_of(pair))
    taken = ("unknown", "one_taken", "both_taken")[number]
    post = pair["post"]
    if post == "sisters" and number == 0:
        free = [one for one in pairs if one["post"] == "sisters" and not taken_rows & set(rows_of(one))]
        alike = [one for one in free if one["industry"] in ("same", "same_many")]
        if is_only(pair, alike) and (is_only(pair, free) or pair["industry"] == "same_many"):
            post = "alone_industry"
        elif is_only(pair, alike):
            post = "alone_in_industry"
        elif is_only(pair, free):
            post = "alone"
    gained = weights["post"][post] - weights["post"][pair["post"]] + weights["taken"][taken]
    return pair | {"post": post, "taken": taken, "weight": pair["weight"] + gained}


def is_plausible(pair: Pair) -> bool:
    """Whether the two may well be one company by name, so that their rows are no longer free."""
    if pair["name"] not in EQUAL - {"equal_alias"} or pair["place"] in ("country_differs", "country_named"):
        return False
    return not (pair["name"] == "equal_common" and pair["website"].startswith("different"))


def is_only(pair: Pair, among: list[Pair]) -> bool:
    rows = Counter(row for one in among for row in rows_of(one))
    return all(rows[row] == 1 for row in rows_of(pair)) and any(rows_of(one) == rows_of(pair) for one in among)


def rival(pair: Pair, beside: dict[Row, list[Pair]], model: Model) -> float:
    """Bits lost to the best pair of either row; an equal name loses to equal names only."""
    is_equal = pair["name"] in EQUAL
    best = max(
        other["weight"] for row in rows_of(pair) for other in beside[row] if other["name"] in EQUAL or not is_equal
    )
    if best <= 0:
        return 0.0
    return -min(max((best - pair["weight"] - model.margin) * model.slope, 0.0), model.most_lost)


def _decision(pair: Pair, lost: float, model: Model) -> Pair:
    probability = round(1 / (1 + 2 ** -calibrated(pair["weight"] + lost, model)), 4)
    decision = "match" if probability >= model.match_at else "review" if probability >= model.review_at else "no match"
    return {"rival": lost, "probability": probability, "decision": decision}


def calibrated(bits: float, model: Model) -> float:
    """Read *bits* off the straight line between the two knots around them."""
    knots = model.calibration
    at = max([0] + [at for at in range(1, len(knots) - 1) if knots[at][0] <= bits])
    (left, low), (right, high) = knots[at], knots[at + 1]
    return low + (bits - left) * (high - low) / (right - left)
