"""Our own accounts that are one company, within a CRM and across CRMs."""

from typing import Any

import polars as pl
import pytest

from matching.duckdb_engine import DuckDbEngine
from matching.duplicates import Apart, Before, duplicates
from matching.weights import DEFAULT, Model
from overlap.model import Match
from tests.matching.sides import ours
from tests.overlap.frames import frame

COMPANIES = (
    "Halvorsen Logistics AS, halvorsen.com, Oslo, Norway",
    "Halvorsen Logistics, , Oslo, NO",
    "HALVORSEN LOGISTICS #2, www.halvorsen.com",
    "Zornfeld Bakery, zornfeld.de, Berlin, Germany",
    "Zornfeld Bakery GmbH, zornfeld.de",
    "Quandry Pumps, quandry.com, Leeds, UK",
)


def parts(rows: pl.DataFrame, apart: Apart = frozenset()) -> set[frozenset[str]]:
    found = duplicates(rows, DuckDbEngine(), DEFAULT, Before(apart))
    assert found.select("crm", "id").rows() == rows.select("crm", "id").sort("crm", "id").rows()
    grouped = found.with_columns(row=pl.format("{}:{}", "crm", "id")).group_by("company").agg("row")
    for company, members in grouped.iter_rows():
        assert company == min(members)
    return {frozenset(members) for members in grouped["row"]}


def clusters(rows: pl.DataFrame) -> set[frozenset[str]]:
    return {part for part in parts(rows) if len(part) > 1}


def named(*numbers: int, crm: str = "sf") -> frozenset[str]:
    return frozenset(f"{crm}:O{number}" for number in numbers)


def test_rows_of_one_company_are_one_and_bear_its_smallest_id() -> None:
    assert parts(ours(*COMPANIES)) == {named(0, 1, 2), named(3, 4), named(5)}


def test_the_order_of_rows_does_not_matter() -> None:
    rows = ours(*COMPANIES)
    assert parts(rows) == parts(rows.reverse()) == parts(rows.sample(fraction=1, shuffle=True, seed=4))


def test_a_company_in_two_crms_is_one() -> None:
    rows = pl.concat([ours(COMPANIES[0], crm="sf"), ours(COMPANIES[1], COMPANIES[5], crm="hub")])
    assert clusters(rows) == {frozenset({"sf:O0", "hub:O0"})}


def test_what_is_one_company_in_one_crm_does_not_hang_on_another() -> None:
    alone = ours(*COMPANIES, crm="b")
    both = pl.concat([alone, ours(*COMPANIES[:3], crm="b-2"), ours(COMPANIES[4], crm="a")])
    of_one = {frozenset(row for row in part if row.startswith("b:")) for part in parts(both)} - {frozenset()}
    assert of_one == parts(alone)
    names = [frozenset({*(f"b:O{at}" for at in (0, 1, 2)), *(f"b-2:O{at}" for at in (0, 1, 2))})]
    assert clusters(both) == {*names, frozenset({"b:O3", "b:O4", "a:O0"})}


def test_no_company_holds_rows_that_people_keep_apart() -> None:
    rows = pl.concat([ours(*COMPANIES[:3], crm="sf"), ours(COMPANIES[0], crm="hub")])
    assert parts(rows) == {frozenset({"sf:O0", "sf:O1", "sf:O2", "hub:O0"})}
    kept = parts(rows, frozenset({("hub:O0", "sf:O0")}))
    assert not any({"hub:O0", "sf:O0"} <= part for part in kept)
    assert frozenset().union(*kept) == {"sf:O0", "sf:O1", "sf:O2", "hub:O0"}


def test_more_doubles_do_not_compete_with_each_other() -> None:
    many = [f"Halvorsen Logistics{form}, , Oslo, Norway" for form in (" AS", "", " Ltd", " Inc", " GmbH", " SA", " BV")]
    assert clusters(ours(COMPANIES[0], *many)) == {named(*range(8))}


def test_a_unit_is_no_double_of_its_company() -> None:
    assert clusters(ours("Kestrel Analytics, kestrel.com", "Kestrel Analytics Deutschland, kestrel.com")) == set()


def test_a_row_that_says_little_is_not_taken_by_the_one_that_fits_best() -> None:
    full = "Halvorsen Logistics AS, halvorsen.com, Oslo, Norway"
    assert clusters(ours(full, full, "Halvorsen Logistics")) == {named(0, 1, 2)}


