"""The level that two accounts reach, comparison by comparison: what each level means, by example and at its edge."""

import pytest

from tests.matching.by_hand import Account, account, level, levels, theirs

#: A word that so many names have is worth 7 bits; a word that nobody else has 14.
FREQUENT = [account(f"frequent r{number}") for number in range(160)]
NAMES = [  # ours, theirs, the level
    ("velmorant", "velmorant", "equal_distinctive"),
    ("brixley", "brixley", "equal"),
    ("velmorant foods", "foods velmorant", "equal_distinctive"),
    ("uno tec", "unotec", "equal"),
    ("apollo", "apollo", "equal_common"),
    ("kvx", "kvx", "equal_common"),
    ("global bank", "global bank", "equal_common"),
    ("velmorant kestridge intl", "velmorant kestridge international", "abbreviated_long"),
    ("velmorantage", "velmor", "abbreviated"),
    ("velmorantage", "velmorantag", "near"),
    ("velmorant", "velmorent", "resembles"),
    ("velmorantia", "velmorentia", "near"),
    ("velmorant 20", "velmorant 21", "conflict_first"),
    ("velmorant", "velmorant bank", "tiny_rest"),
    ("velmorant kestridge", "velmorant kestridge bank", "tiny_rest_long"),
    ("velmorant", "velmorant bank group", "generic_rest"),
    ("velmorant bank", "velmorant energy", "generic_both"),
    ("velmorant", "velmorant quantrell", "inside"),
    ("velmorant kestridge", "velmorant kestridge quantrell", "inside_long"),
    ("velmorant bank", "velmorant quantrell", "inside_mixed"),
    ("datarobot", "data robot quantrell", "begins"),
    ("brixley", "brixlex", "resembles"),
    ("ibm", "international business machines", "initials"),
    ("velmorant", "banco velmorant", "brand_late"),
    ("group velmorant", "velmorant bank", "brand_late"),
    ("velmorant", "quantrell velmorant", "inside_late"),
    ("velmorant quantrell", "velmorant ostermann", "conflict_first"),
    ("quantrell velmorant kestridge", "ostermann velmorant kestridge", "conflict_long"),
    ("global bank", "global capital", "weak"),
    ("velmorant", "kestridge", "weak"),
]


@pytest.mark.parametrize(("ours", "theirs", "expected"), NAMES)
def test_names_reach_the_level_that_says_what_they_have_in_common(ours: str, theirs: str, expected: str) -> None:
    assert level("name", account(ours), account(theirs)) == expected


def test_a_name_given_beside_the_main_one_proves_less() -> None:
    assert level("name", account("kestridge", "velmorant"), account("velmorant")) == "equal_known"
    assert level("name", account("kestridge", "velmorant"), account("quantrell", "velmorant")) == "weak"
    assert level("name", account("kestridge", "quantrell", "velmorant"), account("velmorant")) == "equal_alias"


def test_a_name_by_which_two_websites_go_is_a_common_one() -> None:
    homonyms = [account("velmorant", site="velmorant.com"), account("velmorant", site="velmorant.io")]
    assert level("name", account("velmorant"), account("velmorant"), *homonyms) == "equal_common"
    assert level("name", account("velmorant"), account("velmorant"), homonyms[0]) == "equal_distinctive"


def test_names_that_differ_in_their_own_script_are_not_equal() -> None:
    ours, other = account("romashka", native="ромашка"), account("romashka", native="рамашка")
    assert level("name", ours, other) == "resembles"
    assert level("name", ours, account("romashka")) == "equal_distinctive"


def test_words_that_many_names_have_say_little() -> None:
    assert level("name", account("frequent"), account("frequent quantrell")) == "inside"
    assert level("name", account("frequent"), account("frequent quantrell"), *FREQUENT) == "weak"


def test_long_names_may_share_most_of_what_they_say() -> None:
    ours, other = account("kestridge velmorant frequent"), account("kestridge velmorant usual")
    usual = [account(f"usual r{number}") for number in range(160)]
    assert level("name", ours, other) == "conflict_first"
    assert level("name", ours, other, *FREQUENT, *usual) == "most"


def test_of_several_names_the_two_count_that_fit_best() -> None:
    ours, other = account("velmorant bank", "kestridge"), account("quantrell", "velmorant bank")
    assert levels(ours, theirs(other))["name"] == "equal_known"


