"""Adjust a model to labelled pairs, carefully: what is shipped stays unless many labels say otherwise.

Free estimation overfits on the few labels that one company has. Here every weight is held to the shipped one by a
spring: twenty labels move it a little, two thousand move it where they want it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from matching.model import Ladder, Model

#: How far weights move as a matter of course, in bits: the standard deviation of the spring's Gaussian.
ANCHOR: Final = 1.0
#: The same for the intercept, which may go where it wants.
_LOOSE: Final = 20.0
_FOLDS: Final = 5
_MOST_STEPS: Final = 100
_NATS: Final = float(np.log(2.0))
#: A level that says nothing weighs 0, and so does what is pooled with it.
_ZERO: Final = -1

_Vector = npt.NDArray[np.float64]
_Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Counts:
    """Labelled pairs, counted by the levels that they have: *trues* of *total* pairs on each row of *levels*.

    *levels* has one column per level that may weigh, 1 where the row's pairs are on it.
    """

    levels: _Vector
    trues: _Vector
    total: _Vector


def fit(levels: pl.DataFrame, model: Model, anchor: float = ANCHOR) -> Model:
    """Return *model* with the weights that labelled pairs ask for, to 2 decimals of a bit.

    *levels* has one row per pair: a column of level codes per comparison (a ladder without one is left alone),
    ``same`` (Boolean), and perhaps ``weight`` (how many pairs the row stands for). It is logistic regression with a
    Gaussian prior around the weights of *model*, whose standard deviation is *anchor*, in bits. A level that says
    nothing stays 0; a ladder keeps its order, by giving neighbours that would pass each other one weight; a level that
    no pair is on keeps its weight, unless a neighbour passes it.

    The prior stays: how many of the labelled pairs are true is an accident of who labelled, so an intercept takes that
    up and is dropped.

    Raises:
        ValueError: a level is none of *model*'s, or all pairs are the same, or all are different.
    """
    ladders = _fitted_ladders(levels, model)
    _, weights = _settled(_counts(levels, ladders), ladders, anchor)
    fitted = iter(np.round(weights, 2) + 0.0)  # + 0.0: no level shall weigh -0.0
    moved = {
        ladder.comparison: replace(
            ladder, levels=tuple(replace(at, weight=float(next(fitted))) if at.words else at for at in ladder.levels)
        )
        for ladder in ladders
    }
    return replace(model, ladders=tuple(moved.get(ladder.comparison, ladder) for ladder in model.ladders))


def held_out_loss(levels: pl.DataFrame, model: Model, anchor: float = ANCHOR) -> tuple[float, float]:
    """Return the log loss, in bits per pair, that *model* and that its fit have on pairs that the fit did not see.

    Each fifth of *levels* (see `fit`) is judged by a fit on the other four. Both are given the intercept that suits the
    four fifths best, because the share of true pairs is not what is compared.

    Raises:
        ValueError: as `fit` does; there must be two pairs of either kind.
    """
    ladders = _fitted_ladders(levels, model)
    # Within each kind, so that no four fifths lack one.
    numbered = levels.with_columns(fold=pl.int_range(pl.len()).over("same") % _FOLDS)
    lost = np.zeros(2)
    pairs = 0.0
    for fold in range(_FOLDS):
        seen = _counts(numbered.filter(pl.col("fold") != fold), ladders)
        unseen = _counts(numbered.filter(pl.col("fold") == fold), ladders, one_kind=True)
        for at, width in enumerate((1e-6, anchor)):
            intercept, weights = _settled(seen, ladders, width)
            lost[at] += _log_loss(intercept + unseen.levels @ weights, unseen) / _NATS
        pairs += float(unseen.total.sum())
    return float(lost[0] / pairs), float(lost[1] / pairs)


def _fitted_ladders(levels: pl.DataFrame, model: Model) -> list[Ladder]:
    """Return the ladders that *levels* speak of, and make sure that they know every level."""
    ladders = [ladder for ladder in model.ladders if ladder.comparison in levels.columns]
    for ladder in ladders:
        strange = set(levels[ladder.comparison].unique()) - {at.code for at in ladder.levels}
        if strange:
            raise ValueError(f"'{ladder.comparison}' has no level {strange.pop()!r} in model '{model.name}'")
    return ladders


def _counts(levels: pl.DataFrame, ladders: list[Ladder], one_kind: bool = False) -> _Counts:
    """Count pairs with equal levels, which makes millions of them a few thousand rows."""
    weight = pl.col("weight") if "weight" in levels.columns else pl.lit(1.0)
    names = [ladder.comparison for ladder in ladders]
    weighed = levels.select(*names, "same", weight=weight.cast(pl.Float64))
    totals = {"trues": pl.col("weight").filter("same").sum(), "total": pl.col("weight").sum()}
    counted = weighed.group_by(names).agg(**totals).sort(names)
    trues, total = counted["trues"].to_numpy(), counted["total"].to_numpy()
    if not one_kind and not 0 < trues.sum() < total.sum():
        raise ValueError("labels of one kind only teach nothing; both same and different pairs are needed")
    codes = [(ladder.comparison, at.code) for ladder in ladders for at in ladder.levels if at.words]
    on = counted.select(
        (pl.col(comparison) == code).cast(pl.Float64).alias(str(place))
        for place, (comparison, code) in enumerate(codes)
    )
    return _Counts(on.to_numpy().reshape(counted.height, len(codes)), trues, total)


def _settled(counts: _Counts, ladders: list[Ladder], anchor: float) -> tuple[float, _Vector]:
    """Return the intercept and one weight per level in bits, pooling neighbours until every ladder rises."""
    shipped = np.array([at.weight for ladder in ladders for at in ladder.levels if at.words])
    pools: _Places = np.arange(len(shipped))
    neighbours = _neighbours(ladders)
    while True:
        intercept, weights = _solved(counts, shipped, pools, anchor)
        fallen = [(low, high) for low, high in neighbours if _at(weights, low) > _at(weights, high) + 1e-9]
        if not fallen:
            return intercept, weights
        for low, high in fallen:
            kept, given_up = sorted((_at(pools, low), _at(pools, high)))
            pools[pools == given_up] = kept


def _neighbours(ladders: list[Ladder]) -> list[tuple[int, int]]:
    """Return the places of weights that stand one above the other on a ladder; `_ZERO` is a level that says nothing."""
    pairs, place = [], 0
    for ladder in ladders:
        places = []
        for at in ladder.levels:
            places.append(place if at.words else _ZERO)
            place += bool(at.words)
        pairs += [pair for pair in pairwise(places) if pair != (_ZERO, _ZERO)]
    return pairs


def _at(values: npt.NDArray[Any], place: int) -> Any:
    """Return the value at *place*; for `_ZERO`, what a level that says nothing has: no pool and no weight."""
    if place != _ZERO:
        return values[place]
    return _ZERO if np.issubdtype(values.dtype, np.integer) else 0.0


def _solved(counts: _Counts, shipped: _Vector, pools: _Places, anchor: float) -> tuple[float, _Vector]:
    """Return the most probable intercept and weights, levels of one pool with one weight (Newton's method).

    The sum of two convex terms has one minimum: the log loss, and the springs' energy (w - shipped)^2 / (2 anchor^2).
    """
    used = [pool for pool in np.unique(pools) if pool != _ZERO]
    belongs = (pools[:, None] == np.array(used, dtype=np.int64)[None, :]).astype(np.float64)
    columns = np.column_stack([np.ones(len(counts.total)), counts.levels @ belongs])
    members = belongs.sum(axis=0)
    rest = np.concatenate([[0.0], belongs.T @ shipped / members])
    spring = np.concatenate([[_LOOSE**-2], members / anchor**2])

    def energy(x: _Vector) -> float:
        return _log_loss(columns @ x, counts) + float(spring @ (x - rest) ** 2) / 2

    here = rest
    for _ in range(_MOST_STEPS):
        chance = 1 / (1 + np.exp(-_NATS * (columns @ here)))
        slope = _NATS * columns.T @ (counts.total * chance - counts.trues) + spring * (here - rest)
        bend = _NATS**2 * (columns.T * (counts.total * chance * (1 - chance))) @ columns + np.diag(spring)
        step = np.linalg.solve(bend, slope)
        while energy(here - step) > energy(here) and np.abs(step).max() > 1e-9:
            step = step / 2  # far from the minimum a full step of Newton's may overshoot it
        here = here - step
        if np.abs(step).max() < 1e-9:
            break
    return float(here[0]), belongs @ here[1:]


def _log_loss(bits: _Vector, counts: _Counts) -> float:
    """Return what labels cost under log-odds *bits*, in nats."""
    nats = _NATS * bits
    return float(counts.trues @ np.logaddexp(0, -nats) + (counts.total - counts.trues) @ np.logaddexp(0, nats))
