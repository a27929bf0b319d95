"""The engine from outside: a table of pairs that a person judged, and what must hold whatever the rows are."""

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from matching.duckdb_engine import DuckDbEngine
from matching.engine import COLUMNS
from matching.weights import DEFAULT
from overlap.model import Match, schema_of

# ours | theirs | same company? Each side is "name, website, city, country"; what is missing is not known.
CASES = [
    # legal forms, case, punctuation, spacing
    ("Siemens Aktiengesellschaft", "Siemens AG, siemens.com", True),
    ("Halvorsen Logistics LLC, , Duluth, US", "HALVORSEN LOGISTICS", True),
    ("Marrow & Finch Ltd, marrowfinch.co.uk", "Marrow and Finch Limited", True),
    ("Goodwill Brewing Co, , Portland, US", "Good Will Brewing Company, , Portland, USA", True),
    ("Veltrona S. A., veltrona.be", "Veltrona NV, www.veltrona.be", True),
    ("The Quillfeather Company", "Quillfeather Co., quillfeather.com", True),
    ("Brändström Möbler AB, , Malmö, SE", "Brandstrom Mobler, , Malmo, Sweden", True),
    ("ООО «Ромашкин Дом», romashkin-dom.ru", "Romashkin Dom, https://romashkin-dom.ru/en", True),
    ("株式会社ヤマグチ工業, yamaguchi-kogyo.co.jp", "ヤマグチ工業, www.yamaguchi-kogyo.co.jp/en", True),
    ("Ostermann Präzisionstechnik GmbH & Co. KG", "Ostermann Präzisionstechnik", True),
    # abbreviations and truncated names
    ("Kestridge International Manufacturing, , Toledo, US", "Kestridge Intl Mfg, , Toledo, US", True),
    ("Pemberlake Bros. Services", "Pemberlake Brothers Svcs", True),
    ("Northgate Pharmaceuticals Inc, northgatepharma.com", "Northgate Pharma, northgatepharma.com", True),
    ("Bellwether Therapeutics, , Boston, US", "BELLWETHER THERAP., , Boston, US", True),
    ("International Business Machines (IBM), ibm.com", "IBM, ibm.com", True),
    # notes, aliases, hosts
    ("Tannerfield - DO NOT USE, tannerfield.com", "Tannerfield Inc", True),
    ("Tannerfield #2, tannerfield.com", "Tannerfield", True),
    ("Loomcraft (prev. PopSetter), loomcraft.io, Austin, US", "PopSetter, , Austin, US", True),
    ("Healthwise Ovenbird LLC dba Ovenbird, ovenbird.com", "Ovenbird, ovenbird.com", True),
    ("Crohnologist (by Healthmarch), healthmarch.com", "Healthmarch", True),
    ("support.zanderhosting.com", "Zanderhosting, zanderhosting.com", True),
    ("Brixley.com, brixley.com", "Brixley", True),
    # websites
    ("Dunmorrow, https://www.dunmorrow.com/about", "Dunmorrow Ltd, dunmorrow.com", True),
    ("State Harbor Insurance Cos., stateharbor.com", "State Harbor, www.stateharbor.com", True),
    ("Ferrowick Group, ferrowick.com", "Ferrowick, http://ferrowick.com:80/contact", True),
    ("Velmora, getvelmora.io", "Velmora, getvelmora.io", True),
    ("Velmorant, velmorant.com, Lyon, FR", "Velmorant, velmorant.fr, Lyon, FR", True),
    ("Quantrell Partners, linkedin.com/company/quantrell", "Quantrell Partners, , , ", True),
    ("Ashcombe Dental, ashcombe@gmail.com", "Riverton Dental, riverton@gmail.com", False),
    ("Corvane Systems, corvane.github.io", "Palloway Systems, palloway.github.io", False),
    # places
    ("Zurbriggen Optik, , Köln, Deutschland", "Zurbriggen Optik GmbH, , Cologne, Germany", True),
    ("Winterbourne Foods, , London, England", "Winterbourne Foods Ltd, , London, UK", True),
    ("Thistlemoor Dairy, , Springfield, US", "Thistlemoor Dairy LLC, , Springfield, United States", True),
    ("Image Systems, , Denver, US", "Image Systems AB, , Linköping, Sweden", False),
    ("Delta Marine, , Miami, US", "Delta Marine, , Rotterdam, NL", False),
    # spelling
    ("Hendrickson Valvewerks, , Tulsa, US", "Hendricksen Valvewerks, , Tulsa, US", True),
    ("Crystallord Limited, crystallord.com", "Cristallord Ltd, crystallord.com", True),
    ("Elysiana Homes No. 2 Ltd", "Elysiana Homes No. 3 Ltd", False),
    # distinctive words on both sides are conflict
    ("Delta Air Lines, delta.com", "Delta Dental, deltadental.com", False),
    ("First National Bank of Omaha, , Omaha, US", "First National Bank of Boise, , Boise, US", False),
    ("Government of Estonia", "Government of Ethiopia", False),
    ("Volkswagen Aktiengesellschaft", "Siemens Aktiengesellschaft", False),
    ("United Steel Works", "United Paper Works", False),
    ("Global Logistics Solutions", "Global Payment Solutions", False),
    ("Summit Roofing Denver", "Summit Plumbing Dallas", False),
    ("Liberty Mutual Insurance", "Liberty Tax Service", False),
    ("Smith & Jones Solicitors", "Smith & Wesson", False),
    ("American Airlines", "American Express", False),
    ("SAS Institute Inc.", "Institute of Directors", False),
    ("Limited Brands", "Brands Ltd", False),
    ("Royal Dutch Shell", "Royal Dutch Airlines KLM", False),
    ("Arrowhead Farms Kelmscott", "Arrowhead Mills Dunbarrow", False),
    # homonyms: a common word as the only name is no proof
    ("Apollo, apollo.io", "Apollo", False),
    ("Meteor, meteor.com, San Francisco, US", "Meteor, , Dublin, Ireland", False),
    ("Nova", "NOVA", False),
    ("Thread, thread.com", "Thread, threadhq.io", False),
    ("Harbor, harbor.ai", "Harbor Freight, harborfreight.com", False),
    # different websites of their own
    ("Mercantile Solutions, mercantile-solutions.com", "Mercantile Services, mercantileservices.co.uk", False),
    ("Orchard Software, orchardsoft.com", "Orchard Supply, osh.com", False),
    ("Pinnacle Group, pinnaclegroup.com", "Pinnacle Foods, pinnaclefoods.com", False),
]