def test_of_names_that_fit_equally_well_either_side_chooses_the_same() -> None:
    renamed = account("velmorant", "kestridge"), account("kestridge", "velmorant")
    for one, other, company in zip(("ltd", "ag"), ("ltd", "gmbh"), (0, 1), strict=True):
        renamed[0]["names"][company] = (*renamed[0]["names"][company][:2], one, "")
        renamed[1]["names"][1 - company] = (*renamed[1]["names"][1 - company][:2], other, "")
    assert level("form", *renamed) in ("same", "differs")


NOWHERE: Account = {}
PLACES = [
    (NOWHERE, {"country": "US", "city": "boston", "state": "ma"}, "unknown"),
    ({"country": "US"}, {"country": "GB"}, "country_differs"),
    ({"country": "US", "city": "boston"}, {"country": "GB", "city": "boston"}, "city_only"),
    ({"city": "boston"}, {"city": "boston"}, "city"),
    ({"city": "boston", "state": "ma"}, {"city": "boston"}, "city"),
    (
        {"country": "US", "city": "boston", "state": "ma"},
        {"country": "US", "city": "boston", "state": "ny"},
        "city_differs",
    ),
    ({"state": "ma", "city": "boston"}, {"state": "ma"}, "state"),
    ({"state": "ma", "city": "boston"}, {"state": "ma", "city": "salem"}, "state_only"),
    ({"country": "US", "city": "boston"}, {"country": "US", "city": "salem"}, "city_differs"),
    ({"city": "boston"}, {"city": "salem"}, "unknown"),
    ({"country": "US", "city": "boston"}, {"country": "US"}, "country"),
    (
        {"country": "US", "city": "boston", "postcode": "1"},
        {"country": "US", "city": "salem", "postcode": "2"},
        "country",
    ),
]


@pytest.mark.parametrize(("ours", "theirs", "expected"), PLACES)
def test_places_reach_the_level_that_says_where_they_agree(ours: Account, theirs: Account, expected: str) -> None:
    assert level("place", account("acme", **ours), account("acme", **theirs)) == expected


def test_a_country_in_the_name_explains_another_country() -> None:
    ours, other = account("velmorant", country="US"), account("velmorant germany", country="DE")
    assert level("place", ours, other) == "country_unit"
    assert level("place", ours, account("velmorant quantrell germany", country="DE")) == "country_named"
    assert level("place", account("apollo", country="US"), account("apollo germany", country="DE")) == "country_named"


def test_a_common_name_at_another_postcode_is_another_company() -> None:
    ours, other = account("oak tree nursery", postcode="1"), account("oak tree nursery", postcode="2")
    assert level("post", ours, other) == "differs_other"


def test_a_website_says_nothing_of_a_company_of_two_names() -> None:
    ours = account("kestridge", "velmorant", site="kestridge.com")
    assert level("website", ours, account("velmorant", site="velmorant.com")) == "unknown"
    assert level("website", ours, account("velmorant")) != "unlike"


def test_one_label_under_two_endings_speaks_for_units_of_a_rare_brand() -> None:
    ours = account("velmorant", site="velmorant.com")
    assert level("website", ours, account("velmorant germany", site="velmorant.de")) == "same_label_brand"
    assert level("website", ours, account("velmorant", site="velmorant.de")) == "same_label"
    common = account("apollo", site="apollo.com"), account("apollo bank", site="apollo.io")
    assert level("website", *common) == "same_label"


def test_a_name_in_its_own_script_may_be_the_other_by_its_meaning() -> None:
    assert level("name", account("yin xiang", native="印象"), account("velmorant")) == "scripts"
    assert level("name", account("yin xiang"), account("velmorant")) == "weak"


POSTS = [
    ("velmorant", {"postcode": "ls12ab"}, {"postcode": "ls12ab"}, "postcode"),
    ("kestridge", {"postcode": "ls12ab"}, {"postcode": "ls12ab"}, "sisters"),
    ("velmorant", {"postcode": "ls12ab", "outward": "ls1"}, {"postcode": "ls13cd", "outward": "ls1"}, "outward"),
    ("kestridge", {"postcode": "ls12ab", "outward": "ls1"}, {"outward": "ls1"}, "outward_other"),
    ("velmorant", {"postcode": "ls12ab"}, {"postcode": "ls13cd"}, "differs"),
    ("kestridge", {"postcode": "ls12ab"}, {"postcode": "ls13cd"}, "differs_other"),
    ("velmorant", {"postcode": "1234", "country": "AT"}, {"postcode": "1234", "country": "CH"}, "unknown"),
    ("velmorant", {"postcode": "ls12ab"}, {}, "unknown"),
    ("velmorant", {}, {}, "unknown"),
]


