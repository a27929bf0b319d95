"""What the settings say in effect, key by key, and where each value came from. No secret is ever among it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from config.environments import Tables, read_tables
from config.references import names_a_secret
from config.secrets import resolve, shown
from config.settings import Settings
from config.workspace import SETTINGS_FILE, Workspace
from overlap.errors import ConfigError

_PREFIX: Final = "OVERLAP_"
_PASSWORD: Final = re.compile(r"(?<=://)[^/@\s]+@")
DEFAULT: Final = "default"


@dataclass(frozen=True, slots=True)
class Setting:
    """One key: its *value* as it may be shown, and *origin*: a file, an environment variable, or ``default``.

    *resolves* says of a reference whether there is a secret at that place, and *missing* why not; None for anything
    else.
    """

    key: str
    value: Any
    origin: str
    resolves: bool | None = None
    missing: str | None = None


def effective(workspace: Workspace) -> list[Setting]:
    """Return every setting that counts, in the order of the sections."""
    tables = read_tables(workspace.folder / SETTINGS_FILE, workspace.environment)
    return [_setting(workspace, tables, place, value, secret) for place, value, secret in _leaves(workspace.settings)]


def schema() -> dict[str, Any]:
    """Return the JSON Schema of ``overlap.toml``, for editors that complete and check it."""
    found = Settings.model_json_schema()
    found["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    found["title"] = "overlap.toml"
    found.pop("required", None)  # an environment's file says a part only
    return found


def masked(text: str) -> str:
    """Return *text* without what stands before the host of an address: user and password."""
    return _PASSWORD.sub("***@", text)


def _leaves(value: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any, bool]]:
    """Yield (path of keys, value, whether it says where a secret is) of everything below *value*."""
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            found = getattr(value, name)
            if isinstance(found, str) and names_a_secret(field):
                yield (*place, name), found, True
            else:
                yield from _leaves(found, (*place, name))
    elif isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _leaves(inner, (*place, str(key)))
    else:
        yield place, value, False


def _setting(workspace: Workspace, tables: Tables, place: tuple[str, ...], value: Any, is_secret: bool) -> Setting:
    key, origin = ".".join(place), _origin(tables, place)
    if not is_secret:
        plain = to_jsonable_python(value)
        return Setting(key, masked(plain) if isinstance(plain, str) else plain, origin)
    try:
        resolve(value, workspace.folder)
    except ConfigError as error:
        return Setting(key, shown(value), origin, False, str(error))
    return Setting(key, shown(value), origin, True)


def _origin(tables: Tables, place: tuple[str, ...]) -> str:
    known = {name.upper(): name for name in os.environ}
    for length in range(len(place), 0, -1):
        name = _PREFIX + "__".join(place[:length]).upper()
        if name in known:
            return known[name]
    if not _says(tables.merged, place):
        return DEFAULT
    return Path(tables.file_of(place)).name


def _says(tables: Mapping[str, Any], place: tuple[str, ...]) -> bool:
    found: Any = tables
    for key in place:
        if not isinstance(found, Mapping) or key not in found:
            return False
        found = found[key]
    return True
