"""Secrets by reference: settings name where a secret is, never the secret itself."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from overlap.errors import ConfigError

_COMMAND_TIMEOUT_S = 20
#: Shorter texts stand in many words: masking them would make a log unreadable, and they are no secrets.
_LEAST_LETTERS = 4
#: Every secret that this process has come to know, and its lines.
_known: set[str] = set()


def _is_reference(value: Any) -> Any:
    scheme, _, rest = value.partition(":") if isinstance(value, str) else ("", "", "")
    if scheme not in ("env", "file", "cmd") or not rest.strip():
        # Not a ValueError: its report would repeat what was found, and that may be the secret itself.
        raise PydanticCustomError(
            "secret", "write where the secret is, not the secret: env:NAME, file:PATH or cmd:COMMAND"
        )
    return value


#: A setting that says where a secret is: ``env:NAME``, ``file:PATH`` or ``cmd:COMMAND``.
SecretReference = Annotated[str, BeforeValidator(_is_reference)]


def resolve(reference: str, folder: Path) -> str:
    """Return the secret that *reference* points to, without surrounding white space.

    A relative ``file:`` path starts at *folder*; a ``cmd:`` runs without a shell, in *folder*, for at most 20 s.

    Raises:
        ConfigError: there is no secret at that place; the message never holds what was found.
    """
    scheme, _, place = reference.partition(":")
    if scheme == "env":
        secret = os.environ.get(place, "")
        missing = f"the environment has no {place}; set it and try again"
    elif scheme == "file":
        secret, missing = _read(folder / Path(place).expanduser())
    else:
        secret, missing = _run(place, folder)
    if not secret.strip():
        raise ConfigError(f"secret '{reference}': {missing}")
    return remember(secret.strip())


def remember(secret: str) -> str:
    """Return *secret*, and mask it from now on wherever `masked` is asked: also a token that came by other ways."""
    lines = (line.strip() for line in secret.splitlines() if not line.startswith("-----"))  # of a key: its frame
    _known.update(one for one in (secret, quote(secret, safe=""), *lines) if len(one) >= _LEAST_LETTERS)
    return secret


def masked(text: str) -> str:
    """Return *text* with three asterisks for every secret that this process knows."""
    for secret in sorted(_known, key=len, reverse=True):
        if secret in text:
            text = text.replace(secret, "***")
    return text


def _read(path: Path) -> tuple[str, str]:
    """Return (what *path* holds, what to say if that is nothing)."""
    try:
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
    except (OSError, UnicodeDecodeError) as error:
        return "", f"{path} cannot be read: {type(error).__name__}"
    return text, f"{path} is missing or empty"


def _run(command: str, folder: Path) -> tuple[str, str]:
    """Return (what *command* prints, what to say if that is nothing)."""
    try:
        done = subprocess.run(
            shlex.split(command), cwd=folder, capture_output=True, text=True, timeout=_COMMAND_TIMEOUT_S, check=False
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return "", f"the command did not run: {type(error).__name__}"
    if done.returncode != 0:
        return "", f"the command ended with exit code {done.returncode}"
    return done.stdout, "the command printed nothing"
