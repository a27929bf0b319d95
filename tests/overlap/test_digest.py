"""What is news to whom: by a table of overlaps, each different from the plain one in one thing."""

from __future__ import annotations

import polars as pl
import pytest

from overlap.digest import moved, news, tellable, with_readers
from overlap.model import Opportunity, Overlap, User
from tests.overlap.frames import frame

PLAIN = {"key": "k"}


def overlaps(*rows):
    return frame(Overlap, *rows)


def companies(*rows):
    schema = {"crm": pl.String, "id": pl.String, "company": pl.Int64, "speaks": pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row")


@pytest.mark.parametrize(
    ("changed", "is_told"),
    [
        ({}, True),
        ({"engagement": "Ask me first"}, True),
        ({"engagement": "Off limits", "play": None}, False),
        ({"our_population": "Other", "play": None}, False),
        ({"partner_population": None, "play": None}, True),
        ({"partner_population": None, "play": None, "engagement": "Off limits"}, False),
    ],
)
def test_a_seller_hears_of_what_has_a_play_and_is_not_off_limits(changed, is_told):
    assert (tellable(overlaps(PLAIN | changed), frame(Opportunity)).height == 1) is is_told


def test_a_deal_that_is_off_limits_keeps_its_account_out():
    deals = frame(Opportunity, {"engagement": "Off limits"}, {"id": "006B", "account_id": None})
    rows = overlaps({"key": "k"}, {"key": "other", "account_id": "001B"})
    assert tellable(rows, deals)["key"].to_list() == ["other"]


def test_an_owner_is_told_by_e_mail_and_one_who_left_or_has_none_is_not():
    rows = [{"key": name, "account_id": name, "owner_id": name} for name in ("at-work", "left", "no-mail", "nobody")]
    users = frame(
        User,
        {"id": "at-work", "email": " Uma@Contoso.example "},
        {"id": "left", "email": "gone@contoso.example", "is_active": False},
        {"id": "no-mail"},
    )
    known = companies(*(("salesforce", row["account_id"], at, True) for at, row in enumerate(rows)))
    found = with_readers(overlaps(*rows), known, users)
    assert dict(found.select("key", "reader").iter_rows()) == {
        "at-work": "uma@contoso.example",
        "left": None,
        "no-mail": None,
        "nobody": None,
    }


def test_who_owns_a_company_in_two_crms_hears_of_it_once_as_the_one_that_speaks_has_it():
    rows = overlaps({"key": "other", "crm": "hubspot", "account_id": "7"}, {"key": "speaks"})
    users = frame(User, {"email": "uma@x.example"}, {"crm": "hubspot", "email": "UMA@x.example"})
    known = companies(("salesforce", "001A", 1, True), ("hubspot", "7", 1, False))
    assert with_readers(rows, known, users)["key"].to_list() == ["speaks"]
    someone_else = frame(User, {"email": "uma@x.example"}, {"crm": "hubspot", "is_active": False})
    found = with_readers(rows, known, someone_else)
    assert found["reader"].to_list() == ["uma@x.example"], "whoever is told by one owner needs no manager"


def test_news_is_what_is_new_or_stands_elsewhere_the_most_promising_first():
    rows = overlaps(
        {"key": "same"},
        {"key": "moved", "partner_population": "Prospects", "priority": 30},
        {"key": "new", "priority": 90},
        {"key": "likelier", "probability": 0.999, "priority": 95, "reasons": "same name"},
        {"key": "hidden", "partner_population": None, "priority": 10},
        {"key": "relative", "relation": "Sibling", "priority": 20},
    )
    told = dict.fromkeys(("same", "moved", "likelier", "relative"), "Prospects x Customers")
    found = news(rows, told | {"hidden": "Prospects x not shown", "gone": "Prospects x Customers"})
    assert found.select("key", "before").rows() == [
        ("new", None),
        ("moved", "Prospects x Customers"),
        ("relative", "Prospects x Customers"),
    ]


def test_counts_that_moved_are_told_with_what_they_were():
    assert moved({"a": 3, "b": 1, "new": 2}, {"a": "3", "b": "2", "gone": "4"}) == [
        ("b", 2, 1),
        ("new", 0, 2),
        ("gone", 4, 0),
    ]


def test_what_a_partner_hides_from_now_on_is_not_told_by_saying_what_it_was():
    hidden = overlaps(PLAIN | {"our_population": "Customers", "partner_population": None})
    (row,) = news(hidden, {"k": "Prospects x Customers"}).to_dicts()
    assert (row["before"], row["standing"]) == ("Prospects x not shown", "Customers x not shown")
    same = overlaps(PLAIN | {"our_population": "Prospects", "partner_population": None})
    assert news(same, {"k": "Prospects x Customers"}).is_empty()
