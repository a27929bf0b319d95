"""One pair looked at closely, against what the engine says of everything."""

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matching import statistics
from matching.accounts import tables
from matching.duckdb_engine import DuckDbEngine
from matching.ladder import ladder, thought_of
from matching.surroundings import Thought, look_at, think
from matching.weights import DEFAULT
from tests.matching.sides import ours, pair, theirs

NAMES = ("Halvorsen Logistics", "Halvorsen Logistics Ltd", "Halvorsen", "Halvorson Logistics", "Zorn Pumps", "Zorn")
SITES = ("", "halvorsen.com", "zorn.de", "halvorsenlogistics.no")
COUNTRIES = ("", "Norway", "Germany")
TEXT = st.tuples(*map(st.sampled_from, (NAMES, SITES, ("", "Oslo", "Bergen"), COUNTRIES))).map(", ".join)
NOTHING = [Thought()]
_SAME = (("street", "1 Quay"), ("postcode", "0150"), ("phone", "+47 2200 1122"))
_WORDS = ["Abbey", "Birch", "Cedar", "Dune", "Elm", "Fjord", "Glade", "Harbour", "Iris", "Jetty", "Kiln", "Lodge"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(TEXT, min_size=1, max_size=7), st.lists(TEXT, min_size=1, max_size=7), st.data())
def test_a_pair_looked_at_is_thought_of_as_in_the_run(mine: list[str], yours: list[str], data: st.DataObject) -> None:
    postcodes = st.sampled_from([None, "0150", "5003"])
    posts = [data.draw(st.lists(postcodes, min_size=len(side), max_size=len(side))) for side in (mine, yours)]
    one, other = ours(*mine, postcode=posts[0]), theirs(*yours, postcode=posts[1])
    one, other = (frame.with_columns(pl.col("postcode").cast(pl.String)) for frame in (one, other))
    run = {row[:4]: row for row in DuckDbEngine().match(one, other, DEFAULT).iter_rows()}
    o, t = data.draw(st.integers(0, len(mine) - 1)), data.draw(st.integers(0, len(yours) - 1))
    wanted = pair(f"O{o}", f"T{t}")
    around = look_at(one, other, wanted)
    decided = think(around, DEFAULT, NOTHING)[0].decided
    said = thought_of(around, decided, one, DEFAULT).row(0)
    if wanted.row(0) in run:
        assert (said[4], said[5], said[7], said[8]) == tuple(run[wanted.row(0)][at] for at in (4, 5, 7, 8))
    else:
        assert said[5] == "no match"
    steps = ladder(around, decided, DEFAULT)
    whole = sum(step.bits for step in steps)
    assert 1 / (1 + 2**-whole) == pytest.approx(said[4], abs=0.002)


def test_a_pair_that_was_never_proposed_is_weighed_beside_those_that_were() -> None:
    one = ours("Halvorsen Logistics, halvorsen.com", "Zorn Pumps")
    other = theirs("Halvorsen Logistics, halvorsen.com", "Zorn Pumps")
    around = look_at(one, other, pair("O0", "T1"))
    assert not around.proposed
    outcome = think(around, DEFAULT, NOTHING)[0]
    assert outcome.usable == outcome.frequent == ()
    found = outcome.decided.filter(pl.col("theirs_id") == "T1", pl.col("ours_id") == "O0").row(0, named=True)
    assert (found["decision"], found["rival"] < 0) == ("no match", True)


def test_a_pair_that_only_other_pairs_leave_alone_at_an_address_is_seen_as_such() -> None:
    """Their Cedar is taken by ours, a pair of neither row that is looked at."""
    address = {column: [value, value] for column, value in _SAME}
    one = ours("Alder Pumps, , , Norway", "Cedar Foods, , , Norway", **address)
    other = theirs("Birch Valves, , , Norway", "Cedar Foods, , , Norway", **address)
    around = look_at(one, other, pair())
    decided = think(around, DEFAULT, NOTHING)[0].decided
    assert decided.filter(pl.col("ours_id") == "O0", pl.col("theirs_id") == "T0")["post"].item() == "alone"


def test_a_likely_pair_that_nothing_proposes_is_no_match() -> None:
    others = [f"Halvorsen {word}" for word in _WORDS]
    one, other = ours("Halvorsen Abbye, , , NO", *others), theirs("Halvorsen Abye, , , NO", *others)
    around = look_at(one, other, pair())
    assert not around.proposed
    decided = think(around, DEFAULT, NOTHING)[0].decided
    said = thought_of(around, decided, one, DEFAULT).row(0, named=True)
    assert said["probability"] > DEFAULT.review_at
    assert said["decision"] == "no match"


def test_a_thought_changes_one_row_and_nothing_for_others() -> None:
    around = look_at(ours("Zorn, zorn.de", "Zorn Pumps"), theirs("Zorn", "Zorn Pumps"), pair())
    thoughts = [Thought(), Thought(theirs={"website": "zorn.de"}), Thought()]
    now, then, again = think(around, DEFAULT, thoughts)
    of_pair, of_others = (
        [pl.col("ours_id") == key, pl.col("theirs_id") == other] for key, other in (("O0", "T0"), ("O1", "T1"))
    )
    assert now.decided.filter(of_pair)["website"].item() != "same"
    assert then.decided.filter(of_pair)["website"].item() == "same"
    for outcome in (then, again):
        assert outcome.decided.filter(of_others)["weight"].equals(now.decided.filter(of_others)["weight"])
    assert again.decided.filter(of_pair)["weight"].equals(now.decided.filter(of_pair)["weight"])
    assert set(then.usable) > set(now.usable)
    assert not now.decided["theirs_id"].str.contains("\x1f").any()


def test_a_key_that_too_many_rows_share_is_told_from_one_that_proposes() -> None:
    names = [f"Halvorsen {word}" for word in _WORDS]
    around = look_at(ours(*names), theirs(*reversed(names)), pair("O0", "T0"))
    outcome = think(around, DEFAULT, NOTHING)[0]
    assert (around.proposed, outcome.usable) == (False, ())
    assert len(outcome.frequent) >= 1


def test_statistics_of_a_run_can_be_given() -> None:
    one, other = ours("Zorn Pumps"), theirs("Zorn Pumps")
    many = ours(*(f"Zorn {number} Pumps" for number in range(2000)))
    counted = statistics.measure(tables(many, other))
    alone, beside = (
        think(look_at(one, other, pair(), known), DEFAULT, NOTHING)[0].decided for known in (None, counted)
    )
    assert beside["prior"].item() < alone["prior"].item()


def test_a_row_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match="O9"):
        look_at(ours("Zorn"), theirs("Zorn"), pair("O9"))


def test_a_row_without_a_usable_name_is_in_no_pair() -> None:
    around = look_at(ours("Zorn"), theirs("???"), pair())
    assert think(around, DEFAULT, NOTHING)[0].decided.is_empty()
    assert ladder(around, think(around, DEFAULT, NOTHING)[0].decided, DEFAULT) == ()
