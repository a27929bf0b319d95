"""What a body brings, read by its parts: whatever is of another kind than HubSpot takes is refused, not guessed.

Each of these raises a `HubSpotError`, category VALIDATION_ERROR, if the part is of another kind, or missing where it
must be there.
"""

from __future__ import annotations

from typing import Any, Final

from connectors.sandbox.hubspot.errors import HubSpotError, unreadable

Row = dict[str, Any]
#: Greater numbers are none that HubSpot has a use for.
_GREATEST: Final = 2**31 - 1
_LONGEST_ID: Final = 18


def text_of(given: Any, name: str) -> str:
    """Return a text that must be there."""
    found = _part(given, name)
    if not isinstance(found, str) or not found:
        raise _unset(name)
    return found


def optional_text(given: Any, name: str) -> str:
    """Return a text, empty if it is not there."""
    found = _part(given, name)
    if not isinstance(found, str | None):
        raise unreadable(f"{name} must be a string")
    return found or ""


def number_of(given: Any, name: str, default: int | None = None) -> int:
    """Return a whole number, *default* if it is not there."""
    found = _part(given, name)
    if found is None and default is not None:
        return default
    if not isinstance(found, int) or isinstance(found, bool) or abs(found) > _GREATEST:
        raise unreadable(f"{name} must be a whole number")
    return found


def flag_of(given: Any, name: str, default: bool | None = None) -> bool:
    """Return a boolean, *default* if it is not there."""
    found = _part(given, name)
    if found is None and default is not None:
        return default
    if not isinstance(found, bool):
        raise _unset(name)
    return found


def texts_of(given: Any, name: str) -> list[str]:
    """Return a list of texts, an empty one if it is not there."""
    found = _part(given, name)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise unreadable(f"{name} must be a list of strings")
    return found


def objects_of(given: Any, name: str) -> list[Row]:
    """Return a list of objects, an empty one if it is not there."""
    found = _part(given, name)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise unreadable(f"{name} must be a list of objects")
    return found


def properties_of(given: Any) -> dict[str, str]:
    """Return the ``properties`` of a record; every value is a text."""
    found = _part(given, "properties")
    if not isinstance(found, dict):
        raise _unset("properties")
    for name, value in found.items():
        if not isinstance(value, str):
            raise unreadable(f"the value of property {name} must be a string")
    return found


def types_of(given: Any) -> list[tuple[str, int]]:
    """Return the category and the id of each type of association in a list, which has one at least."""
    if not isinstance(given, list) or not given:
        raise unreadable("types must be a list of association types")
    return [(text_of(one, "associationCategory"), number_of(one, "associationTypeId")) for one in given]


def as_id(text: str) -> int | None:
    """Return the record id that *text* is, or None."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_ID else None


def _part(given: Any, name: str) -> Any:
    if not isinstance(given, dict):
        raise unreadable(f"an object with {name} was expected")
    return given.get(name)


def _unset(name: str) -> HubSpotError:
    return unreadable(f"Some required fields were not set: [{name}]")
