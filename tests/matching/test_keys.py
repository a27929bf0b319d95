"""What accounts are found by: two of them that share a key are compared."""

from collections import Counter
from typing import Any

import numpy as np
import polars as pl
import pytest

from matching.keys import MOST_PAIRS, keys, on_both_sides, shared_keys
from matching.misspellings import near_words
from tests.matching import worlds
from tests.matching.by_hand import Account, account, features, theirs


def keys_by_row(*accounts: Account) -> list[Counter[int]]:
    """The keys of each account, ours first."""
    some = features(*accounts)
    text = some.words["text"]
    found = keys(some, near_words(text, np.minimum(text["length"], 1)))
    by_row = [Counter[int]() for _ in accounts]
    for row, key in found.iter_rows():
        by_row[row][key] += 1
    return by_row


def most_pairs(x: Account, y: Account) -> int:
    """As many pairs as the surest key that two accounts share may propose, 0 if they share none."""
    ours, other = keys_by_row(x, theirs(y))
    return max((MOST_PAIRS[key & 3] for key in ours.keys() & other.keys()), default=0)


RARELY, SELDOM, OFTEN, ALWAYS = MOST_PAIRS
SHARED = [  # two accounts that have one thing in common, and how many pairs it may propose
    (account("kestridge", site="bigholding.com"), account("velmorant", site="bigholding.com"), ALWAYS),
    (account("kestridge", site="a.com", others=["b.com"]), account("velmorant", site="b.com"), ALWAYS),
    (account("kestridge", phone=301234567), account("velmorant", phone=301234567), OFTEN),
    (account("velmorant"), account("velmorant"), ALWAYS),
    (account("kestridge", "velmorant"), account("velmorant"), ALWAYS),
    (account("vel morant"), account("velmorant"), ALWAYS),
    (account("kestridge", site="velmorant.com"), account("velmorant"), ALWAYS),
    (account("kestridge", site="getvelmorant.com", bare="velmorant"), account("velmorant"), ALWAYS),
    (account("energy bank"), account("bank energy"), OFTEN),
    (account("energybanking"), account("energybankers"), SELDOM),
    (account("velmorant bank"), account("energy velmorant"), OFTEN),
    (account("velmorant bank"), account("energy velmorent"), RARELY),
    (account("velmorant bank"), account("kestridge", site="velmorant.com"), OFTEN),
    (account("velmorant nordic maritime", city="oslo"), account("vnm", city="oslo"), OFTEN),
    (account("velmorant kestridge bank"), account("energy velmorant kestridge"), OFTEN),
    (account("velmorant bank", city="leeds"), account("energy velmorant", city="leeds"), OFTEN),
    (account("velmorant bank", country="GB"), account("energy velmorant", country="GB"), OFTEN),
]


@pytest.mark.parametrize(("ours", "other", "expected"), SHARED)
def test_accounts_with_one_thing_in_common_are_found_by_it(ours: Account, other: Account, expected: int) -> None:
    assert most_pairs(ours, other) == expected


AT = {"postcode": "ls12ab", "country": "GB"}
APART = [
    (account("kestridge"), account("velmorant")),
    (account("kestridge", city="leeds", country="GB"), account("velmorant", city="leeds", country="GB")),
    (account("kestridge bank"), account("velmorant bank")),
    (account("bank", city="leeds"), account("bank group", city="leeds")),
    (account("kestridge", **AT), account("velmorant", **AT)),
    (account("kestrid"), account("kestring")),
]


@pytest.mark.parametrize(("ours", "other"), APART)
def test_what_very_many_have_in_common_is_no_key(ours: Account, other: Account) -> None:
    assert most_pairs(ours, other) == 0


def test_two_at_one_postcode_are_compared_if_both_give_a_street() -> None:
    ours, other = account("kestridge", street="1 a", **AT), account("velmorant", street="2 b", **AT)
    assert most_pairs(ours, other) == OFTEN
    assert most_pairs(ours, other | {"street": None}) == 0
    assert most_pairs(ours, other | {"country": "AT"}) == 0


def test_what_is_not_known_is_no_key() -> None:
    assert keys_by_row(account(), theirs(account())) == [Counter(), Counter()]


def test_a_key_says_the_same_on_either_side_and_in_every_list() -> None:
    one = account("velmorant kestridge bank", "quantrell", site="velmorant.com", phone=301234567, city="leeds", **AT)
    rows = [one, one | {"book": "hub"}, theirs(one), theirs(one) | {"book": "initech"}]
    found = keys_by_row(*rows)
    assert all(other == found[0] for other in found)


def test_keys_that_both_sides_have_are_kept_and_nearly_all_others_dropped() -> None:
    accounts = worlds.world(3).everyone
    some = features(*accounts)
    every = keys(some, np.zeros(len(some.words), dtype=np.uint64))
    kept = pl.concat([as_frame(side) for side in on_both_sides(every, some.ours)])
    is_ours: Any = pl.col("row") < some.ours
    shared = set(every.filter(is_ours)["key"]) & set(every.filter(~is_ours)["key"])
    assert every.filter(pl.col("key").is_in(list(shared))).height > 100
    assert kept.filter(pl.col("key").is_in(list(shared))).equals(every.filter(pl.col("key").is_in(list(shared))))
    assert kept.height < every.filter(pl.col("key").is_in(list(shared))).height + 0.01 * every.height


def test_keys_come_in_the_order_of_books_ours_first_made_at_once_or_not() -> None:
    some = features(*worlds.world(4).everyone)
    near = np.zeros(len(some.words), dtype=np.uint64)
    every = keys(some, near)
    assert (np.diff(some.book[every["row"]]) >= 0).all()
    for kept, other in zip(on_both_sides(every, some.ours), shared_keys(some, near), strict=True):
        assert as_frame(kept).equals(as_frame(other))
    ours, theirs = on_both_sides(every, some.ours)
    assert max(ours[0]) < some.ours <= min(theirs[0])


def as_frame(side: tuple[Any, Any]) -> pl.DataFrame:
    row, key = side
    return pl.DataFrame({"row": row, "key": key})
