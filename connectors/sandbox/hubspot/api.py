"""HubSpot's API as routes. One call at a time: SQLite has one writer, and so has this server.

The same portal is behind every version of a path: ``/crm/v3/objects/companies`` and ``/crm/objects/2026-09/companies``.
Order of refusal: the token is bad, a limit is reached, the path leads nowhere, the version is gone, the object is
unknown, a scope is missing, the method or the content type is wrong, and only then what was asked.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.sandbox import deferral, exchange
from connectors.sandbox.exchange import Interface
from connectors.sandbox.hubspot import (
    associations,
    batches,
    definitions,
    directory,
    oauth,
    rates,
    records,
    schemas,
    search,
    troubles,
    versions,
)
from connectors.sandbox.hubspot.call import Answer, Call
from connectors.sandbox.hubspot.database import Database
from connectors.sandbox.hubspot.errors import HubSpotError, missing_scopes, not_found
from connectors.sandbox.hubspot.oauth import Grant
from connectors.sandbox.hubspot.portal import Portal
from connectors.sandbox.hubspot.versions import DATED

_DATE: Final = r"\d{4}-\d\d"
_PLACES: Final = (
    r"/crm/(?P<version>v3)/(?P<area>objects|properties|owners|pipelines|limits)(?:/(?P<rest>.*))?",
    r"/crm/(?P<version>v4)/(?P<area>objects|associations)(?:/(?P<rest>.*))?",
    r"/crm/(?P<area>associations)/(?P<version>v4)/(?P<rest>.*/labels(?:/.*)?)",
    rf"/crm/(?P<area>objects|properties|owners|pipelines|limits|associations)/(?P<version>{_DATE})(?:/(?P<rest>.*))?",
    rf"/crm-object-schemas/(?P<version>v3|{_DATE})/(?P<area>schemas)(?:/(?P<rest>.*))?",
    rf"/(?P<area>account-info)/(?P<version>v3|{_DATE})/(?P<rest>.*)",
)
Act = Callable[[Call], Any]
#: At which places of a path objects are named.
_FIRST, _TWO, _ENDS = (0,), (0, 1), (0, 2)


@dataclass(frozen=True, slots=True)
class _Way:
    """A path of an area, the versions that have it, and what each method does.

    It needs the right to read or write the objects *named* in it; one that only *reads* never that to write.
    """

    area: str
    pattern: str
    versions: tuple[str, ...]
    methods: dict[str, Act]
    named: tuple[int, ...] = ()
    reads: bool = False


def application(portal: Portal, url: str) -> Starlette:
    """Return the app that answers for *portal*."""
    every = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
    return Starlette(routes=[Route("/{path:path}", endpoint(portal, url), methods=every)])


def endpoint(portal: Portal, url: str) -> Callable[[HttpRequest], Coroutine[Any, Any, Response]]:
    """Return what answers each request to *portal*, wherever it is."""
    del url
    database = portal.database
    answer, again = partial(_answer, database), partial(_routed, database, None)
    return exchange.endpoint(portal, Interface(answer, again, troubles.FAULTS, lambda _: [], _kept))


def _kept(http: HttpRequest, body: bytes) -> tuple[str, str]:
    if not oauth.kept(http):
        return "", ""
    return http.url.query, body.decode("utf-8", "replace")


def settle(portal: Portal) -> None:
    """Do at once what long transactions and delayed commits still hold back."""
    database = portal.database
    with database.transaction():
        replay = partial(exchange.replay, portal, partial(_routed, database, None))
        deferral.settle(database, replay, everything=True)


def _answer(database: Database, http: HttpRequest, body: bytes) -> Response:
    correlation_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{database.portal_id}/{database.request}"))
    marks: dict[str, str] = {}
    try:
        if http.url.path.startswith(oauth.PATH):
            if http.url.path.startswith("/oauth/v1/"):
                marks = versions.marks(database, "oauth-v1")
            return oauth.answer(database, http, body, correlation_id)
        grant = oauth.grant(database, http.headers.get("authorization", ""))
        searching = http.url.path.rstrip("/").endswith("/search")
        try:
            rates.count(database, search=searching)
        finally:
            marks = {} if searching else rates.headers(database, oauth=grant.oauth)
        place = _place(http)
        marks |= versions.marks(database, place["version"])
        with database.transaction():
            found = _routed(database, grant, http, body)
    except HubSpotError as error:
        return JSONResponse(error.body(correlation_id), error.status, marks)
    answer = found if isinstance(found, Answer) else Answer(200, found)
    if answer.body is None:
        return Response(status_code=answer.status, headers=marks)
    return JSONResponse(answer.body, answer.status, marks, media_type="application/json;charset=utf-8")


def _place(http: HttpRequest) -> re.Match[str]:
    path = exchange.raw_path(http).rstrip("/")
    for pattern in _PLACES:
        if found := re.fullmatch(pattern, path):
            return found
    raise not_found()


def _routed(database: Database, grant: Grant | None, http: HttpRequest, body: bytes) -> Any:
    """Do a request; *grant* None is one whose token was looked at before."""
    place = _place(http)
    for way in _WAYS:
        rest = re.fullmatch(way.pattern, place["rest"] or "") if way.area == place["area"] else None
        if rest is None or place["version"] not in way.versions:
            continue
        call = Call(database, http, place["version"], tuple(map(unquote, rest.groups())), body)
        for named in way.named:
            database.object_type(call.rest[named], fresh=False)
        if grant is not None:
            _check_scopes(call, way, grant)
        return _method(http, way)(call)
    raise not_found()


def _check_scopes(call: Call, way: _Way, grant: Grant) -> None:
    reads = way.reads or call.http.method in ("GET", "HEAD")
    does = "read" if reads else "write"
    parts = {"properties": ("schemas", "objects") if reads else ("schemas",), "pipelines": ("schemas", "objects")}
    words = [call.database.object_type(call.rest[place]).scope for place in way.named]
    needed = [[f"crm.{part}.{word}.{does}" for part in parts.get(way.area, ("objects",))] for word in words]
    if way.area == "schemas":
        needed = [[f"crm.schemas.custom.{does}"]]
    elif way.area == "owners":
        needed = [["crm.objects.owners.read"]]
    for alternatives in needed:
        if grant.scopes.isdisjoint(alternatives):
            raise missing_scopes(alternatives)


def _method(http: HttpRequest, way: _Way) -> Act:
    act = way.methods.get("GET" if http.method == "HEAD" else http.method)
    if act is None:
        raise HubSpotError(405, "", "Method Not Allowed")
    kind = http.headers.get("content-type", "").partition(";")[0].strip()
    bodiless = http.method in ("GET", "HEAD", "DELETE") or "/default/" in http.url.path
    if not bodiless and kind != "application/json":
        raise HubSpotError(415, "", f"Content type '{kind}' is not supported")
    return act


_ID: Final = r"([^/]+)"
_RECORDS: Final = ("v3", *DATED)
_LINKED: Final = ("v4", *DATED)
_WAYS: Final = (
    _Way("objects", _ID, _RECORDS, {"GET": records.page, "POST": records.create}, _FIRST),
    _Way("objects", f"{_ID}/search", _RECORDS, {"POST": search.run}, _FIRST, reads=True),
    _Way("objects", f"{_ID}/merge", _RECORDS, {"POST": records.merge}, _FIRST),
    _Way("objects", f"{_ID}/batch/read", _RECORDS, {"POST": batches.read}, _FIRST, reads=True),
    _Way("objects", f"{_ID}/batch/create", _RECORDS, {"POST": batches.create}, _FIRST),
    _Way("objects", f"{_ID}/batch/update", _RECORDS, {"POST": batches.update}, _FIRST),
    _Way("objects", f"{_ID}/batch/upsert", _RECORDS, {"POST": batches.upsert}, _FIRST),
    _Way("objects", f"{_ID}/batch/archive", _RECORDS, {"POST": batches.archive}, _FIRST),
    _Way(
        "objects",
        f"{_ID}/{_ID}",
        _RECORDS,
        {"GET": records.one, "PATCH": records.update, "DELETE": records.archive},
        _FIRST,
    ),
    _Way("objects", f"{_ID}/{_ID}/associations/{_ID}", ("v4", "2026-03"), {"GET": associations.of_record}, _ENDS),
    _Way("objects", f"{_ID}/{_ID}/associations/default/{_ID}/{_ID}", _LINKED, {"PUT": associations.default}, _ENDS),
    _Way(
        "objects",
        f"{_ID}/{_ID}/associations/{_ID}/{_ID}",
        _LINKED,
        {"PUT": associations.label, "DELETE": associations.remove},
        _ENDS,
    ),
    _Way("associations", f"{_ID}/{_ID}/batch/read", _LINKED, {"POST": associations.read}, _TWO, reads=True),
    _Way("associations", f"{_ID}/{_ID}/batch/create", _LINKED, {"POST": associations.create}, _TWO),
    _Way("associations", f"{_ID}/{_ID}/batch/archive", _LINKED, {"POST": associations.archive}, _TWO),
    _Way("associations", f"{_ID}/{_ID}/batch/labels/archive", _LINKED, {"POST": associations.archive_labels}, _TWO),
    _Way("associations", f"{_ID}/{_ID}/batch/associate/default", _LINKED, {"POST": associations.create_default}, _TWO),
    _Way(
        "associations",
        f"{_ID}/{_ID}/labels",
        _LINKED,
        {"GET": associations.types, "POST": associations.create_type, "PUT": associations.update_type},
        _TWO,
    ),
    _Way("associations", rf"{_ID}/{_ID}/labels/(\d+)", _LINKED, {"DELETE": associations.archive_type}, _TWO),
    _Way("properties", f"{_ID}", _RECORDS, {"GET": definitions.every, "POST": definitions.create}, _FIRST),
    _Way("properties", f"{_ID}/batch/create", _RECORDS, {"POST": definitions.create_several}, _FIRST),
    _Way("properties", f"{_ID}/batch/read", _RECORDS, {"POST": definitions.read_several}, _FIRST, reads=True),
    _Way("properties", f"{_ID}/batch/archive", _RECORDS, {"POST": definitions.archive_several}, _FIRST),
    _Way(
        "properties", f"{_ID}/groups", _RECORDS, {"GET": definitions.groups, "POST": definitions.create_group}, _FIRST
    ),
    _Way(
        "properties",
        f"{_ID}/groups/{_ID}",
        _RECORDS,
        {"GET": definitions.group, "PATCH": definitions.update_group, "DELETE": definitions.archive_group},
        _FIRST,
    ),
    _Way(
        "properties",
        f"{_ID}/{_ID}",
        _RECORDS,
        {"GET": definitions.one, "PATCH": definitions.update, "DELETE": definitions.archive},
        _FIRST,
    ),
    _Way("schemas", "", _RECORDS, {"GET": schemas.every, "POST": schemas.create}),
    _Way("schemas", _ID, _RECORDS, {"GET": schemas.one, "PATCH": schemas.update, "DELETE": schemas.archive}),
    _Way("schemas", f"{_ID}/associations", _RECORDS, {"POST": schemas.associate}),
    _Way("schemas", f"{_ID}/associations/{_ID}", _RECORDS, {"DELETE": schemas.dissociate}),
    _Way("owners", "", _RECORDS, {"GET": directory.owners}),
    _Way("owners", r"(\d+)", _RECORDS, {"GET": directory.owner}),
    _Way("pipelines", _ID, _RECORDS, {"GET": directory.pipelines}, _FIRST),
    _Way("pipelines", f"{_ID}/{_ID}", _RECORDS, {"GET": directory.pipeline}, _FIRST),
    _Way("pipelines", f"{_ID}/{_ID}/stages", _RECORDS, {"GET": directory.stages}, _FIRST),
    _Way("limits", "custom-object-types", _RECORDS, {"GET": directory.custom_object_limit}),
    _Way("limits", "custom-properties", _RECORDS, {"GET": directory.property_limit}),
    _Way("limits", "associations/labels", _RECORDS, {"GET": directory.label_limit}),
    _Way("account-info", "details", _RECORDS, {"GET": directory.account}),
    _Way("account-info", "api-usage/daily/private-apps", _RECORDS, {"GET": directory.usage}),
)
