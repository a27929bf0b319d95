"""Pairs proposed by keys, against joining the keys of two crms and two partners one by one."""

from collections import Counter, defaultdict
from itertools import product

import pytest

from matching import candidates
from matching.keys import MOST_PAIRS, keys
from matching.misspellings import near_words
from matching.statistics import measure
from tests.matching import worlds
from tests.matching.by_hand import Account, account, features, theirs

Pair = tuple[int, int]


def proposed(accounts: list[Account]) -> list[Pair]:
    counted = measure(worlds.tables(worlds.ours_first(accounts)))
    ours, other = candidates.propose(features(*accounts), counted)
    return list(zip(ours.tolist(), other.tolist(), strict=True))


def by_brute_force(accounts: list[Account]) -> set[Pair]:
    """Each crm and partner apart: rows that share a key which does not propose too many."""
    rows, some = worlds.ours_first(accounts), features(*accounts)
    counted = measure(worlds.tables(rows))
    text = some.words["text"]
    sharing: dict[tuple[int, str, str], set[int]] = defaultdict(set)
    for row, key in keys(some, near_words(text, counted.occurrences(text["hash"]))).iter_rows():
        sharing[key, rows[row]["side"], rows[row]["book"]].add(row)
    found = set()
    for (key, side, _), ours in sharing.items():
        for (other_key, other_side, _), other in sharing.items() if side == "o" else ():
            if (other_key, other_side) == (key, "t") and len(ours) * len(other) <= MOST_PAIRS[key & 3]:
                found |= set(product(ours, other))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_proposes_the_pairs_that_share_a_key_each_once(seed: int) -> None:
    accounts = worlds.world(seed, companies=4).accounts + worlds.world(seed).others[:40]
    pairs = proposed(accounts)
    assert len(pairs) == len(set(pairs)) > 50
    assert set(pairs) == by_brute_force(accounts)


def with_one_phone(number: int, book: str) -> list[Account]:
    """So many accounts of which each two share nothing but a phone number."""
    return [account(f"{at}x{book}", phone=301234567) | {"book": book} for at in range(number)]


def test_a_key_that_too_many_share_proposes_nothing() -> None:
    assert MOST_PAIRS[2] == 200
    other = [theirs(one) for one in with_one_phone(20, "globex")]
    assert len(proposed(with_one_phone(10, "sf") + other)) == 200
    assert proposed(with_one_phone(11, "sf") + other) == []


def test_what_is_frequent_in_one_crm_or_partner_may_be_rare_in_another() -> None:
    globex = [theirs(one) for one in with_one_phone(20, "globex")]
    initech = [theirs(one) | {"book": "initech"} for one in with_one_phone(1, "initech")]
    pairs = proposed(with_one_phone(11, "sf") + with_one_phone(2, "hub") + globex + initech)
    crm, partner = ["sf"] * 11 + ["hub"] * 2, ["globex"] * 20 + ["initech"]
    found = Counter((crm[ours], partner[other - 13]) for ours, other in pairs)
    assert found == {("hub", "globex"): 40, ("sf", "initech"): 11, ("hub", "initech"): 2}


def test_no_rows_of_one_side_are_no_pairs() -> None:
    assert proposed([account("velmorant")]) == []
    assert proposed([theirs(account("velmorant"))]) == []