def side(text: str, number: int) -> dict[str, object]:
    parts = [part.strip() or None for part in text.split(",")]
    return {"id": f"{number:03d}"} | dict(zip(("name", "website", "city", "country"), parts, strict=False))


def frame(rows: list[dict[str, object]], book: str, key: str) -> pl.DataFrame:
    schema = dict.fromkeys(COLUMNS, pl.String) | {"headcount": pl.Int64}
    return pl.DataFrame(rows, schema=schema).select(pl.lit(book).alias(key), pl.all())


OURS = frame([side(ours, number) for number, (ours, _, _) in enumerate(CASES)], "sf", "crm")
THEIRS = frame([side(theirs, number) for number, (_, theirs, _) in enumerate(CASES)], "globex", "partner")
PAIRS = pl.DataFrame({"crm": "sf", "ours_id": OURS["id"], "partner": "globex", "theirs_id": THEIRS["id"]})


@pytest.fixture(scope="module")
def judged() -> dict[str, dict[str, object]]:
    compared = DuckDbEngine().compare(OURS, THEIRS, PAIRS, DEFAULT)
    return {row["ours_id"]: row for row in compared.iter_rows(named=True)}


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{ours} / {theirs}" for ours, theirs, _ in CASES])
def test_agrees_with_a_person(judged: dict[str, dict[str, object]], number: int) -> None:
    row, same = judged[f"{number:03d}"], CASES[number][2]
    assert (row["decision"] == "match") if same else (row["decision"] != "match"), row