class Saying:
    """An engine that finds these pairs, each with its probability: matches from where the model has them."""

    def __init__(self, *pairs: tuple[str, str, float]) -> None:
        both = [*pairs, *((other, one, probability) for one, other, probability in pairs)]
        rows = [
            {"crm": "sf", "ours_id": o, "theirs_id": f"sf:{t}", "probability": p}
            | {"decision": "match" if p >= DEFAULT.match_at else "review"}
            for o, t, p in both
        ]
        self._found = frame(Match, *rows)

    def match(self, ours: pl.DataFrame, theirs: pl.DataFrame, model: Model) -> pl.DataFrame:
        assert (ours.height, model.most_lost) == (theirs.height, 0.0)
        return self._found


CHAIN = (("O0", "O2", 0.95), ("O1", "O2", 0.99))


@pytest.mark.parametrize(
    ("one", "other", "are_one"),
    [
        (", velmorant.fr", ", velmorant.com", False),
        (", , , France", ", , , Brazil", False),
        (", velmorant.fr", ", http://www.velmorant.fr/de", True),
        (", , , France", ", , , FR", True),
        (", velmorant.fr", ", , , FR", True),
        (", linkedin.com/company/velmorant", ", facebook.com/velmorant", True),
    ],
)
def test_a_row_between_two_that_contradict_each_other_joins_the_surer_one(one: str, other: str, are_one: bool) -> None:
    rows = ours(f"Velmorant{one}", f"Velmorant{other}", "Velmorant")
    found = duplicates(rows, Saying(*CHAIN), DEFAULT)["company"].to_list()
    assert found == (["sf:O0"] * 3 if are_one else ["sf:O0", "sf:O1", "sf:O1"])


def test_two_rows_that_match_each_other_are_one_though_their_websites_differ() -> None:
    rows = ours("Velmorant, velmorant.fr", "Velmorant, velmorant.com", "Velmorant")
    found = duplicates(rows, Saying(*CHAIN, ("O0", "O1", 0.9)), DEFAULT)
    assert found["company"].to_list() == ["sf:O0"] * 3


def companies_of(rows: pl.DataFrame, *pairs: tuple[str, str, float], **before: Any) -> list[str]:
    return duplicates(rows, Saying(*pairs), DEFAULT, Before(**before))["company"].to_list()


def test_a_row_aside_takes_no_row_from_the_others() -> None:
    rows = ours("Velmorant, velmorant.fr", "Velmorant, velmorant.com", "Velmorant")
    pairs = (("O0", "O2", 0.999), ("O1", "O2", 0.991))
    assert companies_of(rows, *pairs) == ["sf:O0", "sf:O1", "sf:O0"]
    assert companies_of(rows, *pairs, aside={"sf:O0"}) == ["sf:O0", "sf:O1", "sf:O1"]
    assert companies_of(rows, pairs[0], aside={"sf:O0"}) == ["sf:O0", "sf:O1", "sf:O0"]


def test_one_company_stays_one_while_it_is_nearly_found_again() -> None:
    """Half the odds of a match are the least at which it stands."""
    rows = ours("Velmorant", "Velmorant Ltd")
    odds = DEFAULT.match_at / (1 - DEFAULT.match_at) / 2
    nearly = odds / (1 + odds)
    one, two = ["sf:O0"] * 2, ["sf:O0", "sf:O1"]
    for then, now, found in [(one, 1.001, one), (one, 0.999, two), (two, 1.001, two), (["sf:O0"], 1.001, two)]:
        companies = pl.DataFrame({"row": two[: len(then)], "company": then})
        assert companies_of(rows, ("O0", "O1", nearly * now), companies=companies) == found
    assert companies_of(rows, ("O0", "O1", nearly * 1.001)) == two


@pytest.mark.parametrize("rows", [ours(COMPANIES[0]).clear(), ours(COMPANIES[0]), ours(COMPANIES[0], COMPANIES[5])])
def test_where_there_are_no_doubles_each_row_is_its_own_company(rows: pl.DataFrame) -> None:
    found = duplicates(rows, DuckDbEngine(), DEFAULT)
    assert found["company"].to_list() == [f"sf:{key}" for key in rows["id"]]
    assert found.columns == ["crm", "id", "company"]
