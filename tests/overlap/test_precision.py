"""How right matches are, as far as people said."""

from __future__ import annotations

from math import sqrt

import pytest

from overlap.model import Heard
from overlap.precision import of, precision
from tests.overlap.frames import frame

PLAIN = {
    "crm": "salesforce",
    "ours_id": "001A",
    "partner": "globex",
    "theirs_id": "G1",
    "verdict": "same",
    "judged_by": "ann",
    "decision": "match",
    "probability": 0.99,
}


@pytest.mark.parametrize(("right", "seen"), [(12, 13), (0, 1), (1, 1), (5, 5), (0, 20), (180, 200)])
def test_the_share_lies_as_far_from_each_end_as_chance_would_take_it(right: int, seen: int) -> None:
    found = of(right, seen)
    for end in (found.least, found.most):  # were that the truth, this share would be 1.96 standard errors away
        assert abs(right / seen - end) == pytest.approx(1.959964 * sqrt(end * (1 - end) / seen), abs=1e-6)
    assert 0 <= found.least <= right / seen <= found.most <= 1


def test_it_is_said_in_words() -> None:
    assert str(of(12, 13)) == "12 of 13 matches that people looked at are right (67-99 %)"
    assert str(of(1, 1)) == "1 of 1 match that people looked at is right (21-100 %)"


def test_only_what_the_engine_would_match_by_itself_counts_each_partner_by_itself() -> None:
    heard = frame(
        Heard,
        PLAIN,
        PLAIN | {"verdict": "different"},
        PLAIN | {"decision": "review"},
        PLAIN | {"decision": None, "probability": None},
        PLAIN | {"partner": "initech", "verdict": "different"},
    )
    assert {name: (one.right, one.seen) for name, one in precision(heard).items()} == {
        "globex": (1, 2),
        "initech": (0, 1),
    }
