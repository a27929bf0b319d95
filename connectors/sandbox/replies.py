"""Replies that do not arrive as they should. They need the connection itself: `server` puts it beside the request."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

#: The key of a request's scope under which its connection stands.
TRANSPORT: Final = "sandbox.transport"


class Lost(Response):
    """No reply: the connection is reset. *status_code* is what the log says of it, 0 if nothing was done."""

    def __init__(self, status: int = 0) -> None:
        super().__init__(status_code=status)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 -- ASGI's
        """Cut the connection, and wait until it is gone."""
        _transport(scope).abort()
        await _gone(receive)


class Half(Response):
    """A reply that says how long it is and ends before that; *size* is how many bytes of its body arrive."""

    def __init__(self, reply: Response, size: int | None) -> None:
        super().__init__(reply.body, reply.status_code)
        self.raw_headers = reply.raw_headers
        self.size = min(len(self.body) // 2 if size is None else size, max(len(self.body) - 1, 0))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a part, and close the connection behind it."""
        await send(_start(self))
        await send({"type": "http.response.body", "body": bytes(self.body)[: self.size], "more_body": True})
        _transport(scope).close()
        await _gone(receive)


class Drip(Response):
    """A whole reply that comes *size* bytes at a time, *pause_s* between them."""

    def __init__(self, reply: Response, size: int, pause_s: float) -> None:
        super().__init__(reply.body, reply.status_code)
        self.raw_headers = reply.raw_headers
        self.size = size
        self._pause_s = pause_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 -- ASGI's
        """Send the parts; a client that has gone away ends it."""
        await send(_start(self))
        body = bytes(self.body)
        for start in range(0, len(body), self.size):
            await send({"type": "http.response.body", "body": body[start : start + self.size], "more_body": True})
            await asyncio.sleep(self._pause_s)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _start(reply: Response) -> Message:
    return {"type": "http.response.start", "status": reply.status_code, "headers": reply.raw_headers}


def _transport(scope: Scope) -> asyncio.Transport:
    transport: asyncio.Transport = scope[TRANSPORT]
    return transport


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
