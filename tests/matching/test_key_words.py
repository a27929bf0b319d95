"""What the rows of a pair were found by, in words."""

import pytest

from matching.key_words import in_words
from matching.surroundings import Thought, look_at, think
from matching.weights import DEFAULT
from tests.matching.sides import ours, pair, theirs


def found_by(one: str, other: str, mine: dict | None = None, yours: dict | None = None) -> list[str]:
    around = look_at(ours(one, **(mine or {})), theirs(other, **(yours or {})), pair())
    usable = think(around, DEFAULT, [Thought()])[0].usable
    return in_words(around, usable, around.ours.row(0, named=True))


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ("Zornfeld, zornfeld.com", "Quandry, www.zornfeld.com", "the website zornfeld.com"),
        ("Zornfeld, quandry.com", "Quandry", "our website, which reads like their name"),
        ("Zornfeld", "Quandry, zornfeld.com", "their website, which reads like our name"),
        ("Zornfeld Bakery", "Zornfeld Bakery", "the name as a whole, how it begins or its initials"),
        ("Global Zornfeld Foods", "Advanced Zornfeld Trust", "the word 'zornfeld'"),
        ("Brightwell Zornfeld, , Oslo", "Cutting Zornfeld, , Oslo", "the word 'zornfeld' in Oslo"),
        ("Zornfeld Quandry North", "Zornfeld Quandry Abbey", "the words 'zornfeld' and 'quandry'"),
    ],
)
def test_says_what_a_key_is_made_of(one: str, other: str, said: str) -> None:
    assert said in found_by(one, other)


def test_says_phone_and_address() -> None:
    phone = {"phone": ["+47 2200 1122"]}
    assert found_by("Zornfeld", "Quandry", phone, phone) == ["the phone number +47 2200 1122"]
    address = {"street": ["1 Quay Road"], "postcode": ["0150"], "country": ["Norway"]}
    assert found_by("Zornfeld", "Quandry", address, address) == ["the address 1 Quay Road, 0150"]


def test_says_nothing_where_nothing_is_shared() -> None:
    assert found_by("Zornfeld", "Quandry") == []
