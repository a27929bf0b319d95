"""The REST API as Starlette routes. One call at a time: SQLite has one writer, and so has this server.

Order of refusal as in Salesforce: the org is down, the token is bad, the day's calls are used up, the version is
retired, the path leads nowhere, the method or the content type is wrong, and only then what was asked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.sandbox import (
    bulk_ingest,
    bulk_query,
    composite,
    cursor,
    deferral,
    describe,
    exchange,
    locks,
    metadata,
    records,
    replication,
    tokens,
    troubles,
)
from connectors.sandbox.cursor import Reader
from connectors.sandbox.errors import ApiError, expired, not_found
from connectors.sandbox.exchange import Interface
from connectors.sandbox.store import API_ALLOWANCE, Store
from connectors.sandbox.writes import Author

_VERSIONS: Final = range(41, 69)
#: Longer request lines never reach Salesforce's application servers.
_LONGEST_URL: Final = 16_384
#: Allowances of a Developer Edition org of which the sandbox uses nothing.
_UNUSED: Final = {
    "ConcurrentAsyncGetReportInstances": 200,
    "DailyBulkApiBatches": 15_000,
    "DailyBulkV2QueryFileStorageMB": 976_562,
    "DailyBulkV2QueryJobs": 10_000,
    "DataStorageMB": 5,
    "FileStorageMB": 20,
}
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
    def asker(self) -> bulk_query.Asker:
        """Who asks for a bulk query."""
        return bulk_query.Asker(self.store.database, self.store.catalog, self.version, self.store.api_user)

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
    """Return the app that answers for *store*; *instance_url* is what a token says to call from then on."""
    every = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
    return Starlette(routes=[Route("/{path:path}", endpoint(store, instance_url), methods=every)])


def endpoint(store: Store, instance_url: str) -> Callable[[HttpRequest], Coroutine[Any, Any, Response]]:
    """Return what answers each request to *store*."""
    answer, again = partial(_answer, store, instance_url), partial(_routed, store)
    touched = partial(locks.touched, store.database)
    return exchange.endpoint(
        store, Interface(answer, again, troubles.SALESFORCE, touched, tokens.kept, partial(_marks, store))
    )


def settle(store: Store) -> None:
    """Commit at once what long transactions and delayed commits still hold back."""
    with store.database.transaction():
        replay = partial(exchange.replay, store, partial(_routed, store))
        deferral.settle(store.database, replay, everything=True)


def _marks(store: Store) -> dict[str, str]:
    return {"Sforce-Limit-Info": f"api-usage={store.limit_used}/{API_ALLOWANCE}"}


def _answer(store: Store, instance_url: str, http: HttpRequest, body: bytes) -> Response:
    try:
        if store.database.setting("down", False):
            return Response(_DOWN, 503, media_type="text/html")
        if len(http.url.path) + len(http.url.query) > _LONGEST_URL:
            return Response(_TOO_LONG, 414, media_type="text/html")
        if re.match(r"/services/Soap/m/\d+\.0(?:/|$)", http.url.path) and http.method == "POST":
            return Response(*metadata.soap(store.database, body), media_type="text/xml")
        if http.url.path.startswith(tokens.PATH):
            return tokens.answer(store, http, body, instance_url)
        answer = _signed_in(store, http, body)
        return answer if isinstance(answer, Response) else JSONResponse(answer)
    except ApiError as error:
        return JSONResponse(error.body(), error.status)


def _signed_in(store: Store, http: HttpRequest, body: bytes) -> Any:
    if http.url.path.rstrip("/") == "/services/data":
        return [{"label": f"API {v}", "url": f"/services/data/v{v}.0", "version": f"{v}.0"} for v in _VERSIONS]
    scheme, _, token = http.headers.get("authorization", "").partition(" ")
    store.count_to_expiry()
    if scheme not in ("Bearer", "OAuth") or not tokens.is_valid(store, token):
        raise expired()
    if store.limit_used >= API_ALLOWANCE:
        raise ApiError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=403)
    return _routed(store, http, body)


def _routed(store: Store, http: HttpRequest, body: bytes) -> Any:
    found = re.fullmatch(r"/services/data/v(\d+)\.0/?(.*)", exchange.raw_path(http).rstrip("/"))
    if found is None or int(found[1]) > _VERSIONS[-1]:
        raise not_found()
    if int(found[1]) < _VERSIONS[0]:
        message = f"API version {found[1]}.0 is no longer supported. Use a supported version."
        raise ApiError("GONE", message, status=410)
    for pattern, methods in _ROUTES.items():
        if rest := re.fullmatch(pattern, found[2]):
            act = _method(http, methods)
            return act(Call(store, http, f"{found[1]}.0", tuple(map(unquote, rest.groups())), body))
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
    entity = records.entity_named(call.reader, call.rest[0])
    sql = 'select "Id", "Name", "DeveloperName", "IsActive" from "RecordType" where "SobjectType" = ? order by "Id"'
    types = call.store.database.rows(sql, (entity.name,)) if entity.column("RecordTypeId") else []
    return describe.one(entity, call.version, types)


def _described(call: Call) -> Any:
    """Return the basic facts of an object and the records that its user last looked at: none, nobody looks."""
    entity = records.entity_named(call.reader, call.rest[0])
    return {"objectDescribe": describe.summary(entity, call.version), "recentItems": []}


def _upsert(call: Call) -> Any:
    update_only = call.http.query_params.get("updateOnly", "") == "true"
    return records.upsert(call.reader, call.author, _row(call), _object(call), update_only)


def _row(call: Call) -> tuple[str, str, str]:
    name, key, value = call.rest
    return name, key, value


def _fields(call: Call) -> str:
    return call.http.query_params.get("fields", "")


def _several(call: Call) -> Any:
    if call.http.method == "GET":
        asked = {name: call.http.query_params.get(name, "").split(",") for name in ("ids", "fields")}
    else:
        asked = _object(call)
    lists = [asked.get(name) for name in ("ids", "fields")]
    if not all(isinstance(given, list) and all(lists) for given in lists):
        raise ApiError("JSON_PARSER_ERROR", "Required fields 'ids' and 'fields' are missing or are no lists")
    return records.several(call.reader, call.rest[0], asked["ids"], asked["fields"])


def _delete_several(call: Call) -> Any:
    asked = call.http.query_params
    return composite.delete(call.author, asked.get("ids", ""), all_or_none=asked.get("allOrNone") == "true")


def _span(call: Call) -> tuple[str, str, str]:
    return call.rest[0], call.http.query_params.get("start", ""), call.http.query_params.get("end", "")


def _limits(call: Call) -> Any:
    calls = {"Max": API_ALLOWANCE, "Remaining": API_ALLOWANCE - call.store.limit_used}
    return {"DailyApiRequests": calls, **{name: {"Max": most, "Remaining": most} for name, most in _UNUSED.items()}}


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
    r"sobjects/(\w+)/updated": {"GET": lambda call: replication.updated(call.reader, *_span(call))},
    r"sobjects/(\w+)/deleted": {"GET": lambda call: replication.deleted(call.reader, *_span(call))},
    r"sobjects/(\w+)": {
        "GET": _described,
        "POST": lambda call: records.create(call.author, call.rest[0], _object(call)),
    },
    r"sobjects/(\w+)/(\w+)": {
        "GET": lambda call: records.read(call.reader, call.rest[0], call.rest[1], _fields(call)),
        "PATCH": lambda call: records.update(call.author, call.rest[0], call.rest[1], _object(call)),
        "DELETE": lambda call: records.delete(call.author, *call.rest),
    },
    r"sobjects/(\w+)/(\w+)/([^/]+)": {
        "GET": lambda call: records.read_by_key(call.reader, _row(call), _fields(call)),
        "PATCH": _upsert,
        "DELETE": lambda call: records.delete_by_key(call.reader, call.author, _row(call)),
    },
    "jobs/query": {
        "GET": lambda call: bulk_query.every(call.asker),
        "POST": lambda call: bulk_query.create(call.asker, _json(call)),
    },
    r"jobs/query/(\w+)": {
        "GET": lambda call: bulk_query.info(call.asker, *call.rest),
        "PATCH": lambda call: bulk_query.abort(call.asker, _json(call), *call.rest),
        "DELETE": lambda call: bulk_query.delete(call.asker, *call.rest),
    },
    r"jobs/query/(\w+)/results": {"GET": lambda call: bulk_query.results(call.asker, call.http, *call.rest)},
    "composite/sobjects": {
        "POST": lambda call: composite.create(call.author, call.collection()),
        "PATCH": lambda call: composite.update(call.author, call.collection()),
        "DELETE": _delete_several,
    },
    r"composite/sobjects/(\w+)": {"GET": _several, "POST": _several},
    r"composite/sobjects/(\w+)/(\w+)": {
        "PATCH": lambda call: composite.upsert(call.author, call.collection(), *call.rest)
    },
    **bulk_ingest.ROUTES,
}


def _object(call: Call) -> dict[str, Any]:
    record = _json(call)
    if not isinstance(record, dict):
        raise ApiError("JSON_PARSER_ERROR", "The request body is no JSON object")
    return record


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
