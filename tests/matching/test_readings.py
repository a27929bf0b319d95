"""How a website reads beside a name."""

import pytest

from matching import readings
from matching.readings import BEGINS, BRAND, DISTINCTIVE, NAME, UNKNOWN, UNLIKE
from tests.matching.by_hand import account, features, theirs

READINGS = [  # website, its label without what companies add, a name
    ("velmorant.com", None, "velmorant", DISTINCTIVE),
    ("velmorant.com", None, "vel morant", DISTINCTIVE),
    ("velmorant.com", None, "vel mo rant", DISTINCTIVE),
    ("apollo.com", None, "apollo", NAME),
    ("globalbank.com", None, "global bank", NAME),
    ("zor.com", None, "zor", NAME),
    ("velmoranthq.com", "velmorant", "velmorant", DISTINCTIVE),
    ("getvelmorant.com", "velmorant", "velmorant", BRAND),
    ("apollohq.com", "apollo", "apollo", BRAND),
    ("velmorant.com", None, "velmorant group", BRAND),
    ("getvelmorant.com", "velmorant", "velmorant group", BRAND),
    ("velmorantworld.com", None, "velmorant", BEGINS),
    ("velmorant.com", None, "velmorant quantrell", BEGINS),
    ("velmorantfoods.com", None, "velmorant quantrell", BEGINS),
    ("ibm.com", None, "international business machines", BEGINS),
    ("i.com", None, "international", UNLIKE),
    ("vel.com", None, "velmorant", UNLIKE),
    ("zorworld.com", None, "zor", UNLIKE),
    ("quantrell.com", None, "velmorant", UNLIKE),
    ("morant.com", None, "velmorant", UNLIKE),
    ("uk.com", None, "kestridge", UNLIKE),
    (None, None, "velmorant", UNKNOWN),
]


@pytest.mark.parametrize(("site", "bare", "name", "expected"), READINGS)
def test_a_website_reads_like_a_name_or_not(site: str | None, bare: str | None, name: str, expected: int) -> None:
    given = {"bare": bare} if bare else {}
    both = features(account("other", site=site, **given), theirs(account(name)))
    assert readings.reading(both.accounts[0], both.names[1], both.words) == expected


def test_only_describing_words_are_no_brand() -> None:
    both = features(account("other", site="bank.com"), theirs(account("global bank")))
    assert readings.reading(both.accounts[0], both.names[1], both.words) == UNLIKE


def test_an_accounts_website_is_read_beside_all_of_its_names() -> None:
    some = features(
        account("velmorant", "quantrell", site="quantrell.com"),
        account("velmorant", site="quantrell.com"),
        account("velmorant"),
        account(site="quantrell.com"),
    )
    assert some.accounts["own_reading"].tolist() == [DISTINCTIVE, UNLIKE, UNKNOWN, UNKNOWN]
