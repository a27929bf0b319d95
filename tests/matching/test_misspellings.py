"""Words that may be misspelt for others, against looking at every two words."""

from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from matching import texts
from matching.misspellings import near_words
from tests.matching.reference_names import fnv1a

#: So few letters that most words are one slip from another one, at both ends of the lengths that are looked at.
WORD = st.text(alphabet="ab", min_size=4, max_size=6) | st.builds(
    lambda at, length: "x" * at + "y" + "x" * (length - at), st.integers(0, 18), st.integers(18, 20)
)


def near(words: dict[str, int]) -> dict[str, int]:
    vocabulary = texts.packed(pl.Series(["", *words], dtype=pl.String))
    counts: Any = pl.Series([0, *words.values()], dtype=pl.Int64).to_numpy()
    return dict(zip(words, near_words(vocabulary, counts)[1:].tolist(), strict=True))


def by_brute_force(word: str, words: dict[str, int]) -> int:
    """The hash of the most frequent word one slip away, of equals the smallest; 0 for none."""
    if words[word] > 2 or not 5 <= len(word) <= 20:
        return 0
    others = [
        (-words[other], fnv1a(other))
        for other in words
        if words[other] > 0 and 5 <= len(other) <= 20 and OSA.distance(word, other) == 1
    ]
    return min(others, default=(0, 0))[1]


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(WORD, st.integers(0, 5), max_size=25))
def test_finds_the_most_frequent_word_one_slip_away(words: dict[str, int]) -> None:
    assert near(words) == {word: by_brute_force(word, words) for word in words}


def test_the_order_of_words_does_not_matter() -> None:
    words = {"kestridge": 1, "kestrige": 1, "kestridgs": 3, "kestridga": 3}
    assert near(words) == {word: near(dict(reversed(words.items())))[word] for word in words}


def test_a_word_that_nobody_is_known_to_use_is_no_right_spelling() -> None:
    assert near({"halvorsen": 1, "halvorsn": 0}) == {"halvorsen": 0, "halvorsn": fnv1a("halvorsen")}
