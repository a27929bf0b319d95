"""Compare candidate pairs: each comparison of a pair reaches one level, and pairs that can be nothing are dropped.

What a pair reaches depends on its two accounts and the statistics alone.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from matching import levels, readings, rules
from matching.compiled import compiled
from matching.features import ACCOUNT, NAME
from matching.levels import COMPARISONS, Name, Post
from matching.words_in_common import InCommon, in_common, names_region, names_unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matching.features import Features
    from matching.model import Model

    Array = NDArray[Any]

#: Pairs that one core compares in one go.
_CHUNK: Final = 250_000
#: Pairs whose accounts and names are fetched together; they fit the processor's second cache.
_BATCH: Final = 512
#: A pair: the rows of its accounts, the levels by number, their sum in bits, and of the best two names (*a*, *b*) the
#: information in 1/100 bit that both, only our, only their name carries, and whether what only one has names a unit.
PAIR: Final = np.dtype(
    [
        ("o", np.int64),
        ("t", np.int64),
        ("a", np.int64),
        ("b", np.int64),
        ("weight", np.float64),
        ("shared", np.int32),
        ("own_a", np.int32),
        ("own_b", np.int32),
        ("unit_a", np.bool_),
        ("unit_b", np.bool_),
        ("levels", np.uint8, len(COMPARISONS)),
    ],
    align=True,
)
_AT: Final = {comparison: number for number, comparison in enumerate(COMPARISONS)}
_NAME: Final = _AT["name"]
_POST: Final = _AT["post"]
#: From this comparison on, those that are made only where they can still matter.
_LATER: Final = _POST


def compare(features: Features, o: Array, t: Array, model: Model, least_bits: float) -> pl.DataFrame:
    """Return one row for each pair (``o[i]``, ``t[i]``) that may weigh *least_bits* or more, or has equal names.

    Columns: ``o`` and ``t`` (rows); one per comparison with its level's code; ``weight`` (their sum in bits); of the
    best two names ``shared``, ``own_a`` and ``own_b`` (information in 1/100 bit that both, only our, only their name
    carries), ``unit_a`` and ``unit_b`` (what only one carries names a unit of a company). A pair of which one account
    has no name is left out. Equal names are kept because they take their rows away from others (`rivals`).
    """
    weights = levels.weights(model)
    # That it is the only pair left at an address is found out later, and may lift a pair.
    lift = max(weights[_POST].max() - weights[_POST, Post.SISTERS], 0.0)
    most_left = weights[_LATER:].max(axis=1).sum()
    sides = features.accounts, features.names, features.first

    def compared(at: int) -> Array:
        rows = o[at : at + _CHUNK], t[at : at + _CHUNK]
        return _compare(rows, sides, features.words, weights, (least_bits, lift, most_left))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        pairs = np.concatenate(list(pool.map(compared, range(0, max(len(o), 1), _CHUNK))))
    found = pl.DataFrame({name: pairs[name] for name in PAIR.fields or () if name != "levels"})
    return found.with_columns(
        levels.named(comparison, pairs["levels"][:, number]) for comparison, number in _AT.items()
    )


@compiled
def _compare(
    rows: tuple[Array, Array],
    sides: tuple[Array, Array, Array],
    words: Array,
    weights: Array,
    bars: tuple[float, float, float],
) -> Array:
    """Return the `PAIR` of each two *rows* that weigh as much as *bars* say.

    *bars* are the least weight, what a pair at one address may yet gain, and what the later comparisons give at most.
    """
    accounts, names, first = sides
    pairs = np.zeros(len(rows[0]), dtype=PAIR)
    x, y = np.empty(_BATCH, dtype=ACCOUNT), np.empty(_BATCH, dtype=ACCOUNT)
    a, b = np.empty(_BATCH, dtype=NAME), np.empty(_BATCH, dtype=NAME)
    number = 0
    for start in range(0, len(pairs), _BATCH):
        o, t = rows[0][start : start + _BATCH], rows[1][start : start + _BATCH]
        # Records lie anywhere in memory. Fetching many at once, the processor need not wait for each.
        for at in range(len(o)):
            x[at], y[at] = accounts[o[at]], accounts[t[at]]
            a[at], b[at] = names[min(first[o[at]], len(names) - 1)], names[min(first[t[at]], len(names) - 1)]
        for at in range(len(o)):
            pair = pairs[number]
            pair.o, pair.t = o[at], t[at]
            pair.a, pair.b = first[pair.o], first[pair.t]
            if pair.a < first[pair.o + 1] and pair.b < first[pair.t + 1]:
                number += _weighs(pair, (x[at], y[at]), (a[at], b[at]), (names, first), words, weights, bars)
    return pairs[:number].copy()


@compiled
def _weighs(
    pair: Any,
    accounts: tuple[Any, Any],
    mains: tuple[Any, Any],
    names: tuple[Array, Array],
    words: Array,
    weights: Array,
    bars: tuple[float, float, float],
) -> bool:
    """Fill in the *pair* of two *accounts*, *mains* their main names, and return whether it passes the *bars*."""
    least, lift, most_left = bars
    x, y = accounts
    a, b = mains
    both = in_common(a, b, words)
    level = rules.name(a, b, both)
    reads_a, reads_b = readings.reading(x, b, words), readings.reading(y, a, words)
    every, first = names
    if first[pair.o + 1] - pair.a > 1 or first[pair.t + 1] - pair.b > 1:
        of = range(pair.a, first[pair.o + 1]), range(pair.b, first[pair.t + 1])
        level, both, reads_a, reads_b = _best_names(pair, of, accounts, every, words, weights)
        a, b = every[pair.a], every[pair.b]
    reached = pair.levels
    reached[0] = level
    reached[1] = rules.website(x, y, level, a.form != 0 and b.form != 0, reads_a, reads_b)
    abroad = x.country != 0 and y.country != 0 and x.country != y.country
    region = abroad and (names_region(a, both.met_a, words) or names_region(b, both.met_b, words))
    reached[2] = rules.place(x, y, a, b, level, region)
    weight = _sum(pair, weights, 0, _LATER)
    is_equal = rules.equal(level)
    # Most pairs fall here: whatever else they have in common could not make them a company.
    if weight + most_left + lift < least and not is_equal:
        return False
    reached[3] = rules.post(x, y, level)
    reached[4] = rules.size(x, y)
    reached[5] = rules.industry(x, y)
    reached[6] = rules.form(x, y, a, b, level)
    reached[7] = rules.phone(x, y)
    reached[8] = 0
    pair.weight = weight + _sum(pair, weights, _LATER, len(weights))
    pair.shared, pair.own_a, pair.own_b = both.shared, both.own_a, both.own_b
    pair.unit_a, pair.unit_b = names_unit(a, both.met_a, words), names_unit(b, both.met_b, words)
    may_rise = lift if reached[_POST] == Post.SISTERS else 0.0
    return bool(pair.weight + may_rise >= least or is_equal)


@compiled
def _sum(pair: Any, weights: Array, start: int, end: int) -> float:
    total = 0.0
    for comparison in range(start, end):
        total += weights[comparison, pair.levels[comparison]]
    return total


@compiled
def _best_names(
    pair: Any, of: tuple[range, range], accounts: tuple[Any, Any], names: Array, words: Array, weights: Array
) -> tuple[Name, InCommon, int, int]:
    """Choose the two names that fit best, and return their level, what they have in common, and how websites read.

    A website may read like any name of the other side.
    """
    a, b = names[pair.a], names[pair.b]
    both = in_common(a, b, words)
    level = rules.name(a, b, both)
    reads_a, reads_b = readings.reading(accounts[0], b, words), readings.reading(accounts[1], a, words)
    for i in of[0]:
        for j in of[1]:
            a, b = names[i], names[j]
            is_main = i == of[0].start and j == of[1].start
            # Two names beside the main ones, such as two that were once in brackets, prove nothing together.
            if is_main or (a.variant > 0 and b.variant > 0):
                continue
            reads_a = max(reads_a, readings.reading(accounts[0], b, words))
            reads_b = max(reads_b, readings.reading(accounts[1], a, words))
            found = in_common(a, b, words)
            reaches = rules.name(a, b, found)
            better = weights[_NAME, reaches] - weights[_NAME, level]
            if better == 0:
                better = _fits_better((a, b, found), (names[pair.a], names[pair.b], both))
            if better > 0:
                level, both = reaches, found
                pair.a, pair.b = i, j
    return level, both, reads_a, reads_b


@compiled
def _fits_better(these: tuple[Any, Any, InCommon], those: tuple[Any, Any, InCommon]) -> float:
    """Return more than 0 if these two names share more than those, or leave less over; whichever side is ours."""
    if these[2].shared != those[2].shared:
        return float(these[2].shared - those[2].shared)
    more_left = these[2].rest_a + these[2].rest_b - those[2].rest_a - those[2].rest_b
    if more_left != 0:
        return float(-more_left)
    # Nothing tells them apart any more, but swapped sides must choose the same.
    one, other = these[0].squeezed.hash + these[1].squeezed.hash, those[0].squeezed.hash + those[1].squeezed.hash
    return 1.0 if one < other else -1.0
