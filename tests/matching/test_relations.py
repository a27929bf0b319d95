"""How two accounts are related, by their names and by what else their rows say."""

import polars as pl
import pytest

from matching.duckdb_engine import DuckDbEngine
from matching.relations import relate
from matching.weights import DEFAULT
from overlap.model import PARENT, SAME, SIBLING, SUBSIDIARY
from tests.matching.sides import ours, pair, theirs

MIRRORED = {SAME: SAME, PARENT: SUBSIDIARY, SUBSIDIARY: PARENT, SIBLING: SIBLING}
RELATIONS = [  # ours, theirs, what theirs is to ours
    # a region or division behind the brand is a unit of it
    ("Kestrel Analytics", "Kestrel Analytics Deutschland GmbH", SUBSIDIARY),
    ("Bosslund Italia S.p.A.", "Bosslund AB", PARENT),
    ("Velmorandi France", "Velmorandi Italia", SIBLING),
    ("Halbrecht AG", "Halbrecht Mobility GmbH", SUBSIDIARY),
    ("Halbrecht AG, halbrecht.com", "Halbrecht Zanderlund, halbrecht.com", SUBSIDIARY),
    # two duties beside one brand
    ("Quorndale Steel", "Quorndale Consultancy Services", SIBLING),
    ("Hallbrook Foods, hallbrook.com", "Hallbrook Leasing, hallbrook.com", SIBLING),
    # what only describes names no unit
    ("Ferrowick Group, ferrowick.com", "Ferrowick, ferrowick.com", SAME),
    ("Groupe Lacostelle", "Lacostelle", SAME),
    ("Kestridge Capital, kestridge.com", "Kestridge Capital Partners LLP, kestridge.com", SAME),
    # words before the brand name no unit
    ("Banco Veltamar", "Veltamar", SAME),
    # one spelling or another
    ("Hendrickson Valvewerks", "Hendricksen Valvewerks", SAME),
    ("Velmorant SA", "Velmorant Ltd", SAME),
    # the owner is named beside
    ("Skedmarsh, a Wintergilt company", "Wintergilt", PARENT),
    ("Vellumcart (part of Thornsgate Group)", "Thornsgate Group", PARENT),
    ("Ondrelli (acquired by Brasswick)", "Brasswick Inc.", PARENT),
    ("Ondrelli (acquired by Brasswick)", "Ondrelli", SAME),
]


def related(one: pl.DataFrame, other: pl.DataFrame) -> str:
    found = DuckDbEngine().compare(one, other, pair(), DEFAULT)
    return relate(found, one, other, DEFAULT)["relation"].item()


@pytest.mark.parametrize(("one", "other", "relation"), RELATIONS)
def test_names_say_who_belongs_to_whom(one: str, other: str, relation: str) -> None:
    mine, yours = [one], [other]  # a comma in a name is no separator here
    if "company" in one:
        assert related(ours("x", name=mine), theirs("x", name=yours)) == relation
    else:
        assert related(ours(one), theirs(other)) == relation
        assert related(ours(other), theirs(one)) == MIRRORED[relation]


def test_one_phone_makes_one_company_of_a_name_with_a_word_more() -> None:
    one, other = "Redferne Kennels", "Redferne Boardingham Kennels"
    assert related(ours(one), theirs(other)) == SUBSIDIARY
    phone = {"phone": ["+44 1904 555 010"]}
    assert related(ours(one, **phone), theirs(other, **phone)) == SAME


@pytest.mark.parametrize(
    ("mine", "yours", "relation"),
    [
        ("Lakethornby Ltd", "Lakethornby Holdings Ltd", PARENT),
        ("Lakethornby Holdings Ltd", "Lakethornby Ltd", SUBSIDIARY),
        ("Lakethornby Holdings", "Lakethornby Hldgs", SAME),
        ("Lakethornby Ltd", "Lakethornby Group Ltd", SAME),
    ],
)
def test_of_two_companies_at_one_postcode_the_holding_is_the_parent(mine: str, yours: str, relation: str) -> None:
    at_quay = {"postcode": ["PL1 2AB"]}
    assert related(ours(mine, **at_quay), theirs(yours, postcode=["pl12ab"])) == relation


def test_a_holding_elsewhere_or_on_the_same_website_is_the_company_itself() -> None:
    assert related(ours("Lakethornby Ltd"), theirs("Lakethornby Holdings Ltd")) == SAME
    site = ("Lakethornby Ltd, lakethornby.com", "Lakethornby Holdings, https://www.lakethornby.com/about")
    assert related(ours(site[0], postcode=["PL1 2AB"]), theirs(site[1], postcode=["PL1 2AB"])) == SAME


def test_no_pair_is_lost_or_changed_but_for_its_relation() -> None:
    mine = ours(
        "Lakethornby Ltd", "Ferrowick", "Vellumcart (part of Thornsgate Group)", postcode=["PL1 2AB", None, None]
    )
    yours = theirs("Lakethornby Holdings Ltd", "Ferrowick", "Thornsgate Group", postcode=["PL1 2AB", None, None])
    found = DuckDbEngine().match(mine, yours, DEFAULT)
    after = relate(found, mine, yours, DEFAULT)
    assert after.drop("relation").equals(found.drop("relation"))
    assert after.schema == found.schema
