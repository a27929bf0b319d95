import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.normalize.phones import significant


def read(phone: str | None, country: str | None = None) -> int | None:
    return significant(pl.Series([phone], dtype=pl.String), pl.Series([country], dtype=pl.String)).item()


@pytest.mark.parametrize(
    ("spellings", "line"),
    [
        ([("+49 (0)89 1234-0", "DE"), ("0049 89 1234 0", None), ("089/12340", "DE"), ("+49 89 12340", "US")], 8912340),
        ([("(415) 867-5309", "US"), ("+1 415-867-5309 ext. 12", None), ("1.415.867.5309", "US")], 4158675309),
        ([("4158675309", None), ("14158675309", None), ("4158675309 x12", "CA"), ("4158675309.0", "US")], 4158675309),
        ([("+44 (0)20 7946 0958", "GB"), ("020 7946 0958", "GB"), ("442079460958", "GB")], 2079460958),
        ([("06 1234 5678", "IT"), ("+39 06 12345678", "IT")], 612345678),
        ([("8 (495) 765-43-21", "RU"), ("+7 495 765 43 21", None)], 4957654321),
        ([("06 1 234 9876", "HU"), ("+36 1 234 9876", None)], 12349876),
        ([("01 55 1234 9876", "MX"), ("+52 1 55 1234 9876", None), ("+52 55 1234 9876", "MX")], 5512349876),
        ([("011 49 89 7654320", "US"), ("089 7654320", "DE")], 897654320),
        ([("919123456780", "IN"), ("9123456780", "IN"), ("09123456780", "IN")], 9123456780),
        ([("089 7654320; 089 999999", "DE"), ("089 / 7654320", "DE"), ("+49897654320 / +4989111222", None)], 897654320),
    ],
)
def test_one_line_has_one_number_however_it_is_written(spellings: list, line: int) -> None:
    assert [read(*spelling) for spelling in spellings] == [line] * len(spellings)


@pytest.mark.parametrize(
    ("phone", "country"),
    [
        (None, "US"),
        ("", None),
        ("n/a", "DE"),
        ("867-5309", "US"),
        ("123456", "DE"),
        ("000-000-0000", "US"),
        ("1111111", "DE"),
        ("9999999999", None),
        ("1234567890", None),
        ("415-555-0100", "US"),
        ("+1 555 867 5309", None),
        ("1-800-FLOWERS", "US"),
        ("4.15868E+09", "US"),
        ("123456789012345678901234567890", None),
    ],
)
def test_nonsense_names_no_line(phone: str | None, country: str | None) -> None:
    assert read(phone, country) is None


@settings(deadline=None)  # a first call reads tables
@given(
    st.lists(
        st.tuples(
            st.none() | st.text("+-() /.x0123456789,;\n", max_size=24), st.sampled_from([None, "DE", "US", "MX", "XX"])
        )
    )
)
def test_no_text_raises_and_each_row_is_read_alone(rows: list) -> None:
    phones = pl.Series([phone for phone, _ in rows], dtype=pl.String)
    countries = pl.Series([country for _, country in rows], dtype=pl.String)
    assert significant(phones, countries).to_list() == [read(phone, country) for phone, country in rows]
