"""What each fault does to a request. Every request of every interface comes through `afflict` with the rule it met."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any, Final, Protocol

from starlette.responses import JSONResponse, Response

from connectors.sandbox import deferral, faults, locks
from connectors.sandbox.deferral import Wait
from connectors.sandbox.errors import LOCKED, ApiError
from connectors.sandbox.faults import Rule
from connectors.sandbox.journal import Request
from connectors.sandbox.replies import Drip, Half, Lost
from connectors.sandbox.state import State
from connectors.sandbox.store import Store

_HOLD_AT_MOST_S: Final = 30
_PAGE: Final = "<html><head><title>Error</title></head><body><h1>Service Temporarily Unavailable</h1></body></html>"


class Host(Protocol):
    """The store of any CRM's sandbox, as far as its exchanges need it."""

    @property
    def database(self) -> State:
        """Its state."""

    def log(self, request: Request) -> int:
        """Keep a request, and return its number."""

    def answered(self, number: int, status: int) -> None:
        """Say what became of it."""

    def replay(self, act: Mapping[str, Any]) -> None:
        """Do what a person did in a long transaction."""

    def expire_tokens(self) -> None:
        """End every session."""

    def advance(self, by: timedelta) -> None:
        """Move the clock."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request: its *number* in the log, how to *answer* it, and as an *act* that can be done again later.

    *touched* tells which rows it has written, and what is locked with them.
    """

    store: Host
    number: int
    answer: Callable[[], Response]
    act: Callable[[], Mapping[str, Any]]
    touched: Callable[[], list[str]]


Fault = Callable[[Rule, Exchange], Response]


