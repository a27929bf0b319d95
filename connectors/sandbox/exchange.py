"""One request from its arrival to its answer: counted, struck by a fault if it meets one, logged, and one transaction.

Every request, of whatever interface, comes through `endpoint`.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from email.utils import format_datetime
from functools import partial
from typing import Any

from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from connectors.sandbox import deferral, faults, locks, troubles
from connectors.sandbox.errors import Refusal
from connectors.sandbox.faults import Rule
from connectors.sandbox.journal import Request
from connectors.sandbox.troubles import Exchange, Fault, Holds, Host
from overlap.errors import OverlapError


@dataclass(frozen=True, slots=True)
class Interface:
    """What is a CRM's own in an exchange.

    *answer* does a request; *again* does one whose sign-in was looked at before. *faults* says what each fault does,
    *touched* which rows a request (by its number) has written, *kept* what of a request is logged: what it asks and
    what it brings, without secrets. *marks* are headers of each reply.
    """

    answer: Callable[[HttpRequest, bytes], Response]
    again: Callable[[HttpRequest, bytes], Any]
    faults: Mapping[str, Fault]
    touched: Callable[[int], list[str]]
    kept: Callable[[HttpRequest, bytes], tuple[str, str]]
    marks: Callable[[], Mapping[str, str]] = dict


def endpoint(store: Host, crm: Interface) -> Callable[[HttpRequest], Coroutine[Any, Any, Response]]:
    """Return what Starlette calls."""
    holds = Holds()

    async def received(http: HttpRequest) -> Response:
        body = await http.body()
        with store.database.transaction():
            deferral.settle(store.database, partial(replay, store, crm.again))
            request = _request(store, http, crm.kept(http, body))
            rule = faults.strike(store.database, http.method, http.url.path, request.query + request.body)
            number = store.log(replace(request, fault=rule.fault if rule else ""))
            doing = partial(crm.answer, http, body), partial(_act, http, body, number), partial(crm.touched, number)
            exchange = Exchange(store, number, *doing)
            held = rule if rule is not None and rule.fault == "hold" else None
            reply = _held(exchange) if held else _finished(exchange, rule, crm)
        if held:
            await holds.wait(held.values.get("requests", 1))
            with store.database.transaction():
                locks.unlock(store.database, troubles.holder(number))
                reply = _finished(exchange, None, crm)
        holds.passed()
        return reply

    return received


def replay(store: Host, again: Callable[[HttpRequest, bytes], Any], act: Mapping[str, Any]) -> None:
    """Do a kept act, a person's or a request's. What is refused by now leaves nothing behind."""
    with suppress(OverlapError, Refusal), store.database.transaction():
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


def _finished(exchange: Exchange, rule: Rule | None, crm: Interface) -> Response:
    """Answer, and say so in the log; all that is written meanwhile is this request's doing."""
    store = exchange.store
    store.database.request = exchange.number
    try:
        reply = troubles.afflict(rule, exchange, crm.faults)
    finally:
        store.database.request = None
    store.answered(exchange.number, reply.status_code)
    reply.headers["Date"] = format_datetime(store.database.now(), usegmt=True)
    reply.headers.update(crm.marks())
    return reply


def _act(http: HttpRequest, body: bytes, number: int) -> dict[str, Any]:
    """Return the request as data, so that it can be done again when its commit arrives."""
    headers = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in http.scope["headers"]]
    asked = {"path": http.url.path, "raw_path": raw_path(http), "query": http.url.query}
    return {"request": number, "method": http.method, **asked, "headers": headers, "body": body.decode("latin-1")}


def _request(store: Host, http: HttpRequest, kept: tuple[str, str]) -> Request:
    agent = http.headers.get("user-agent", "")
    query, text = kept
    return Request(store.database.now(), http.method, http.url.path, query, text, 0, agent)
