"""Fitting weights to labels. The ladders are made up: nothing here depends on what the engine compares."""

import random
from dataclasses import replace
from itertools import pairwise, product
from math import log, log2

import polars as pl
import pytest

from matching.fit import fit, held_out_loss
from matching.model import Ladder, Level, Model
from matching.weights import DEFAULT

NAME = Ladder("name", (Level("other", "other", -2.0), Level("like", "like", 1.0), Level("equal", "equal", 4.0)))
SITE = Ladder(
    "site",
    (
        Level("other", "other", -2.0),
        Level("unknown", "", 0.0),
        Level("like", "like", 1.0),
        Level("near", "near", 1.5),
        Level("same", "same", 5.0),
    ),
)
MODEL: Model = replace(DEFAULT, ladders=(NAME, SITE), prior=-3.0)
FREE, STIFF = 1000.0, 1e-4


def labelled(**counts: tuple[int, int]) -> pl.DataFrame:
    """Pairs on levels of the site only: so many the same, so many different."""
    rows = [
        (level, truth, float(n)) for level, both in counts.items() for truth, n in zip((True, False), both, strict=True)
    ]
    return pl.DataFrame(rows, schema=["site", "same", "weight"], orient="row").filter(pl.col("weight") > 0)


def one_by_one(weighed: pl.DataFrame) -> pl.DataFrame:
    return weighed.select(pl.exclude("weight").repeat_by(pl.col("weight").cast(pl.Int64))).explode(pl.all())


def weights(model: Model, comparison: str = "site") -> dict[str, float]:
    (ladder,) = (ladder for ladder in model.ladders if ladder.comparison == comparison)
    return {level.code: level.weight for level in ladder.levels}


def two_ladders() -> pl.DataFrame:
    """Pairs on all levels of both ladders, the better ones more often the same."""
    rows = [
        (name.code, site.code, truth, 1.0 + (7 * at + 5 * truth) % 11 + (6.0 * at if truth else 0.0))
        for at, (name, site) in enumerate(product(NAME.levels, SITE.levels))
        for truth in (True, False)
    ]
    return pl.DataFrame(rows, schema=["name", "site", "same", "weight"], orient="row")


def cost(pairs: pl.DataFrame, model: Model, intercept: float, anchor: float) -> float:
    """What the fit minimises, one pair after the other."""
    total = intercept**2 / (2 * 20**2)
    for ladder, shipped in zip(model.ladders, MODEL.ladders, strict=True):
        for level, before in zip(ladder.levels, shipped.levels, strict=True):
            total += (level.weight - before.weight) ** 2 / (2 * anchor**2)
    for pair in pairs.iter_rows(named=True):
        bits = intercept + sum(weights(model, ladder.comparison)[pair[ladder.comparison]] for ladder in model.ladders)
        total += pair["weight"] * log(1 + 2.0 ** (-bits if pair["same"] else bits))
    return total


def moved(model: Model, comparison: str, code: str, by: float) -> Model:
    ladders = tuple(
        replace(
            ladder,
            levels=tuple(
                replace(level, weight=level.weight + by)
                if (ladder.comparison, level.code) == (comparison, code)
                else level
                for level in ladder.levels
            ),
        )
        for ladder in model.ladders
    )
    return replace(model, ladders=ladders)


def rises(model: Model) -> bool:
    return all(low.weight <= high.weight for ladder in model.ladders for low, high in pairwise(ladder.levels))


def test_many_labels_give_the_odds_that_can_be_counted() -> None:
    pairs = labelled(other=(10, 640), unknown=(50, 400), like=(80, 320), near=(90, 180), same=(320, 40))
    base = log2(50 / 400)
    expected = {"other": 10 / 640, "like": 80 / 320, "near": 90 / 180, "same": 320 / 40}
    found = weights(fit(pairs, MODEL, FREE))
    assert found == {
        "unknown": 0.0,
        **{code: pytest.approx(log2(odds) - base, abs=0.01) for code, odds in expected.items()},
    }


def test_no_other_weights_cost_less() -> None:
    pairs, anchor = two_ladders(), 0.7
    model = fit(pairs, MODEL, anchor)
    assert model != MODEL
    intercept = min((at / 50 for at in range(-500, 500)), key=lambda at: cost(pairs, model, at, anchor))
    least = cost(pairs, model, intercept, anchor)
    tried = 0
    for ladder in MODEL.ladders:
        for code in [level.code for level in ladder.levels if level.words]:
            for by in (-0.1, 0.1):
                other = moved(model, ladder.comparison, code, by)
                if rises(other):
                    tried += 1
                    assert cost(pairs, other, intercept, anchor) > least
    assert tried > 10


