"""Wait for the address that a person's browser is led to: it comes to a port of this machine, or is pasted.

Both at once, without threads: the browser may run here, or on the machine in front of the person.
"""

from __future__ import annotations

import os
import select
import sys
import time
import webbrowser
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Final, TextIO
from urllib.parse import parse_qs, urlsplit

from rich.markup import escape

from connectors.base import Browser
from jobs.cli.console import err
from overlap.errors import AccessError, ConfigError

_PATH: Final = "/callback"
_DONE: Final = "Done. You may close this page and go back to the terminal."
_LONGEST_REQUEST_S: Final = 5


def browser(port: int, timeout_s: float, open_it: bool) -> Browser:
    """Return a browser whose visits end at *port* of this machine, or at the keyboard.

    Its visits raise AccessError if nothing comes within *timeout_s*, ConfigError if *port* is taken.
    """
    redirect_uri = f"http://localhost:{port}{_PATH}"
    return Browser(redirect_uri, lambda url: _visit(url, port, timeout_s, open_it))


def _visit(url: str, port: int, timeout_s: float, open_it: bool) -> str:
    with _Listener(port, _query(url).get("state")) as listener:
        err.print("Open this address in a browser, sign in as the integration user, and allow access:")
        err.print(escape(url), soft_wrap=True, style="bold")
        err.print(
            f"The app must have the callback URL http://localhost:{port}{_PATH}. If the browser runs on another "
            "machine, it ends at a page that cannot be shown: copy the address of that page, and paste it here.",
            style="dim",
        )
        if open_it and _has_a_screen():
            webbrowser.open(url)
        return _first(listener, timeout_s)


def _first(listener: _Listener, timeout_s: float) -> str:
    """Return the first answer that comes in, from the port or the keyboard."""
    keyboard = _keyboard()
    ends_at = time.monotonic() + timeout_s
    while (left_s := ends_at - time.monotonic()) > 0:
        sources: list[Any] = [listener, keyboard] if keyboard else [listener]
        ready = select.select(sources, [], [], left_s)[0]
        if listener in ready:
            listener.handle_request()
            if listener.led_to:
                return listener.led_to
        if keyboard in ready and keyboard is not None:
            line = keyboard.readline()
            if is_answer(line) and listener.is_ours(line):
                return line.strip()
            if not line:
                keyboard = None
            elif is_answer(line):
                err.print("That belongs to another sign-in: open the address above, and copy the one that it ends at.")
            elif line.strip():
                err.print("That is not it: copy the whole address, from http://localhost to its end.")
    raise AccessError(f"nobody answered within {timeout_s:.0f} s; run 'overlap connect' again when you are ready")


def is_answer(address: str) -> bool:
    """Whether *address* is where a browser ends up: it holds a code, or the reason why there is none."""
    return not {"code", "error"}.isdisjoint(_query(address))


def _query(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address.strip()).query).items()}


def _has_a_screen() -> bool:
    """Without one, a browser would take over the terminal."""
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _keyboard() -> TextIO | None:
    try:
        sys.stdin.fileno()
    except (OSError, ValueError, AttributeError):  # closed, or replaced by something that cannot be waited for
        return None
    return sys.stdin


class _Listener(HTTPServer):
    """Listens on the loopback interface only, for an answer with *state*. *led_to* is that answer, once it is there."""

    led_to: str | None = None

    def __init__(self, port: int, state: str | None) -> None:
        self.state = state
        try:
            super().__init__(("127.0.0.1", port), _Handler)
        except OSError as error:
            raise ConfigError(
                f"port {port} is taken; name another one with --port, and add its callback URL to the app"
            ) from error

    def is_ours(self, address: str) -> bool:
        """Whether *address* answers this sign-in; any page that the browser shows can send it here with another."""
        return _query(address).get("state") == self.state


class _Handler(BaseHTTPRequestHandler):
    timeout = _LONGEST_REQUEST_S

    def do_GET(self) -> None:
        status, said = 404, "Nothing is here."
        if isinstance(self.server, _Listener) and urlsplit(self.path).path == _PATH and is_answer(self.path):
            status, said = 400, "This belongs to another sign-in. Open the address that the terminal shows."
            if self.server.is_ours(self.path):
                status, said, self.server.led_to = 200, _DONE, self.path
        content = said.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing: the request line holds the code."""
