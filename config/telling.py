"""``[telling]``: who is told what is new, on which channel, and how each channel is reached. Nobody, without it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from config.kinds import Key
from config.secrets import SecretReference
from overlap.errors import ConfigError

if TYPE_CHECKING:
    from config.settings import Settings

#: Stands for every partner.
EVERY: Final = "*"
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
#: One address and nothing else: a name beside it would be a header's.
_MAILBOX: Final = re.compile(r"[^\s@,;:<>()\[\]\"']+@[^\s@,;:<>()\[\]\"']+\.[^\s@,;:<>()\[\]\"']+")
_PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}
Seconds = Annotated[int, Field(ge=1, le=300)]


def _safe_url(url: str) -> str:
    parts = urlsplit(url)
    if not parts.hostname or (parts.scheme != "https" and (parts.scheme, parts.hostname) not in _LOCAL):
        raise ValueError("write an address that begins with https://")
    if parts.username is not None or parts.fragment:
        raise ValueError("write the address without a user's name and without '#'")
    return url


_LOCAL: Final = tuple(("http", host) for host in _LOOPBACK)


def _mailbox(address: str) -> str:
    if not _MAILBOX.fullmatch(address):
        raise ValueError(f"'{address}' is no e-mail address")
    return address


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EmailSettings(_Section):
    """An SMTP server. *security* ``none`` sends in the clear, and only to this machine. *sender* is the From."""

    type: Literal["email"]
    host: str
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    security: Literal["starttls", "tls", "none"] = "starttls"
    sender: Annotated[str, AfterValidator(_mailbox)]
    username: str | None = None
    password: SecretReference | None = None
    ca_file: Path | None = None
    timeout_s: Seconds = 20

    @property
    def at_port(self) -> int:
        """The port, by default the usual one for this security."""
        return self.port or _PORTS[self.security]

    @model_validator(mode="after")
    def _keeps_it_private(self) -> Self:
        if self.security == "none" and self.host not in _LOOPBACK:
            raise ValueError(f"security = 'none' would send to {self.host} in the clear; write 'starttls' or 'tls'")
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password belong together; write both or none")
        return self


class SlackSettings(_Section):
    """Slack by a bot's *token* (persons by e-mail, channels by name), or by an incoming *webhook*: one channel of it.

    The bot needs the scopes chat:write and users:read.email.
    """

    type: Literal["slack"]
    token: SecretReference | None = None
    webhook: SecretReference | None = None
    address: Annotated[str, AfterValidator(_safe_url)] = "https://slack.com/api/"
    ca_file: Path | None = None
    timeout_s: Seconds = 20

    @model_validator(mode="after")
    def _has_one_way(self) -> Self:
        if (self.token is None) == (self.webhook is None):
            raise ValueError("write token (of a bot) or webhook (of one channel), one of the two")
        return self


class WebhookSettings(_Section):
    """A server of yours that takes signed JSON; *secret* signs. *private*: it may be in your own network."""

    type: Literal["webhook"]
    url: Annotated[str, AfterValidator(_safe_url)]
    secret: SecretReference
    private: bool = False
    ca_file: Path | None = None
    timeout_s: Seconds = 20


class AppriseSettings(_Section):
    """Any other service, by an address of apprise; it holds secrets, so it is one."""

    type: Literal["apprise"]
    url: SecretReference


def _kind(table: Any) -> Any:
    return str(table.get("type") if isinstance(table, dict) else getattr(table, "type", None))


ChannelSettings = Annotated[
    Annotated[EmailSettings, Tag("email")]
    | Annotated[SlackSettings, Tag("slack")]
    | Annotated[WebhookSettings, Tag("webhook")]
    | Annotated[AppriseSettings, Tag("apprise")],
    Discriminator(
        _kind,
        custom_error_type="channel_type",
        custom_error_message="write 'email', 'slack', 'webhook' or 'apprise'",
    ),
]


@dataclass(frozen=True, slots=True)
class Address:
    """A channel, and whom it is to reach there; empty where the channel has one end only."""

    channel: str
    recipient: str

    def __str__(self) -> str:
        return ":".join(part for part in (self.channel, self.recipient) if part)


class TellingSettings(_Section):
    """Who is told what. Addresses are ``CHANNEL:RECIPIENT``, or ``CHANNEL`` where it has one end only.

    *owners* is the channel that reaches account owners by their e-mail. *partner_managers* says which partners each
    looks after, ``*`` all that nobody else does. *most* lines are in an owner's digest. What still stands is told again
    after *remind_days*.
    """

    channels: dict[Key, ChannelSettings] = {}
    owners: Key | None = None
    partner_managers: dict[str, tuple[Key | Literal["*"], ...]] = {}
    alerts_to: tuple[str, ...] = ()
    most: Annotated[int, Field(ge=1, le=50)] = 10
    remind_days: Annotated[int, Field(ge=1, le=90)] = 6

    @model_validator(mode="after")
    def _addresses_are_known(self) -> Self:
        if self.owners is not None and not self._reaches_persons(self.owners):
            raise ValueError(
                f"owners = '{self.owners}' cannot reach a person by e-mail address; name an e-mail channel"
            )
        for text in (*self.alerts_to, *self.partner_managers):
            self.address(text)
        return self

    def address(self, text: str) -> Address:
        """Return the address that *text* names.

        Raises:
            ValueError: there is no such channel, or it needs a recipient or has none.
        """
        channel, _, recipient = (part.strip() for part in text.partition(":"))
        if self._reaches_persons(channel) and not recipient:
            raise ValueError(f"'{text}': say whom, as in '{channel}:pam@example.com'")
        if not self._reaches_persons(channel) and recipient:
            raise ValueError(f"'{text}': channel '{channel}' has one end only; write '{channel}'")
        if self.channels[channel].type == "email":
            _mailbox(recipient)
        return Address(channel, recipient)

    def managers_of(self, partner: str) -> tuple[Address, ...]:
        """Return who looks after *partner*."""
        own = [text for text, partners in self.partner_managers.items() if partner in partners]
        others = [text for text, partners in self.partner_managers.items() if EVERY in partners]
        return tuple(self.address(text) for text in own or others)

    def _reaches_persons(self, channel: str) -> bool:
        if channel not in self.channels:
            raise ValueError(f"there is no channel '{channel}'; known: {', '.join(self.channels) or 'none'}")
        found = self.channels[channel]
        return isinstance(found, EmailSettings) or (isinstance(found, SlackSettings) and found.token is not None)


def require_known_partners(settings: Settings) -> None:
    """Make sure that partner managers look after partners that there are.

    Raises:
        ConfigError: one of them is not among the settings.
    """
    for text, partner in _named(settings.telling.partner_managers):
        if partner != EVERY and partner not in settings.partners:
            known = ", ".join(settings.partners) or "none"
            raise ConfigError(f"telling.partner_managers.'{text}': there is no partner '{partner}'; known: {known}")


def _named(managers: Mapping[str, Collection[str]]) -> Iterator[tuple[str, str]]:
    yield from ((text, partner) for text, partners in managers.items() for partner in partners)
