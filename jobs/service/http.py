"""What the service answers over HTTP: ``/healthz``, ``/readyz`` and ``/metrics``. Nobody signs in: for loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from overlap.errors import ConfigError

#: What is wrong, in words; nothing if all is well.
Troubles = Callable[[], list[str]]


@contextmanager
def answering(
    address: tuple[str, int], ill: Troubles, unready: Troubles, figures: Callable[[], bytes]
) -> Iterator[str]:
    """Answer at *address* (port 0: any that is free), and yield where that is.

    Raises:
        ConfigError: the port is taken.
    """

    def healthz(request: Request) -> Response:
        del request
        return _told(ill())

    def readyz(request: Request) -> Response:
        del request
        return _told(unready())

    def metrics(request: Request) -> Response:
        del request
        return Response(figures(), media_type=CONTENT_TYPE_LATEST)

    app = Starlette(routes=[Route(f"/{one.__name__}", one) for one in (healthz, readyz, metrics)])
    with _listener(*address) as listener:
        config = uvicorn.Config(app, lifespan="off", access_log=False, log_config=None, timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), name="http", daemon=True)
        thread.start()
        host, port = listener.getsockname()[:2]
        try:
            yield f"http://{f'[{host}]' if ':' in host else host}:{port}"
        finally:
            server.should_exit = True
            thread.join()


def _told(troubles: list[str]) -> Response:
    return JSONResponse({"ok": not troubles, "reasons": troubles}, 503 if troubles else 200)


@contextmanager
def _listener(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, proto=socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen()  # who asks before the server has started waits for it
        except OSError as error:
            raise ConfigError(
                f"{host}:{port} is taken, or none of this machine's addresses; write another [service] port, or 0"
            ) from error
        yield listener
