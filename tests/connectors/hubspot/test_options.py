"""Which options a list must have before its values are written."""

from __future__ import annotations

from connectors.hubspot.options import value_of, with_options
from overlap.fields import ACCOUNT, INFLUENCE, OVERLAP

PARTNERS = ACCOUNT.by_name["overlap_customer_of"]
PLAY = OVERLAP.by_name["play"]
TYPE = INFLUENCE.by_name["influence_type"]


def list_of(*options: tuple[str, str]) -> dict:
    listed = [{"value": value, "label": label, "hidden": False, "displayOrder": 7} for value, label in options]
    return {"type": "enumeration", "options": listed}


def after(field, definition: dict, *wanted: str) -> list[tuple[str, str]] | None:
    found = with_options(field, definition, wanted)
    return None if found is None else [(one["value"], one["label"]) for one in found]


def test_what_is_missing_comes_behind_what_is_there() -> None:
    assert after(PARTNERS, list_of(("Globex", "Globex")), "Globex") is None
    assert after(PARTNERS, list_of(("old", "Old")), "Initech", "Globex") == [
        ("old", "Old"),
        ("Globex", "Globex"),
        ("Initech", "Initech"),
    ]


def test_a_partner_is_found_by_its_label_whatever_stands_behind_it() -> None:
    by_hand = list_of(("option_1", "Globex"))
    assert after(PARTNERS, by_hand, "Globex") is None
    assert value_of(PARTNERS, by_hand, "Globex") == "option_1"


def test_a_partner_whose_option_was_renamed_gets_its_name_back_and_keeps_its_value() -> None:
    assert after(PARTNERS, list_of(("Globex", "Globex (EMEA)")), "Globex") == [("Globex", "Globex")]
    assert after(PARTNERS, list_of(("g", "GLOBEX")), "Globex") == [("g", "Globex")]


def test_what_people_call_a_play_or_a_list_of_theirs_is_theirs() -> None:
    assert after(PLAY, list_of(("Co-sell", "Gemeinsam verkaufen")), "Co-sell") is None
    assert value_of(PLAY, list_of(("Co-sell", "Gemeinsam verkaufen")), "Co-sell") == "Co-sell"
    assert after(TYPE, list_of(("Endorsement", "Empfehlung")), "Endorsement") is None


def test_a_property_that_is_no_list_takes_names_as_they_are() -> None:
    assert after(PARTNERS, {"type": "string", "options": []}, "Globex") is None
    assert value_of(PARTNERS, {"type": "string"}, "Globex") == "Globex"
