"""Put a table of a partner or a schedule into ``overlap.toml``, or take it out. Not a letter of the rest is touched.

What comes out is read again before it is written: where the file is built so that the edit cannot be made exactly, it
is left as it is, and a person is asked to do it.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from overlap.errors import ConfigError

#: What is written beside a new partner's own lines, for whoever opens the file next.
_OF_PARTNERS = (
    'population = "Customers"          # where the list has no status column',
    'populations = { "Kunde" = "Customers", "Interessent" = "Prospects" }',
    'headings = { name = "Firma" }     # only for headings that are not recognised by themselves',
    'account = "001..."                # its own account in your CRM',
    "expected_every_days = 35          # older than this, its overlaps are shown as unknown",
)
#: The same beside a new schedule's.
_OF_SCHEDULES = (
    'zone = "Europe/Berlin"            # without it, the workspace\'s time zone',
    'does = "run"                      # or "pull": only read',
)


def add_partner(path: Path, key: str, said: Mapping[str, Any]) -> None:
    """Write ``[partners.KEY]`` with what is *said* of it into the settings file at *path*, beside the other partners.

    A mapping in *said* becomes a table below it.

    Raises:
        ConfigError: *path* cannot be edited by a program.
    """
    _add(path, ("partners", key), said, _OF_PARTNERS)


def add_schedule(path: Path, key: str, said: Mapping[str, Any]) -> None:
    """Write ``[schedules.KEY]`` with what is *said* of it into the settings file at *path*, beside the others.

    Raises:
        ConfigError: *path* cannot be edited by a program.
    """
    _add(path, ("schedules", key), said, _OF_SCHEDULES)


def _add(path: Path, place: tuple[str, str], said: Mapping[str, Any], remarks: Sequence[str]) -> None:
    """Write the table at *place*, a section and a key in it; of *remarks* those on keys that nothing is said of."""
    section, key = place
    text = _read(path)
    wanted = tomllib.loads(text)
    wanted.setdefault(section, {})[key] = dict(said)
    table = tomlkit.table()
    below = {name: value for name, value in said.items() if isinstance(value, Mapping)}
    for name, value in said.items():
        if name not in below:
            table.add(name, value)
    for remark in remarks:
        if remark.partition(" ")[0] not in said:
            table.add(tomlkit.comment(remark))
    table.add(tomlkit.nl())
    for name, facts in below.items():
        inner = tomlkit.table()
        inner.update(facts)
        inner.add(tomlkit.nl())
        table.add(name, inner)
    document = _parsed(path, text)
    try:
        if section not in document:
            if not text.endswith("\n\n"):
                document.add(tomlkit.nl())
            document[section] = tomlkit.table(is_super_table=True)
        tables: Any = document[section]
        tables[key] = table
    except (TOMLKitError, ValueError) as error:
        raise _by_hand(path, f"write [{section}.{key}]") from error
    _write(path, tomlkit.dumps(document), wanted, f"write [{section}.{key}]")


def remove_partner(path: Path, key: str) -> None:
    """Take ``[partners.KEY]`` and what is below it out of the settings file at *path*.

    Raises:
        ConfigError: it does not stand there, or *path* cannot be edited by a program.
    """
    text = _read(path)
    wanted: dict[str, Any] = deepcopy(tomllib.loads(text))
    if key not in wanted.get("partners", {}):
        raise ConfigError(f"{path}: there is no [partners.{key}] here; take it out where it stands")
    del wanted["partners"][key]
    if not wanted["partners"]:
        del wanted["partners"]
    left = _without(text, key)
    if not _says(left, wanted):  # its lines are not all that stands between headings
        document = _parsed(path, text)
        try:
            partners: Any = document["partners"]
            del partners[key]
            if not len(partners):
                del document["partners"]
        except (TOMLKitError, ValueError, KeyError) as error:
            raise _by_hand(path, f"take [partners.{key}] out") from error
        left = tomlkit.dumps(document)
    _write(path, left, wanted, f"take [partners.{key}] out")


def _without(text: str, key: str) -> str:
    """Return *text* without the tables of partner *key*, and the comments that stand right below their last lines."""
    ours = re.compile(rf"\s*\[partners\.(\"?){re.escape(key)}\1[.\]]")
    kept: list[str] = []
    below: list[str] = []  # of a table of its: what comes after its last key, so far
    is_ours = False
    for line in text.splitlines(keepends=True):
        if line.lstrip().startswith("["):
            kept += _apart(below)
            below, is_ours = [], ours.match(line) is not None
        if not is_ours:
            kept.append(line)
        elif line.strip() and not line.lstrip().startswith("#"):
            below = []
        else:
            below.append(line)
    return "".join((*kept, *_apart(below)))


def _apart(lines: Sequence[str]) -> Sequence[str]:
    """Return those of *lines*, comments and blank ones, that come after the first blank one."""
    blank = next((at for at, line in enumerate(lines) if not line.strip()), len(lines))
    return lines[blank + 1 :]


def _read(path: Path) -> str:
    return path.read_bytes().decode("utf-8")  # no newline is translated


def _parsed(path: Path, text: str) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise _by_hand(path, "edit it") from error


def _write(path: Path, text: str, wanted: Mapping[str, Any], what: str) -> None:
    """Replace the file, whole or not at all, if *text* says what is *wanted*."""
    if not _says(text, wanted):
        raise _by_hand(path, what)
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("wb") as file:
        file.write(text.encode("utf-8"))
        file.flush()
        os.fsync(file.fileno())
    temporary.chmod(path.stat().st_mode & 0o777)
    temporary.replace(path)


def _says(text: str, wanted: Mapping[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        return False


def _by_hand(path: Path, what: str) -> ConfigError:
    return ConfigError(f"{path}: its tables are in an order in which a program cannot edit it safely; {what} by hand")
