"""Our duplicates share what one of them is sure of, and nothing else does."""

from __future__ import annotations

from typing import Any

import polars as pl

from overlap import doubles
from overlap.model import PARENT, SAME, SIBLING, Match
from tests.overlap.frames import frame

SURE = {"decision": "match", "probability": 0.97, "reasons": "same website", "evidence": "website|same website|7.0"}
DOUBTFUL = {"decision": "review", "probability": 0.78, "reasons": "same name", "evidence": "name|same name|5.0"}


def companies(**company_of: str) -> pl.DataFrame:
    rows = [("sf", row, company) for row, company in company_of.items()]
    return pl.DataFrame(rows, schema=["crm", "id", "company"], orient="row")


def pair(ours: str, said: dict[str, Any], theirs: str = "t", **more: Any) -> dict[str, Any]:
    return {"crm": "sf", "ours_id": ours, "partner": "globex", "theirs_id": theirs, "relation": SAME, **said, **more}


def followed(*pairs: dict[str, Any], one_company: bool = True) -> list[str]:
    found = doubles.follow(frame(Match, *pairs), companies(a="sf:a", b="sf:a" if one_company else "sf:b", c="sf:c"))
    assert found.drop("decision", "probability", "reasons", "evidence").equals(
        frame(Match, *pairs).drop("decision", "probability", "reasons", "evidence")
    )
    return found["decision"].to_list()


def test_a_doubtful_pair_of_a_duplicate_is_a_match() -> None:
    assert followed(pair("a", SURE), pair("b", DOUBTFUL)) == ["match", "match"]
    assert followed(pair("a", SURE), pair("b", DOUBTFUL), one_company=False) == ["match", "review"]


def test_it_is_as_sure_as_the_surest_and_says_whom_it_follows() -> None:
    pairs = frame(Match, pair("a", SURE), pair("b", DOUBTFUL), pair("d", SURE, probability=0.99))
    found = doubles.follow(pairs, companies(a="sf:a", b="sf:a", d="sf:a")).row(1, named=True)
    assert found["probability"] == 0.99
    assert found["reasons"] == "our duplicate d is a match; same name"
    assert found["evidence"] == "name|same name|5.0\nour duplicates|our duplicate d is a match|0.0"


def test_only_the_same_row_of_theirs_is_followed() -> None:
    assert followed(pair("a", SURE), pair("b", DOUBTFUL, theirs="u")) == ["match", "review"]
    assert followed(pair("a", SURE), pair("b", DOUBTFUL, partner="initech")) == ["match", "review"]


def test_a_parent_or_a_verdict_is_not_followed_and_does_not_follow() -> None:
    assert followed(pair("a", SURE, relation=PARENT), pair("b", DOUBTFUL)) == ["match", "review"]
    assert followed(pair("a", SURE), pair("b", DOUBTFUL, relation=SIBLING)) == ["match", "review"]
    assert followed(pair("a", SURE), pair("b", DOUBTFUL, decision="no match")) == ["match", "no match"]


def test_reasons_still_fit_the_field_of_the_crm() -> None:
    found = doubles.follow(
        frame(Match, pair("a", SURE), pair("b", DOUBTFUL, reasons="x" * 255)), companies(a="sf:a", b="sf:a")
    )
    assert found["reasons"].str.len_chars().max() == 255
