"""Influence that people confirmed belongs to the partner it was made for, also where that partner's record is gone."""

from __future__ import annotations

from typing import Any

import pytest

from overlap.confirmed import confirmed_by_records
from overlap.fields import INFLUENCE, PARTNER
from overlap.keys import external_key
from tests.overlap.frames import WORKSPACE, said

GLOBEX, INITECH = (external_key(WORKSPACE, key, "", "partner") for key in ("globex", "initech"))
MADE_FOR_INITECH = external_key(WORKSPACE, "initech", "006A", "influence")
CONFIRMED = {
    "influence_key": MADE_FOR_INITECH,
    "status": "Confirmed",
    "opportunity": "006A",
    "sourced": True,
    "is_deleted": False,
}
BOTH_THERE = ({"partner_key": GLOBEX, "is_deleted": False}, {"partner_key": INITECH, "is_deleted": False})


def confirmed(influence: dict[str, Any], *partners: dict[str, Any]) -> list[tuple[Any, ...]]:
    records = said(INFLUENCE, CONFIRMED | influence), said(PARTNER, *partners)
    return confirmed_by_records(*records, ["globex", "initech"], WORKSPACE).rows()


def test_the_link_says_whose_influence_it_is() -> None:
    assert confirmed({"partner": GLOBEX}, *BOTH_THERE) == [(GLOBEX, True, "006A")]


@pytest.mark.parametrize("there", [BOTH_THERE[:1], (BOTH_THERE[0], BOTH_THERE[1] | {"is_deleted": True})])
def test_where_the_partners_record_is_gone_the_key_does(there: tuple[dict[str, Any], ...]) -> None:
    assert confirmed({"partner": None}, *there) == [(INITECH, True, "006A")]


@pytest.mark.parametrize(
    "influence",
    [
        {"influence_key": None},  # a person made it
        {"influence_key": "pi1-of-nobody-we-know"},
        {"opportunity": None},
        {"opportunity": "006B"},  # a person moved it
    ],
)
def test_without_link_and_key_it_is_nobodys(influence: dict[str, Any]) -> None:
    assert [partner for partner, *_ in confirmed({"partner": None} | influence, *BOTH_THERE[:1])] == [None]


def test_a_link_that_a_person_took_away_stays_away() -> None:
    assert [partner for partner, *_ in confirmed({"partner": None}, *BOTH_THERE)] == [None]


@pytest.mark.parametrize("influence", [{"status": "Rejected"}, {"status": None}, {"is_deleted": True}])
def test_what_is_not_confirmed_or_not_there_is_nobodys(influence: dict[str, Any]) -> None:
    assert confirmed({"partner": GLOBEX} | influence, *BOTH_THERE) == []
