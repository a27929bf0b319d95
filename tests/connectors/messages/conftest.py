"""Servers on loopback that take messages, and what they took."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import pytest
import stamina
import trustme

from tests.connectors.messages.servers import Post, running, sign_in


@pytest.fixture(scope="package")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def post() -> Iterator[Post]:
    with running(Post()) as server:
        yield server


@pytest.fixture
def guarded_post(authority: trustme.CA) -> Iterator[Post]:
    """One that speaks TLS only, and wants a sign-in."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    options = {"tls_context": context, "require_starttls": True, "authenticator": sign_in, "auth_required": True}
    with running(Post(), **options) as server:
        yield server


@pytest.fixture(autouse=True)
def _nobody_waits() -> Iterator[None]:
    with stamina.set_testing(True, attempts=1):
        yield
