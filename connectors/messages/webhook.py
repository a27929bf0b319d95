"""A signed webhook: JSON to a server of yours, which may be sent more than once under one id.

The receiver verifies: HMAC-SHA256 with the shared secret over the header ``Overlap-Timestamp``, a full stop and the
body, in hex, is what stands after ``v1=`` in ``Overlap-Signature``; and the timestamp (Unix seconds) is recent.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import (
    HTTPError,
    MaxRetryError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)

from config.telling import WebhookSettings
from connectors.messages.letter import Letter
from connectors.messages.reachable import addresses
from overlap.errors import AccessError, BusyError, OverlapError, RecordError, TransientError

#: What passes by itself, although nothing was taken.
_PASSING: Final = frozenset({408, 425, 429})


class Webhook:
    """One address, looked up once a message and then called by number: a name that moves cannot lead elsewhere."""

    repeats = True

    def __init__(self, where: str, settings: WebhookSettings, secret: str, authority: Path | None) -> None:
        self._where, self._settings, self._secret = where, settings, secret
        self._authority = authority

    def send(self, letter: Letter) -> None:
        """Post *letter* as JSON, signed now."""
        body = json.dumps(_facts(letter), ensure_ascii=False, default=str).encode()
        stamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "overlap",
            "Overlap-Id": letter.id,
            "Overlap-Timestamp": stamp,
            "Overlap-Signature": f"v1={signature(self._secret, stamp, body)}",
        }
        self._require(*self._posted(body, headers))

    def _posted(self, body: bytes, headers: dict[str, str]) -> tuple[int, str | None]:
        """Return status and Retry-After of the answer; its body is nobody's business, and never read."""
        parts = urlsplit(self._settings.url)
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        number = addresses(self._where, host, port, self._settings.private)[0]
        timeout = urllib3.Timeout(self._settings.timeout_s)
        pool: urllib3.HTTPConnectionPool
        if parts.scheme == "https":
            pool = urllib3.HTTPSConnectionPool(
                number,
                port,
                timeout=timeout,
                cert_reqs="CERT_REQUIRED",
                ca_certs=str(self._authority) if self._authority else None,
                server_hostname=host,
                assert_hostname=host,
            )
        else:
            pool = urllib3.HTTPConnectionPool(number, port, timeout=timeout)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {"Host": parts.netloc, **headers}
        try:
            answer = pool.urlopen(
                "POST", path, body=body, headers=headers, redirect=False, retries=False, preload_content=False
            )
        except HTTPError as error:
            raise self._unanswered(error) from error
        finally:
            pool.close()
        answer.close()
        return answer.status, answer.headers.get("Retry-After")

    def _unanswered(self, error: HTTPError) -> OverlapError:
        why = error.reason if isinstance(error, MaxRetryError) and error.reason else error
        if isinstance(why, SSLError):
            return AccessError(f"{self._where}: {why}; correct the url, or name its ca_file")
        if isinstance(why, (ReadTimeoutError, ProtocolError)) and not isinstance(why, NewConnectionError):
            return TransientError(f"{self._where}: no answer came: {type(why).__name__}")
        return BusyError(f"{self._where}: it is not to be reached: {type(why).__name__}")

    def _require(self, status: int, retry_after: str | None) -> None:
        if 200 <= status < 300:
            return
        if status in _PASSING or status >= 500:
            wait = float(retry_after) if retry_after and retry_after.isdecimal() else None
            raise BusyError(f"{self._where}: it answers {status}", wait)
        if 300 <= status < 400:
            raise AccessError(f"{self._where}: it answers {status}, and no redirect is followed; write the final url")
        raise RecordError(f"{self._where}: it refused the message: {status}")


def signature(secret: str, stamp: str, body: bytes) -> str:
    """Return the HMAC-SHA256 of *stamp*, a full stop and *body*, in hex."""
    return hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _facts(letter: Letter) -> dict[str, object]:
    return {
        "schema_version": 1,
        "id": letter.id,
        "kind": letter.kind,
        "title": letter.title,
        "text": letter.text,
        "made_at": letter.made_at.isoformat(),
        "facts": dict(letter.facts),
    }
