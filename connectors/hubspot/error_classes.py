"""HubSpot's refusals of a record, and what to do about each: one table. A category that is not in it stops an apply.

From September 2026 on, an account's own validation rules refuse writes through the API too: that is one record's
trouble, and nothing else. Source: HubSpot's guide to error handling, and its published specifications.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from connectors.base import Remedy
from connectors.hubspot.errors import NOT_FOUND

#: Ours: the call of a record was refused as a whole, and the record was not sent by itself.
IN_COMPANY: Final = "REFUSED_IN_COMPANY"
_REMEDIES: Final = {
    Remedy.RETRY: ("LOCKED", "RATE_LIMITS", "RATE_LIMIT"),
    Remedy.PERHAPS: ("CONFLICT", "INTERNAL_ERROR", "OBJECT_ALREADY_EXISTS"),
    Remedy.SPLIT: (IN_COMPANY, "PAYLOAD_TOO_LARGE"),
    Remedy.REJECT: (
        "ASSOCIATION_LIMIT_EXCEEDED",
        "INVALID_PARAMETER",
        "MISSING_REFERENCE",  # ours: the record that a link leads to is not there
        "STRING_TOO_LONG",  # ours: a text that does not fit
        "VALIDATION_ERROR",
    ),
    Remedy.GONE: (NOT_FOUND,),
    Remedy.HOLD: ("FORBIDDEN", "MISSING_SCOPES"),
    Remedy.STOP: ("OBJECT_LIMIT_EXCEEDED", "RECORD_LIMIT_EXCEEDED"),
}
_BY_CATEGORY: Final = {category: remedy for remedy, categories in _REMEDIES.items() for category in categories}
#: What is wrong with a property, where it is the account's setup and not the record.
_OF_SETUP: Final = frozenset({"PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE"})
_STATUSES: Final = {413: "PAYLOAD_TOO_LARGE", 423: "LOCKED", 429: "RATE_LIMITS"}


def remedy_of(error: Mapping[str, Any], new: bool) -> Remedy:
    """Return what to do about a record that was refused with *error*; *new*: it was to be made."""
    if _OF_SETUP.intersection(codes(error)):
        return Remedy.HOLD
    known = _BY_CATEGORY.get(category(error), Remedy.UNKNOWN)
    # What a new record lacks is another one that it leads to.
    return Remedy.REJECT if known is Remedy.GONE and new else known


def of_link(error: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the refusal of a link: what is not there is its other end, or the record's properties had told."""
    return {**error, "category": "MISSING_REFERENCE"} if category(error) == NOT_FOUND else error


def text_of(error: Mapping[str, Any]) -> str:
    """Return *error* in one line: HubSpot's category, its words, and the properties that it names."""
    told = [str(one["message"]) for one in (*_told(error), *_details(error)) if one.get("message")]
    message = "; ".join(dict.fromkeys(told)) or str(error.get("message") or "HubSpot gave no reason")
    named = [name for name in properties(error) if name not in message]
    return f"{category(error) or 'UNKNOWN'}: {' '.join(message.split())}" + (f" ({', '.join(named)})" if named else "")


def category(error: Mapping[str, Any]) -> str:
    """Return HubSpot's kind of error; by its status where it does not say."""
    return str(error.get("category") or _STATUSES.get(_number(error.get("status")), ""))


def codes(error: Mapping[str, Any]) -> list[str]:
    """Return HubSpot's codes for what is wrong with single properties."""
    found = [one.get("code") for one in _details(error)] + [one.get("error") for one in _told(error)]
    return [str(one) for one in found if one]


def properties(error: Mapping[str, Any]) -> list[str]:
    """Return the names of the properties that are at fault."""
    found: list[str] = [str(one["name"]) for one in _told(error) if one.get("name")]
    for one in _details(error):
        found += map(str, (one.get("context") or {}).get("propertyName") or ())
    return list(dict.fromkeys(found))


def _details(error: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for one in error.get("errors") or () if isinstance(one, dict)]


def _told(error: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what a message of invalid properties lists: HubSpot writes a list in JSON behind its words."""
    _, brackets, listed = str(error.get("message", "")).partition(": [")
    try:
        found = json.loads("[" + listed) if brackets else []
    except ValueError:
        return []
    return [one for one in found if isinstance(one, dict)]


def _number(status: Any) -> int:
    return int(status) if str(status).isdigit() else 0
