"""E-mail to a real server: what it says decides whether a message was taken, was not, or may have been."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from config.telling import EmailSettings
from connectors.messages.mail import Mail
from overlap.errors import AccessError, BusyError, RecordError, TransientError
from tests.connectors.messages.servers import letter


def mail(port: int, password: str | None = None, authority: Path | None = None, **changed: Any) -> Mail:
    plain = {"type": "email", "host": "127.0.0.1", "security": "none", "sender": "overlap@x.example", "timeout_s": 5}
    if password is not None:
        plain |= {"username": "me", "password": "env:X"}
    return Mail("channel 'mail'", EmailSettings(**plain | {"port": port} | changed), password, authority)


def test_a_letter_arrives_as_text_and_html_with_an_id_that_stays(post):
    mail(post.port).send(letter())
    (message,) = post.taken
    assert post.to == ["uma@x.example"]
    assert (message["Subject"], message["To"]) == ("3 new, with Müller & Söhne", "uma@x.example")
    assert message["Message-ID"] == "<0123456789abcdef@x.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    bodies = [message.get_body((kind,)).get_content().strip().replace("\r\n", "\n") for kind in ("plain", "html")]
    assert bodies == ["Zeile eins\nAcme <b>", "<p>Acme &lt;b&gt;</p>"]


def test_a_title_cannot_add_a_header_nor_a_recipient_another_one(post):
    mail(post.port).send(letter(title="Hi\r\nBcc: eve@x.example"))
    assert post.taken[0]["Bcc"] is None
    with pytest.raises(RecordError):
        mail(post.port).send(letter(recipient="uma@x.example\r\nBcc: eve@x.example"))
    assert post.to == ["uma@x.example"]


@pytest.mark.parametrize(
    ("command", "answer", "error"),
    [
        ("RCPT", "550 no such user", RecordError),
        ("RCPT", "451 greylisted", BusyError),
        ("DATA", "554 spam", RecordError),
        ("DATA", "452 disk full", BusyError),
    ],
)
def test_what_will_not_pass_is_refused_and_what_may_is_tried_again(post, command, answer, error):
    post.answers[command] = answer
    with pytest.raises(error, match=answer[4:]):
        mail(post.port).send(letter())


def test_a_message_without_an_answer_may_have_been_taken(post):
    post.cut = True
    with pytest.raises(TransientError, match="no answer came") as raised:
        mail(post.port).send(letter())
    assert not isinstance(raised.value, BusyError)
    assert len(post.taken) == 1


def test_a_server_that_is_not_there_took_nothing():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(BusyError, match="not to be reached"):
            mail(unused.getsockname()[1]).send(letter())


def test_a_password_goes_over_tls_only_to_a_server_with_the_right_certificate(guarded_post, authority, tmp_path):
    known = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(known)
    port = guarded_post.port
    mail(port, "right", known, security="starttls").send(letter())
    assert len(guarded_post.taken) == 1
    with pytest.raises(AccessError, match="certificate"):
        mail(port, "right", security="starttls").send(letter())
    with pytest.raises(AccessError, match="the sign-in was refused") as raised:
        mail(port, "wrong", known, security="starttls").send(letter())
    assert "wrong" not in str(raised.value)


def test_a_server_without_starttls_gets_nothing(post):
    with pytest.raises(AccessError, match="STARTTLS"):
        mail(post.port, security="starttls").send(letter())
    assert post.taken == []