RELATIONS = [  # ours, theirs, which is what to ours?
    ("Siemens AG, siemens.com", "Siemens Healthineers, siemens.com", "Theirs is our subsidiary"),
    ("Bosch Rexroth, bosch.com", "Robert Bosch GmbH, bosch.com", "Theirs is our parent"),
    ("SAP Deutschland, sap.com", "SAP SE, sap.com", "Theirs is our parent"),
    ("Ferrowick Group, ferrowick.com", "Ferrowick, ferrowick.com", "Same"),
    ("Velmorant SA", "Velmorant Ltd", "Same"),
    ("Velmorant France", "Velmorant Italia", "Sibling"),
    ("Kestridge Capital, kestridge.com", "Kestridge Capital Partners LLP, kestridge.com", "Same"),
]


@pytest.mark.parametrize(("one", "other", "relation"), RELATIONS)
def test_extra_words_of_a_unit_say_who_belongs_to_whom(one: str, other: str, relation: str) -> None:
    ours, theirs = frame([side(one, 0)], "sf", "crm"), frame([side(other, 0)], "globex", "partner")
    assert DuckDbEngine().compare(ours, theirs, PAIRS.head(1), DEFAULT)["relation"].to_list() == [relation]


def test_a_frame_has_exactly_the_columns_of_a_match() -> None:
    assert DuckDbEngine().match(OURS, THEIRS, DEFAULT).schema == schema_of(Match)
    assert DuckDbEngine().match(OURS.clear(), THEIRS, DEFAULT).schema == schema_of(Match)
    assert DuckDbEngine().compare(OURS, THEIRS, PAIRS.clear(), DEFAULT).schema == schema_of(Match)


def test_finds_the_pairs_itself_and_gives_no_pair_that_is_no_match() -> None:
    found = DuckDbEngine().match(OURS, THEIRS, DEFAULT)
    pairs = set(found.select("ours_id", "theirs_id").iter_rows())
    lost = [CASES[number] for number in range(len(CASES)) if CASES[number][2] and (f"{number:03d}",) * 2 not in pairs]
    assert lost == []
    assert set(found["decision"]) <= {"match", "review"}


def test_does_not_depend_on_the_order_of_rows() -> None:
    straight = DuckDbEngine().match(OURS, THEIRS, DEFAULT)
    mixed = DuckDbEngine().match(OURS.sample(fraction=1, shuffle=True, seed=3), THEIRS.reverse(), DEFAULT)
    assert_frame_equal(straight, mixed, check_exact=True)
    assert_frame_equal(straight, straight.sort("crm", "ours_id", "partner", "theirs_id"))


def test_both_sides_see_the_same_probability() -> None:
    there = DuckDbEngine().match(OURS, THEIRS, DEFAULT).select("ours_id", "theirs_id", "probability")
    flipped = THEIRS.rename({"partner": "crm"}), OURS.rename({"crm": "partner"})
    back = DuckDbEngine().match(*flipped, DEFAULT)
    back = back.select(ours_id="theirs_id", theirs_id="ours_id", probability="probability").sort("ours_id", "theirs_id")
    assert_frame_equal(there.sort("ours_id", "theirs_id"), back, check_exact=True)


