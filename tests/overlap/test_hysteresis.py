"""A match stands through new word statistics while it is nearly one, and through nothing else."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from overlap import hysteresis
from overlap.model import Match
from tests.overlap.frames import frame

PAIR = {"crm": "sf", "ours_id": "1", "partner": "globex", "theirs_id": "a"}
COLUMNS = ("id", "name", "website")


def pair(probability: float, decision: str = "review", **said: Any) -> pl.DataFrame:
    return frame(
        Match, PAIR | {"probability": probability, "decision": decision, "evidence": "name|same name|5"} | said
    )


def rows(key: str, book: str, identifier: str, name: str, website: str | None = None) -> pl.DataFrame:
    schema = dict.fromkeys((key, *COLUMNS), pl.String)
    return pl.DataFrame([(book, identifier, name, website)], schema=schema, orient="row")


STOOD = pair(0.95, "match").select(*PAIR)


@pytest.mark.parametrize(
    ("probability", "decision"),
    # One bit below odds of 9 to 1 are 4.5 to 1.
    [(0.8182, "match"), (0.8181, "review")],
)
def test_a_match_stands_down_to_half_the_odds_of_the_threshold(probability: float, decision: str) -> None:
    kept = hysteresis.keep(pair(probability), STOOD, match_at=0.9)
    assert kept["decision"].to_list() == [decision]
    assert hysteresis.count(kept) == (decision == "match")


def test_what_was_no_match_does_not_become_one() -> None:
    kept = hysteresis.keep(pair(0.89), STOOD.clear(), match_at=0.9)
    assert kept.equals(pair(0.89))


def test_a_sure_match_does_not_need_to_stand() -> None:
    kept = hysteresis.keep(pair(0.97, "match"), STOOD, match_at=0.9)
    assert kept.equals(pair(0.97, "match"))


def test_all_matches_may_stand_when_words_were_counted_again() -> None:
    assert hysteresis.standing(pair(0.95, "match"), is_counted_again=True).height == 1
    assert hysteresis.standing(pair(0.85, "review"), is_counted_again=True).is_empty()


def test_only_what_stood_stands_on_when_they_were_not() -> None:
    assert hysteresis.standing(pair(0.95, "match"), is_counted_again=False).is_empty()
    stood = hysteresis.keep(pair(0.85), STOOD, match_at=0.9)
    assert hysteresis.standing(stood, is_counted_again=False).height == 1


def test_a_verdict_that_was_taken_back_leaves_nothing_standing() -> None:
    judged = pair(1.0, "match", reasons="judged the same company by ada on 2026-03-02")
    assert hysteresis.standing(judged, is_counted_again=True).is_empty()


@pytest.mark.parametrize(
    ("name", "website", "stands"), [("Acme", None, True), ("Acme Ltd", None, False), ("Acme", "a.io", False)]
)
def test_a_row_that_says_something_else_does_not_stand(name: str, website: str | None, stands: bool) -> None:
    before, now = rows("crm", "sf", "1", "Acme"), rows("crm", "sf", "1", name, website)
    assert hysteresis.unchanged(STOOD, before, now, COLUMNS).height == stands
    before, now = rows("partner", "globex", "a", "Acme"), rows("partner", "globex", "a", name, website)
    assert hysteresis.unchanged(STOOD, before, now, COLUMNS).height == stands


def test_a_match_that_another_account_brought_does_not_stand_by_itself() -> None:
    brought = pair(0.95, "match", evidence="name|same name|5\nour companies|same company as Acme in hub|0.0")
    assert hysteresis.standing(brought, is_counted_again=True).is_empty()
