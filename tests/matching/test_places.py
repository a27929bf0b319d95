import polars as pl
import pytest

from matching.normalize.places import add_places, city_name, country_code, state_code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("U.S.", "US"),
        ("usa", "US"),
        ("United States of America", "US"),
        ("England", "GB"),
        ("UK", "GB"),
        ("Deutschland", "DE"),
        ("de", "DE"),
        ("DEU", "DE"),
        ("The Netherlands", "NL"),
        ("Korea", "KR"),
        ("Türkiye", "TR"),
        ("España", "ES"),
        ("Atlantis", None),
        ("", None),
    ],
)
def test_reads_a_country_as_people_write_it(text: str, code: str | None) -> None:
    assert country_code(text) == code


@pytest.mark.parametrize(
    ("text", "country", "state"),
    [
        ("California", "US", "CA"),
        ("ca", "US", "CA"),
        ("Ontario", "CA", "ON"),
        ("NSW", "AU", "NSW"),
        ("Bayern", "DE", "bayern"),
    ],
)
def test_gives_a_state_one_spelling(text: str, country: str, state: str) -> None:
    assert state_code(text, country) == state


@pytest.mark.parametrize(
    ("one", "other"),
    [("München", "Munich"), ("Köln", "Cologne"), ("St. Louis", "Saint Louis"), ("NYC", "New York"), ("Wien", "VIENNA")],
)
def test_one_city_has_one_name(one: str, other: str) -> None:
    assert city_name(one) == city_name(other)


def test_keeps_postcodes_as_text_and_cuts_their_district() -> None:
    rows = [("GB", "sw1a 1aa"), ("US", "02139-4307"), ("DE", "01067"), (None, "1")]
    side = pl.DataFrame(rows, schema={"country": pl.String, "postcode": pl.String}, orient="row")
    side = side.with_columns(pl.lit(None, pl.String).alias(column) for column in ("state", "city", "street"))
    assert add_places(side).select("postcode", "outward").rows() == [
        ("SW1A1AA", "SW1A"),
        ("02139", "021"),
        ("01067", "010"),
        (None, None),
    ]
