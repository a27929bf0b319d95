"""Words by numbers, against a plain count."""

from collections import Counter

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import texts
from matching.vocabulary import WIDE, numbered

NAMES = st.lists(st.lists(st.sampled_from(["a", "ab", "b", "acme", "bank", "1", "c" * 40]), max_size=11), max_size=12)


def check(names: list[list[str]]) -> None:
    numbers, vocabulary, occurrences = numbered(pl.Series([" ".join(name) for name in names], dtype=pl.String))
    spelled = texts.spelled(vocabulary)
    assert spelled[0] == ""
    assert numbers.shape == (len(names), WIDE)
    words = [[word for word in " ".join(name).split(" ", WIDE - 1) if word] for name in names]
    for row, of_name in zip(numbers.tolist(), words, strict=True):
        assert [spelled[number] for number in row[: len(of_name)]] == [word[:32] for word in of_name]
        assert not any(row[len(of_name) :])
    counted = Counter(word for of_name in words for word in set(of_name))
    by_word = sorted((word[:32], number) for word, number in counted.items())
    assert sorted(zip(spelled[1:], occurrences[1:].tolist(), strict=True)) == by_word


@settings(max_examples=150, deadline=None)
@given(NAMES)
def test_every_word_has_one_number_and_is_counted_once_a_name(names: list[list[str]]) -> None:
    check(names)


def test_a_vocabulary_grows_with_its_words() -> None:
    check([[f"w{number}", f"v{number % 7}", f"w{number * number % 9973}"] for number in range(6000)])


def test_words_that_are_alike_in_what_is_kept_are_two_words() -> None:
    numbers, vocabulary, _ = numbered(pl.Series(["x" * 40, "x" * 41]))
    assert numbers[0, 0] != numbers[1, 0]
    assert len(vocabulary) == 3


def test_all_that_is_left_of_a_long_name_is_one_word() -> None:
    numbers, vocabulary, occurrences = numbered(pl.Series(["a b c d e f g h i", "a b c d e f g h j", "h", "h i"]))
    assert texts.spelled(vocabulary)[8:] == ["h i", "h j", "h", "i"]
    assert occurrences[8:].tolist() == [1, 1, 2, 1]
    assert numbers[0, :7].tolist() == numbers[1, :7].tolist()
