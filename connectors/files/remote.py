"""Lists that lie elsewhere: the newest one is fetched into a folder of ours, and is read from there as any other.

A server's names say what a file is called, never where it goes: what is not plain in them is replaced, and nothing is
followed. What is not complete never has its final name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, Protocol

import stamina

from config import sources
from config.sources import SourceSettings
from connectors.files.source import day_in, is_being_written
from overlap.errors import AccessError, ConfigError, GuardError, TransientError

_TRIES: Final = 3
_MEGABYTE: Final = 1_000_000
_NAME_CHARACTERS: Final = 120
#: Resolves a reference to a secret.
Secret = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file as its server lists it. *place* is how that knows it, *size* is in bytes; None: it does not say."""

    name: str
    place: str
    modified_at: datetime
    size: int | None = None


class Place(Protocol):
    """A server with files. Each method raises AccessError, TransientError or ConfigError."""

    def listing(self) -> Sequence[RemoteFile]:
        """Return the files that fit."""
        ...

    def read(self, file: RemoteFile) -> Iterable[bytes]:
        """Yield the bytes of *file*."""
        ...


def fetch_newest(files: str, source: SourceSettings, folder: Path, secret: Secret) -> Path | None:
    """Bring the newest file that *files* names into *folder*, and return where it is; None if there is none.

    It keeps name and time of its server, so that `source.as_of` says the same of it. One that is there already is not
    fetched again; those before it go.

    Raises:
        AccessError: the place cannot be reached with these credentials.
        TransientError: it did not answer, several times.
        GuardError: the file is too large, or changed while it was fetched.
        ConfigError: a package or a secret is missing.
    """
    for attempt in stamina.retry_context(on=TransientError, attempts=_TRIES, timeout=None):
        with attempt, _opened(files, source, secret) as place:
            found = [file for file in place.listing() if not is_being_written(file.name)]
            newest = max(found, key=lambda file: (_day(file), file.name), default=None)
            return None if newest is None else _fetched(place, newest, source.most_mb, folder)
    raise AssertionError("the last attempt returns or raises")


def fits(path: str, pattern: str) -> bool:
    """Whether *path* fits *pattern*, whose ``*`` does not stand for a folder."""
    return path.count("/") == pattern.count("/") and fnmatchcase(path, pattern)


def _opened(files: str, source: SourceSettings, secret: Secret) -> AbstractContextManager[Place]:
    kind = sources.kind(files)
    if kind == sources.S3:
        from connectors.files import on_s3

        return on_s3.opened(files, source, secret)
    if kind == sources.SFTP:
        from connectors.files import on_sftp

        return on_sftp.opened(files, source, secret)
    from connectors.files import on_sheets

    return on_sheets.opened(files, source, secret)


def missing(package: str, extra: str, what: str) -> ConfigError:
    """Return the error that says how to install what is missing."""
    return ConfigError(f"{what} needs the package '{package}': pip install 'overlap-engine[{extra}]'")


def _day(file: RemoteFile) -> datetime:
    return day_in(Path(file.name).stem, "UTC") or file.modified_at


def _fetched(place: Place, file: RemoteFile, most_mb: int, folder: Path) -> Path:
    target = folder / _plain(file.name)
    modified_s = int(file.modified_at.timestamp())
    if target.is_file() and (target.stat().st_size, int(target.stat().st_mtime)) == (file.size, modified_s):
        return target
    if file.size is not None and file.size > most_mb * _MEGABYTE:
        raise _too_large(file, most_mb)
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / ".partial"
    with partial.open("wb") as copy:
        for chunk in _limited(place.read(file), file, most_mb):
            copy.write(chunk)
        copy.flush()
        os.fsync(copy.fileno())
    size = partial.stat().st_size
    if file.size is not None and (size != file.size or file not in place.listing()):
        partial.unlink()
        raise GuardError(f"{file.name} changed while it was fetched: pull again when it is complete")
    os.utime(partial, (modified_s, modified_s))
    partial.replace(target)
    for other in folder.iterdir():
        if other != target and other.is_file():
            other.unlink()
    return target


def _limited(chunks: Iterable[bytes], file: RemoteFile, most_mb: int) -> Iterator[bytes]:
    """Yield *chunks* as long as they are not more than a list may be: a server may say too little, or nothing."""
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > most_mb * _MEGABYTE:
            raise _too_large(file, most_mb)
        yield chunk


def _too_large(file: RemoteFile, most_mb: int) -> GuardError:
    return GuardError(f"{file.name} is larger than {most_mb:,} MB; raise most_mb in [partners.X.source] if it is right")


def _plain(name: str) -> str:
    """Return *name* without anything that means something to a file system."""
    plain = re.sub(r"[^\w. -]", "_", name.rpartition("/")[2]).lstrip(".~ ")
    stem, dot, suffix = plain.rpartition(".")
    return (
        f"{(stem or 'list')[:_NAME_CHARACTERS]}{dot}{suffix[:10]}" if dot else f"{plain[:_NAME_CHARACTERS] or 'list'}"
    )


def at(seconds: float) -> datetime:
    """Return the aware time of *seconds* since 1970."""
    return datetime.fromtimestamp(int(seconds), UTC)


def refused(where: str, why: str, remedy: str) -> AccessError:
    """Return the error that says who did not let us in, and what to do."""
    return AccessError(f"{where}: {why}; {remedy}")
