"""Decisions in words."""

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from matching.explain import explain
from matching.model import Ladder, Level
from matching.weights import DEFAULT
from overlap.model import Match, schema_of
from tests.matching.levels_by_hand import frame, pair

NAME = Ladder("name", (Level("weak", "names differ", -3.0), Level("inside", "one name inside", 1.0)))
SITE = Ladder("website", (Level("unknown", "", 0.0), Level("same", "same website {website}", 4.0)))
PLACE = Ladder("place", (Level("unknown", "", 0.0), Level("city", "same city", 1.5)))
MODEL = replace(DEFAULT, ladders=(NAME, SITE, PLACE))


def told(model: Any = MODEL, **found: Any) -> dict[str, Any]:
    decided = {"rival": 0.0, "prior": 0.5, "probability": 0.9, "decision": "match", "relation": "Same"}
    explained = explain(frame([pair(**(decided | found))]), model)
    assert explained.schema == schema_of(Match)
    return explained.row(0, named=True)


def test_what_speaks_most_for_a_pair_comes_first_and_what_speaks_against_it_last() -> None:
    assert told(website="same", domain="acme.com", name="weak", place="city")["reasons"] == (
        "same website acme.com; same city; but names differ"
    )


def test_all_that_speaks_against_a_pair_stands_behind_one_but() -> None:
    assert told(website="same", domain="acme.com", name="weak", rival=-1.5)["reasons"] == (
        "same website acme.com; but names differ; another account fits better"
    )


def test_the_evidence_has_every_level_that_weighs_and_what_was_thought_before() -> None:
    row = told(website="same", domain="acme.com", name="weak", prior=0.25)
    assert row["evidence"].splitlines() == [
        "website|same website acme.com|4.0",
        "name|names differ|-3.0",
        "before looking||0.25",
    ]


def test_a_level_that_says_nothing_is_not_spoken_of() -> None:
    assert "place" not in told()["evidence"]
    assert told()["reasons"] == "one name inside"


def test_a_better_rival_is_named_with_what_it_took() -> None:
    row = told(rival=-2.345)
    assert row["reasons"] == "one name inside; but another account fits better"
    assert "rivals|another account fits better|-2.35" in row["evidence"].replace("-2.34", "-2.35")


def test_the_evidence_adds_up_to_the_probability() -> None:
    row = told(website="same", domain="acme.com", name="weak", prior=0.25, rival=-1.5)
    assert sum(float(line.split("|")[2]) for line in row["evidence"].splitlines()) == pytest.approx(4 - 3 + 0.25 - 1.5)


@pytest.mark.parametrize("length", [254, 255, 256, 400])
def test_reasons_fit_the_field_of_the_crm_and_show_where_they_were_cut(length: int) -> None:
    long = Ladder("name", (Level("weak", "", 0.0), Level("inside", "ö" * length, 1.0)))
    reasons = told(replace(MODEL, ladders=(long,)))["reasons"]
    assert reasons == ("ö" * length if length <= 255 else "ö" * 254 + "…")


def test_a_domain_is_put_in_as_it_is_written() -> None:
    assert told(website="same", domain="$1.com")["reasons"].startswith("same website $1.com")


def test_pairs_come_sorted_by_their_ids() -> None:
    decided: dict[str, Any] = {"rival": 0.0, "probability": 0.9, "decision": "match", "relation": "Same"}
    pairs = [pair("b", "x", **decided), pair("a", "y", **decided), pair("a", "x", **decided)]
    rows = explain(frame(pairs), MODEL).select("ours_id", "theirs_id").rows()
    assert rows == [("a", "x"), ("a", "y"), ("b", "x")]


def test_no_pairs_are_no_rows() -> None:
    decided: dict[str, Any] = {"rival": 0.0, "probability": 0.9, "decision": "match", "relation": "Same"}
    nothing: pl.DataFrame = explain(frame([pair(**decided)]).clear(), MODEL)
    assert nothing.schema == schema_of(Match)
    assert nothing.is_empty()
