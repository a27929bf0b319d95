"""A backup as a file: a packed archive whose last member says what every other one must be.

What is written is read back before it gets its name; what is read is held against that list before it is believed.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from jobs.steps import step
from overlap.errors import OverlapError

MANIFEST: Final = "backup.json"
FORMAT: Final = 1
_BLOCK: Final = 1 << 20
_BROKEN: Final = (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, ValueError, KeyError, TypeError)


def write(
    path: Path, files: Mapping[str, Path], facts: Mapping[str, Any], passing: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Write *files* (by their name in the archive) and a list of them with *facts* to *path*; return that list.

    The file gets its name when it has reached the disk and was read back. What is *passing* (names that begin so) may
    have been taken away meanwhile, and is left out then.

    Raises:
        OverlapError: it cannot be written, a file changed meanwhile, or what was written is not what was to be.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        with open(partial, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as out:
            with tarfile.open(fileobj=out, mode="w:gz", compresslevel=6) as archive:
                listed = {}
                for name, source in files.items():
                    with suppress(FileNotFoundError) if name.startswith(passing) else nullcontext():
                        listed[name] = _add(archive, name, source)
                manifest = {"format": FORMAT, **facts, "files": listed}
                _put(archive, MANIFEST, json.dumps(manifest, indent=1, default=str).encode())
            out.flush()
            os.fsync(out.fileno())
        step("backup: written")
        with reading(partial) as read:
            for _ in read.members():
                pass
        step("backup: verified")
        partial.replace(path)
    except OSError as error:
        raise OverlapError(f"{path} cannot be written: {error.strerror or error}; nothing was kept of it") from error
    finally:
        partial.unlink(missing_ok=True)
    _sync(path.parent)
    step("backup: named")
    return manifest


class Archive:
    """A backup that was opened with `reading`: its *manifest*, and its members, each verified as it is read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.manifest: Mapping[str, Any] = self._manifest()

    def _manifest(self) -> Mapping[str, Any]:
        found = None
        for name, content, _ in self._entries():
            if name == MANIFEST:
                found = json.loads(content.read())
        if not isinstance(found, dict) or not isinstance(found.get("files"), dict):
            raise OverlapError(f"{self._path} is no backup of a workspace, or its end is missing; take another one")
        if found.get("format") != FORMAT:
            raise OverlapError(
                f"{self._path} is a backup of format {found.get('format')}, and this overlap reads format {FORMAT}; "
                f"install the version that made it: {found.get('overlap')}"
            )
        return found

    def members(self, into: Path | None = None) -> Iterator[str]:
        """Yield the name of each file once it is verified, and written below the folder *into*.

        Raises:
            OverlapError: a file is missing, one too many, or not what it was.
        """
        wanted = dict(self.manifest["files"])
        for name, content, changed_s in self._entries():
            if name == MANIFEST:
                continue
            said = wanted.pop(name, None)
            if said is None or not _is_plain(name):
                raise OverlapError(f"{self._path}: '{name}' does not belong into it; take another backup")
            if _copied(content, None if into is None else into / name) != said["sha256"]:
                raise OverlapError(f"{self._path}: '{name}' is damaged; take another backup")
            if into is not None:
                os.utime(into / name, (changed_s, changed_s))  # a list without a day in its name is as old as its file
            yield name
        if wanted:
            raise OverlapError(f"{self._path}: '{min(wanted)}' is missing; take another backup")

    def _entries(self) -> Iterator[tuple[str, IO[bytes], float]]:
        with tarfile.open(self._path, "r|gz") as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isreg() else None
                if content is None:
                    raise OverlapError(f"{self._path}: '{member.name}' is no plain file; take another backup")
                yield member.name, content, member.mtime


@contextmanager
def reading(path: Path) -> Iterator[Archive]:
    """Open the backup at *path*.

    Raises:
        OverlapError: there is none, or it is damaged.
    """
    try:
        yield Archive(path)
    except FileNotFoundError as error:
        raise OverlapError(f"{path} is not there; name a file that 'overlap backup' wrote") from error
    except _BROKEN as error:
        raise OverlapError(f"{path} is damaged, or no backup ({type(error).__name__}); take another one") from error


def _is_plain(name: str) -> bool:
    parts = PurePosixPath(name)
    return not parts.is_absolute() and ".." not in parts.parts and "\\" not in name


def _add(archive: tarfile.TarFile, name: str, source: Path) -> dict[str, Any]:
    """Put one file into *archive* and return its size and hash, which are of just the bytes that went in."""
    with source.open("rb") as content:
        size = os.fstat(content.fileno()).st_size
        hashing = _Hashing(content)
        info = _info(name, size)
        info.mtime = int(os.fstat(content.fileno()).st_mtime)
        archive.addfile(info, hashing)
    return {"bytes": size, "sha256": hashing.digest.hexdigest()}


def _put(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    archive.addfile(_info(name, len(content)), io.BytesIO(content))


def _info(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info


class _Hashing:
    """Reads from a file and hashes what it read."""

    def __init__(self, content: IO[bytes]) -> None:
        self._content = content
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        found = self._content.read(size)
        self.digest.update(found)
        return found


def _copied(content: IO[bytes], to: Path | None) -> str:
    """Read *content* to its end, write it to *to* if that is given, and return its hash."""
    digest = hashlib.sha256()
    if to is not None:
        to.parent.mkdir(parents=True, exist_ok=True)
    out = None if to is None else open(to, "wb", opener=lambda name, flags: os.open(name, flags, 0o600))  # noqa: SIM115
    try:
        while block := content.read(_BLOCK):
            digest.update(block)
            if out is not None:
                out.write(block)
        if out is not None:
            out.flush()
            os.fsync(out.fileno())
    finally:
        if out is not None:
            out.close()
    return digest.hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
