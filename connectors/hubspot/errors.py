"""HubSpot's errors in our words: what happened, on which connection, and what to do next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from connectors.hubspot.scopes import features_without
from connectors.hubspot.shapes import REFUSAL
from connectors.shapes import fits
from overlap.errors import AccessError, BusyError, OverlapError, TransientError

#: What to do about an object or property of ours that is missing.
DEPLOY: Final = "'overlap setup hubspot' says what the portal lacks, and makes it with --apply"
#: HubSpot's locks on a portal or a record, and its move to another data centre.
LOCKED: Final = 423
MIGRATING: Final = 477
#: HubSpot's category for a record that is not there, whatever the call is about.
NOT_FOUND: Final = "OBJECT_NOT_FOUND"
#: HubSpot's own error statuses, and those of the network in front of it.
PASSING: Final = frozenset({408, 500, 502, 503, 504, 520, 521, 522, 523, 524})
_LEAST_WAIT_S: Final = {LOCKED: 2.0}


class MissingError(AccessError):
    """An object, property or path that we asked for does not exist; of a record, a `RefusedError` says so."""


class MovingError(BusyError):
    """HubSpot is moving the account to another place. That takes hours."""


class ScopeError(AccessError):
    """The token lacks *scopes*, or the portal's subscription what they are for."""

    def __init__(self, message: str, scopes: tuple[str, ...]) -> None:
        super().__init__(message)
        self.scopes = scopes


class RefusedError(AccessError):
    """A whole call was refused for what it asked; *body* is HubSpot's own."""

    def __init__(self, message: str, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.status = status
        self.body = body

    @property
    def category(self) -> str:
        """HubSpot's kind of error, such as VALIDATION_ERROR; empty if it does not say."""
        return str(self.body.get("category", ""))


@dataclass(frozen=True, slots=True)
class Reply:
    """What HubSpot answered with. *headers* are by their names in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object of an error; empty for HTML and other strange bodies, without what has a strange shape."""
        try:
            found = json.loads(self.content)
        except ValueError:
            return {}
        if not isinstance(found, dict):
            return {}
        return {name: said for name, said in found.items() if name not in REFUSAL or fits(said, REFUSAL[name])}

    @property
    def is_daily_limit(self) -> bool:
        """Whether the day's calls are used up: nothing is answered before midnight."""
        return self.status == 429 and str(self.body.get("policyName", "")).upper() == "DAILY"

    @property
    def wait_s(self) -> float | None:
        """How long HubSpot wants us to wait, None if it does not say."""
        told = self.headers.get("retry-after", "")
        if told.isdigit():
            return max(float(told), _LEAST_WAIT_S.get(self.status, 0.0))
        if self.status == 429:
            policy = str(self.body.get("policyName", "")).upper()
            interval_ms = self.headers.get("x-hubspot-ratelimit-interval-milliseconds", "")
            if policy.startswith("TEN_SECONDLY"):
                return float(interval_ms) / 1000 if interval_ms.isdigit() else 10.0
            return 1.0
        return _LEAST_WAIT_S.get(self.status)


def translated(where: str, reply: Reply) -> OverlapError:
    """Return the refusal *reply* as one of our errors; *where* names the connection.

    The text holds HubSpot's category and message, and never a token.
    """
    body = reply.body
    message = " ".join(str(body.get("message", "")).split())
    category = str(body.get("category") or body.get("policyName") or "")
    said = f"{where}: " + (f"{category or f'HTTP {reply.status}'}: {message}" if message else f"HTTP {reply.status}")
    if reply.status == 401:
        return AccessError(f"{said}; the token is not accepted: look at it in HubSpot, then run 'overlap check'")
    if reply.is_daily_limit:
        return AccessError(f"{said}; the day's API calls are used up: wait until tomorrow, or buy more")
    if reply.status == 429:
        return BusyError(f"{said}; try again later", reply.wait_s)
    if reply.status == MIGRATING:
        wait = f"in {reply.wait_s / 60:.0f} minutes" if reply.wait_s else "in some hours"
        return MovingError(f"{said}; HubSpot is moving this account to another place: try again {wait}", reply.wait_s)
    if reply.status == LOCKED:
        return BusyError(f"{said}; try again later", reply.wait_s)
    if reply.status in PASSING:
        return TransientError(f"{said}; try again later", reply.wait_s)
    if 300 <= reply.status < 400:
        return AccessError(f"{said}, which leads elsewhere; correct api_url")
    if category == "MISSING_SCOPES" or (reply.status == 403 and scopes_of(body)):
        return _scopes(where, body)
    if reply.status == 410:
        return _ended(said)
    if reply.status == 404 and category != NOT_FOUND:
        return MissingError(f"{said}; {DEPLOY}")
    return RefusedError(f"{said}; run 'overlap check'", reply.status, body)


def gone(where: str, family: str, reply: Reply) -> OverlapError:
    """Return the error of a family of paths that the portal does not answer any more."""
    return _ended(f"{where}: the API {family} answers HTTP {reply.status}")


def _ended(said: str) -> OverlapError:
    return AccessError(
        f'{said}; HubSpot has ended these paths: set api = "auto", or a newer family, in the settings of this CRM'
    )


def scopes_of(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the scopes that a refusal asks for."""
    errors = body.get("errors")
    contexts = [one.get("context", {}) for one in errors if isinstance(one, dict)] if isinstance(errors, list) else []
    found = [
        str(scope)
        for context in contexts
        if isinstance(context, dict)
        for key in ("requiredGranularScopes", "requiredScopes")
        for scope in context.get(key) or ()
    ]
    return tuple(dict.fromkeys(found))


def _scopes(where: str, body: Mapping[str, Any]) -> ScopeError:
    missing = scopes_of(body)
    named = f"scope {' or '.join(missing)}" if missing else "a scope"
    features = features_without(missing)
    off = f", and with it {' and '.join(features)}" if features else ""
    return ScopeError(
        f"{where}: the token lacks {named}{off}; add it to the key or app in HubSpot, then run 'overlap check'", missing
    )
