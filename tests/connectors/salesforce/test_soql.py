from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.salesforce import soql

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def parsed(literal: str) -> str:
    """Read a quoted string as the SOQL reference describes it, character by character."""
    assert literal[0] == literal[-1] == "'"
    meanings = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
    text, characters = "", iter(literal[1:-1])
    for character in characters:
        assert character != "'", "the string ends too early"
        text += meanings[next(characters)] if character == "\\" else character
    return text


@given(st.text(st.sampled_from("\\'\"\n\r\t\b\fnrtbf%_ O") | st.characters()))
def test_an_escaped_literal_parses_back(text: str) -> None:
    assert parsed(soql.literal(text)) == text


def test_a_datetime_is_bare_utc() -> None:
    berlin = datetime(2026, 11, 21, 13, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=1)))
    assert soql.literal(berlin) == "2026-11-21T12:00:00Z"


def test_a_datetime_needs_a_time_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        soql.literal(datetime(2026, 11, 21))


def test_booleans_and_nothing_are_bare_words() -> None:
    assert [soql.literal(value) for value in (True, False, None)] == ["true", "false", "null"]


@pytest.mark.parametrize("name", ["", "Id, Name", "Name'", "1st", "Näme", "Id\n", "(SELECT Id FROM Contacts)"])
def test_refuses_names_that_are_none(name: str) -> None:
    for build in (
        lambda: soql.select(name, ["Id"]),
        lambda: soql.select("Account", [name]),
        lambda: soql.select("Account", ["Id"], order=[name]),
        lambda: soql.compare(name, "=", "x"),
        lambda: soql.one_of(name, ["x"]),
    ):
        with pytest.raises(ValueError, match="no SOQL name"):
            build()


def test_a_whole_query_reads_as_soql() -> None:
    where = (
        soql.either(soql.compare("Workspace__c", "=", "o'neil"), soql.compare("Influence_Key__c", "=", None)),
        soql.one_of("Id", ["1", "2"]),
        soql.beyond("SystemModstamp", NOON, "Id", "001"),
    )
    assert soql.select("Partner__c", ["Id", "Account__r.Name"], where, ["SystemModstamp", "Id"], 2000) == (
        "SELECT Id, Account__r.Name FROM Partner__c "
        r"WHERE (Workspace__c = 'o\'neil' OR Influence_Key__c = null) AND Id IN ('1','2') "
        "AND (SystemModstamp > 2026-11-21T12:00:00Z OR (SystemModstamp = 2026-11-21T12:00:00Z AND Id > '001')) "
        "ORDER BY SystemModstamp, Id LIMIT 2000"
    )


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to look for"):
        soql.one_of("Id", [])