def test_the_anchor_says_how_far_weights_move() -> None:
    pairs = labelled(unknown=(50, 50), same=(50, 50))
    steps = [weights(fit(pairs, MODEL, anchor))["same"] for anchor in (STIFF, 0.3, 1.0, FREE)]
    assert steps[0] == 5.0
    assert steps == sorted(steps, reverse=True)
    # Free, it says nothing, as the labels do; it cannot fall below its neighbours, and takes them along.
    assert steps[-1] == pytest.approx(0.0, abs=0.05)


def test_few_labels_move_a_weight_less_than_many() -> None:
    few, many = labelled(unknown=(5, 5), same=(5, 5)), labelled(unknown=(500, 500), same=(500, 500))
    assert 5.0 > weights(fit(few, MODEL))["same"] > weights(fit(many, MODEL))["same"]


def test_a_level_that_says_nothing_stays_zero_and_unseen_levels_keep_their_weight() -> None:
    found = weights(fit(labelled(unknown=(90, 10), near=(40, 10)), MODEL))
    assert (found["unknown"], found["other"], found["same"]) == (0.0, -2.0, 5.0)
    assert found["near"] != 1.5


def test_neighbours_that_would_pass_each_other_get_one_weight() -> None:
    pairs = labelled(unknown=(100, 100), like=(300, 50), near=(100, 100), same=(900, 10))
    found = weights(fit(pairs, MODEL, FREE))
    assert found["like"] == found["near"] == pytest.approx(log2(400 / 150), abs=0.01)


def test_what_would_pass_a_level_that_says_nothing_says_nothing_too() -> None:
    pairs = labelled(other=(200, 50), unknown=(100, 100), like=(50, 200), same=(900, 10))
    found = weights(fit(pairs, MODEL, FREE))
    assert (found["other"], found["like"]) == (0.0, 0.0)


def test_every_ladder_still_rises_whatever_the_labels_say() -> None:
    for seed in range(30):
        pairs = two_ladders().with_columns(same=pl.Series([(at * 31 + seed * 7) % 5 < 2 for at in range(30)]))
        for anchor in (0.5, 2.0, 50.0):
            assert rises(fit(pairs, MODEL, anchor))


def test_how_many_labels_are_true_moves_nothing() -> None:
    pairs = two_ladders()
    more = pairs.with_columns(weight=pl.col("weight") * pl.when("same").then(8.0).otherwise(1.0))
    before, after = fit(pairs, MODEL, FREE), fit(more, MODEL, FREE)
    assert after.prior == before.prior == MODEL.prior
    for comparison in ("name", "site"):
        mine, yours = weights(before, comparison), weights(after, comparison)
        # A ladder whose levels all weigh may take up a part of a common shift; the distances say what it means.
        lowest = next(iter(mine))
        assert [yours[code] - yours[lowest] for code in mine] == pytest.approx(
            [mine[code] - mine[lowest] for code in mine], abs=0.35
        )


def test_a_ladder_that_was_not_compared_is_left_alone() -> None:
    fitted = fit(two_ladders().drop("name"), MODEL)
    assert weights(fitted, "name") == weights(MODEL, "name")
    assert weights(fitted) != weights(MODEL)


def test_a_weighed_row_counts_as_so_many_rows_in_any_order() -> None:
    weighed = two_ladders()
    assert fit(one_by_one(weighed).reverse(), MODEL) == fit(weighed, MODEL)


def test_a_level_that_the_model_does_not_know_is_named() -> None:
    with pytest.raises(ValueError, match="'site' has no level 'odd' in model"):
        fit(labelled(odd=(5, 5)), MODEL)


@pytest.mark.parametrize("kind", [(5, 0), (0, 5)])
def test_labels_of_one_kind_are_refused(kind) -> None:
    with pytest.raises(ValueError, match="one kind only"):
        fit(labelled(same=kind), MODEL)


def test_the_loss_on_unseen_pairs_falls_where_the_model_was_wrong_and_not_where_it_was_right() -> None:
    coins = [{"site": site, "same": same} for site in ("unknown", "same") for same in (True, False)] * 50
    before, after = held_out_loss(pl.DataFrame(coins), MODEL)
    assert after < before
    assert after == pytest.approx(1.0, abs=0.03)  # one bit per coin
    right = labelled(unknown=(8, 64), like=(16, 64))
    before, after = held_out_loss(one_by_one(right), MODEL)
    assert after == pytest.approx(before, abs=0.01)


def test_a_fit_that_learns_its_pairs_by_heart_is_worse_on_unseen_ones() -> None:
    draw = random.Random(4)
    coins = [{"site": draw.choice(("like", "near", "same")), "same": draw.random() < 0.5} for _ in range(40)]
    flat = replace(MODEL, ladders=(replace(SITE, levels=tuple(replace(at, weight=0.0) for at in SITE.levels)),))
    before, after = held_out_loss(pl.DataFrame(coins), flat, FREE)
    assert after > before
