"""What two names share and what is left over, against going through the words one by one."""

from random import Random

import pytest

from matching.normalize.names import generic_words
from matching.words_in_common import in_common, names_region, names_unit
from tests.matching import reference_names, worlds
from tests.matching.by_hand import account, features, theirs

ABBREVIATED = [  # a word, another one, whether one is short for the other
    ("international", "intl", True),
    ("international", "int", True),
    ("manufacturing", "mfg", True),
    ("holdings", "hldgs", True),
    ("holdings", "hgsd", False),
    ("holdings", "oldings", False),
    ("holdings", "holdingz", False),
    ("business", "b", True),
    ("2020", "20", False),
    ("holdings", "g", False),
]


def shared(ours: str, other: str) -> reference_names.InCommon:
    both = features(account(ours), theirs(account(other)))
    return in_common(both.names[0], both.names[1], both.words)


@pytest.mark.parametrize(("long", "short", "expected"), ABBREVIATED)
def test_a_word_may_be_cut_off_or_lack_letters(long: str, short: str, expected: bool) -> None:
    for one, other in ((long, short), (short, long)):
        assert (shared(f"velmorant {one}", f"velmorant {other}").abbreviations == 1) == expected


def test_names_that_begin_otherwise_are_not_abbreviated() -> None:
    assert shared("velmorant international", "quantrell intl").abbreviations == 0


def test_a_first_word_needs_more_than_two_letters_to_stand_for_another() -> None:
    assert shared("kestridge bank", "ke bank").abbreviations == 0
    assert shared("kestridge bank", "kes bank").abbreviations == 1


def test_an_abbreviation_stands_near_the_place_of_its_word() -> None:
    assert shared("velmorant one two intl", "velmorant international").abbreviations == 1
    assert shared("velmorant one two six intl", "velmorant international").abbreviations == 0


def test_each_word_meets_one_word() -> None:
    twice = shared("bank velmorant bank", "bank velmorant")
    assert (twice.rest_a, twice.rest_b) == (250, 0)


@pytest.mark.parametrize(
    ("name", "unit", "region"),
    [("germany velmorant", False, False), ("velmorant germany", True, True), ("velmorant digital", True, False)],
)
def test_only_words_behind_the_first_name_a_unit_or_a_region(name: str, unit: bool, region: bool) -> None:
    both = features(account(name), theirs(account("velmorant")))
    met = in_common(both.names[0], both.names[1], both.words).met_a
    assert names_unit(both.names[0], met, both.words) == unit
    assert names_region(both.names[0], met, both.words) == region
    everything = (1 << len(name.split(" "))) - 1
    assert not names_unit(both.names[0], everything, both.words)


@pytest.mark.parametrize("seed", range(40))
def test_random_names_share_what_a_plain_look_at_their_words_finds(seed: int) -> None:
    random = Random(seed)
    one = worlds.ancestor(random)["names"][0][0]
    other = " ".join(worlds.varied(one.split(" "), random))
    accounts = [account(one), theirs(account(other))]
    found, counts = shared(one, other), reference_names.count(accounts)
    a, b = (reference_names.names_of(each)[0] for each in accounts)
    plain = reference_names.in_common(a, b, counts)
    rest = tuple(sum(counts.info(word) for word in left) for left in plain.left)
    own = tuple(sum(counts.info(word) for word in left if word not in generic_words()) for left in plain.left)
    assert (found.shared, found.abbreviations, found.first) == (plain.shared, plain.abbreviated, plain.first)
    assert (found.rest_a, found.rest_b) == rest
    assert (found.own_a, found.own_b) == own
