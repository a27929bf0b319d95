"""Secrets by reference: settings name where a secret is, never the secret itself."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from overlap.errors import ConfigError
from overlap.redaction import remember

_COMMAND_TIMEOUT_S = 20


def is_reference(value: Any) -> Any:
    """Return *value* if it says where a secret is.

    Raises:
        PydanticCustomError: it does not; what was found is not repeated.
    """
    scheme, _, rest = value.partition(":") if isinstance(value, str) else ("", "", "")
    if scheme not in ("env", "file", "cmd") or not rest.strip():
        # Not a ValueError: its report would repeat what was found, and that may be the secret itself.
        raise PydanticCustomError(
            "secret", "write where the secret is, not the secret: env:NAME, file:PATH or cmd:COMMAND"
        )
    return value


#: A setting that says where a secret is: ``env:NAME``, ``file:PATH`` or ``cmd:COMMAND``.
SecretReference = Annotated[str, BeforeValidator(is_reference)]


def shown(reference: str) -> str:
    """Return *reference* as it may be shown: of a command only its name, since its arguments may be secret."""
    scheme, _, rest = reference.partition(":")
    return f"cmd:{rest.split()[0]} ..." if scheme == "cmd" and len(rest.split()) > 1 else reference


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
        raise ConfigError(f"secret '{shown(reference)}': {missing}")
    return remember(secret.strip())


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
