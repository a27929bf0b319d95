"""The REST API as Starlette routes. One call at a time: SQLite has one writer, and so has this server.

Order of refusal as in Salesforce: the org is down, the token is bad, the day's calls are used up, the version is
retired, the path leads nowhere, the method or the content type is wrong, and only then what was asked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.sandbox import composite, cursor, describe, metadata, tokens
from connectors.sandbox.cursor import Reader
from connectors.sandbox.errors import ApiError, expired, not_found
from connectors.sandbox.store import API_ALLOWANCE, Request, Store
from connectors.sandbox.values import record_id
from connectors.sandbox.writes import Author

_VERSIONS: Final = range(41, 69)
#: Longer request lines never reach Salesforce's application servers.
_LONGEST_URL: Final = 16_384
_DOWN: Final = "<html><head><title>Server Unavailable</title></head><body>We are down for maintenance.</body></html>"
_TOO_LONG: Final = "<html><head><title>URI Too Long</title></head><body>Request URI too long.</body></html>"


@dataclass(frozen=True, slots=True)
class Call:
    """One request, signed in. *rest* are the parts of the path that the route left open."""

    store: Store
    http: HttpRequest
    version: str
    rest: tuple[str, ...]
    body: bytes

    @property
    def reader(self) -> Reader:
        """Who reads; the page size is a wish of the client's."""
        wish = re.search(r"batchSize=(\d+)", self.http.headers.get("sforce-query-options", ""), re.IGNORECASE)
        batch = {"batch": int(wish[1])} if wish else {}
        return Reader(self.store.database, self.store.catalog, self.version, **batch)

    @property
    def author(self) -> Author:
        """Who writes."""
        return Author(self.store.database, self.store.catalog, self.store.api_user)

    def collection(self) -> composite.Collection:
        """Return the body as a collection, some of its rows locked if the store says so."""
        collection = composite.read(_json(self))
        locked = self.store.take_locks(len(collection.records))
        return composite.Collection(collection.records, collection.all_or_none, locked)


def application(store: Store, instance_url: str) -> Starlette:
    """Return the app that answers for *store* at its My Domain, *instance_url*."""

    async def answer(http: HttpRequest) -> Response:
        body = await http.body()
        reply = _answer(store, http, body, instance_url)
        reply.headers["Date"] = format_datetime(store.database.now(), usegmt=True)
        store.log(_request(store, http, body, reply.status_code))
        reply.headers["Sforce-Limit-Info"] = f"api-usage={store.limit_used}/{API_ALLOWANCE}"
        return reply

    endpoint: Callable[[HttpRequest], Awaitable[Response]] = answer
    every = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
    return Starlette(routes=[Route("/{path:path}", endpoint, methods=every)])


def _answer(store: Store, http: HttpRequest, body: bytes, instance_url: str) -> Response:
    try:
        if store.database.setting("down", False):
            return Response(_DOWN, 503, media_type="text/html")
        if len(http.url.path) + len(http.url.query) > _LONGEST_URL:
            return Response(_TOO_LONG, 414, media_type="text/html")
        if re.match(r"/services/Soap/m/\d+\.0(?:/|$)", http.url.path) and http.method == "POST":
            return Response(*metadata.soap(store.database, body), media_type="text/xml")
        if http.url.path.startswith(tokens.PATH):
            return tokens.answer(store, http, body, instance_url)
        return JSONResponse(_signed_in(store, http, body))
    except ApiError as error:
        return JSONResponse(error.body(), error.status)


def _signed_in(store: Store, http: HttpRequest, body: bytes) -> Any:
    path = http.url.path.rstrip("/")
    if path == "/services/data":
        return [{"label": f"API {v}", "url": f"/services/data/v{v}.0", "version": f"{v}.0"} for v in _VERSIONS]
    scheme, _, token = http.headers.get("authorization", "").partition(" ")
    store.count_to_expiry()
    if scheme not in ("Bearer", "OAuth") or not tokens.is_valid(store, token):
        raise expired()
    if store.limit_used >= API_ALLOWANCE:
        raise ApiError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=403)
    found = re.fullmatch(r"/services/data/v(\d+)\.0/?(.*)", path)
    if found is None or int(found[1]) > _VERSIONS[-1]:
        raise not_found()
    if int(found[1]) < _VERSIONS[0]:
        message = f"API version {found[1]}.0 is no longer supported. Use a supported version."
        raise ApiError("GONE", message, status=410)
    for pattern, methods in _ROUTES.items():
        if rest := re.fullmatch(pattern, found[2]):
            act = _method(http, methods)
            return act(Call(store, http, f"{found[1]}.0", rest.groups(), body))
    raise not_found()


