import re
from importlib.resources import files

import pytest

from matching.weights import DEFAULT


@pytest.mark.parametrize("ladder", DEFAULT.ladders, ids=lambda ladder: ladder.comparison)
def test_a_ladder_rises_from_against_to_for(ladder) -> None:
    weights = [level.weight for level in ladder.levels]
    assert weights == sorted(weights)


def test_every_level_is_given_by_the_sql_and_every_one_given_is_known() -> None:
    texts = [files("matching").joinpath("sql", f"{name}.sql").read_text() for name in ("names", "comparisons")]
    given = set(re.findall(r"(?:then|else) '(\w+)'", "\n".join(texts)))
    assert given == {level.code for ladder in DEFAULT.ladders for level in ladder.levels}


def test_what_weighs_is_said_in_words() -> None:
    assert [
        level.code for ladder in DEFAULT.ladders for level in ladder.levels if level.weight and not level.words
    ] == []
