"""E-mail over SMTP. Until the last dot of a message is sent, nothing was taken; after it, only the answer tells.

Source: RFC 5321, 4.2.1 (a reply of 4yz may pass, 5yz will not) and 4.5.3.2.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Final

from config.telling import EmailSettings
from connectors.messages.letter import Letter
from overlap.errors import AccessError, BusyError, OverlapError, RecordError, TransientError
from overlap.redaction import remember

_XLSX: Final = "vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Mail:
    """An SMTP server, signed in to for each message."""

    repeats = False

    def __init__(self, where: str, settings: EmailSettings, password: str | None, authority: Path | None) -> None:
        self._where, self._settings, self._password = where, settings, password
        self._authority = authority

    def send(self, letter: Letter) -> None:
        """Send *letter* as text and HTML."""
        try:
            content = _message(letter, self._settings.sender).as_bytes(policy=SMTP)
        except (ValueError, UnicodeError) as error:  # a header that no header may be
            raise RecordError(f"{self._where}: '{letter.recipient}' cannot be written to: {error}") from error
        with self._server() as server:
            self._require(server.mail(self._settings.sender), "the sender")
            self._require(server.rcpt(letter.recipient), f"'{letter.recipient}'")
            self._deliver(server, content)

    def _deliver(self, server: smtplib.SMTP, content: bytes) -> None:
        try:
            answer = server.data(content)
        except smtplib.SMTPDataError as error:  # before anything of it was sent
            answer = (error.smtp_code, error.smtp_error if isinstance(error.smtp_error, bytes) else b"")
        except (smtplib.SMTPException, OSError) as error:
            raise TransientError(f"{self._where}: no answer came: {_words(error)}") from error
        self._require(answer, "the message")

    def _require(self, answer: tuple[int, bytes], what: str) -> None:
        code, said = answer
        if 200 <= code < 300:
            return
        words = f"{self._where}: {what} was refused: {code} {said.decode('utf-8', 'replace')}"
        if 400 <= code < 500:
            raise BusyError(words)
        raise RecordError(words)

    @contextmanager
    def _server(self) -> Iterator[smtplib.SMTP]:
        """Yield the server, signed in."""
        try:
            server = self._connected()
        except (ssl.SSLError, smtplib.SMTPNotSupportedError, smtplib.SMTPAuthenticationError) as error:
            raise self._shut(error) from error
        except UnicodeError as error:
            raise AccessError(
                f"{self._where}: username or password has letters beyond ASCII, which its sign-in cannot carry"
            ) from error
        except (smtplib.SMTPException, OSError) as error:
            raise BusyError(f"{self._where}: {self._settings.host} is not to be reached: {_words(error)}") from error
        try:
            yield server
        except (smtplib.SMTPException, OSError) as error:  # on the way to DATA
            raise BusyError(f"{self._where}: {_words(error)}") from error
        finally:
            with suppress(smtplib.SMTPException, OSError):  # whatever it says to a good-bye, it has said the rest
                server.quit()
            server.close()

    def _connected(self) -> smtplib.SMTP:
        settings, context = self._settings, ssl.create_default_context(cafile=self._authority)
        server: smtplib.SMTP
        if settings.security == "tls":
            server = smtplib.SMTP_SSL(settings.host, settings.at_port, timeout=settings.timeout_s, context=context)
        else:
            server = smtplib.SMTP(settings.host, settings.at_port, timeout=settings.timeout_s)
        try:
            if settings.security == "starttls":
                server.starttls(context=context)
            if settings.username is not None and self._password is not None:
                remember(f"\0{settings.username}\0{self._password}")  # as AUTH PLAIN packs it
                server.login(settings.username, self._password)
            server.ehlo_or_helo_if_needed()
        except BaseException:
            server.close()
            raise
        return server

    def _shut(self, error: Exception) -> OverlapError:
        if isinstance(error, smtplib.SMTPAuthenticationError):
            if 400 <= error.smtp_code < 500:
                return BusyError(f"{self._where}: signing in failed for now: {error.smtp_code}")
            return AccessError(f"{self._where}: the sign-in was refused; correct username and password")
        if isinstance(error, ssl.SSLError):
            return AccessError(f"{self._where}: {_words(error)}; correct host and security, or name its ca_file")
        return AccessError(f"{self._where}: {_words(error)}; correct security, username and password")


def _message(letter: Letter, sender: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = " ".join(letter.title.split())
    message["From"] = sender
    message["To"] = letter.recipient
    message["Date"] = format_datetime(letter.made_at)
    message["Message-ID"] = f"<{letter.id}@{sender.partition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday notice answers it
    message.set_content(letter.text)
    if letter.html:
        message.add_alternative(letter.html, subtype="html")
    for file in letter.files:
        message.add_attachment(file.read_bytes(), maintype="application", subtype=_XLSX, filename=file.name)
    return message


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