def _method(http: HttpRequest, methods: dict[str, Callable[[Call], Any]]) -> Callable[[Call], Any]:
    act = methods.get("GET" if http.method == "HEAD" else http.method)
    if act is None:
        message = f"HTTP Method '{http.method}' not allowed. Allowed are {','.join(methods)}"
        raise ApiError("METHOD_NOT_ALLOWED", message, status=405)
    kind = http.headers.get("content-type", "").partition(";")[0].strip()
    if http.method in ("POST", "PATCH") and kind != "application/json":
        raise ApiError("UNSUPPORTED_MEDIA_TYPE", f"Content type '{kind}' is not supported.", status=415)
    return act


def _query(call: Call, deleted_too: bool = False, tooling: bool = False) -> Any:
    text = call.http.query_params.get("q", "")
    if not text:
        raise ApiError("MALFORMED_QUERY", "A query string has to be specified")
    if (answer := metadata.query(call.store.database, text, tooling=tooling)) is not None:
        return answer
    return cursor.run(call.reader, text, deleted_too=deleted_too)


def _describe(call: Call) -> Any:
    entity = call.store.catalog.entities.get(call.rest[0].lower())
    if entity is None:
        raise not_found()
    return describe.one(entity, call.version)


def _record(call: Call) -> Any:
    entity = call.store.catalog.entities.get(call.rest[0].lower())
    if entity is None:
        raise not_found()
    wanted = record_id("Record ID", call.rest[1], entity.prefix, "Id")
    found = cursor.everything(call.reader, entity.name, wanted)
    if not found:
        raise not_found()
    if found[0]["IsDeleted"]:
        raise ApiError("ENTITY_IS_DELETED", "entity is deleted", status=404)
    return found[0]


def _limits(call: Call) -> Any:
    return {"DailyApiRequests": {"Max": API_ALLOWANCE, "Remaining": API_ALLOWANCE - call.store.limit_used}}


_ROUTES: Final[dict[str, dict[str, Callable[[Call], Any]]]] = {
    "": {"GET": lambda call: metadata.resources(call.store.org_id, call.store.api_user, call.version)},
    "limits": {"GET": _limits},
    "limits/recordCount": {
        "GET": lambda call: metadata.record_counts(call.store.database, call.http.query_params.get("sObjects", ""))
    },
    "tooling/query": {"GET": lambda call: _query(call, tooling=True)},
    "sobjects/PermissionSetAssignment": {
        "POST": lambda call: metadata.assign(call.store.database, metadata.parsed(call.body))
    },
    "query": {"GET": _query},
    "queryAll": {"GET": lambda call: _query(call, deleted_too=True)},
    r"(?:query|queryAll)/([^/]+)": {"GET": lambda call: cursor.more(call.reader, call.rest[0])},
    "sobjects": {"GET": lambda call: describe.everything(call.store.catalog, call.version)},
    r"sobjects/(\w+)/describe": {"GET": _describe},
    r"sobjects/(\w+)/(\w+)": {"GET": _record},
    "composite/sobjects": {
        "POST": lambda call: composite.create(call.author, call.collection()),
        "PATCH": lambda call: composite.update(call.author, call.collection()),
    },
    r"composite/sobjects/(\w+)/(\w+)": {
        "PATCH": lambda call: composite.upsert(call.author, call.collection(), *call.rest)
    },
}


def _json(call: Call) -> Any:
    try:
        return json.loads(call.body)
    except json.JSONDecodeError as error:
        message = f"{error.msg} at [line:{error.lineno}, column:{error.colno}]"
        raise ApiError("JSON_PARSER_ERROR", message) from error
    except UnicodeDecodeError as error:
        raise ApiError("JSON_PARSER_ERROR", f"Invalid UTF-8 at byte {error.start}") from error
    except RecursionError:
        raise ApiError("JSON_PARSER_ERROR", "The request body is nested too deeply") from None


def _request(store: Store, http: HttpRequest, body: bytes, status: int) -> Request:
    text = body.decode("utf-8", "replace")
    if http.url.path.startswith("/services/Soap/"):  # a token is in it, and a package is long
        text = ""
    query = parse_qs(http.url.query).get("q", [http.url.query])[0]
    if http.url.path.startswith(tokens.PATH):  # secrets stay out of the file
        text, query = "grant_type=" + ",".join(parse_qs(text).get("grant_type", [])), ""
    agent = http.headers.get("user-agent", "")
    return Request(store.database.now(), http.method, http.url.path, query, text, status, agent)
