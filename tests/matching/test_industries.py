import polars as pl
import pytest

from matching.normalize.industries import sector


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("COMPUTER_SOFTWARE", "software"),
        ("Information Technology & Services", "software"),
        ("Hospital & Health Care", "health"),
        ("Hospitality", "hospitality"),
        ("Oil, Gas & Consumable Fuels", "energy"),
        ("62020 - Information technology consultancy activities", "software"),
        ("Wholesale Building Materials", "retail"),
        ("Insurance", "insurance"),
        ("Maschinenbau", "manufacturing"),
        ("Versicherungen", "insurance"),
        ("Gesundheitswesen", "health"),
        ("Services informatiques", "software"),
        ("Agroalimentaire", "consumer"),
        ("Educación", "education"),
        ("Construcción", "construction"),
        ("Food & Staples Retailing", "retail"),
    ],
)
def test_sorts_an_industry_as_people_write_it(text: str, expected: str) -> None:
    assert sector(pl.Series([text])).to_list() == [expected]


@pytest.mark.parametrize("text", ["", "62020", "B2B", "Other", "Real Estate and Construction", "Bank & Biotech", None])
def test_is_unsure_of_what_speaks_of_two_sectors_or_none(text: str | None) -> None:
    assert sector(pl.Series([text], dtype=pl.String)).to_list() == [None]


def test_gives_one_value_for_each_row() -> None:
    assert sector(pl.Series(["Banking", None, "Banking", "x"])).to_list() == ["banking", None, "banking", None]
