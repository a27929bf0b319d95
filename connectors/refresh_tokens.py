"""The refresh token of one connection: bound to its host, used by one process at a time, replaced before it is used.

A refresh token may be replaced by every use, and the old one is then worthless.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from connectors.base import KeptToken, TokenStore
from overlap.errors import AccessError, ConfigError


class _Access(Protocol):
    @property
    def refresh_token(self) -> str | None: ...


_A = TypeVar("_A", bound=_Access)


class RefreshTokens:
    """What is kept for connection *name* at *host*. *auth* is the setting that needs it, *where* begins its errors."""

    def __init__(self, where: str, name: str, auth: str, host: str, store: TokenStore | None) -> None:
        self._where = where
        self._name = name
        self._auth = auth
        self._host = host
        self._store = store

    def require_place(self) -> None:
        """Make sure that a token could be kept.

        Raises:
            ConfigError: it could not.
        """
        self._tokens().ready()

    @contextmanager
    def place(self) -> Iterator[Callable[[str], None]]:
        """Hold the token's place. What this yields makes a token the one that later sign-ins use.

        Raises:
            ConfigError: none could be kept: enter before it is asked for.
        """
        with self._tokens().locked(self._name) as kept:
            yield lambda token: kept.write(self._bound(token))

    def exchange(self, ask: Callable[[str], _A]) -> _A:
        """Return what *ask* gives for the token, and keep the new one that may come with it before it is used.

        The lock spans the whole exchange: two processes that use one token would look like a thief.

        Raises:
            AccessError: there is no token for this host.
        """
        with self._tokens().locked(self._name) as kept:
            token = self._read(kept)
            if token is None:
                raise AccessError(
                    f"{self._where}: there is no refresh token for {self._host}; run 'overlap connect {self._name}'"
                )
            access = ask(token)
            if access.refresh_token not in (None, token):
                kept.write(self._bound(str(access.refresh_token)))
        return access

    def forget(self, revoke: Callable[[str], None]) -> bool:
        """Have the token revoked and keep it no longer; return whether there was one. If *revoke* raises, it stays."""
        with self._tokens().locked(self._name) as kept:
            token = self._read(kept)
            if token is None:
                return False
            revoke(token)
            kept.forget()
        return True

    def _tokens(self) -> TokenStore:
        if self._store is None:
            raise ConfigError(f"{self._where}: auth = '{self._auth}' needs a workspace that keeps the token")
        return self._store

    def _bound(self, token: str) -> str:
        """Return *token* as it is kept: with its host, so that it is never shown to another one."""
        return f"{self._host} {token}"

    def _read(self, kept: KeptToken) -> str | None:
        host, _, token = (kept.read() or "").partition(" ")
        return token if token and host == self._host else None
