"""Files as others leave them in a folder: what may be opened at all, and whether one was still being written.

The one thing to know: a name, a link or a pipe in an inbox is the partner's doing. What the setting ``files`` spells
out is ours, links included; what it matches is theirs.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Final, NamedTuple

from overlap.errors import ConfigError, GuardError

#: Would let a name write more than itself into a terminal or a log.
_UNSHOWABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_WILD: Final = re.compile(r"[*?\[]")


class Seen(NamedTuple):
    """How a file stood at one moment: any write to it, or another file in its place, changes this."""

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int


def look(path: Path, most_mb: int) -> Seen:
    """Return how the file at *path* stands, without reading it, and without waiting for whoever holds it.

    Raises:
        ConfigError: there is no file, or it may not be read.
        GuardError: it is no regular file, or larger than *most_mb*.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file; correct the path") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); correct the path or its permissions") from error
    try:
        found = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    if not stat.S_ISREG(found.st_mode):
        raise GuardError(f"{path.name}: no file but a folder or a device; put the list itself there")
    if found.st_size > most_mb * 1_000_000:
        raise GuardError(
            f"{path.name}: {found.st_size / 1e6:,.0f} MB, over the {most_mb:,} MB that a list may have; send it in "
            "parts or as .parquet, or raise file_mb and memory_mb in [lists]"
        )
    return Seen(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def require_same(path: Path, before: Seen, most_mb: int) -> None:
    """Make sure that nobody wrote to *path* since it was *before*.

    Raises:
        GuardError: somebody did: what was read is neither the old list nor the new one.
    """
    try:
        is_same = look(path, most_mb) == before
    except ConfigError:
        is_same = False
    if not is_same:
        raise GuardError(f"{path.name} changed while it was read: pull again when it is complete")


def require_ours(path: Path, pattern: str, folder: Path) -> None:
    """Make sure that *path*, which *pattern* found in *folder*, is a list that was put there, under a name to show.

    Raises:
        GuardError: it leads out of the place that *pattern* names, or its name holds what cannot be shown.
    """
    if _UNSHOWABLE.search(path.name):
        raise GuardError(f"{shown(path.name)}: its name holds characters that cannot be shown; rename the file")
    place = folder.joinpath(*_spelled_out(pattern)).resolve()
    if not path.resolve().is_relative_to(place):
        raise GuardError(f"{path.name}: a link that leads out of {place}; put the list itself there")


def shown(name: str) -> str:
    """Return *name* as a terminal may show it."""
    return _UNSHOWABLE.sub("\N{REPLACEMENT CHARACTER}", name)


def _spelled_out(pattern: str) -> list[str]:
    """Return the folders at the beginning of *pattern* that are no pattern."""
    parts = Path(pattern).parts[:-1]
    wild = next((at for at, part in enumerate(parts) if _WILD.search(part)), len(parts))
    return list(parts[:wild])
