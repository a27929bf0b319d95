import polars as pl
import pycountry
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.normalize.addresses import postcodes, streets
from matching.normalize.places import _STATE_COUNTRIES, _tables, add_places, city_names, country_codes, state_codes

PLACE_COLUMNS = ("country", "state", "city", "postcode", "street")


def code(country: str | None) -> str | None:
    return country_codes(pl.Series([country], dtype=pl.String)).item()


def state(text: str, country: str | None) -> tuple[str | None, str | None]:
    rows = pl.DataFrame({"state": [text], "country": [country]}, schema={"state": pl.String, "country": pl.String})
    return state_codes(rows).select("code", "implied").row(0)


def city(text: str) -> str | None:
    return city_names(pl.Series([text])).item()


def postcode(text: str, country: str | None) -> str | None:
    return postcodes(pl.Series([text]), pl.Series([country], dtype=pl.String)).item()


def street(text: str) -> str | None:
    return streets(pl.Series([text])).item()


def placed(rows: list[dict[str, str]]) -> pl.DataFrame:
    return add_places(pl.DataFrame(rows, schema=dict.fromkeys(("book", *PLACE_COLUMNS), pl.String)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("U.S.", "US"),
        ("usa", "US"),
        ("U.S. of A.", "US"),
        ("United States of America", "US"),
        ("England", "GB"),
        ("UK", "GB"),
        ("Great Britain", "GB"),
        ("Deutschland", "DE"),
        ("de", "DE"),
        ("DEU", "DE"),
        ("Niemcy", "DE"),
        ("Tyskland", "DE"),
        ("Germany (DE)", "DE"),
        ("DE - Germany", "DE"),
        ("Germany, Europe", "DE"),
        ("Suisse / Svizzera", "CH"),
        ("The Netherlands", "NL"),
        ("Holland", "NL"),
        ("Brasil", "BR"),
        ("Korea", "KR"),
        ("Korea, Republic of", "KR"),
        ("Türkiye", "TR"),
        ("Czechia", "CZ"),
        ("UAE", "AE"),
        ("España", "ES"),
        ("Côte d’Ivoire", "CI"),
        ("Taiwan, Province of China", "TW"),
        ("Burma", "MM"),
        ("日本", "JP"),
        ("中国", "CN"),
        ("대한민국", "KR"),
        ("Россия", "RU"),
        ("Ελλάδα", "GR"),
        ("مصر", None),
        ("ישראל", "IL"),
        ("NY", "US"),
        ("California", "US"),
        ("Georgia", "GE"),
        ("Atlantis", None),
        ("N/A", None),
        ("NA", None),
        ("", None),
        (None, None),
    ],
)
def test_reads_a_country_as_people_write_it(text: str | None, expected: str | None) -> None:
    assert code(text) == expected


def test_every_country_is_known_by_its_codes_and_names() -> None:
    for country in pycountry.countries:
        # "NA" is what people write for "not available", "MSR" how Egypt reads in Latin letters.
        spellings = {country.alpha_2, country.alpha_3, country.name, country.alpha_2.lower()} - {"NA", "na", "MSR"}
        assert {code(spelling) for spelling in spellings} == {country.alpha_2}


def test_a_state_in_the_place_of_the_country_is_a_state() -> None:
    found = placed(
        [{"country": "NY"}, {"country": "Ontario"}, {"country": "Georgia"}, {"country": "TX", "state": "CA"}]
    )
    assert found.select("country", "state").rows() == [("US", "NY"), ("CA", "ON"), ("GE", None), ("US", "CA")]


def test_a_code_of_a_country_and_a_state_means_what_its_book_means() -> None:
    written = {
        "states": ["CA", "IL", "NY", "TX", "Canada", "Germany"],
        "mixed": ["CA", "NY", "GB", "FR"],
        "countries": ["CA", "IL", "FR"],
    }
    found = placed([{"book": book, "country": country} for book, countries in written.items() for country in countries])
    assert found.select("country", "state").rows() == [
        *(("US", "CA"), ("US", "IL"), ("US", "NY"), ("US", "TX"), ("CA", None), ("DE", None)),
        *((None, None), ("US", "NY"), ("GB", None), ("FR", None)),
        *(("CA", None), ("IL", None), ("FR", None)),
    ]


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("California", "US", "CA"),
        ("ca", "US", "CA"),
        ("State of New York", "US", "NY"),
        ("Ontario", "CA", "ON"),
        ("Québec", "CA", "QC"),
        ("NSW", "AU", "NSW"),
        ("Bayern", "DE", "BY"),
        ("Bavaria", "DE", "BY"),
        ("NRW", "DE", "NW"),
        ("Karnataka", "IN", "KA"),
        ("São Paulo", "BR", "SP"),
        ("CDMX", "MX", "CMX"),
        ("Guangdong Province", "CN", "GD"),
        ("Zürich", "CH", "ZH"),
        ("Kanagawa Prefecture", "JP", "kanagawa"),
        ("Surrey", "GB", "surrey"),
        ("Scotland", "GB", "SCT"),
        ("England", "GB", None),
        ("Bay Area", "US", None),
    ],
)
def test_gives_a_state_one_spelling(text: str, country: str, expected: str | None) -> None:
    assert state(text, country) == (expected, None)


def test_a_province_counts_as_the_region_it_lies_in() -> None:
    assert state("MI", "IT") == state("Milano", "IT") == state("Lombardy", "IT")
    assert state("Barcelona", "ES") == state("Catalunya", "ES")


