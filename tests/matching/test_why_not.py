"""Why a pair is no match, and which fact would settle it: the facts, the choice among them, the engine's answers."""

import pytest

from matching.duckdb_engine import DuckDbEngine
from matching.facts import Fact, facts
from matching.model_file import shipped
from matching.surroundings import Thought, look_at
from matching.weights import DEFAULT
from matching.why_not import Settling, WhyNot, settling, why_not
from tests.matching.sides import ours, pair, theirs

PLAIN = dict.fromkeys(("website", "city", "country", "phone", "postcode", "street", "state", "industry"))


def row(**said: str) -> dict[str, str | None]:
    return PLAIN | said


def asked(
    one: str, other: str, model=DEFAULT, mine: tuple[str, ...] = (), yours: tuple[str, ...] = (), **added
) -> WhyNot:
    left, right = ours(one, *mine, **added), theirs(other, *yours)
    around = look_at(left, right, pair())
    return why_not(around, model, left.row(0, named=True), right.row(0, named=True))


# --- facts ---------------------------------------------------------------------------------------------------------


def test_a_website_that_one_side_lacks_may_be_the_others_or_another() -> None:
    found = [
        fact for fact in facts(row(name="Meteor", website="meteor.com"), row(name="Meteor")) if fact.kind == "website"
    ]
    assert [fact.said for fact in found] == [
        "their list gave meteor.com as the website of Meteor",
        "their list gave another website than meteor.com for Meteor",
    ]
    assert found[0].thought == Thought(theirs={"website": "meteor.com"})
    assert [fact.favours for fact in found] == [True, False]
    assert found[1].thought.theirs["website"] != "meteor.com"


def test_what_our_side_lacks_is_asked_of_our_crm() -> None:
    (said, *_) = [
        fact.said for fact in facts(row(name="Meteor"), row(name="Meteor Ltd", city="Cork")) if fact.kind == "city"
    ]
    assert said == "our CRM gave Cork as the city of Meteor"


def test_what_both_sides_say_alike_is_no_fact_to_find_out() -> None:
    both = row(name="Meteor", website="meteor.com", city="Cork", country="Ireland", phone="+353 1 555", postcode="T12")
    assert facts(both, {**both, "city": " cork ", "name": "METEOR"}) == []


def test_another_country_is_another_one_however_it_is_written() -> None:
    found = facts(row(name="Meteor", country="JP"), row(name="Meteor"))
    (other,) = [fact.thought.theirs["country"] for fact in found if fact.kind == "country" and not fact.favours]
    assert other != "Japan"


def test_what_one_side_lacks_is_likelier_to_be_found_out_than_that_both_are_wrong() -> None:
    lacks = facts(row(name="Meteor", city="Cork"), row(name="Meteor"))
    wrong = facts(row(name="Meteor", city="Cork"), row(name="Meteor", city="Oslo"))
    first, second = (next(fact for fact in found if fact.kind == "city") for found in (lacks, wrong))
    assert first.likelihood(0.5) > second.likelihood(0.5)


# --- the choice among them -----------------------------------------------------------------------------------------


def fact(kind: str, ready: float = 1.0, favours: bool = True) -> Fact:
    return Fact(kind, f"{kind} were known", Thought(), ready, favours)


def chosen(now: tuple[str, float], *answers: tuple[Fact, str, float]) -> list[str]:
    found = settling(now, [one for one, _, _ in answers], [(decision, p) for _, decision, p in answers])
    return [one.kind for one in found]


def test_only_facts_that_move_the_decision_are_kept() -> None:
    answers = (fact("city"), "review", 0.7), (fact("website"), "match", 0.97)
    assert chosen(("review", 0.6), *answers) == ["website"]


def test_a_fact_that_leaves_no_doubt_comes_before_one_that_only_raises_it() -> None:
    answers = (fact("city", 9.0), "review", 0.7), (fact("website", 1.0), "match", 0.97)
    assert chosen(("no match", 0.2), *answers) == ["website", "city"]


def test_of_a_doubtful_pair_the_likelier_half_is_asked_first() -> None:
    answers = (fact("same"), "match", 0.97), (fact("other", favours=False), "no match", 0.03)
    assert chosen(("review", 0.8), *answers) == ["same", "other"]
    assert chosen(("review", 0.3), *answers) == ["other", "same"]


