"""Refresh tokens on disk: one encrypted file per connection, replaced as a whole."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from jobs.steps import step
from overlap.errors import ConfigError

#: How to make a key, for messages.
MAKE_ONE = "make one with 'openssl rand -base64 32'"


class FileTokens:
    """A `connectors.base.TokenStore` in *folder*. *key* returns the secret that the files are encrypted with.

    Raises:
        ConfigError: from each method that needs the key, if there is none, it is none, or not the one of the file.
    """

    def __init__(self, folder: Path, key: Callable[[], str]) -> None:
        self._folder = folder
        self._key = key

    def ready(self) -> None:
        """Make sure that there is a key, and a folder to write to."""
        self._fernet()
        self._folder.mkdir(mode=0o700, exist_ok=True)

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Wait until no other process holds the token of *name*, and hold it."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(self._folder / f".{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def read(self, name: str) -> str | None:
        """Return what was written last; None if nothing was."""
        path = self._path(name)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            return self._fernet().decrypt(content).decode()
        except InvalidToken as error:
            raise ConfigError(
                f"{path} was encrypted with another token_key, or is damaged; put that key back, or run "
                f"'overlap connect {name}' to make the token anew"
            ) from error

    def write(self, name: str, token: str) -> None:
        """Replace the file of *name*; what a crash leaves is the old one or the new one."""
        content = self._fernet().encrypt(token.encode())
        path = self._path(name)
        draft = path.with_suffix(".new")
        step("token: received")
        with open(draft, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _sync(self._folder)
        step("token: kept")

    def forget(self, name: str) -> None:
        """Remove the file of *name*."""
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.enc"

    def _fernet(self) -> Fernet:
        """Return the cipher. A key of 32 bytes in either alphabet of base64 will do."""
        key = self._key().translate(str.maketrans("+/", "-_"))
        try:
            return Fernet(key.encode())
        except ValueError as error:
            raise ConfigError(f"workspace.token_key: the secret is no key of 32 bytes in base64; {MAKE_ONE}") from error


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