class Holds:
    """Requests that hold their row locks while others are answered."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, asyncio.Event]] = []

    async def wait(self, requests: int) -> None:
        """Return when *requests* more requests were answered, at the latest after half a minute."""
        asyncio.get_running_loop()  # without one there are no other requests to wait for
        let_go = asyncio.Event()
        self._waiting.append((requests, let_go))
        with suppress(TimeoutError):
            await asyncio.wait_for(let_go.wait(), _HOLD_AT_MOST_S)

    def passed(self) -> None:
        """Count a request that was answered."""
        waiting = [(requests - 1, let_go) for requests, let_go in self._waiting]
        for requests, let_go in waiting:
            if requests <= 0:
                let_go.set()
        self._waiting = [entry for entry in waiting if entry[0] > 0]


def afflict(rule: Rule | None, exchange: Exchange, doing: Mapping[str, Fault]) -> Response:
    """Answer *exchange* as *rule* wants it, or as it should be; *doing* says what each fault does."""
    return exchange.answer() if rule is None else doing[rule.fault](rule, exchange)


def hold(exchange: Exchange) -> None:
    """Lock what *exchange* is going to write, for `holder` of its number."""
    _, touched = _rehearse(exchange)
    locks.lock(exchange.store.database, touched, holder(exchange.number))


def holder(number: int) -> str:
    """Return in whose name request *number* holds its locks."""
    return f"request {number}"


class _UndoneError(Exception):
    pass


def _rehearse(exchange: Exchange) -> tuple[Response, list[str]]:
    """Answer, undo everything, and return the reply and which rows were written."""
    database = exchange.store.database
    reply: Response | None = None
    touched: list[str] = []
    with suppress(_UndoneError), database.transaction():
        reply = exchange.answer()
        touched = exchange.touched()
        raise _UndoneError
    assert reply is not None
    return reply, touched


def _lost_request(_: Rule, __: Exchange) -> Response:
    return Lost()


def _rolled_back(_: Rule, exchange: Exchange) -> Response:
    reply, _touched = _rehearse(exchange)
    return Lost(reply.status_code)


def _lost_reply(_: Rule, exchange: Exchange) -> Response:
    return Lost(exchange.answer().status_code)


def _deferred(rule: Rule, exchange: Exchange) -> Response:
    """Lose the reply, and let the write be seen later. What would be refused is refused now."""
    reply, touched = _rehearse(exchange)
    if reply.status_code >= 400:
        return reply
    wait = Wait(rule.values.get("requests"), rule.values.get("seconds"))
    if wait == Wait():
        wait = Wait(requests=1)
    late = rule.fault == "late-commit"
    deferral.later(exchange.store.database, exchange.act(), wait, touched, late=late)
    return Lost(reply.status_code)


def _half_reply(rule: Rule, exchange: Exchange) -> Response:
    return Half(exchange.answer(), rule.values.get("bytes"))


def _slow_drip(rule: Rule, exchange: Exchange) -> Response:
    return Drip(exchange.answer(), rule.values.get("bytes", 64), rule.values.get("pause_ms", 5) / 1000)


def http(rule: Rule, exchange: Exchange) -> Response:
    """Answer with a status and a page, as what stands before Salesforce does; the request may have been answered."""
    if rule.values.get("after_commit"):
        exchange.answer()
    wait = rule.values.get("retry_after_s")
    headers = {} if wait is None else {"Retry-After": str(wait)}
    status = rule.values.get("status", 503)
    return Response(echoed(rule.values.get("body", _PAGE), exchange), status, headers, media_type="text/html")


def echoed(body: str, exchange: Exchange) -> str:
    """Return *body* with what was sent in the places that it has for that: some servers repeat even tokens."""
    if "{authorization}" not in body and "{body}" not in body:
        return body
    asked = exchange.act()
    sent = {name.lower(): value for name, value in asked["headers"]}
    said = {"{authorization}": sent.get("authorization", ""), "{body}": asked["body"]}
    for place, words in said.items():
        body = body.replace(place, json.dumps(words)[1:-1] if body.startswith(("{", "[")) else words)
    return body


def _expire_tokens(_: Rule, exchange: Exchange) -> Response:
    exchange.store.expire_tokens()
    return exchange.answer()


def _bad_rows(rule: Rule, exchange: Exchange) -> Response:
    code = rule.values.get("code", "FIELD_CUSTOM_VALIDATION_EXCEPTION")
    rejected = ApiError(code, rule.values.get("message", "A rule of this org refuses the record."))
    return refuse_rows(rule, exchange, LOCKED if rule.fault == "lock-rows" else rejected)


def refuse_rows(rule: Rule, exchange: Exchange, refusal: Exception) -> Response:
    """Answer, but refuse the records that *rule* names with *refusal*."""
    exchange.store.database.rows_at_fault = faults.Rows(rule, exchange.number, refusal)
    try:
        return exchange.answer()
    finally:
        exchange.store.database.rows_at_fault = None


def _limit(rule: Rule, _: Exchange) -> Response:
    concurrent = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
    message = concurrent if rule.values.get("kind") == "concurrent" else "TotalRequests Limit exceeded."
    return JSONResponse(ApiError("REQUEST_LIMIT_EXCEEDED", message).body(), 403)


def _hide_rows(rule: Rule, exchange: Exchange) -> Response:
    """Hide rows for this one reply, as a sharing rule that is being recalculated does."""
    store, name = _org(exchange), rule.values["object"]
    ids = rule.values.get("ids")
    if ids is None:
        chance, share = Random(f"{rule.seed} {exchange.number}"), rule.values.get("share", 1.0)
        ids = [row["Id"] for row in store.records(name) if chance.random() < share]
    hidden = [row_id for row_id in ids if not store.is_hidden(row_id)]
    for row_id in hidden:
        store.hide_record(name, row_id)
    try:
        return exchange.answer()
    finally:
        for row_id in hidden:
            store.show_record(row_id)


def _hide_field(rule: Rule, exchange: Exchange) -> Response:
    _org(exchange).hide_field(rule.values["object"], rule.values["field"])
    return exchange.answer()


def _advance(rule: Rule, exchange: Exchange) -> Response:
    exchange.store.advance(timedelta(seconds=rule.values["seconds"]))
    return exchange.answer()


def _org(exchange: Exchange) -> Store:
    assert isinstance(exchange.store, Store)
    return exchange.store


#: What strikes any CRM in one way.
COMMON: Final[Mapping[str, Fault]] = {
    "lost-request": _lost_request,
    "rolled-back": _rolled_back,
    "lost-reply": _lost_reply,
    "delayed-commit": _deferred,
    "late-commit": _deferred,
    "half-reply": _half_reply,
    "slow-drip": _slow_drip,
    "expire-tokens": _expire_tokens,
    "advance": _advance,
}
SALESFORCE: Final[Mapping[str, Fault]] = {
    **COMMON,
    "http": http,
    "lock-rows": _bad_rows,
    "reject-rows": _bad_rows,
    "limit": _limit,
    "hide-rows": _hide_rows,
    "hide-field": _hide_field,
}
