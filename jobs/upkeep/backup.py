"""Back up what cannot be pulled again: the ledger, lists, statistics, models, tokens, settings and the published run.

The ledger is copied first: whatever it names is on disk before it does, and is never changed afterwards. Nothing of a
job that is at work is disturbed. Secrets are not in it: the settings only say where they are.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from sqlite3 import connect
from tempfile import TemporaryDirectory
from typing import Any, Final

from config.references import references
from config.workspace import Workspace
from jobs.context import Context
from jobs.steps import step
from jobs.stores import backups, migrating, snapshot
from jobs.stores.backups import KnownBackup
from jobs.stores.digest import digest
from jobs.upkeep import archive
from overlap.errors import ConfigError, GuardError

LEDGER: Final = "ledger.sqlite"
#: Folders of a workspace that are kept as a whole, but for what begins with a dot.
_FOLDERS: Final = ("lists", "stats", "models", "quarantine", "inbox", "shared", "templates", "tokens")
#: A run at work takes lists and workbooks from here, and writes bad rows anew.
_PASSING: Final = ("inbox/", "quarantine/")
_SETTINGS: Final = re.compile(r"overlap(\.[^.]+)?\.toml")


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What a backup holds. *needs* are secrets and files that it does not, and that a restored workspace asks for.

    *removed* are older backups that gave way.
    """

    path: str
    sha256: str
    bytes: int
    files: int
    workspace: str
    run: str | None
    needs: tuple[str, ...]
    removed: tuple[str, ...] = ()


def backup(context: Context, to: Path, keep: int | None = None) -> BackupReport:
    """Write a backup to *to*, a folder or the name of a new file; of this workspace's in its folder *keep* so many.

    Raises:
        ConfigError: *to* cannot be written to, or is there already.
        GuardError: an erasure is under way, or was while this was written.
    """
    workspace = context.workspace
    path = _path(context, to)
    with TemporaryDirectory(prefix=".backup-", dir=path.parent) as folder:
        copied = Path(folder) / LEDGER
        migrating.copy(workspace.ledger_file, copied)
        step("backup: ledger copied")
        _require_no_erasure(copied, workspace.ledger_file)
        facts = _facts(context, copied)
        files = {LEDGER: copied} | dict(_files(workspace, facts["published_run"]))
        archive.write(path, files, facts, _PASSING)
    if _erasures(workspace.ledger_file) != facts["erasures"]:
        path.unlink()
        raise GuardError(f"something was erased while {path.name} was written, so it was thrown away; run it again")
    made = KnownBackup(context.now, path, digest(path), path.stat().st_size)
    backups.register(context.ledger, made)
    step("backup: registered")
    removed = [] if keep is None else _thinned(context, path, keep)
    what = {"file": str(path), "sha256": made.sha256, "removed": [str(one) for one in removed]}
    context.ledger.note(context.who, "backed up", what, context.now)
    return BackupReport(
        path=str(path),
        sha256=made.sha256,
        bytes=made.bytes,
        files=len(files),
        workspace=workspace.settings.workspace.id,
        run=facts["published_run"],
        needs=tuple(facts["needs"]),
        removed=tuple(str(one) for one in removed),
    )


def _path(context: Context, to: Path) -> Path:
    """Return where the backup goes: *to* itself if that names a file, else a name with id and time in that folder."""
    if to.name.endswith((".tar.gz", ".tgz")):
        path = to.resolve()
    else:
        name = f"overlap-{context.workspace.settings.workspace.id}-{context.now:%Y%m%dT%H%M%SZ}.tar.gz"
        path = to.resolve() / name
    if path.exists():
        raise ConfigError(f"{path} is there already, and a backup is never overwritten; name another file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{path.parent} is no folder to write to ({error.strerror}); name another one") from error
    return path


def _facts(context: Context, copied: Path) -> dict[str, Any]:
    workspace = context.workspace
    return {
        "workspace": workspace.settings.workspace.id,
        "environment": workspace.environment,
        "made_at": context.now.isoformat(),
        "made_by": context.who,
        "overlap": version("overlap-engine"),
        "python": platform.python_version(),
        "ledger": migrating.version_at(copied),
        "published_run": _published(copied),
        "audit": _audit_head(copied),
        "erasures": _erasures(copied),
        "needs": [f"{one.place} = {one.shown}" for one in references(workspace.settings)],
    }


def _published(ledger: Path) -> str | None:
    with closing(connect(ledger)) as connection:
        found = connection.execute("select value from pins where name = 'published_run'").fetchone()
    return None if found is None else str(found[0])


def _audit_head(ledger: Path) -> dict[str, Any]:
    """Return where the audit's chain ends in the copy, as `jobs.stores.audit.head` does for a ledger."""
    with closing(connect(ledger)) as connection:
        found = connection.execute("select id, hash from audit order by id desc limit 1").fetchone()
    return {"line": found[0], "hash": found[1]} if found else {}


def _erasures(ledger: Path) -> int:
    """Return how many erasures were ever begun or ended."""
    with closing(connect(ledger)) as connection:
        (found,) = connection.execute("select count(*) + count(done_at) from erasures").fetchone()
    return int(found)


def _require_no_erasure(copied: Path, ledger: Path) -> None:
    with closing(connect(copied)) as connection:
        if connection.execute("select 1 from erasures where done_at is null").fetchone():
            raise GuardError(f"{ledger}: an erasure was begun and did not end; let its command end, then back up")


def _files(workspace: Workspace, published: str | None) -> Iterator[tuple[str, Path]]:
    secret = set(_secret_files(workspace))
    for path in sorted(workspace.folder.iterdir()):
        if _SETTINGS.fullmatch(path.name) and path.is_file():
            yield path.name, path
    for name in _FOLDERS:
        yield from _below(workspace.folder, workspace.folder / name, secret)
    if published is not None and snapshot.exists(workspace.runs, published):
        yield from _below(workspace.folder, workspace.runs / published, secret)


def _below(workspace: Path, folder: Path, secret: Collection[Path]) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(workspace)
        is_hidden = any(part.startswith(".") for part in place.parts)
        if path.is_file() and not path.is_symlink() and not is_hidden and path.resolve() not in secret:
            yield place.as_posix(), path


def _secret_files(workspace: Workspace) -> Iterator[Path]:
    for one in references(workspace.settings):
        scheme, _, place = one.reference.partition(":")
        if scheme == "file":
            yield (workspace.folder / Path(place).expanduser()).resolve()


def _thinned(context: Context, newest: Path, keep: int) -> list[Path]:
    """Delete the oldest backups of this workspace beside *newest*, all but *keep*, and return which."""
    of_ours = re.compile(rf"overlap-{re.escape(context.workspace.settings.workspace.id)}-\d{{8}}T\d{{6}}Z\.tar\.gz")
    found = sorted(path for path in newest.parent.iterdir() if of_ours.fullmatch(path.name) and path != newest)
    gone = found[: max(0, len(found) - (keep - 1))]
    for path in gone:
        path.unlink()
    backups.forget(context.ledger, gone)
    return gone
