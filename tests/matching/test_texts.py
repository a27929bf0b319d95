"""Texts as numbers, against texts: recorded hashes, Python's own comparisons, rapidfuzz's distance."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from matching import texts
from tests.matching.reference_names import fnv1a, slips

#: Few letters, so that random words are often alike.
WORDS = st.text(alphabet="ab1", max_size=12)
LONG = st.text(alphabet="ab", min_size=28, max_size=40)


def packed(*words: str | None) -> Any:
    return texts.packed(pl.Series(words, dtype=pl.String))


# http://www.isthe.com/chongo/tech/comp/fnv/
@pytest.mark.parametrize(("text", "hashed"), [("a", 0xAF63DC4C8601EC8C), ("foobar", 0x85944171F73967E8), ("", 0)])
def test_the_hash_is_fnv_1a_and_0_for_no_text(text: str, hashed: int) -> None:
    assert packed(text)["hash"].tolist() == [hashed] == [fnv1a(text)]


@settings(deadline=None)  # the first example compiles
@given(st.lists(WORDS | LONG | st.none(), max_size=8))
def test_each_text_has_its_own_record(words: list[str | None]) -> None:
    records = packed(*words)
    assert records["hash"].tolist() == [fnv1a(word or "") for word in words]
    assert records["length"].tolist() == [len(word or "") for word in words]
    assert texts.spelled(records) == [(word or "")[:32] for word in words]
    assert texts.first_letters(records).tolist() == [ord((word or "\0")[0]) for word in words]


def test_letters_behind_the_end_and_behind_what_is_kept_are_0() -> None:
    short, long = packed("ab", "x" * 40)
    assert [texts.letter(short, place) for place in range(4)] == [ord("a"), ord("b"), 0, 0]
    assert [texts.letter(long, place) for place in (31, 32, 39)] == [ord("x"), 0, 0]


def test_no_letter_of_a_text_is_lost_where_it_is_written_into_other_records() -> None:
    records = packed("", "")
    assert texts.packed(pl.Series(["acme", "brixley"]), into=records) is records
    assert texts.spelled(records) == ["acme", "brixley"]


@settings(max_examples=400, deadline=None)
@given(WORDS | LONG, WORDS | LONG, st.integers(0, 40))
def test_begins_as_texts_do_by_the_letters_that_are_kept(text: str, other: str, length: int) -> None:
    for start in (other, text[:length]):
        expected = start != "" and len(start) <= len(text) and text.startswith(start[:32])
        assert texts.begins(*packed(text, start)) == expected


@settings(max_examples=600, deadline=None)
@given(WORDS, WORDS)
def test_one_slip_is_a_distance_of_one(one: str, other: str) -> None:
    assert texts.one_slip_apart(*packed(one, other)) == (OSA.distance(one, other) == 1)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="abc1", min_size=1, max_size=31), st.randoms())
def test_every_slip_is_seen_from_either_side(word: str, random: Any) -> None:
    for slip in random.sample(sorted(slips(word)), 20):
        assert texts.one_slip_apart(*packed(word, slip))
        assert texts.one_slip_apart(*packed(slip, word))


def test_texts_longer_than_what_is_kept_have_no_slips() -> None:
    assert texts.one_slip_apart(*packed("a" * 31, "a" * 32))
    assert not texts.one_slip_apart(*packed("a" * 32, "a" * 33))
    assert not texts.one_slip_apart(*packed("a" * 33, "b" + "a" * 32))


def test_a_key_is_scrambled_as_splitmix64_does() -> None:
    # The first number of splitmix64 from the seed 0: https://prng.di.unimi.it/splitmix64.c
    assert int(texts.mixed(texts.np.uint64(0x9E3779B97F4A7C15))) == 0xE220A8397B1DCDAF
