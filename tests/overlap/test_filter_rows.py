from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings

from overlap.errors import ConfigError
from overlap.filter_rows import Rows, chosen
from overlap.filter_text import read_filter
from overlap.filters import fields
from overlap.model import Account, Opportunity
from tests.overlap.filter_worlds import MAPPED, TODAY, accounts_and_deals, filters, meant, rows_of
from tests.overlap.frames import frame

FIELDS = fields(MAPPED)


def taken(text: str, *accounts: dict, deals: tuple[dict, ...] = ()) -> list[bool]:
    rows = Rows(frame(Account, *accounts), frame(Opportunity, *deals), TODAY)
    return chosen(read_filter(text, "here", FIELDS), rows).to_list()


@settings(max_examples=300, deadline=None)
@given(filters(), accounts_and_deals())
def test_takes_the_accounts_that_the_words_mean(written, world) -> None:
    text, meaning = written
    found = chosen(read_filter(text, "here", FIELDS), rows_of(world))
    assert found.to_list() == meant(world, meaning).to_list(), text


def test_an_empty_field_equals_nothing_and_so_is_unlike_everything() -> None:
    unknown = {"industry": None}
    for text, holds in (("industry = 'A'", False), ("industry != 'A'", True), ("industry not in ('A')", True)):
        assert taken(text, unknown) == [holds], text
    assert taken("not revenue > 5", {"revenue": None}) == [True]


def test_deals_of_another_account_or_connection_say_nothing() -> None:
    accounts = ({"id": "001A"}, {"id": "001B"}, {"crm": "second", "id": "001A"})
    deals = ({"id": "006A", "account_id": "001A", "is_won": True}, {"id": "006B", "account_id": None, "is_won": True})
    assert taken("any_opportunity(is_won)", *accounts, deals=deals) == [True, False, False]
    assert taken("no_opportunity(is_won)", *accounts, deals=deals) == [False, True, True]


def test_a_pattern_is_no_regular_expression() -> None:
    assert taken("name like 'a.c%'", {"name": "a.cme"}, {"name": "abcme"}, {"name": "A.C\nx"}) == [True, False, True]


ODD = [
    ("arr > 5", {"arr": "high"}, "here: 'arr' is compared as numbers, and holds 'high'"),
    ("strategic", {"strategic": "maybe"}, "here: 'strategic' is compared as yes or no, and holds 'maybe'"),
    ("renewal < '2026-01-01'", {"renewal": "soon"}, "here: 'renewal' is compared as days, and holds 'soon'"),
]


@pytest.mark.parametrize(("text", "custom", "said"), ODD)
def test_a_mapped_field_that_holds_something_else_is_an_error_that_shows_it(text, custom, said) -> None:
    with pytest.raises(ConfigError) as raised:
        taken(text, {"custom": None}, {"custom": json.dumps(custom)})
    assert str(raised.value) == said


def test_numbers_and_days_may_come_as_text() -> None:
    custom = json.dumps({"arr": "12.5", "renewal": "2026-03-01T10:00:00.000+0000"})
    assert taken("arr > 12 and renewal within last 1 days", {"custom": custom}) == [True]


MOMENTS = ["2026-03-01T23:30:00.000+0000", "2026-03-01 23:30:00.000000+00:00", "2026-03-02T01:30:00+02:00"]


@pytest.mark.parametrize("written", [*MOMENTS, "2026-03-01T23:30:00Z", "2026-03-01 23:30:00 UTC"])
def test_a_mapped_time_is_a_day_of_the_workspaces_time_zone(written) -> None:
    custom = {"custom": json.dumps({"renewal": written})}
    of_deals = read_filter("any_opportunity(renewal = '2026-03-02')", "here", fields((), ("renewal",)))
    of_accounts = read_filter("renewal = '2026-03-02'", "here", FIELDS)
    for zone, is_day in (("Europe/Berlin", True), ("UTC", False), ("America/New_York", False)):
        rows = Rows(frame(Account, custom), frame(Opportunity, custom), TODAY, zone)
        assert chosen(of_accounts, rows).to_list() == chosen(of_deals, rows).to_list() == [is_day], zone


@pytest.mark.parametrize("written", ["2026-03-01", "2026-03-01T23:30:00"])
def test_a_mapped_day_is_the_same_in_every_time_zone(written) -> None:
    rows = Rows(frame(Account, {"custom": json.dumps({"renewal": written})}), None, TODAY, "Pacific/Auckland")
    assert chosen(read_filter("renewal = '2026-03-01'", "here", FIELDS), rows).to_list() == [True]


@pytest.mark.parametrize("name", ["segment", "a-b", "Größe", "end"])
def test_a_mapped_field_may_have_any_name_that_can_be_quoted(name) -> None:
    known = fields((name,))
    rows = Rows(frame(Account, {"custom": json.dumps({name: "x"})}, {"custom": "{}"}), None, TODAY)
    found = chosen(read_filter(f"\"{name}\" = 'X'", "here", known), rows)
    assert found.to_list() == [True, False]


def test_the_latest_deal_is_the_one_made_last_whatever_its_id() -> None:
    older, newer = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    deals = (
        {"id": "006Z", "account_id": "001A", "stage": "Won", "created_at": older},
        {"id": "006A", "account_id": "001A", "stage": "Lost", "created_at": newer},
    )
    assert taken("latest_opportunity(stage = 'Lost')", {"id": "001A"}, deals=deals) == [True]
    assert taken("latest_opportunity(stage = 'Won')", {"id": "001A"}, deals=deals) == [False]
