"""A mail server on loopback, what it took, and a letter to send."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from connectors.messages.letter import Letter

LETTER = Letter(
    id="0123456789abcdef",
    kind="digest",
    recipient="uma@x.example",
    title="3 new, with Müller & Söhne",
    text="Zeile eins\nAcme <b>",
    html="<p>Acme &lt;b&gt;</p>",
    slack="*Acme* &lt;b&gt;",
    made_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
    facts={"lines": [{"account": "Acme"}]},
)


@dataclass
class Post:
    """A mail server: *answers* stand in for its own ones, by the command."""

    port: int = 0
    taken: list[EmailMessage] = field(default_factory=list)
    to: list[str] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    cut: bool = False

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        del server, session, options
        if "RCPT" in self.answers:
            return self.answers["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802
        del session
        if "DATA" in self.answers:
            return self.answers["DATA"]
        self.taken.append(message_from_bytes(envelope.content, policy=policy.default))
        self.to += envelope.rcpt_tos
        if self.cut:
            server.transport.abort()
        return "250 taken"


def sign_in(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    del server, session, envelope, mechanism
    return AuthResult(success=isinstance(data, LoginPassword) and data.password == b"right", handled=False)


class _Anywhere(Controller):
    """On whatever port is free."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextlib.contextmanager
def running(post: Post, **options: Any) -> Iterator[Post]:
    controller = _Anywhere(post, hostname="127.0.0.1", port=0, **options)
    controller.start()
    post.port = controller.port
    try:
        yield post
    finally:
        controller.stop()


def taker(got: list[Any], status: int = 204, headers: dict[str, str] | None = None, body: bytes = b"") -> Any:
    """A reply to every request that keeps it in *got*: path, headers and body."""

    def reply(method: str, path: str, sent: Any, content: bytes) -> tuple[int, dict[str, str], bytes]:
        assert method == "POST"
        got.append((path, sent, content))
        return status, headers or {}, body

    return reply


def letter(**changed: Any) -> Letter:
    return replace(LETTER, **changed)
