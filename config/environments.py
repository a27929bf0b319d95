"""What the settings files of a workspace say: ``overlap.toml``, and over it ``overlap.ENV.toml`` if one is chosen.

The id of an org may stand in the latter only: the base is shared, and would let one environment write to another's org.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from overlap.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Tables:
    """*merged* is what counts. *chosen* is the environment's file; None if none was chosen."""

    base: Path
    chosen: Path | None
    merged: Mapping[str, Any]
    over: Mapping[str, Any]

    def file_of(self, place: Sequence[str]) -> Path:
        """Return the file that says what stands at *place*, a path of keys; the base for what neither says."""
        found: Any = self.over
        for key in place:
            if not isinstance(found, Mapping) or key not in found:
                return self.base
            found = found[key]
        return self.chosen or self.base


def read_tables(base: Path, environment: str | None) -> Tables:
    """Read *base* and the file of *environment* beside it, key by key over it.

    Raises:
        ConfigError: a file is missing or no TOML, or an org id stands in the base.
    """
    below = _read(base)
    for name, crm in _tables(below.get("crm")).items():
        if "org_id" in _tables(crm):
            raise ConfigError(
                f"{base}: crm.{name}.org_id: not here: every environment shares this file, and each has an org of its "
                f"own; move it into {base.stem}.ENV.toml beside it, and choose that with --env ENV or OVERLAP_ENV"
            )
    if environment is None:
        return Tables(base, None, below, {})
    if environment not in known_environments(base):
        missing = f"{base.stem}.{environment}.toml"
        raise ConfigError(
            f"there is no environment '{environment}': {missing} is not in {base.parent.resolve()}; "
            f"{_hint(base, environment)}"
        )
    path = base.with_name(f"{base.stem}.{environment}.toml")
    over = _read(path)
    return Tables(base, path, _merged(below, over), over)


def known_environments(base: Path) -> tuple[str, ...]:
    """Return the environments that have a file beside *base*."""
    pattern = re.compile(rf"{re.escape(base.stem)}\.([^.]+)\.toml")
    return tuple(sorted(found[1] for path in base.parent.iterdir() if (found := pattern.fullmatch(path.name))))


def _hint(base: Path, environment: str) -> str:
    known = known_environments(base)
    close = difflib.get_close_matches(environment, known, n=1)
    return f"did you mean '{close[0]}'?" if close else f"known: {', '.join(known) or 'none'}"


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise ConfigError(f"{path}: no such file; 'overlap init' writes one") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error


def _merged(below: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    both = {key: _merged(below[key], over[key]) for key in over if _are_tables(below.get(key), over[key])}
    return {**below, **over, **both}


def _are_tables(*values: Any) -> bool:
    return all(isinstance(value, dict) for value in values)


def _tables(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
