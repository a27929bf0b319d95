"""What `overlap check` says of a portal: one line each, with its remedy. Reads definitions, changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from connectors.base import Finding
from connectors.findings import api_calls, clock
from connectors.hubspot.columns import MAY_BE_ABSENT, Reading, is_link, readings
from connectors.hubspot.errors import DEPLOY, MissingError, RefusedError, ScopeError
from connectors.hubspot.limits import limits, room_for
from connectors.hubspot.objects import property_name
from connectors.hubspot.portal import COMPANIES, DEALS
from connectors.hubspot.scopes import SCOPES
from connectors.hubspot.session import HubSpotSession, Properties
from overlap.fields import ACCOUNT, OPPORTUNITY

_READING, _WRITING, _SETUP, _RECORDS, _OBJECTS = SCOPES
#: The flat fields that HubSpot's own objects carry.
_OURS: Final = {COMPANIES: ACCOUNT, DEALS: OPPORTUNITY}


def findings(session: HubSpotSession, flat_fields: bool) -> list[Finding]:
    """Return what is well and what is not, in the order in which an admin would mend it.

    *flat_fields* says whether the workspace writes properties of ours on companies and deals; without them it is no
    fault that they were never made.
    """
    found = [
        identity(session),
        api_calls(session.api_calls(), "today", "wait until tomorrow, or buy the API add-on"),
        clock(session.server_now(), datetime.now(UTC), "HubSpot"),
    ]
    found += [*scopes(session), *limits(session)]
    for reading in readings(session.portal):
        spare = _of_other_tiers(session, reading)
        lines = list(readable(reading, session.properties(reading.object_name), flat_fields, spare))
        found += lines if all(line.ok for line in lines) else _left_out(session, reading, lines)
    return found


def _of_other_tiers(session: HubSpotSession, reading: Reading) -> set[str]:
    """Return the properties that are read where they are, and that a portal of this tier need not have."""
    fields = {one.name for thing in session.portal.things for one in thing.fields}
    thing = reading.ours or _OURS[reading.object_name]
    return {property_name(one) for one in thing.stand_ins if one.name not in fields}


def _left_out(session: HubSpotSession, reading: Reading, lines: list[Finding]) -> list[Finding]:
    """Return *lines*; where there is no room for more properties, one that was left out is no fault."""
    if reading.ours is not None or room_for(session, reading.object_name) != 0:
        return lines
    said = "left out: the account has no room for more custom properties"
    return [replace(line, ok=True, detail=said) if line.remedy == DEPLOY else line for line in lines]


def identity(session: HubSpotSession) -> Finding:
    """Return which portal this is, what it can hold, and by which paths it is asked."""
    portal = session.portal
    kind = portal.kind.lower().replace("_", " ")
    currencies = ", ".join((portal.currency or "?", *portal.other_currencies))
    said = f"{kind} account, {currencies}, {portal.time_zone}; {portal.tier}; API {session.paths.family}"
    return Finding(True, "sign-in", f"signed in to portal {portal.org_id} ({said})")


def scopes(session: HubSpotSession) -> Iterator[Finding]:
    """Yield for each feature whether the token may do it. HubSpot tells no scopes of a key: it is asked for nothing.

    Scopes are looked at before what a call brings, so a batch without a record says whether it would be allowed.
    """
    own = list(session.portal.type_ids.values())[:1]
    places: dict[str, list[tuple[str, ...]]] = {
        _READING: [("GET", "objects", COMPANIES), ("GET", "objects", DEALS), ("GET", "owners")],
        _WRITING: [("POST", "batch", name, "update") for name in (COMPANIES, DEALS)],
        _SETUP: [("POST", "property batch", name, "create") for name in (COMPANIES, DEALS)],
        _RECORDS: [("POST", "batch", name, "update") for name in own],
    }
    for feature, calls in places.items():
        missing = [scope for call in calls for scope in _missing(session, call[0], call[1:])]
        said = f"{'scope' if len(missing) == 1 else 'scopes'} {', '.join(missing)} missing" if missing else "allowed"
        if calls:
            yield Finding(not missing, feature, said, "add what is missing to the key or app in HubSpot")
    if not session.portal.custom_objects:
        off = f"off: they need HubSpot Enterprise, and the scope {SCOPES[_RECORDS][0]}"
        yield Finding(True, _RECORDS, off)


def _missing(session: HubSpotSession, method: str, place: Sequence[str]) -> tuple[str, ...]:
    """Return the scopes that a call lacks, any of which would do."""
    body: dict[str, list[str]] | None = None if method == "GET" else {"inputs": []}
    query = [("limit", "1")] if method == "GET" else []
    try:
        session.send(method, *place, query=query, body=body)
    except ScopeError as error:
        return (" or ".join(error.scopes) or f"of {' '.join(place)}",)
    except (RefusedError, MissingError):
        pass  # a batch of nothing: it was allowed, had there been something
    return ()


def readable(
    reading: Reading, defined: Properties | None, flat_fields: bool, spare: Collection[str]
) -> Iterator[Finding]:
    """Yield a line for the object, and one for each property that is missing; *spare* ones may be."""
    name = reading.name
    if defined is None:
        yield Finding(False, name, "the object is missing", DEPLOY)
        return
    thing = reading.ours or _OURS[reading.object_name]
    ours = {property_name(one) for one in thing.columns if not is_link(thing, one.name)}
    wanted = {column.property for view in reading.views for column in view.columns if column.property}
    lost = {one for one in wanted if one not in defined and one not in spare} - MAY_BE_ABSENT
    if reading.ours is None and not ours & defined.keys():
        lost -= ours
        remedy = f"{DEPLOY}, or set flat_fields = false"
        yield Finding(not flat_fields, name, "none of overlap's properties is here", remedy)
    for one in sorted(lost):
        yield Finding(False, f"{name}.{one}", "the property is missing", DEPLOY if one in ours else "restore it")
    if not lost:
        yield Finding(True, name, f"{len(wanted & defined.keys())} properties can be read")
