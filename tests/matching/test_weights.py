"""The shipped model: it reads as a table, knows what the engine gives, and its numbers become probabilities."""

import re
from dataclasses import replace

import polars as pl
import pytest

from matching.levels import COMPARISONS, codes
from matching.model import MODES
from matching.model_file import shipped
from matching.weights import DEFAULT
from overlap.errors import ConfigError

MODELS = [models.for_mode(mode) for models in shipped() for mode in MODES]
LADDERS = [ladder for model in MODELS for ladder in model.ladders]


@pytest.mark.parametrize("ladder", LADDERS, ids=lambda ladder: ladder.comparison)
def test_a_ladder_rises_from_against_to_for(ladder) -> None:
    weights = [level.weight for level in ladder.levels]
    assert weights == sorted(weights)


def test_every_level_is_given_by_the_rules_and_every_one_given_is_known() -> None:
    given = {comparison: set(codes(comparison)) for comparison in COMPARISONS}
    assert given == {ladder.comparison: {level.code for level in ladder.levels} for ladder in DEFAULT.ladders}


def test_what_weighs_is_said_in_words() -> None:
    assert [level.code for ladder in LADDERS for level in ladder.levels if level.weight and not level.words] == []


def test_the_default_answers_for_the_same_company() -> None:
    assert shipped()[0].same == DEFAULT
    assert DEFAULT.mode == "same"


def test_sharing_a_part_of_the_name_speaks_more_for_a_family_than_for_one_company() -> None:
    weights = [{at.code: at.weight for at in model.ladders[0].levels} for model in MODELS[:2]]
    assert all(weights[1][code] > weights[0][code] for code in ("tiny_rest", "generic_rest", "inside"))


# sum of weights in bits, knots, log-odds by hand
CALIBRATIONS = [
    (-3.0, ((-20, -20), (20, 20)), -3.0),
    (31.0, ((-20, -20), (20, 20)), 31.0),
    (0.0, ((0, -1), (4, 1), (6, 7)), -1.0),
    (2.0, ((0, -1), (4, 1), (6, 7)), 0.0),
    (5.0, ((0, -1), (4, 1), (6, 7)), 4.0),
    (-4.0, ((0, -1), (4, 1), (6, 7)), -3.0),  # before the first knot: the first line goes on
    (7.0, ((0, -1), (4, 1), (6, 7)), 10.0),  # behind the last: the last one
]


@pytest.mark.parametrize(("bits", "knots", "log_odds"), CALIBRATIONS)
def test_a_sum_becomes_a_probability_on_straight_lines_between_the_knots(bits, knots, log_odds) -> None:
    model = replace(DEFAULT, calibration=knots)
    found = pl.DataFrame({"sum": [bits, None]}).select(model.probability(pl.col("sum")))["sum"].to_list()
    assert found == [pytest.approx(2**log_odds / (1 + 2**log_odds), abs=1e-12), None]


def test_a_higher_precision_needs_a_surer_pair() -> None:
    model = replace(DEFAULT, precision=((0.9, 0.6), (0.95, 0.8), (0.99, 0.97)))
    assert [model.for_precision(target).match_at for target in (0.5, 0.9, 0.93, 0.99)] == [0.6, 0.6, 0.8, 0.97]


def test_a_precision_beyond_the_table_is_not_promised() -> None:
    with pytest.raises(ConfigError, match=r"cannot promise a precision of 0\.9999; ask for at most 0\.999$"):
        DEFAULT.for_precision(0.9999)


def test_the_version_changes_with_every_number_that_moves_a_pair_and_with_nothing_else() -> None:
    first, *rest = DEFAULT.ladders
    lighter = replace(first, levels=(replace(first.levels[0], weight=-4.4), *first.levels[1:]))
    changed = [
        replace(DEFAULT, ladders=(lighter, *rest)),
        replace(DEFAULT, prior=-3.4),
        replace(DEFAULT, margin=1.1),
        replace(DEFAULT, calibration=((0.0, 0.0), (1.0, 2.0))),
        shipped()[0].family,
    ]
    assert len({model.version for model in (DEFAULT, *changed)}) == 6
    assert DEFAULT.for_precision(0.99).version == DEFAULT.version
    assert re.fullmatch(rf"{DEFAULT.name} [0-9a-f]{{8}}", DEFAULT.version)
    assert replace(DEFAULT, name="mine").version.split()[1] == DEFAULT.version.split()[1]
