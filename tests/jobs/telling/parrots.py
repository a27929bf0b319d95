"""Servers that repeat whatever they were sent, in every answer: what a channel does not say then, it never says."""

from __future__ import annotations

import base64
import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Reply = tuple[int, dict[str, str], bytes]


class MailParrot(socketserver.ThreadingTCPServer):
    """A mail server that takes everything but the command *refused*, which it answers with *answer*.

    All that came before stands after *answer*, with what was packed unpacked too.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, sign_in: str, refused: str, answer: str) -> None:
        self.sign_in, self.refused, self.answer = sign_in, refused, answer
        super().__init__(("127.0.0.1", 0), _Mail)


class _Mail(socketserver.StreamRequestHandler):
    server: MailParrot

    def handle(self) -> None:
        self.heard: list[str] = []
        self._say("220 here")
        while line := self._read():
            word = line.partition(" ")[0].upper()
            if word == "AUTH":
                self._let_in(line)
            elif word == "DATA" and self.server.refused != "DATA":
                self._say("354 go on")
                while self._read() != ".":
                    pass
                self._answer(".", "250 taken")
            else:
                self._answer(word, f"250-here\r\n250 AUTH {self.server.sign_in}" if word == "EHLO" else "250 well")

    def _let_in(self, line: str) -> None:
        for question in {"CRAM-MD5": ("<1@x>",), "LOGIN": ("Password:",)}.get(line.split()[1], ()):
            self._say(f"334 {base64.b64encode(question.encode()).decode()}")
            self._read()
        self._answer("AUTH", "235 in")

    def _answer(self, word: str, well: str) -> None:
        self._say(f"{self.server.answer} {' '.join(self.heard)}" if word == self.server.refused else well)

    def _read(self) -> str:
        line = self.rfile.readline().decode("utf-8", "replace").rstrip("\r\n")
        self.heard += [line, *(unpacked(word) for word in line.split())]
        return line

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


def unpacked(word: str) -> str:
    try:
        return " ".join(base64.b64decode(word, validate=True).decode().split("\0"))
    except ValueError:
        return ""


@contextmanager
def mail_parrot(sign_in: str, refused: str, answer: str) -> Iterator[int]:
    with MailParrot(sign_in, refused, answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def web_parrot(status: int, form: str) -> Callable[[str, str, Any, bytes], Reply]:
    """Return a reply that says what was asked: in *form* ``json`` as Slack says errors, else as a text or a place."""

    def reply(method: str, path: str, headers: Any, body: bytes) -> Reply:
        packed = headers.get("Authorization", "")
        heard = " ".join((path, packed, unpacked(packed.partition(" ")[2]), method, body.decode()))
        if form == "json":
            said = json.dumps({"ok": False, "error": heard}).encode()
            return status, {"Content-Type": "application/json"}, said
        if form == "place":
            return status, {"Location": f"gopher://x/{' '.join(heard.split())}", "Retry-After": path}, b""
        return status, {"Content-Type": "text/html"}, heard.encode()

    return reply
