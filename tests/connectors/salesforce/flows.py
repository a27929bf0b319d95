"""Every way to sign in to the sandbox org of the `salesforce` fixture."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from config.salesforce import SalesforceSettings
from connectors.base import Browser, Vault
from connectors.salesforce import authorize
from connectors.salesforce.session import SalesforceSession
from tests.sandbox import Sandbox

CLIENT_CREDENTIALS, JWT, REFRESH_TOKEN = FLOWS = ("client-credentials", "jwt", "refresh-token")
USER = "overlap@sandbox.example"
CALLBACK = "http://localhost:1717/callback"


@cache
def key_pair(number: int = 0) -> tuple[str, str]:
    """A private and a public RSA key in PEM; another pair for another *number*."""
    del number
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


class MemoryTokens:
    """A `connectors.base.TokenStore`, and its one place, that remembers; it crashes beside a write if told to."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.crash: str | None = None

    def ready(self) -> None:
        pass

    @contextmanager
    def locked(self, name: str) -> Iterator[MemoryTokens]:
        assert name == "crm"
        yield self

    def read(self) -> str | None:
        return self.kept.get("crm")

    def write(self, token: str) -> None:
        if self.crash == "before":
            raise KeyboardInterrupt
        self.kept["crm"] = token
        if self.crash == "after":
            raise KeyboardInterrupt

    def forget(self) -> None:
        self.kept.pop("crm", None)


class Door:
    """An admin at the org's door, set up for one *flow*; the sandbox is set up to let it in."""

    def __init__(self, salesforce: Sandbox, flow: str) -> None:
        self.salesforce = salesforce
        self.tokens = MemoryTokens()
        private, public = key_pair()
        self.secrets = {
            "env:KEY": salesforce.address.consumer_key,
            "env:SECRET": salesforce.address.consumer_secret,
            "env:PEM": private,
        }
        salesforce.store.register_key(public)
        own: dict[str, dict[str, Any]] = {
            CLIENT_CREDENTIALS: {"consumer_secret": "env:SECRET"},
            JWT: {"username": USER, "private_key": "env:PEM"},
            REFRESH_TOKEN: {},
        }
        self.settings = SalesforceSettings(
            type="salesforce",
            login_url=salesforce.address.url,
            auth=flow,
            consumer_key="env:KEY",
            ca_file=Path(salesforce.address.ca_file),
            **own[flow],
        )
        if flow == REFRESH_TOKEN:
            self.authorize()

    @property
    def vault(self) -> Vault:
        return Vault(self.secrets.__getitem__, self.tokens)

    def change(self, **settings: Any) -> None:
        self.settings = SalesforceSettings(**self.settings.model_dump(exclude_none=True) | settings)

    def authorize(self, accept: Any = lambda _: None) -> None:
        """Sign in in a browser that follows no redirect to us: what it was led to is handed on."""
        browser = Browser(CALLBACK, lambda url: led_to(self.salesforce, url))
        authorize("crm", self.settings, self.vault, Path("/"), browser, accept)

    @contextmanager
    def opened(self) -> Iterator[SalesforceSession]:
        with closing(SalesforceSession("crm", self.settings, self.vault, Path("/"))) as session:
            yield session

    def sign_ins(self) -> int:
        """How often the org was asked for a token."""
        return sum(request.path.endswith("/oauth2/token") for request in self.salesforce.store.requests())

    def calls(self) -> list[int]:
        """The status of every call that was not a sign-in."""
        return [request.status for request in self.salesforce.store.requests() if "/oauth2/" not in request.path]


def led_to(salesforce: Sandbox, url: str) -> str:
    """Where the page that asks a person for access leads the browser."""
    with requests.Session() as session:
        session.trust_env = False
        reply = session.get(url, verify=salesforce.address.ca_file, allow_redirects=False)
    assert reply.status_code == 302, reply.text
    return reply.headers["Location"]
