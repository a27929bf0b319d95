"""Slack, by its own client: a bot's token reaches persons and channels, an incoming webhook one channel.

The client is asked once a message: whether to ask again is decided where it is known whether that is safe.
"""

from __future__ import annotations

import http.client
import logging
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.webhook import WebhookClient

from config.telling import SlackSettings
from connectors.messages.letter import Letter
from overlap.errors import AccessError, BusyError, OverlapError, RecordError, TransientError
from overlap.redaction import redacted, remember_address

#: What Slack says of the app and not of a message; https://docs.slack.dev/reference/methods/chat.postMessage#errors
_SHUT: Final = frozenset(
    {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "no_permission", "org_login"}
    | {"missing_scope", "ekm_access_denied", "team_access_not_granted", "access_denied", "not_allowed_token_type"}
)
#: What it says when it has failed itself: it may have posted all the same.
_FAILED: Final = frozenset({"fatal_error", "internal_error", "service_unavailable", "request_timeout"})
_LIMITED: Final = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
#: Slack takes 40,000 characters and advises 4,000.
_MOST: Final = 12_000
#: What a webhook says of an error: a word, or the page of something else.
_MOST_SAID: Final = 80


def _silent() -> logging.Logger:
    """The client logs what it then raises, and may log what it sends."""
    logger = logging.Logger("slack")
    logger.addHandler(logging.NullHandler())
    return logger


class _Client(WebClient):
    """Follows no redirect: the token would go along."""

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        return super()._perform_urllib_http_request_internal(url, _straight(req))


class _HookClient(WebhookClient):
    """Follows no redirect: of a letter nothing would arrive, and the answer would be another page's."""

    def _perform_http_request_internal(self, url: str, req: Request) -> Any:
        return super()._perform_http_request_internal(url, _straight(req))


def _straight(request: Request) -> Request:
    """Return *request* as urllib keeps one that was redirected as often as it follows: the next one is an error."""
    request.redirect_dict = dict.fromkeys(map(str, range(HTTPRedirectHandler.max_redirections)), 1)  # type: ignore[attr-defined]
    return request


class Slack:
    """A bot. A recipient is an e-mail address, or a channel as Slack takes it (``#name`` or an id)."""

    repeats = False

    def __init__(self, where: str, token: str, settings: SlackSettings, authority: Path | None) -> None:
        if not _is_plain(token):
            raise AccessError(
                f"{where}: its token is none: it holds spaces or letters beyond ASCII; correct the secret"
            )
        self._where = where
        self._client = _Client(
            token,
            base_url=settings.address,
            timeout=settings.timeout_s,
            ssl=ssl.create_default_context(cafile=authority),
            logger=_silent(),
            retry_handlers=[],
        )

    def send(self, letter: Letter) -> None:
        """Post *letter* to its recipient."""
        to = letter.recipient
        if "@" in to:
            try:
                to = _asked(self._where, lambda: self._client.users_lookupByEmail(email=to))["user"]["id"]
            except BusyError:
                raise
            except TransientError as error:  # only a question yet: nothing was posted
                raise BusyError(str(error)) from error
        text = _cut(letter.slack or letter.text)
        _asked(
            self._where,
            lambda: self._client.chat_postMessage(channel=to, text=text, unfurl_links=False, unfurl_media=False),
        )


class SlackHook:
    """An incoming webhook: one channel of one workspace."""

    repeats = False

    def __init__(self, where: str, url: str, settings: SlackSettings, authority: Path | None) -> None:
        self._where = where
        remember_address(url)
        if not _is_plain(url) or not _is_safe(url):
            raise AccessError(f"{where}: its webhook is no address that begins with https://; correct the secret")
        self._client = _HookClient(
            url,
            timeout=settings.timeout_s,
            ssl=ssl.create_default_context(cafile=authority),
            logger=_silent(),
            retry_handlers=[],
        )

    def send(self, letter: Letter) -> None:
        """Post *letter* to the webhook's channel."""
        text = _cut(letter.slack or letter.text)
        answer = _asked(self._where, lambda: self._client.send(text=text, unfurl_links=False, unfurl_media=False))
        if answer.status_code != 200 or answer.body != "ok":
            said = redacted(str(answer.body))[:_MOST_SAID]
            raise _error(self._where, answer.status_code, said, answer.headers)


def _is_plain(secret: str) -> bool:
    """Whether *secret* can stand in a request: what cannot makes libraries fail with a text that repeats it."""
    return secret.isascii() and secret.isprintable() and " " not in secret


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname and parts.port != 0) and url.startswith(("https://", "http://127.0.0.1:"))
    except ValueError:  # of a host or port that is none
        return False


def _cut(text: str) -> str:
    return text if len(text) <= _MOST else f"{text[: _MOST - 1]}…"


def _asked(where: str, ask: Callable[[], Any]) -> Any:
    """Return the answer, or raise what it, or its absence, means."""
    try:
        return ask()
    except SlackApiError as error:
        said: Any = error.response
        raise _error(where, said.status_code, str(said.get("error", "")), said.headers) from error
    except URLError as error:
        raise _unreached(where, error) from error
    except (OSError, http.client.HTTPException, SlackClientError, ValueError) as error:  # ValueError: led astray
        raise TransientError(f"{where}: no answer came from Slack: {error or type(error).__name__}") from error


def _unreached(where: str, error: URLError) -> OverlapError:
    """Return what it means that no connection came to be. The client says so too if one broke while it sent."""
    why = error.reason
    if isinstance(why, ssl.SSLCertVerificationError):
        return AccessError(f"{where}: {why.verify_message}; if a proxy of yours stands between, name its ca_file")
    if isinstance(why, (BrokenPipeError, ConnectionResetError)):
        return TransientError(f"{where}: the connection broke: {why}")
    return BusyError(f"{where}: Slack is not to be reached: {why}")


def _error(where: str, status: int, said: str, headers: Any) -> OverlapError:
    said = said.strip()
    code = said.lower()
    if 300 <= status < 400:
        return AccessError(f"{where}: it answers {status}, and no redirect is followed; write the final address")
    if status == 429 or code in _LIMITED:
        return BusyError(f"{where}: Slack's limit is reached", _seconds(headers))
    if code in _SHUT:
        return AccessError(
            f"{where}: Slack says {code}; check the app's token and its scopes chat:write, users:read.email"
        )
    if status >= 500 or code in _FAILED:
        return TransientError(f"{where}: Slack failed: {status} {said}")
    return RecordError(f"{where}: Slack refused it: {said or status}")


def _seconds(headers: Any) -> float | None:
    text = {str(name).lower(): value for name, value in dict(headers).items()}.get("retry-after")
    text = text[0] if isinstance(text, list) else text
    return float(text) if text and str(text).isdecimal() else None
