"""The certificate authority that a CRM's settings may name."""

from __future__ import annotations

from pathlib import Path

from overlap.errors import ConfigError


def ca_file(where: str, named: Path | None, folder: Path) -> Path | None:
    """Return the certificate authority *named* by the settings of *where*; a relative path starts at *folder*.

    Raises:
        ConfigError: it is not there.
    """
    if named is None:
        return None
    path = folder / named
    if not path.is_file():
        raise ConfigError(f"{where}: ca_file {path} is not there; correct the path or leave the setting out")
    return path
