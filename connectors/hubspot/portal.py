"""What a portal is and can hold: looked at once, at sign-in, and frozen from then on.

Tiers have no endpoint of their own. Whoever may not see the schemas of custom objects, or has room for none, has none;
labels of associations likewise.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors.hubspot.errors import MissingError, RefusedError, ScopeError
from connectors.hubspot.transport import Query
from overlap.fields import OBJECTS, CrmObject, held
from overlap.labels import LABELS

if TYPE_CHECKING:
    from connectors.hubspot.session import HubSpotSession

COMPANIES: Final = "companies"
DEALS: Final = "deals"
_RECORDS: Final = frozenset(thing.name for thing in OBJECTS if thing.key is not None)
_DEAL_TO_COMPANY: Final = (("fromObjectTypeId", "0-3"), ("toObjectTypeId", "0-2"))


@dataclass(frozen=True, slots=True)
class Portal:
    """*type_ids* are the ids of our custom objects that are there, by their names in `overlap.fields`.

    *custom_objects* and *labels* say whether the portal may have such at all. *currency* is its own one.
    """

    org_id: str
    kind: str
    currency: str | None
    other_currencies: tuple[str, ...]
    time_zone: str
    custom_objects: bool = False
    labels: bool = False
    type_ids: Mapping[str, str] = field(default_factory=dict)

    @property
    def zone(self) -> str:
        """Its time zone, UTC if nobody here knows it."""
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            return "UTC"
        return self.time_zone

    @property
    def things(self) -> tuple[CrmObject, ...]:
        """What its tier can hold of `overlap.fields`."""
        return held(self.custom_objects, self.labels)

    @property
    def tier(self) -> str:
        """What overlap can do here, in words: what people see of a subscription."""
        if self.custom_objects:
            return "Enterprise: records of overlaps and influence"
        return "Professional: flat properties and labels" if self.labels else "flat properties"


def look(session: HubSpotSession) -> Portal:
    """Return what the portal of *session* is and can hold.

    Raises:
        AccessError: it does not let us look at all.
        TransientError: it is out of service.
    """
    account = session.read("account")
    type_ids = _type_ids(session)
    return Portal(
        org_id=str(account["portalId"]),
        kind=str(account.get("accountType", "")),
        currency=account.get("companyCurrency"),
        other_currencies=tuple(account.get("additionalCurrencies") or ()),
        time_zone=str(account.get("timeZone") or "UTC"),
        custom_objects=type_ids is not None and _has_room(session, "object limit", _RECORDS - type_ids.keys()),
        labels=_has_room(session, "label limit", LABELS, _DEAL_TO_COMPANY),
        type_ids=type_ids or {},
    )


def _type_ids(session: HubSpotSession) -> dict[str, str] | None:
    """Return the custom objects of ours that are there; None if the portal may not have any."""
    try:
        found = session.read("schemas")["results"]
    except (ScopeError, RefusedError, MissingError):
        return None
    return {str(one["name"]): str(one["objectTypeId"]) for one in found if one["name"] in _RECORDS}


def _has_room(session: HubSpotSession, limit: str, wanted: Collection[str], query: Query = ()) -> bool:
    """Return whether what *limit*, an endpoint, says leaves room for what of *wanted* is not there yet."""
    try:
        found = session.read(limit, query=query)
    except (ScopeError, RefusedError, MissingError):
        return False
    rows: list[dict[str, Any]] = found.get("results") or [found]
    return any(_left(row) >= len(set(wanted).difference(row.get("allLabels") or ())) for row in rows)


def _left(row: Mapping[str, Any]) -> int:
    most = int(row.get("limit") or 0)
    return most - int(row.get("usage") or 0) if most else -1
