"""One request from its arrival to its answer: counted, struck by a fault if it meets one, logged, and one transaction.

Every request, of whatever interface, comes through `endpoint`.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import replace
from email.utils import format_datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from connectors.sandbox import deferral, faults, locks, tokens, troubles
from connectors.sandbox.errors import ApiError
from connectors.sandbox.faults import Rule
from connectors.sandbox.store import API_ALLOWANCE, Request, Store
from connectors.sandbox.troubles import Exchange, Holds
from overlap.errors import OverlapError


def endpoint(
    store: Store, answer: Callable[[HttpRequest, bytes], Response], again: Callable[[HttpRequest, bytes], Any]
) -> Callable[[HttpRequest], Coroutine[Any, Any, Response]]:
    """Return what Starlette calls. *answer* does a request; *again* does one whose sign-in was looked at before."""
    holds = Holds()

    async def received(http: HttpRequest) -> Response:
        body = await http.body()
        with store.database.transaction():
            deferral.settle(store.database, partial(replay, store, again))
            request = _request(store, http, body)
            rule = faults.strike(store.database, http.method, http.url.path, request.query + request.body)
            number = store.log(replace(request, fault=rule.fault if rule else ""))
            exchange = Exchange(store, number, partial(answer, http, body), partial(_act, http, body, number))
            held = rule if rule is not None and rule.fault == "hold" else None
            reply = _held(exchange) if held else _finished(exchange, rule)
        if held:
            await holds.wait(held.values.get("requests", 1))
            with store.database.transaction():
                locks.unlock(store.database, troubles.holder(number))
                reply = _finished(exchange, None)
        holds.passed()
        return reply

    return received


def replay(store: Store, again: Callable[[HttpRequest, bytes], Any], act: Mapping[str, Any]) -> None:
    """Do a kept act, a person's or a request's. What is refused by now leaves nothing behind."""
    with suppress(OverlapError, ApiError), store.database.transaction():
        if "action" in act:
            store.replay(act)
            return
        scope = {"type": "http", "method": act["method"], "path": act["path"], "query_string": act["query"].encode()}
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in act["headers"]]
        scope |= {"raw_path": act["raw_path"].encode(), "headers": headers}
        before, store.database.request = store.database.request, act["request"]
        try:
            again(HttpRequest(scope), act["body"].encode("latin-1"))
        finally:
            store.database.request = before


def raw_path(http: HttpRequest) -> str:
    """Return the path as it was sent: an external id may have a slash in it, which is quoted there."""
    raw: bytes = http.scope.get("raw_path") or http.url.path.encode()
    return raw.decode("latin-1")


def _held(exchange: Exchange) -> Response:
    exchange.store.database.request = exchange.number
    try:
        troubles.hold(exchange)
    finally:
        exchange.store.database.request = None
    return Response()


def _finished(exchange: Exchange, rule: Rule | None) -> Response:
    """Answer, and say so in the log; all that is written meanwhile is this request's doing."""
    store = exchange.store
    store.database.request = exchange.number
    try:
        reply = troubles.afflict(rule, exchange)
    finally:
        store.database.request = None
    store.answered(exchange.number, reply.status_code)
    reply.headers["Date"] = format_datetime(store.database.now(), usegmt=True)
    reply.headers["Sforce-Limit-Info"] = f"api-usage={store.limit_used}/{API_ALLOWANCE}"
    return reply


def _act(http: HttpRequest, body: bytes, number: int) -> dict[str, Any]:
    """Return the request as data, so that it can be done again when its commit arrives."""
    headers = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in http.scope["headers"]]
    asked = {"path": http.url.path, "raw_path": raw_path(http), "query": http.url.query}
    return {"request": number, "method": http.method, **asked, "headers": headers, "body": body.decode("latin-1")}


def _request(store: Store, http: HttpRequest, body: bytes) -> Request:
    text, query = body.decode("utf-8", "replace"), parse_qs(http.url.query).get("q", [http.url.query])[0]
    if http.url.path.startswith(tokens.PATH):  # the secret stays out of the file
        text, query = "grant_type=" + ",".join(parse_qs(text).get("grant_type", [])), ""
    elif http.url.path.startswith("/services/Soap/"):  # a token is in it, and a package is long
        text = ""
    agent = http.headers.get("user-agent", "")
    return Request(store.database.now(), http.method, http.url.path, query, text, 0, agent)
