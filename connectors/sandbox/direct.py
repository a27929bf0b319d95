"""The sandbox without sockets, for campaigns of tens of thousands of histories: the same answers, a third of the cost.

`DirectAdapter` stands in the place of a requests adapter, without the client's pool and its retries. `DirectWire`
stands below these, in the place of the connection: only sockets and TLS are left out. What must be true of what is
left out is tested through `server`.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from urllib3 import HTTPHeaderDict, HTTPResponse

from connectors.sandbox.replies import Drip, Half, Lost
from connectors.sandbox.salesforce import endpoint
from connectors.sandbox.store import Store

#: Nobody listens there; a name that resolves nowhere shows what gets past this seam.
URL: Final = "https://sandbox.invalid"


class DirectAdapter(BaseAdapter):
    """Answers every request of a session from *store*. One thread only, and no fault that waits for other requests."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._answer = endpoint(store, URL)
        self._builder = HTTPAdapter()

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Return the reply to *request*.

        Raises:
            ConnectionError: a fault cut the connection.
        """
        reply = self._replied(request)
        if isinstance(reply, Lost):
            raise requests.ConnectionError("a fault lost the reply", request=request)
        if isinstance(reply, Half):
            raise requests.exceptions.ChunkedEncodingError("a fault cut the reply", request=request)
        headers = HTTPHeaderDict((name.decode("latin-1"), value.decode("latin-1")) for name, value in reply.raw_headers)
        body = io.BytesIO(bytes(reply.body))
        raw = HTTPResponse(body, headers, reply.status_code, preload_content=False)
        return self._builder.build_response(request, raw)

    def close(self) -> None:
        """Nothing is open."""

    def _replied(self, request: requests.PreparedRequest) -> Response:
        return _reply(self._answer, request.method or "", request.url or "", request.headers.items(), request.body)


class DirectWire:
    """Answers in the place of urllib3's ``HTTPConnectionPool._make_request``, from *store*. One thread only."""

    def __init__(self, store: Store) -> None:
        self._answer = endpoint(store, URL)

    def __call__(
        self, pool: Any, connection: Any, method: str, url: str, body: Any = None, headers: Any = None, **options: Any
    ) -> HTTPResponse:
        """Return the reply to a request as the pool of a client gets it from a socket.

        Raises:
            ConnectionResetError: a fault cut the connection.
        """
        del connection
        reply = _reply(self._answer, method, url, (headers or {}).items(), body)
        if isinstance(reply, Lost):
            raise ConnectionResetError(104, "Connection reset by peer")
        content = bytes(reply.body)
        return HTTPResponse(
            _Dripping(content, reply.size) if isinstance(reply, Drip) else io.BytesIO(content[: _arriving(reply)]),
            HTTPHeaderDict((name.decode("latin-1"), value.decode("latin-1")) for name, value in reply.raw_headers),
            reply.status_code,
            preload_content=options.get("preload_content", True),
            decode_content=options.get("decode_content", True),
            enforce_content_length=True,
            retries=options.get("retries"),
            connection=options.get("response_conn"),
            pool=pool,
            request_method=method,
            request_url=url,
        )


class _Dripping(io.BytesIO):
    """Gives at most *size* bytes at a time, as a slow connection does."""

    def __init__(self, content: bytes, size: int) -> None:
        super().__init__(content)
        self._size = size

    def read(self, most: int | None = -1) -> bytes:
        return super().read(self._size if most is None or most < 0 else min(most, self._size))


def _arriving(reply: Response) -> int | None:
    return reply.size if isinstance(reply, Half) else None


def _reply(
    answer: Callable[[HttpRequest], Coroutine[Any, Any, Response]],
    method: str,
    address: str,
    headers: Iterable[tuple[str, Any]],
    content: str | bytes | None,
) -> Response:
    url = urlsplit(address)
    body = content.encode() if isinstance(content, str) else bytes(content or b"")
    scope = {
        "type": "http",
        "method": method,
        "path": unquote(url.path),
        "raw_path": url.path.encode(),
        "query_string": url.query.encode(),
        "headers": [(_plain(name).lower(), _plain(value)) for name, value in headers],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    answering = answer(HttpRequest(scope, receive))
    try:
        answering.send(None)
    except StopIteration as done:
        reply: Response = done.value
        return reply
    raise RuntimeError("the sandbox waits for something that only sockets bring")


def _plain(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else str(text).encode()