def test_a_state_says_its_country_only_where_no_other_country_has_one_of_that_name() -> None:
    assert state("Texas", None) == ("TX", "US")
    assert state("Ontario", None) == ("ON", "CA")
    assert state("England", None) == (None, "GB")
    # A country; a province of Bulgaria; Cagliari's and Cádiz's code.
    assert [state(text, None)[1] for text in ("Georgia", "Montana", "CA")] == [None, None, None]


def test_every_alias_of_a_state_leads_to_a_code_of_the_standard() -> None:
    for country, states in _tables()["states"].items():
        known = {division.code.partition("-")[2] for division in pycountry.subdivisions.get(country_code=country)}
        assert country in _STATE_COUNTRIES
        assert set(states) <= known


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("München", "Munich"),
        ("Köln", "Cologne"),
        ("Wien", "VIENNA"),
        ("Roma", "Rome"),
        ("St. Louis", "Saint Louis"),
        ("Mt. Vernon", "Mount Vernon"),
        ("NYC", "New York City"),
        ("Manhattan", "New York, NY"),
        ("Bangalore", "Bengaluru"),
        ("Peking", "北京"),
        ("東京", "Tokyo"),
        ("City of London", "Greater London"),
        ("Paris (Île-de-France)", "Paris Cedex 09"),
        ("Frankfurt/Main", "Frankfurt am Main"),
        ("Dublin 2", "Dublin"),
        ("Greater Boston Area", "Boston"),
        ("Saint Petersburg", "Sankt-Peterburg"),
    ],
)
def test_one_city_has_one_name(one: str, other: str) -> None:
    assert city(one) == city(other) is not None


def test_two_cities_keep_two_names() -> None:
    names = ["Paris", "London", "Newport", "New York Mills", "Stratford-upon-Avon", "Kansas City", "Saint Paul"]
    assert len({city(name) for name in names}) == len(names)
    assert city("") is None


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("sw1a 1aa", "GB", "SW1A1AA"),
        ("K1A 0B1", "CA", "K1A0B1"),
        ("02139-4307", "US", "02139"),
        ("021394307", "US", "02139"),
        ("2139", "US", "02139"),
        ("21394307", "US", "02139"),
        ("02139", "US", "02139"),
        ("1067", "DE", "01067"),
        ("80331.0", "DE", "80331"),
        ("D-80331", "DE", "80331"),
        ("D-80331", None, "80331"),
        ("CH-8001", "CH", "8001"),
        ("1234 ab", "NL", "1234AB"),
        ("NL-1234 AB", "NL", "1234AB"),
        ("SE-111 22", "SE", "11122"),
        ("104 31", "GR", "10431"),
        ("〒100-0001", "JP", "1000001"),
        ("D02 AF30", "IE", "D02AF30"),
        ("00000", "US", None),
        ("n/a", "US", None),
        ("1", None, None),
    ],
)
def test_gives_a_postcode_one_spelling(text: str, country: str | None, expected: str | None) -> None:
    assert postcode(text, country) == expected


def test_keeps_postcodes_as_text_and_cuts_their_district() -> None:
    rows = [("GB", "sw1a 1aa"), ("US", "02139-4307"), ("DE", "01067"), ("CA", "K1A 0B1"), (None, "1")]
    found = placed([{"country": country, "postcode": postcode} for country, postcode in rows])
    assert found.select("postcode", "outward").rows() == [
        ("SW1A1AA", "SW1A"),
        ("02139", "021"),
        ("01067", "010"),
        ("K1A0B1", "K1A"),
        (None, None),
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12 Main Street", "12 MAIN ST."),
        ("King's Road 5", "Kings Rd 5"),
        ("100 Park Avenue, Suite 500", "100 Park Ave."),
        ("100 Park Ave Ste 5B", "100 Park Avenue #12"),
        ("1 High St, 3rd Floor", "1 High Street"),
        ("Hauptstraße 7", "Hauptstr. 7, 2. Stock"),
        ("Hauptstrasse 7", "HAUPTSTRAẞE 7"),
        ("Rue de l’Église 3", "rue de l'eglise, 3"),
        ("Avenida Paulista 1000", "Av. Paulista, 1000"),
    ],
)
def test_one_street_has_one_spelling(one: str, other: str) -> None:
    assert street(one) == street(other) is not None


def test_a_street_keeps_houses_units_and_the_words_of_names() -> None:
    assert street("Unit 5, Broadway Estate") == "unit5broadwayestate"
    assert street("12 High St") != street("14 High St")
    assert street(" - ") is None


TEXT = (
    st.none()
    | st.text("aAdDeEsStTß东ü01239 .,-(/#&'", max_size=12)
    | st.sampled_from(["CA", "NY", "Texas", "US", "DE"])
)


@settings(deadline=None, max_examples=40)  # many small frames
@given(st.lists(st.tuples(*(TEXT for _ in PLACE_COLUMNS)), max_size=8))
def test_no_text_raises_and_each_row_is_read_alone(rows: list[tuple[str | None, ...]]) -> None:
    books = [{"book": str(number)} | dict(zip(PLACE_COLUMNS, row, strict=True)) for number, row in enumerate(rows)]
    together = placed(books)
    alone = [placed([book]) for book in books]
    assert together.rows() == [row.row(0) for row in alone]