@pytest.mark.parametrize(("name", "ours", "theirs", "expected"), POSTS)
def test_postcodes_are_read_beside_names(name: str, ours: Account, theirs: Account, expected: str) -> None:
    assert level("post", account("velmorant", **ours), account(name, **theirs)) == expected


SIZES = [
    (None, None, "unknown"), (0, None, "unknown"), (101, None, "unknown"),
    (10, None, "tiny"), (11, None, "small"), (100, 0, "small"), (1, None, "tiny"),
    (80, 100, "same"), (80, 101, "near"), (100, 260, "near"), (100, 261, "off"), (100, 600, "off"), (100, 601, "far"),
    (2**31, 2**40, "same"), (-5, 90, "small"),
]  # fmt: skip


@pytest.mark.parametrize(("ours", "theirs", "expected"), SIZES)
def test_headcounts_are_compared_by_their_ratio(ours: int | None, theirs: int | None, expected: str) -> None:
    assert level("size", account("acme", headcount=ours), account("acme", headcount=theirs)) == expected


INDUSTRIES = [
    (None, "6419", "unknown"),
    ("6419", "6419", "same"),
    ("6419 - Banks", "6419", "same"),
    ("6419; 6420", "6420,6419", "same_many"),
    ("6419; 6420", "6420", "overlap"),
    ("6419", "6420", "differs"),
    ("Banking", " BANKING", "same"),
    ("Banking", "Finance", "sector"),
    ("Banking", "Hospitals", "other_sector"),
    ("Banking", "Various", "unknown"),
    ("Banking", "6419", "unknown"),
    ("641", "642", "unknown"),
]


@pytest.mark.parametrize(("ours", "theirs", "expected"), INDUSTRIES)
def test_industries_are_compared_as_sets_of_codes_or_as_texts(ours: str | None, theirs: str, expected: str) -> None:
    assert level("industry", account("acme", industry=ours), account("acme", industry=theirs)) == expected


FORMS = [
    ("velmorant", "ltd", "ltd", "same"),
    ("velmorant", "ltd", "gmbh", "differs"),
    ("velmorant", "ltd", "", "unknown"),
    ("velmorant", "", "", "unknown"),
    ("kestridge", "ltd", "gmbh", "unknown"),
]


@pytest.mark.parametrize(("name", "ours", "theirs", "expected"), FORMS)
def test_legal_forms_tell_of_equal_names_only(name: str, ours: str, theirs: str, expected: str) -> None:
    assert level("form", account("velmorant", form=ours), account(name, form=theirs)) == expected


def test_legal_forms_of_two_countries_are_not_compared() -> None:
    ours, other = account("velmorant", form="ltd", country="GB"), account("velmorant", form="gmbh", country="DE")
    assert level("form", ours, other) == "unknown"


def test_a_phone_number_tells_only_if_it_is_the_same() -> None:
    numbers = [(123456789, 123456789, "same"), (123456789, 987654321, "unknown"), (None, None, "unknown")]
    for ours, other, expected in numbers:
        assert level("phone", account("acme", phone=ours), account("acme", phone=other)) == expected


