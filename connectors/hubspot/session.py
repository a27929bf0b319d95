"""One signed-in HubSpot portal: reads, writes, and its clock. Refusals become ours here.

What is only read may be asked again, a search or a batch of ids too, although they are POSTs. A write is sent once,
unless HubSpot says that it did not even look at it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final

import stamina

from config.hubspot import HubSpotSettings
from connectors.authority import ca_file
from connectors.base import Vault
from connectors.hubspot.errors import (
    MissingError,
    MovingError,
    RefusedError,
    Reply,
    gone,
    translated,
)
from connectors.hubspot.paths import FAMILIES, Paths
from connectors.hubspot.portal import COMPANIES, Portal, look
from connectors.hubspot.shapes import ANSWERS, RECEIPTS
from connectors.hubspot.signin import SignIn
from connectors.hubspot.transport import Query, Transport
from connectors.shapes import no_json, shaped, strange
from overlap.errors import AccessError, BusyError, TransientError

#: The category of associations' types that an account made itself.
OF_PEOPLE: Final = "USER_DEFINED"
_TRIES: Final = 6
#: Nobody waits longer than that for an answer; the error says how long it would be.
_LONGEST_WAIT_S: Final = 60.0

#: What a portal says of the properties of an object, by name.
Properties = Mapping[str, Mapping[str, Any]]


class HubSpotSession:
    """Signed in from the start; an expired token is renewed in the middle of any call.

    Raises:
        ConfigError: a secret or the ca_file is not where the settings say.
        AccessError: the portal cannot be reached, refuses us, or is not the one of the settings.
        TransientError: the portal is there and out of service.
    """

    def __init__(self, name: str, settings: HubSpotSettings, vault: Vault, folder: Path) -> None:
        self.where = f"hubspot '{name}'"
        self._said: dict[str, str] = {}
        self._transport = Transport(self.where, settings.api_url, ca_file(self.where, settings.ca_file, folder))
        self._sign_in = SignIn(name, settings, vault, self._transport)
        try:
            self.paths = Paths(self._family(settings))
            self.portal: Portal = look(self)
            self._sign_in.require_org(self.org_id)
        except BaseException:
            self.close()
            raise

    @property
    def org_id(self) -> str:
        """The portal's id."""
        return self.portal.org_id

    @property
    def calls(self) -> int:
        """Answers that this session has had."""
        return self._transport.calls

    def close(self) -> None:
        """Close the sockets."""
        self._transport.close()

    def look_again(self) -> None:
        """Find out anew what the portal holds: something was set up."""
        self.portal = look(self)

    def read(self, endpoint: str, *names: str, query: Query = (), body: Any = None) -> Any:
        """Return what *endpoint* of `paths`, with *names* in it, says. With a *body*, it is a search or a batch of ids.

        Raises:
            TransientError: HubSpot is out of service, or asks for more patience than anybody has.
            AccessError: HubSpot refuses; a `ScopeError` or `MissingError` says more.
        """
        path = self.paths.of(endpoint, *names)
        method = "GET" if body is None else "POST"
        for attempt in stamina.retry_context(on=_patience, attempts=_TRIES, timeout=None):
            with attempt:
                said = _json(self.where, self._asked(method, path, query, body))
                return shaped(self.where, said, ANSWERS[endpoint])
        raise AssertionError

    def send(self, method: str, endpoint: str, *names: str, query: Query = (), body: Any = None) -> tuple[int, Any]:
        """Send a write, and return the status, below 300, and what the answer says; None for nothing.

        Raises:
            TransientError: the answer is lost: nobody knows whether the write was taken. A `BusyError` was not.
            AccessError: HubSpot refuses the whole call; a `RefusedError` has its body.
        """
        path = self.paths.of(endpoint, *names)
        for attempt in stamina.retry_context(on=_patience_of_writes, attempts=_TRIES, timeout=None):
            with attempt:
                return self._taken(method, path, query, body, RECEIPTS.get(endpoint))
        raise AssertionError

    def pages(self, endpoint: str, *names: str, query: Query = ()) -> Iterator[list[Mapping[str, Any]]]:
        """Yield the results of a list, page after page; raises as `read` does."""
        after: Query = ()
        while True:
            found = self.read(endpoint, *names, query=[*query, *after])
            yield found["results"]
            following = ((found.get("paging") or {}).get("next") or {}).get("after")
            if following is None:
                return
            before, after = after, [("after", str(following))]
            if after == before:
                raise strange(self.where, f"a page of {endpoint} after which the same page comes")

    def properties(self, object_name: str) -> Properties | None:
        """Return what the portal says of the object's properties; None if it has no such object."""
        try:
            found = self.read("properties", object_name)
        except (MissingError, RefusedError):  # of an object's name that it does not know, HubSpot says either
            return None
        return {str(one["name"]): one for one in found["results"]}

    def labels(self, start: str, end: str) -> dict[int, str]:
        """Return the labels that people made for associations from *start* to *end*, by the id of their type.

        Raises:
            AccessError: HubSpot refuses: that must not look as if all of them were gone.
        """
        found = self.read("labels", start, end)["results"]
        return {int(one["typeId"]): str(one["label"]) for one in found if one["category"] == OF_PEOPLE and one["label"]}

    def server_now(self) -> datetime:
        """Return the portal's own time, UTC, in whole seconds, for the price of one call.

        Raises:
            AccessError: the answer carries no date.
        """
        self.read("account")
        try:
            return parsedate_to_datetime(self._said["date"]).astimezone(UTC)
        except (KeyError, ValueError) as error:
            raise AccessError(
                f"{self.where}: answers carry no Date header; ask who runs the proxy in between"
            ) from error

    def api_calls(self) -> tuple[int, int] | None:
        """Return (used, allowed) API calls of the day as the last answer told; None if none did, as with OAuth."""
        allowed = self._said.get("x-hubspot-ratelimit-daily", "")
        left = self._said.get("x-hubspot-ratelimit-daily-remaining", "")
        return (int(allowed) - int(left), int(allowed)) if allowed.isdigit() and left.isdigit() else None

    def _family(self, settings: HubSpotSettings) -> str:
        """Return the family of paths of *settings*, or the newest that the portal answers."""
        if settings.api != "auto":
            return settings.api
        for family in FAMILIES:
            if self._answers(family):
                return family
        raise AccessError(
            f"{self.where}: none of the APIs {', '.join(FAMILIES)} is answered; correct api_url, or update overlap"
        )

    def _answers(self, family: str) -> bool:
        """Whether *family* is served at all. Of a path that is not, a 404 says no more than of a record."""
        path = Paths(family).of("objects", COMPANIES)
        for attempt in stamina.retry_context(on=_patience, attempts=_TRIES, timeout=None):
            with attempt:
                reply = self._replied("GET", path, [("limit", "1")], None)
                error = translated(self.where, reply)
                if reply.status >= 300 and isinstance(error, TransientError):
                    raise error
                return reply.status not in (404, 410)
        raise AssertionError

    def _asked(self, method: str, path: str, query: Query, body: Any) -> Reply:
        """Return the answer if it is no refusal."""
        reply = self._replied(method, path, query, body)
        if reply.status < 300:
            return reply
        error = translated(self.where, reply)
        if reply.status == 404 and not self._answers(self.paths.family):
            raise gone(self.where, self.paths.family, reply)
        raise error

    def _taken(self, method: str, path: str, query: Query, body: Any, shape: Any) -> tuple[int, Any]:
        try:
            reply = self._asked(method, path, query, body)
            said = _json(self.where, reply) if reply.content.strip() else None
            if shape is not None:
                shaped(self.where, {} if said is None else said, shape)
            return reply.status, said
        except BusyError:
            raise
        except TransientError as error:
            raise TransientError(
                f"{error}; unknown whether the records were taken: read them back first", error.retry_after_s
            ) from error

    def _replied(self, method: str, path: str, query: Query, body: Any) -> Reply:
        """Return any answer; with a new token, if the old one is refused: HubSpot did not look at the call then."""
        token = self._sign_in.token()
        reply = self._transport.send(method, path, query, body, token)
        if reply.status == 401:
            renewed = self._sign_in.token_after(token)
            if renewed is not None:
                reply = self._transport.send(method, path, query, body, renewed)
        self._said |= reply.headers
        return reply


def _patience(error: Exception) -> bool | float:
    """Return how long to wait before a read is asked again, in seconds; True: it is ours to say; False: not at all."""
    if not isinstance(error, TransientError) or isinstance(error, MovingError):
        return False
    if error.retry_after_s is None:
        return True
    return error.retry_after_s if error.retry_after_s <= _LONGEST_WAIT_S else False


def _patience_of_writes(error: Exception) -> bool | float:
    return _patience(error) if isinstance(error, BusyError) else False


def _json(where: str, reply: Reply) -> Any:
    try:
        return json.loads(reply.content)
    except ValueError as error:
        raise no_json(where) from error
