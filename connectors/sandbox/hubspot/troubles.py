"""What a fault does that is HubSpot's own; the others are in `connectors.sandbox.troubles`."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from random import Random
from typing import Final

from starlette.responses import JSONResponse, Response

from connectors.sandbox.faults import PARAMETERS, Rule, Vocabulary
from connectors.sandbox.hubspot import rates
from connectors.sandbox.hubspot.database import Database
from connectors.sandbox.hubspot.errors import HubSpotError, Problem, invalid_properties
from connectors.sandbox.troubles import COMMON, Exchange, Fault, echoed, refuse_rows

#: How HubSpot itself says these; all other statuses come from what stands before it, as a page.
_SAID: Final = {
    423: "The record is locked by another request. Try again in two seconds.",
    477: "The account is being moved to another data center. Try again after the time in Retry-After.",
    500: "internal error",
}
_PAGE: Final = "<html><head><title>Error</title></head><body><h1>Error {status}</h1><p>cloudflare</p></body></html>"
_POLICIES: Final = {"total": "DAILY", "concurrent": "TEN_SECONDLY_ROLLING", "search": "SECONDLY"}


def _database(exchange: Exchange) -> Database:
    assert isinstance(exchange.store.database, Database)
    return exchange.store.database


def _http(rule: Rule, exchange: Exchange) -> Response:
    """Answer with a status: as HubSpot says it, or as a page; the request may have been answered."""
    if rule.values.get("after_commit"):
        exchange.answer()
    status, wait, body = rule.values.get("status", 502), rule.values.get("retry_after_s"), rule.values.get("body")
    headers = {} if wait is None else {"Retry-After": str(wait)}
    if body is None and status in _SAID:
        category = {423: "LOCKED", 477: "MIGRATION_IN_PROGRESS"}.get(status, "INTERNAL_ERROR")
        return JSONResponse(HubSpotError(status, category, _SAID[status]).body(_correlated(exchange)), status, headers)
    return Response(echoed(body or _PAGE.format(status=status), exchange), status, headers, media_type="text/html")


def _limit(rule: Rule, exchange: Exchange) -> Response:
    database = _database(exchange)
    policy = _POLICIES.get(rule.values.get("kind", "total"), "DAILY")
    error = rates.refused(database, policy)
    return JSONResponse(error.body(_correlated(exchange)), 429)


def _reject_rows(rule: Rule, exchange: Exchange) -> Response:
    """Refuse records as a validation rule of the portal does."""
    database = _database(exchange)
    message = rule.values.get("message", "A validation rule of this account refuses the record.")
    problem = Problem("name", rule.values.get("code", "VALIDATION_RULE"), message)
    return refuse_rows(rule, exchange, invalid_properties([problem], database.portal_id))


def _lock_rows(rule: Rule, exchange: Exchange) -> Response:
    return refuse_rows(rule, exchange, HubSpotError(423, "LOCKED", _SAID[423]))


def _hide_rows(rule: Rule, exchange: Exchange) -> Response:
    """Hide records from this one reply, as an index does that has not caught up."""
    database = _database(exchange)
    word = rule.values["object"].lower()
    kind = next(one for one in database.types().values() if one.word.lower() == word)
    ids = rule.values.get("ids")
    if ids is None:
        chance, share = Random(f"{rule.seed} {exchange.number}"), rule.values.get("share", 1.0)
        every = database.rows(f'select id from "{kind.type_id}" where archived_at is null order by id')
        ids = [record for (record,) in every if chance.random() < share]
    database.hidden = frozenset((kind.type_id, int(record)) for record in ids)
    try:
        return exchange.answer()
    finally:
        database.hidden = frozenset()


def _correlated(exchange: Exchange) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{_database(exchange).portal_id}/{exchange.number}"))


def vocabulary(database: Database) -> Vocabulary:
    """Return what a script for this portal may say."""

    def objects() -> dict[str, list[str]]:
        return {kind.word: list(database.properties(kind)) for kind in database.types().values()}

    return Vocabulary(PARAMETERS, objects)


FAULTS: Final[Mapping[str, Fault]] = {
    **COMMON,
    "http": _http,
    "limit": _limit,
    "reject-rows": _reject_rows,
    "lock-rows": _lock_rows,
    "hide-rows": _hide_rows,
}
