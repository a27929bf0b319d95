"""Our own accounts that are one company, within a CRM and across CRMs."""

import polars as pl
import pytest

from matching.duckdb_engine import DuckDbEngine
from matching.duplicates import duplicates
from matching.weights import DEFAULT
from tests.matching.sides import ours

COMPANIES = (
    "Halvorsen Logistics AS, halvorsen.com, Oslo, Norway",
    "Halvorsen Logistics, , Oslo, NO",
    "HALVORSEN LOGISTICS #2, www.halvorsen.com",
    "Zornfeld Bakery, zornfeld.de, Berlin, Germany",
    "Zornfeld Bakery GmbH, zornfeld.de",
    "Quandry Pumps, quandry.com, Leeds, UK",
)


def parts(rows: pl.DataFrame) -> set[frozenset[str]]:
    found = duplicates(rows, DuckDbEngine(), DEFAULT)
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


def test_more_doubles_do_not_compete_with_each_other() -> None:
    many = [f"Halvorsen Logistics{form}, , Oslo, Norway" for form in (" AS", "", " Ltd", " Inc", " GmbH", " SA", " BV")]
    assert clusters(ours(COMPANIES[0], *many)) == {named(*range(8))}


def test_a_unit_is_no_double_of_its_company() -> None:
    assert clusters(ours("Kestrel Analytics, kestrel.com", "Kestrel Analytics Deutschland, kestrel.com")) == set()


def test_a_row_without_facts_does_not_chain_two_companies_together() -> None:
    """Two namesakes with websites and countries of their own, and one row that could be either."""
    rows = ours(
        "Velmorant Textiles, velmorant.fr, Lyon, France",
        "Velmorant Textiles, velmorant.com.br, Recife, Brazil",
        "Velmorant Textiles",
    )
    found = clusters(rows)
    assert named(0, 1, 2) not in found
    assert not any({"sf:O0", "sf:O1"} <= part for part in found)


@pytest.mark.parametrize("rows", [ours(COMPANIES[0]).clear(), ours(COMPANIES[0]), ours(COMPANIES[0], COMPANIES[5])])
def test_where_there_are_no_doubles_each_row_is_its_own_company(rows: pl.DataFrame) -> None:
    found = duplicates(rows, DuckDbEngine(), DEFAULT)
    assert found["company"].to_list() == [f"sf:{key}" for key in rows["id"]]
    assert found.columns == ["crm", "id", "company"]
