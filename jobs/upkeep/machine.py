"""What `overlap doctor` says of the machine and of the folder: versions, room, who may read secrets, what was left."""

from __future__ import annotations

import os
import platform
import re
import shutil
import stat
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Final

from config.references import references
from config.secrets import resolve
from config.workspace import Workspace
from jobs.upkeep.diagnosis import Diagnosis, fail, ok, warn
from overlap.errors import ConfigError

#: Below that much free space a run may not come to its end; and below so many times what the workspace holds.
_LEAST_BYTES: Final = 1_000_000_000
_SHOWN: Final = ("duckdb", "polars", "sqlalchemy")
#: What may lie half made for so long while a job is at work.
_HALF_MADE: Final = timedelta(days=1)
_HALF = re.compile(r"\..*\.(partial|tmp)|.*\.new|\.backup-.*|\.restoring|\.\d+\.partial")


def versions() -> Iterator[Diagnosis]:
    """Yield what is installed, and what is of another version than this overlap was made for."""
    shown = ", ".join(f"{name} {version(name)}" for name in _SHOWN)
    yield ok("versions", f"overlap {version('overlap-engine')}, Python {platform.python_version()}, {shown}")
    wrong = []
    for line in requires("overlap-engine") or ():
        found = re.fullmatch(r"([A-Za-z0-9._-]+)\s*([<>=!~0-9.,\s]*)(;.*)?", line)
        if found is None or found[3]:
            continue  # an extra
        try:
            has = version(found[1])
        except PackageNotFoundError:
            wrong.append(f"{found[1]} is missing")
            continue
        if not fits(has, found[2]):
            wrong.append(f"{found[1]} is {has}, wanted {found[2]}")
    if wrong:
        yield fail("libraries", "; ".join(wrong), "install what the lock names: pip install -r requirements.lock")


def fits(has: str, wanted: str) -> bool:
    """Return whether version *has* lies within the bounds ``>=`` and ``<`` of *wanted*; others are not asked."""
    for bound in wanted.split(","):
        found = re.fullmatch(r"\s*(>=|<)\s*([0-9.]+)\s*", bound)
        if found is None:
            continue
        is_below = _numbers(has) < _numbers(found[2])
        if is_below != (found[1] == "<"):
            return False
    return True


def _numbers(text: str) -> list[int]:
    numbers = [int(part) for part in re.findall(r"\d+", re.match(r"[0-9.]*", text)[0])]  # type: ignore[index]  # may be empty
    while numbers and not numbers[-1]:
        numbers.pop()
    return numbers


def room(folder: Path) -> Iterator[Diagnosis]:
    """Yield whether the folder can be written to, and has room for another run."""
    if not os.access(folder, os.W_OK | os.X_OK):
        yield fail("folder", f"{folder} cannot be written to", "give it to the user that runs overlap: chown, chmod")
    free, used = shutil.disk_usage(folder).free, _size(folder)
    wanted = max(_LEAST_BYTES, 2 * used)
    said = f"{_mb(free)} free, the workspace takes {_mb(used)}"
    if free < wanted:
        yield fail("disk", said, f"make room for {_mb(wanted)}: a run keeps the one before, and the warehouse grows")
    else:
        yield ok("disk", said)


def _size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _mb(size: int) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.0f} MB"


def secrets(workspace: Workspace) -> Iterator[Diagnosis]:
    """Yield whether each secret is where the settings say, and nobody else can read it."""
    folder = workspace.folder
    bad = False
    found = references(workspace.settings)
    for one in found:
        try:
            resolve(one.reference, folder)
        except ConfigError as error:
            bad = True
            yield fail(one.place, str(error), "put the secret there")
            continue
        scheme, _, place = one.reference.partition(":")
        path = folder / Path(place).expanduser() if scheme == "file" else None
        if path is not None and _is_open(path):
            bad = True
            yield warn(one.place, f"others may read {path}", f"chmod 600 {path}")
        if one.place == "workspace.token_key" and path is not None and path.resolve().is_relative_to(folder):
            bad = True
            yield warn(one.place, "the key lies beside what it locks", "keep it outside of the workspace")
    if found and not bad:
        yield ok("secrets", f"{len(found)} references lead to a secret")
    private = [*workspace.tokens.glob("*"), workspace.ledger_file]
    for path in sorted(path for path in private if path.is_file() and _is_open(path, private=path.suffix == ".enc")):
        yield warn("files", f"others may read {path}", f"chmod 600 {path}")


def _is_open(path: Path, private: bool = True) -> bool:
    """Return whether others than the owner may read *path*; of what is not *private*, whether anybody may write it."""
    wrong = stat.S_IRWXG | stat.S_IRWXO if private else stat.S_IWOTH
    return bool(path.stat().st_mode & wrong)


def left_behind(folder: Path, now: datetime) -> Iterator[Diagnosis]:
    """Yield what a job that was cut short left half made."""
    old = [path for path in _half_made(folder) if now - datetime.fromtimestamp(path.lstat().st_mtime, UTC) > _HALF_MADE]
    if old:
        names = ", ".join(str(path.relative_to(folder)) for path in old[:3]) + (" and so on" if len(old) > 3 else "")
        yield warn("half made", f"{len(old)} files were left by jobs that were cut short: {names}", "delete them")
    aside = sorted(path.name for path in folder.glob(".before-restore-*"))
    if aside:
        yield warn("restored", f"what was here before a restore is in {aside[-1]}", "delete it once you are content")


def _half_made(folder: Path) -> Sequence[Path]:
    places = (folder, *(folder / name for name in ("runs", "lists", "quarantine", "tokens", "shares", "stats")))
    return [path for place in places if place.is_dir() for path in place.iterdir() if _HALF.fullmatch(path.name)]