SITES = [  # our name and website, theirs, the level
    ("velmorant", "velmorant.com", "velmorant", "velmorant.com", "same"),
    ("velmorant", "velmorant.com", "kestridge", "velmorant.com", "same_other"),
    ("velmorant", "velmorant.com", "velmorant", "velmorant.io", "same_label"),
    ("velmorant", "velmorant.com", "velmorant bank", "velmorantbank.com", "different_named"),
    ("velmorant", "velmorant.com", "kestridge", "kestridge.com", "different_weak"),
    ("velmorant", "velmorant.com", "velmorant", "kestridge.com", "different_named"),
    ("velmorant", "vlm.com", "velmorant", "kestridge.com", "different_unclear"),
    ("velmorant quantrell", "velmorantq.com", "velmorant ostermann", "velmoranto.com", "different"),
    ("velmorant", None, "velmorant", None, "unknown"),
    ("velmorant", "velmorant.com", "kestridge", None, "unknown"),
    ("velmorant", "velmorant.com", "velmorant", None, "is_distinctive"),
    ("apollo", "apollo.com", "apollo", None, "is_name"),
    ("velmorant", "velmorant.io", "velmorant", None, "is_name_elsewhere"),
    ("velmorant", "kestridge.com", "kestridge", None, "is_other_name"),
    ("velmorant", "getvelmorant.com", "velmorant", None, "is_brand"),
    ("velmorant bank", "velmorant.com", "velmorant energy", None, "is_brand_partly"),
    ("velmorant", "velmorant.com", "velmorant energy", None, "is_brand_own"),
    ("velmorant", "velmorantworld.com", "velmorant", None, "begins_name"),
    ("velmorant foods", "velmorantfoods.com", "velmorant drinks", None, "begins_own"),
    ("velmorant", "kestridge.com", "velmorant", None, "unlike_both"),
    ("velmorant quantrell", "quantrellvelmorant.com", "velmorant quantrell", None, "unlike_both"),
    ("kestridge", "kestridge.com", "kestridge velmorant", None, "begins_own"),
]  # fmt: skip


@pytest.mark.parametrize(("ours", "our_site", "theirs", "their_site", "expected"), SITES)
def test_websites_are_read_beside_each_other_or_beside_the_other_name(
    ours: str, our_site: str | None, theirs: str, their_site: str | None, expected: str
) -> None:
    bare = {"getvelmorant.com": "velmorant"}
    x = account(ours, site=our_site, **({"bare": bare[our_site]} if our_site in bare else {}))
    assert level("website", x, account(theirs, site=their_site)) == expected


def test_the_country_that_a_website_ends_in_is_its_owners() -> None:
    ours, other = account("velmorant", site="velmorant.co.uk", country="GB"), account("velmorant", country="US")
    assert level("website", ours, other) == "is_distinctive"
    assert level("website", ours | {"country": "US"}, other | {"country": "GB"}) == "is_name_elsewhere"
    assert level("website", ours | {"country": None}, other | {"country": "GB"}) == "is_distinctive"


def test_a_slip_in_the_name_does_not_make_a_website_unlike_it() -> None:
    ours, slip = account("velmorantis", site="velmorantis.com"), account("velmorantus")
    assert level("website", ours, slip) == "unknown"
    assert level("website", ours | {"label": "quandry", "bare": "quandry"}, slip) == "unlike_both"


def test_a_website_that_many_rows_share_is_a_groups() -> None:
    sharers = [account(f"home r{number}", site="velmorant.com") for number in range(4)]
    ours, same = account("velmorant", site="velmorant.com"), account("velmorant", site="velmorant.com")
    assert level("website", ours, same, *sharers[:2]) == "same"
    assert level("website", ours, same, *sharers) == "same_shared"
    other = account("kestridge", site="velmorant.com")
    assert level("website", ours, other, sharers[0]) == "same_shared_other"
    entities = (
        account("velmorant", site="velmorant.com", form="ltd"),
        other | account("kestridge", form="ag", site="velmorant.com"),
    )
    assert level("website", *entities) == "same_entities"
    assert level("website", *entities, sharers[0]) == "same_shared_entities"


def test_any_of_several_websites_may_be_the_one_that_both_have() -> None:
    ours = account("velmorant", site="velmorant.com", others=["velmorant.de", "old.com", "beyond.com"])
    for site in ("velmorant.de", "old.com"):
        assert level("website", ours, account("velmorant", site=site)) == "same"
    both = account("velmorant", site="new.com", others=["old.com"])
    assert level("website", ours, both) == "same"
    assert level("website", ours, account("kestridge", site="beyond.com")) == "different_weak"


def test_long_names_that_differ_behind_the_eighth_word_are_two_names() -> None:
    office = "kestridge velmorant quantrell department park recreation harbour district"
    assert level("name", account(f"{office} 1"), account(f"{office} 2")) == "most"
    assert level("name", account(f"{office} 1"), account(f"{office} 1")) == "equal_distinctive"
