from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from overlap.errors import ConfigError
from overlap.filter_text import read_filter
from overlap.filters import fields, text_of
from tests.overlap.filter_worlds import MAPPED, filters

FIELDS = fields(MAPPED, ("forecast",))

WRITTEN = [  # as a person writes it, as it is written back
    ("account_type = 'Customer'", "account_type = 'Customer'"),
    ("RECORD_TYPE <> 'Enterprise'", "record_type != 'Enterprise'"),
    ("1e6 < revenue", "revenue > 1000000"),
    ("revenue > -2.50", "revenue > -2.5"),
    ("revenue between 1 and 5", "revenue >= 1 and revenue <= 5"),
    ("lower(name) ilike '%TEST%'", "name like '%TEST%'"),
    ("name not like 'it''s%'", "name not like 'it''s%'"),
    ("not (name like 'x' or is_lead)", "not (name like 'x' or is_lead)"),
    ("(is_lead and name = 'x') or name = 'y'", "is_lead and name = 'x' or name = 'y'"),
    ("is_lead and (name = 'x' or name = 'y')", "is_lead and (name = 'x' or name = 'y')"),
    ("not not is_lead", "is_lead"),
    ("is_lead is not true", "not is_lead"),
    ("industry is not null", "industry is not null"),
    ("any_opportunity()", "any_opportunity()"),
    ("No_Opportunity(is_won = true)", "no_opportunity(is_won)"),
    ("latest_opportunity(close_date >= '2026-01-31')", "latest_opportunity(close_date >= '2026-01-31')"),
    ("modified_at within 1 day", "modified_at within 1 days"),
    ("modified_at within LAST 90 days", "modified_at within last 90 days"),
    ("segment in ('A', 'B') and arr > 5 and strategic", '"segment" in (\'A\', \'B\') and "arr" > 5 and "strategic"'),
    ("renewal < '2026-01-31'", "\"renewal\" < '2026-01-31'"),
]

REFUSED = [  # what is written, the place, what is said
    ("revenu > 1", 1, "'revenu' is no field of an account; did you mean 'revenue'?"),
    ("is_lead and qqqq = 1", 13, "'qqqq' is no field of an account; known: segment, arr, strategic, renewal, crm, id,"),
    ("stage = 'Won'", 1, "deals have it: any_opportunity(stage ...)"),
    ("any_opportunity(industry = 'x')", 17, "'industry' is no field of a deal; known: forecast, crm, id, account_id"),
    ("any_opportunity(stag = 'x')", 17, "did you mean 'stage'?"),
    ("any_oportunity(is_won)", 1, "there is no function any_oportunity; did you mean 'any_opportunity'?"),
    ("any_opportunity(any_opportunity(is_won))", 17, "cannot stand within a test on deals"),
    ("any_opportunity(is_won, is_closed)", 1, "takes one condition on a deal; join two with and"),
    ("length(name) > 5", 1, "LENGTH(name) is no field"),
    ("coalesce(name, 'x') = 'y'", 1, "is no field; a field stands on the left, a value on the right"),
    ("name in (select id)", 1, "cannot stand in a filter"),
    ("exists(select 1)", 15, "is no condition"),
    ("select 1", 1, "this does not belong here"),
    ("name = 5", 8, "'name' holds text, and 5 is none"),
    ("revenue = 'high'", 11, "'revenue' holds numbers, and 'high' is none"),
    ("revenue in (1, 'a')", 16, "'revenue' holds numbers, and 'a' is none"),
    ("name > 'a'", 1, "'name' holds text; it can be compared with =, !=, in"),
    ("revenue like '1%'", 1, "'revenue' holds numbers; like is for text"),
    ("revenue within 5 days", 1, "within is for days"),
    ("name", 1, "'name' holds text; compare it with something"),
    ("upper(revenue) = 'x'", 7, "lower and upper are for text"),
    ('name = "Acme"', 8, "text stands in single quotes, as in 'Acme'"),
    ("name = industry", 8, "industry is no value"),
    ("name = null", None, "nothing equals null; write: is null, or: is not null"),
    ("modified_at > '2026-02-30'", 15, "'2026-02-30' is no day; write it like '2026-12-31'"),
    ("modified_at > 'yesterday'", 15, "'yesterday' is no day"),
    ("modified_at within 90", 20, "within wants a number of days"),
    ("modified_at within 90 weeks", 23, "within wants a number of days"),
    ("modified_at within 99999 days", 1, "a whole number up to 36,500"),
    ("modified_at within 1.5 days", 1, "a whole number"),
    ("revenue + 1 > 2", 1, "revenue + 1 is no field"),
    ("name || 'x' = 'y'", 1, "cannot stand in a filter"),
    ("name::int = 1", 1, "cannot stand in a filter"),
    ("a.name = 'x'", 1, "cannot stand in a filter"),
    ("name = 'x' -- all", 8, "a comment cannot stand in a filter"),
    ("name = /* x */ 'x'", None, "a comment cannot stand in a filter"),
    ("name = 'x';", 11, "without a semicolon"),
    ("name = 'x'; drop table accounts", 11, "without a semicolon"),
    ("name = 'x", 8, "is not closed"),
    ("name = 'x' and", 12, "something is missing here"),
    ("name = 'x' order by name", 12, "this does not belong here"),
    ("name like 'x' escape '!'", 1, "is no condition"),
    ("name like any ('x', 'y')", 1, "like wants a pattern in single quotes"),
    ("revenue between symmetric 5 and 1", 1, "cannot stand in a filter"),
    ("revenue > 1e999", 11, "1e999 is no number that can be compared"),
    ("revenue > 100,000", 14, "this does not belong here"),
    ("custom = 'x'", 1, "'custom' is no field of an account"),
    ("name = :x", None, "is no value"),
    ("true", None, "is no condition"),
    ("", None, "there is no condition; write it like: account_type = 'Customer'"),
    ("(" * 30 + "is_lead" + ")" * 30, 21, "more than 20 brackets within brackets"),
    ("not " * 1000 + "is_lead", None, "it is nested too deeply"),
    (" and ".join(["is_lead"] * 1000), None, "it has 11,995 characters, more than 5,000"),
]


