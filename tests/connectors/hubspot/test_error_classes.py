"""HubSpot's refusals of a record: what is told, and what is to be done."""

from __future__ import annotations

import pytest

from connectors.base import Remedy
from connectors.hubspot.error_classes import of_link, remedy_of, text_of

#: As HubSpot says it: the problems are a list in JSON, behind the words.
LISTED = (
    'Property values were not valid: [{"isValid":false,"message":"Gold was not one of the allowed options",'
    '"error":"INVALID_OPTION","name":"tier","portalId":62515}]'
)
CASES = [  # category, message, is it a new record?, what to do
    ("VALIDATION_ERROR", LISTED, True, Remedy.REJECT),
    ("VALIDATION_ERROR", LISTED.replace("INVALID_OPTION", "PROPERTY_DOESNT_EXIST"), True, Remedy.HOLD),
    ("VALIDATION_ERROR", LISTED.replace("INVALID_OPTION", "READ_ONLY_VALUE"), False, Remedy.HOLD),
    ("OBJECT_NOT_FOUND", "no such record", False, Remedy.GONE),
    ("OBJECT_NOT_FOUND", "no company", True, Remedy.REJECT),
    ("LOCKED", "try again", False, Remedy.RETRY),
    ("INTERNAL_ERROR", "internal error", False, Remedy.PERHAPS),
    ("MISSING_SCOPES", "scopes", False, Remedy.HOLD),
    ("FORBIDDEN", "subscription", True, Remedy.HOLD),
    ("RECORD_LIMIT_EXCEEDED", "full", True, Remedy.STOP),
    ("BRAND_NEW", "a word that nobody knows", True, Remedy.UNKNOWN),
]


@pytest.mark.parametrize(("category", "message", "new", "remedy"), CASES)
def test_each_refusal_has_its_remedy(category: str, message: str, new: bool, remedy: Remedy) -> None:
    assert remedy_of({"category": category, "message": message}, new) is remedy


def test_a_refusal_without_a_category_is_known_by_its_status() -> None:
    assert remedy_of({"status": "423", "message": "busy"}, new=False) is Remedy.RETRY
    assert remedy_of({"status": "error", "message": "?"}, new=False) is Remedy.UNKNOWN


def test_a_link_that_leads_nowhere_is_no_record_that_is_gone() -> None:
    assert remedy_of(of_link({"category": "OBJECT_NOT_FOUND"}), new=False) is Remedy.REJECT
    assert remedy_of(of_link({"category": "LOCKED"}), new=False) is Remedy.RETRY


def test_the_text_has_the_category_first_then_the_words_and_the_properties() -> None:
    told = text_of({"category": "VALIDATION_ERROR", "message": LISTED})
    assert told == "VALIDATION_ERROR: Gold was not one of the allowed options (tier)"
    detailed = {"category": "X", "message": "m", "errors": [{"message": "d", "context": {"propertyName": ["tier"]}}]}
    assert text_of(detailed) == "X: d (tier)"
    assert text_of({}) == "UNKNOWN: HubSpot gave no reason"
