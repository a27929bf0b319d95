"""How much room a portal has for what overlap brings: lines of `overlap check`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from connectors.base import Finding
from connectors.hubspot.errors import MissingError, RefusedError, ScopeError
from connectors.hubspot.portal import COMPANIES, DEALS
from connectors.hubspot.session import HubSpotSession

_TYPES: Final = {"0-2": COMPANIES, "0-3": DEALS}


def limits(session: HubSpotSession) -> Iterator[Finding]:
    """Yield how many custom properties, and where there are such at all, custom objects may still be made.

    Having no room left is no fault: what the portal lacks is told property by property.
    """
    rows = _rows(session, "property limit", "byObjectType")
    said = [
        _left(row, f"custom properties of {_TYPES[row['objectTypeId']]}")
        for row in rows
        if row.get("objectTypeId") in _TYPES
    ]
    if session.portal.custom_objects:
        said += [_left(row, "custom objects") for row in _rows(session, "object limit", "results")]
    if said:
        yield Finding(True, "limits", "left: " + "; ".join(said))


def room_for(session: HubSpotSession, object_name: str) -> int | None:
    """Return for how many more properties of companies or deals there is room, None if the portal does not say."""
    for row in _rows(session, "property limit", "byObjectType"):
        if _TYPES.get(str(row.get("objectTypeId"))) == object_name:
            return int(row.get("limit") or 0) - int(row.get("usage") or 0)
    return None


def _rows(session: HubSpotSession, endpoint: str, key: str) -> list[dict[str, Any]]:
    """Return the rows of a limit; none if the token may not look."""
    try:
        found = session.read(endpoint)
    except (ScopeError, RefusedError, MissingError):
        return []
    rows: list[dict[str, Any]] = found.get(key) or [found]
    return rows


def _left(row: dict[str, Any], what: str) -> str:
    most = int(row.get("limit") or 0)
    return f"{max(most - int(row.get('usage') or 0), 0):,} of {most:,} {what}"
