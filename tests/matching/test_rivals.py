"""Pairs that compete for a row, against looking at every two of them."""

from dataclasses import replace
from random import Random

import pytest

from matching.model import Model
from matching.rivals import compete
from matching.weights import DEFAULT
from tests.matching import reference_decisions
from tests.matching.levels_by_hand import Pair, frame, pair

MODEL = replace(DEFAULT, margin=1.0, slope=1.0, most_lost=4.0)


def settled(*pairs: Pair, model: Model = MODEL) -> list[Pair]:
    return compete(frame(list(pairs)), model).to_dicts()


def lost(*pairs: Pair, model: Model = MODEL) -> list[float]:
    return [found["rival"] for found in settled(*pairs, model=model)]


def random_pairs(random: Random) -> list[Pair]:
    """Up to 40 pairs between two crms and two partners of a few accounts each."""
    found = {}
    for _ in range(random.randrange(1, 40)):
        crm, ours, partner, theirs = (
            random.choice(ids) for ids in (("sf", "hub"), "abcd", ("globex", "initech"), "wxyz")
        )
        levels = {
            "name": random.choice(["equal", "equal_common", "equal_alias", "inside", "weak", "near"]),
            "website": random.choice(["unknown", "same", "different", "different_named"]),
            "place": random.choice(["unknown", "city", "country_differs", "country_named"]),
            "post": random.choice(["sisters", "sisters", "sisters", "postcode", "unknown"]),
            "industry": random.choice(["unknown", "differs", "same", "same_many"]),
        }
        weight = random.randrange(-20, 24) / 2
        found[crm, ours, partner, theirs] = pair(ours, theirs, crm=crm, partner=partner, weight=weight, **levels)
    return list(found.values())


@pytest.mark.parametrize("slope", [1.0, 0.5])
def test_a_pair_loses_and_gains_by_its_rivals_what_the_plain_reference_says(slope: float) -> None:
    model, posts, takings = replace(MODEL, slope=slope), set(), set()
    for seed in range(400):
        pairs = random_pairs(Random(seed))
        expected = reference_decisions.decide(pairs, model)
        for found, wanted in zip(settled(*pairs, model=model), expected, strict=True):
            assert {key: found[key] for key in ("post", "taken")} == {key: wanted[key] for key in ("post", "taken")}
            assert (found["weight"], found["rival"]) == pytest.approx((wanted["weight"], wanted["rival"]))
            posts.add(found["post"])
            takings.add(found["taken"])
    assert posts >= {"alone", "alone_in_industry", "alone_industry", "sisters"}
    assert takings == {"unknown", "one_taken", "both_taken"}


def test_a_pair_loses_what_lies_beyond_the_margin_up_to_a_limit() -> None:
    assert lost(pair("a", weight=5.0), pair("b", weight=4.5)) == [0, 0]
    assert lost(pair("a", weight=5.0), pair("b", weight=2.0)) == [0, -2.0]
    assert lost(pair("a", weight=5.0), pair("b", weight=-9.0)) == [0, -4.0]


def test_rows_of_two_partners_do_not_compete_nor_do_those_of_two_crms() -> None:
    best, other_partner = pair("a", "x", weight=6.0), pair("a", "y", partner="initech", weight=1.0)
    other_crm = pair("b", "x", crm="hub", weight=1.0)
    assert lost(best, other_partner, other_crm) == [0, 0, 0]


def test_an_equal_name_loses_to_an_equal_name_only() -> None:
    sister, namesake = pair("a", weight=9.0, name="inside"), pair("b", weight=4.0, name="equal")
    assert lost(sister, namesake)[1] == 0
    assert lost(pair("a", weight=9.0, name="equal"), namesake)[1] == -4.0
    # Its row has a company of the very name elsewhere: that weighs half a bit before rivals do.
    assert lost(namesake, pair("c", weight=1.0, name="inside"))[1] == -2.5


def test_a_rival_that_is_itself_no_match_takes_nothing() -> None:
    assert lost(pair("a", weight=-0.5), pair("b", weight=-9.0)) == [0, 0]


def test_only_one_pair_left_at_a_postcode_may_be_a_renamed_company() -> None:
    alone = pair("a", "x", post="sisters", industry="same_many")
    assert settled(alone)[0]["post"] == "alone_industry"
    assert settled(alone | {"industry": "unknown"})[0]["post"] == "alone"
    crowd = [alone | {"industry": "unknown"}, pair("b", "x", post="sisters")]
    assert [found["post"] for found in settled(*crowd)] == ["sisters", "sisters"]


def test_the_only_two_of_their_industry_stand_out_among_others_at_a_postcode() -> None:
    pairs = [pair("a", "x", post="sisters", industry="same"), pair("b", "x", post="sisters", industry="differs")]
    assert [found["post"] for found in settled(*pairs)] == ["alone_in_industry", "sisters"]


def test_a_row_that_has_its_company_by_name_is_not_free_for_a_neighbour() -> None:
    pairs = [pair("a", "x", post="sisters"), pair("a", "y", name="equal", place="city")]
    assert settled(*pairs)[0] | {"post": "sisters", "taken": "one_taken"} == settled(*pairs)[0]
    elsewhere = [pairs[0], pairs[1] | {"place": "country_differs"}]
    assert settled(*elsewhere)[0] | {"post": "alone", "taken": "unknown"} == settled(*elsewhere)[0]
