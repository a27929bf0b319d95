"""The sandbox without sockets, for campaigns of tens of thousands of histories: the same answers, a third of the cost.

What a client's adapter would send is handed to the application, and what comes back is the reply or the error that the
client's own adapter would raise. Left out is what lies between: TLS, the client's pool and its retries. What must be
true of those is tested through `server`.
"""

from __future__ import annotations

import io
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from urllib3 import HTTPHeaderDict, HTTPResponse

from connectors.sandbox.replies import Half, Lost
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
        url = urlsplit(request.url or "")
        body = request.body.encode() if isinstance(request.body, str) else bytes(request.body or b"")
        scope = {
            "type": "http",
            "method": request.method,
            "path": unquote(url.path),
            "raw_path": url.path.encode(),
            "query_string": url.query.encode(),
            "headers": [(name.lower().encode(), str(value).encode()) for name, value in request.headers.items()],
        }

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        answering = self._answer(HttpRequest(scope, receive))
        try:
            answering.send(None)
        except StopIteration as done:
            reply: Response = done.value
            return reply
        raise RuntimeError("the sandbox waits for something that only sockets bring")