@pytest.mark.parametrize(("text", "again"), WRITTEN)
def test_what_is_written_is_read_in_its_one_form(text, again) -> None:
    assert text_of(read_filter(text, "here", FIELDS).condition) == again


@pytest.mark.parametrize(("text", "at", "said"), REFUSED)
def test_everything_else_is_refused_with_its_place_and_the_remedy(text, at, said) -> None:
    with pytest.raises(ConfigError) as raised:
        read_filter(text, "populations.customers", FIELDS)
    message = str(raised.value)
    assert message.startswith("populations.customers: " + (f"at character {at}, " if at else ""))
    assert said in message
    assert "\n" not in message


@pytest.mark.parametrize("name", [name for name in FIELDS.account if name not in MAPPED])
def test_every_column_of_an_account_can_be_named(name) -> None:
    assert text_of(read_filter(f"{name} is null", "here", FIELDS).condition) == f"{name} is null"


@pytest.mark.parametrize("name", list(FIELDS.deal))
def test_every_column_of_a_deal_can_be_named(name) -> None:
    assert text_of(read_filter(f"any_opportunity({name} is null)", "here", FIELDS).condition)


@settings(max_examples=200, deadline=None)
@given(filters())
def test_what_is_written_back_reads_the_same(written) -> None:
    found = read_filter(written[0], "here", FIELDS)
    assert read_filter(text_of(found.condition), "here", FIELDS) == found


_TEXT = r"""
name revenue is_lead modified_at stage segment 'x' '2026-01-01' 1e6 5 null true any_opportunity( lower( cast(
= <> < and or not in like is between within days ( ) , select from case end all any exists escape interval date over
-- /* ; ' " ` :: @ ? {{ || * . - [ ] -> $$ \ é filter lambda
"""
_PIECES = st.sampled_from([*_TEXT.split(), "\x00"])


@settings(max_examples=400, deadline=None)
@given(
    st.text(max_size=40) | st.lists(_PIECES, max_size=12).map(" ".join) | st.lists(_PIECES, max_size=12).map("".join)
)
@example("and")
@example("{{ x }}")
def test_no_text_raises_anything_but_our_error(text) -> None:
    try:
        found = read_filter(text, "here", FIELDS)
    except ConfigError as error:
        assert str(error).startswith("here: ")
    else:
        assert read_filter(text_of(found.condition), "here", FIELDS) == found


def test_a_name_that_nobody_knows_comes_with_those_that_the_settings_map_or_where_they_are_mapped() -> None:
    with pytest.raises(ConfigError, match=r"did you mean 'revenue'\? \(mapped: segment, arr, strategic, renewal\)"):
        read_filter("revenu > 1", "here", FIELDS)
    with pytest.raises(ConfigError, match=r"\(fields of your own are mapped in \[crm\.NAME\.opportunity_fields\]\)"):
        read_filter("any_opportunity(forecats = 'x')", "here", fields())