def test_partners_do_not_compete_for_an_account() -> None:
    ours = frame([side("Halvorsen Logistics, halvorsen.com", 1)], "sf", "crm")
    best = frame([side("Halvorsen Logistics, halvorsen.com", 1)], "globex", "partner")
    lesser = frame([side("Halvorsen Logistics Baltic", 1)], "initech", "partner")
    alone = DuckDbEngine().match(ours, lesser, DEFAULT, least=0.1)
    beside = DuckDbEngine().match(ours, pl.concat([best, lesser]), DEFAULT, least=0.1)
    assert beside["partner"].to_list() == ["globex", "initech"]
    assert beside["evidence"][1] == alone["evidence"][0]


def test_a_name_misspelt_in_its_first_letter_is_still_found() -> None:
    ours = frame([side("Xanthopolisity", 1)], "sf", "crm")
    theirs = frame([side("Zanthopolisity", 1)], "globex", "partner")
    assert DuckDbEngine().match(ours, theirs, DEFAULT)["decision"].to_list() == ["review"]


def test_the_same_of_many_alike_rows_are_kept_in_any_order() -> None:
    ours = frame([side("Halvorsen Logistics", number) for number in range(40)], "sf", "crm")
    theirs = frame([side("Halvorsen Logistics Ltd", number) for number in range(40)], "globex", "partner")
    straight = DuckDbEngine().match(ours, theirs, DEFAULT)
    assert set(straight["theirs_id"]) == set(theirs["id"])
    assert_frame_equal(straight, DuckDbEngine().match(ours.reverse(), theirs.reverse(), DEFAULT), check_exact=True)


def test_a_name_that_fills_a_partners_list_is_still_found() -> None:
    ours = frame([side("Halvorsen Logistics", 1)], "sf", "crm")
    theirs = frame([side("Halvorsen Logistics Ltd", number) for number in range(900)], "globex", "partner")
    assert DuckDbEngine().match(ours, theirs, DEFAULT).height == 900


def test_the_clearly_better_of_two_rows_takes_it() -> None:
    ours = frame([side("Stagemarket Ltd, , Leeds, UK", 1), side("Stagemarket Ltd, , Hove, UK", 2)], "sf", "crm")
    theirs = frame([side("Stagemarket Ltd, , Hove, UK", 1)], "globex", "partner")
    found = DuckDbEngine().match(ours, theirs, DEFAULT).filter(pl.col("decision") == "match")
    assert found["ours_id"].to_list() == ["002"]
    alone = DuckDbEngine().match(ours.head(1), theirs, DEFAULT)
    assert alone["decision"].to_list() == ["match"]


def test_a_website_that_many_rows_share_is_weak_evidence() -> None:
    names = ["Alderton Homes", "Brackwell Homes", "Corsley Homes", "Dinmore Homes", "Everleigh Homes", "Farnley Homes"]
    ours = frame([side(f"{name}, bigholding.com", number) for number, name in enumerate(names)], "sf", "crm")
    theirs = frame([side("Alderton Nursing Kestlewick, bigholding.com", 1)], "globex", "partner")
    shared = DuckDbEngine().match(ours, theirs, DEFAULT, least=0.01)
    assert "match" not in shared["decision"]
    alone = DuckDbEngine().match(ours.head(1), theirs, DEFAULT, least=0.01)
    assert alone["probability"].item() > shared["probability"].max() + 0.1


def test_knowing_a_shared_website_is_never_worse_than_not_knowing_it() -> None:
    names = ["Alderton Homes", "Brackwell Homes", "Corsley Homes", "Dinmore Homes", "Everleigh Homes"]
    ours = frame([side(f"{name}, bigholding.com", number) for number, name in enumerate(names)], "sf", "crm")
    matched = []
    for website in ("bigholding.com", ""):
        theirs = frame([side(f"{name}, {website}", number) for number, name in enumerate(names)], "globex", "partner")
        found = DuckDbEngine().match(ours, theirs, DEFAULT).filter(pl.col("decision") == "match")
        matched.append(set(found.select("ours_id", "theirs_id").iter_rows()))
    assert matched[0] == matched[1] == {(f"{number:03d}",) * 2 for number in range(5)}


