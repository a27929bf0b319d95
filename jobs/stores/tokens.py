"""Refresh tokens on disk: one encrypted file per connection, replaced as a whole."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from jobs.steps import step
from overlap.errors import ConfigError
from overlap.redaction import remember

#: How to make a key, for messages.
MAKE_ONE = "make one with 'openssl rand -base64 32'"


class FileTokens:
    """A `connectors.base.TokenStore` in *folder*. *key* returns the secret that the files are encrypted with.

    Raises:
        ConfigError: from each method, if there is no key, or what there is is none.
    """

    def __init__(self, folder: Path, key: Callable[[], str]) -> None:
        self._folder = folder
        self._key = key

    def ready(self) -> None:
        """Make sure that there is a key, and a folder to write to."""
        self._fernet()
        self._folder.mkdir(mode=0o700, exist_ok=True)

    @contextmanager
    def locked(self, name: str) -> Iterator[FileToken]:
        """Wait until no other process holds the token of *name*, and hold it.

        The key is resolved here, once: one that cannot be had when a new token has come would lose that token.
        """
        cipher = self._fernet()
        self._folder.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(self._folder / f".{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield FileToken(name, self._folder / f"{name}.enc", cipher)
        finally:
            os.close(descriptor)

    def _fernet(self) -> Fernet:
        """Return the cipher. A key of 32 bytes in either alphabet of base64 will do."""
        key = self._key().translate(str.maketrans("+/", "-_"))
        try:
            return Fernet(key.encode())
        except ValueError as error:
            raise ConfigError(f"workspace.token_key: the secret is no key of 32 bytes in base64; {MAKE_ONE}") from error


@dataclass(frozen=True, slots=True)
class FileToken:
    """A `connectors.base.KeptToken` in the file *path*, of the connection called *name*."""

    name: str
    path: Path
    cipher: Fernet

    def read(self) -> str | None:
        """Return what was written last; None if nothing was.

        Raises:
            ConfigError: it was written with another key.
        """
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            return remember(self.cipher.decrypt(content).decode())
        except InvalidToken as error:
            raise ConfigError(
                f"{self.path} was encrypted with another token_key, or is damaged; put that key back, or run "
                f"'overlap connect {self.name}' to make the token anew"
            ) from error

    def write(self, token: str) -> None:
        """Replace the file; what a crash leaves is the old one or the new one."""
        content = self.cipher.encrypt(token.encode())
        draft = self.path.with_suffix(".new")
        step("token: received")
        with open(draft, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path)
        _sync(self.path.parent)
        step("token: kept")

    def forget(self) -> None:
        """Remove the file."""
        step("token: forget")
        self.path.unlink(missing_ok=True)
        step("token: forgotten")


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