def test_a_fact_that_favours_the_pair_settles_nothing_by_speaking_against_it() -> None:
    assert chosen(("review", 0.6), (fact("website"), "no match", 0.1)) == []
    assert chosen(("review", 0.6), (fact("website", favours=False), "match", 0.9)) == []


def test_a_sentence_says_fact_decision_and_probability() -> None:
    assert settling(("review", 0.6), [fact("website")], [("match", 0.974)]) == [
        Settling("website", "If website were known, this would be a match (97%).", "match", 0.974)
    ]


# --- the engine's answers ------------------------------------------------------------------------------------------


def test_a_common_name_is_settled_by_the_website_that_one_side_lacks() -> None:
    found = asked("Meteor, meteor.com", "Meteor")
    assert found.proposed
    told = {one.kind: one for one in found.settling if one.decision == "match"}
    assert told["website"].said.startswith(
        "If their list gave meteor.com as the website of Meteor, this would be a match ("
    )
    assert found.settling[0].kind == "website"


def test_what_it_promises_comes_true() -> None:
    """The engine, given the fact, says what was promised."""
    promised = next(one for one in asked("Meteor, meteor.com", "Meteor").settling if one.kind == "website")
    left, right = ours("Meteor, meteor.com"), theirs("Meteor, meteor.com")
    came = DuckDbEngine().match(left, right, DEFAULT).row(0, named=True)
    assert came["decision"] == promised.decision
    assert came["probability"] == pytest.approx(promised.probability, abs=0.02)


def test_a_pair_that_shares_nothing_says_what_would_have_found_it() -> None:
    found = asked("Palmetto Freightways, palmetto.com", "Nuvarro")
    assert (found.proposed, found.found_by) == (False, ())
    assert "their list gave palmetto.com as the website of Nuvarro" in found.would_find
    assert not any("country" in said for said in found.would_find)  # a country alone finds nobody


def test_a_fact_that_would_not_have_the_pair_proposed_settles_nothing() -> None:
    """Two spellings of a name whose one frequent word finds nobody: a country makes it likely, and still not found."""
    words = ["Birch", "Cedar", "Dune", "Elm", "Fjord", "Glade", "Harbour", "Iris", "Jetty", "Kiln", "Lodge"]
    others = tuple(f"Halvorsen {word}" for word in words)
    found = asked("Halvorsen Abbye, , , NO", "Halvorsen Abye", mine=others, yours=others)
    assert not found.proposed
    assert "country" not in {one.kind for one in found.settling}
    assert "website" in {one.kind for one in found.settling}


def test_names_the_rival_that_won_and_what_speaks_against() -> None:
    found = asked("Stagemarket Ltd, , Leeds, UK", "Stagemarket Ltd, , Hove, UK", mine=("Stagemarket Ltd, , Hove, UK",))
    assert (found.rival.side, found.rival.id, found.rival.name) == ("ours", "O1", "Stagemarket Ltd")
    assert found.against[0] == "same country, other city"


def test_a_pair_without_a_rival_has_none() -> None:
    assert asked("Meteor, meteor.com", "Meteor").rival is None


def test_a_key_that_too_many_rows_have_is_named() -> None:
    words = ["Birch", "Cedar", "Dune", "Elm", "Fjord", "Glade", "Harbour", "Iris", "Jetty", "Kiln", "Lodge"]
    others = tuple(f"Halvorsen {word}" for word in words)
    found = asked("Halvorsen Abbey", "Halvorsen Moor", mine=others, yours=others)
    assert "the word 'halvorsen'" in found.too_frequent


def test_asked_for_families_a_parent_link_settles_it() -> None:
    family = shipped()[0].family
    found = asked("Zornfeld Bakery, zornfeld.com", "Quandry, quandry.com", family, mine=("Quandry, quandry.com",))
    (link,) = [one for one in found.settling if one.kind == "parent"]
    assert link.said.startswith(
        "If our CRM had Quandry as the parent account of Zornfeld Bakery, this would be a match ("
    )
    assert not [
        one for one in asked("Zornfeld Bakery", "Quandry", DEFAULT, mine=("Quandry",)).settling if one.kind == "parent"
    ]
