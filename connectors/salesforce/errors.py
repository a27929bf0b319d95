"""Salesforce's errors in our words: what happened, on which connection, and what to do next.

A field that field-level security hides looks exactly like one that does not exist, in describes and in errors alike:
no message here can tell them apart, so each names both remedies.
"""

from __future__ import annotations

import re
import ssl
from typing import Any, Final

import requests
from simple_salesforce.exceptions import SalesforceError
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from connectors.shapes import no_json, strange
from overlap.errors import AccessError, OverlapError, TransientError

#: What to do about an object or field that is missing or hidden.
DEPLOY: Final = (
    "deploy overlap's objects and fields, or assign its permission set to the integration user: "
    "'overlap setup salesforce' says which"
)

_MISSING: Final = frozenset({"INVALID_FIELD", "INVALID_TYPE", "NOT_FOUND", "INVALID_FIELD_FOR_INSERT_UPDATE"})
_NO_SUCH_COLUMN: Final = re.compile(r"No such column '([\w.]+)' on (?:entity|sobject of type) '?(\w+)'?")
#: Refusals that pass by themselves, of a whole call or of one record.
PASSING: Final = frozenset(
    {
        "UNABLE_TO_LOCK_ROW",
        "QUERY_TIMEOUT",
        "REQUEST_RUNNING_TOO_LONG",
        "SERVER_UNAVAILABLE",
        "INVALID_QUERY_LOCATOR",
    }
)


class MissingError(AccessError):
    """An object or field that we asked for does not exist, or not for us."""


class RefusedError(AccessError):
    """A whole call was refused; *code* is Salesforce's own."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


def translated(where: str, error: Exception, retry_after_s: float | None = None) -> OverlapError:
    """Return *error* of simple-salesforce or requests as one of ours.

    *where* names the connection, *retry_after_s* is what the last answer asked for. The text holds Salesforce's code
    and message and never a token or a header.
    """
    if isinstance(error, SalesforceError):
        return _refusal(where, error, retry_after_s)
    if is_wrong_certificate(error):
        return AccessError(f"{where}: the server's certificate is not trusted; set ca_file, then run 'overlap check'")
    if isinstance(error, requests.exceptions.JSONDecodeError):
        return no_json(where)
    if isinstance(error, requests.exceptions.RequestException):
        return TransientError(f"{where}: the connection failed ({type(error).__name__}); try again later")
    return strange(where, type(error).__name__)


def is_wrong_certificate(error: BaseException) -> bool:
    """Whether *error* comes of a certificate that is not trusted; a TLS connection that drops is another matter."""
    return any(isinstance(one, ssl.SSLCertVerificationError) for one in _origins(error))


def is_drop(error: BaseException) -> bool:
    """Whether *error* comes of a connection that was there and broke off, or fell silent."""
    return any(isinstance(one, ProtocolError | ReadTimeoutError) for one in _origins(error))


def _origins(error: BaseException) -> list[BaseException]:
    """Return *error* and what it comes of: requests and urllib3 wrap errors as causes, as arguments and as reasons."""
    seen: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseException) and one not in seen:
            seen.append(one)
            waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
    return seen


def _refusal(where: str, error: SalesforceError, retry_after_s: float | None) -> OverlapError:
    """Return what a status of 300 or more means. The status alone says too little: 403 has two opposite meanings."""
    code, message = _code_and_message(error.content)
    said = f"{where}: {code}: {message}" if code else f"{where}: HTTP {error.status}"
    if error.status == 401:
        return AccessError(f"{said}; the session is not accepted, run 'overlap check'")
    if code == "REQUEST_LIMIT_EXCEEDED":
        if "concurrent" in message.lower():
            return TransientError(f"{said}; try again later", retry_after_s)
        return AccessError(f"{said}; the day's API calls are used up: wait, or raise the org's allocation")
    if error.status >= 500 or error.status in (408, 429) or code in PASSING:
        return TransientError(f"{said}; try again later", retry_after_s)
    if error.status == 410 or code == "GONE":
        return AccessError(f"{said}; this version of the API is retired: set api_version to one that the org still has")
    if code in _MISSING:
        return MissingError(f"{where}: {_missing(message, error.resource_name)}; {DEPLOY}")
    return RefusedError(f"{said}; run 'overlap check'", code)


def _code_and_message(content: Any) -> tuple[str, str]:
    """Return (errorCode, message in one line) of a refusal's body; both empty for HTML and other strange bodies."""
    first = content[0] if isinstance(content, list) and content else content
    if not isinstance(first, dict):
        return "", ""
    return str(first.get("errorCode", "")), " ".join(str(first.get("message", "")).split())


def _missing(message: str, asked_for: str) -> str:
    found = _NO_SUCH_COLUMN.search(message)
    return f"field {found[1]} of {found[2]} is missing or hidden" if found else f"{asked_for}: {message}"