def test_reasons_are_words_strongest_first_and_name_what_speaks_against() -> None:
    ours = frame([side("Siemens AG, siemens.com, Munich, DE", 1)], "sf", "crm")
    theirs = frame([side("Siemens, www.siemens.com, Wien, Austria", 1)], "globex", "partner")
    row = DuckDbEngine().match(ours, theirs, DEFAULT).row(0, named=True)
    assert set(row["reasons"].split("; ")) == {"same website siemens.com", "same name", "but other country"}
    said = {words: float(weight) for _, words, weight in (line.split("|") for line in row["evidence"].splitlines())}
    weights = [said[words.removeprefix("but ")] for words in row["reasons"].split("; ")]
    assert weights[:2] == sorted(weights[:2], reverse=True)
    assert weights[1] > 0 > weights[2]
    assert row["probability"] == pytest.approx(1 / (1 + 2 ** -sum(said.values())), abs=1e-3)


def test_a_lower_bar_gives_more_pairs_and_the_same_ones_alike() -> None:
    usual, all_of_them = (
        DuckDbEngine().match(OURS, THEIRS, DEFAULT),
        DuckDbEngine().match(OURS, THEIRS, DEFAULT, least=0.02),
    )
    assert all_of_them.height > usual.height
    assert_frame_equal(usual, all_of_them.filter(pl.col("probability") >= DEFAULT.review_at), check_exact=True)


def test_a_match_is_the_pair_that_a_comparison_of_it_gives() -> None:
    found = DuckDbEngine().match(OURS, THEIRS, DEFAULT, least=0.02)
    pairs = found.select("crm", "ours_id", "partner", "theirs_id")
    assert_frame_equal(found, DuckDbEngine().compare(OURS, THEIRS, pairs, DEFAULT))


def test_pairs_asked_for_twice_or_of_rows_that_are_not_there_are_given_once_or_left_out() -> None:
    gone = pl.DataFrame({"crm": ["sf"], "ours_id": ["none"], "partner": ["globex"], "theirs_id": ["001"]})
    found = DuckDbEngine().compare(OURS, THEIRS, pl.concat([PAIRS.head(2), gone, PAIRS.head(1)]), DEFAULT)
    assert found["ours_id"].to_list() == ["000", "001"]


def test_levels_are_those_that_the_model_weighs() -> None:
    levels = DuckDbEngine().levels(OURS, THEIRS, DEFAULT, PAIRS)
    for ladder in DEFAULT.ladders:
        assert set(levels[ladder.comparison].cast(pl.String)) <= {level.code for level in ladder.levels}


TEXT = st.text(max_size=40) | st.sampled_from(
    ["Acme", "Acme GmbH", "acme.com", "(", "AG", "株式会社", "http://[", "ООО А"]
)
ROW = st.fixed_dictionaries({column: TEXT | st.none() for column in COLUMNS if column not in ("id", "headcount")})


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ROW, min_size=1, max_size=6), st.lists(ROW, min_size=1, max_size=6), st.randoms())
def test_no_text_raises_and_no_order_matters(mine: list, yours: list, random) -> None:
    def numbered(rows: list) -> list[dict[str, object]]:
        return [{**row, "id": str(number), "name": row["name"] or ""} for number, row in enumerate(rows)]

    ours, theirs = numbered(mine), numbered(yours)
    found = DuckDbEngine().match(frame(ours, "sf", "crm"), frame(theirs, "globex", "partner"), DEFAULT)
    random.shuffle(ours)
    random.shuffle(theirs)
    again = DuckDbEngine().match(frame(ours, "sf", "crm"), frame(theirs, "globex", "partner"), DEFAULT)
    assert_frame_equal(found, again, check_exact=True)
    assert found["reasons"].str.len_chars().max() is None or found["reasons"].str.len_chars().max() <= 255
    assert found["probability"].is_between(DEFAULT.review_at, 1).all()
