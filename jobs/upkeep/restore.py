"""Restore a backup: verified before anything of it is in place, and never over a workspace without keeping that.

``overlap.toml`` leaves first and comes last, so that what a kill leaves is no workspace, and the same command begins
anew. A restored ledger does not know what was written after the backup: `reconciling` settles that with the CRM.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import delete
from sqlalchemy.dialects.sqlite import insert as upsert

from config.references import references
from config.workspace import SETTINGS_FILE, open_workspace
from jobs.context import whoami
from jobs.steps import step
from jobs.stores import messages, migrating, schema
from jobs.stores.baselines import TO_ADOPT
from jobs.stores.ledger import open_ledger
from jobs.stores.lock import lock_file
from jobs.upkeep import archive
from jobs.upkeep.backup import LEDGER
from jobs.upkeep.reconciling import ERASE_AGAIN, HOLDS, RESTORED_AT
from overlap.errors import ConfigError, GuardError, InUseError, OverlapError

_COMING: Final = ".restoring"
#: Who changes the workspace, who takes turns in it, and who sends messages: they stay where they are.
_LOCKS: Final = (".lock", ".serve.lock", ".messages.lock")
_ASIDE: Final = ".before-restore-"


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What came back. *aside* is where the workspace lies that was there before; None: there was none.

    *erase_again* are erasures after the backup, as (kind, hash, day): what they erased is back. *needs* are secrets
    and files that are not in a backup.
    """

    folder: str
    workspace: str
    made_at: datetime
    files: int
    run: str | None
    aside: str | None
    erase_again: tuple[tuple[str, str, str], ...]
    needs: tuple[str, ...]
    migrated: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Present:
    """What is known now of persons whom no list may bring back (mark, since) and of erasures (kind, mark, when)."""

    marks: set[tuple[str, str]] = field(default_factory=set)
    erasures: set[tuple[str, str, str]] = field(default_factory=set)


def restore(file: Path, folder: Path, now: datetime, replace: bool = False) -> RestoreReport:
    """Put the workspace that *file* holds into *folder*, a new or empty one.

    With *replace*, what is there is moved into a folder of it whose name begins with ``.before-restore-``.

    Raises:
        ConfigError: *folder* is not empty, or holds another workspace.
        OverlapError: the backup is damaged, or of a newer version.
        GuardError: a job is at work in *folder*.
    """
    _require_room(folder, replace)
    folder.mkdir(parents=True, exist_ok=True)
    coming = folder / _COMING
    with _alone(folder):
        shutil.rmtree(coming, ignore_errors=True)
        coming.mkdir(mode=0o700)
        known, count = _unpacked(file, coming)
        step("restore: verified")
        version = migrating.version_at(coming / LEDGER)
        migrating.require_known(version or "", coming / LEDGER)
        pending = migrating.pending(version)
        again = _prepared(coming, known, _present(folder, known["workspace"]), now, file)
        step("restore: prepared")
        aside = _moved_aside(folder, now) if _others(folder) else None
        step("restore: moved aside")
        for former in sorted(folder.glob(f"{_ASIDE}*"), reverse=True):  # also those of a restore that was cut short
            _keep_secrets(former, coming, known["environment"])
        _put_in_place(coming, folder)
    step("restore: ended")
    return RestoreReport(
        folder=str(folder.resolve()),
        workspace=known["workspace"],
        made_at=datetime.fromisoformat(known["made_at"]),
        files=count,
        run=known["published_run"],
        aside=None if aside is None else str(aside),
        erase_again=again,
        needs=tuple(known["needs"]),
        migrated=tuple(number for number, _ in pending),
    )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold every lock of *folder*: what is at work there would go on with a ledger that has been moved away."""
    with ExitStack() as stack:
        for name in _LOCKS:
            try:
                stack.enter_context(lock_file(folder / name))
            except InUseError as error:
                raise GuardError(
                    f"{folder} is in use ({name}); stop 'overlap serve' and whatever else is at work there first"
                ) from error
        yield


def _unpacked(file: Path, coming: Path) -> tuple[Mapping[str, Any], int]:
    """Return what the backup says of itself, and how many files of it are in *coming* now; nothing if it is damaged."""
    try:
        with archive.reading(file) as backup:
            return backup.manifest, sum(1 for _ in backup.members(into=coming))
    except OverlapError:
        shutil.rmtree(coming)
        raise


def _require_room(folder: Path, replace: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is no folder; name a new one")
    is_cut_short = (folder / _COMING).is_dir() and not (folder / SETTINGS_FILE).exists()
    if not (replace or is_cut_short) and folder.exists() and (found := _others(folder)):
        raise ConfigError(
            f"{folder} is not empty ({found[0].name} and so on): name a new folder, or say --replace, which keeps what "
            f"is there in a folder of its own"
        )


def _others(folder: Path) -> list[Path]:
    """Return what is in *folder* beside what a restore itself leaves there."""
    ours = (_COMING, *_LOCKS)
    return sorted(path for path in folder.iterdir() if path.name not in ours and not path.name.startswith(_ASIDE))


def _present(folder: Path, workspace: str) -> _Present:
    """Return what the ledger in *folder* knows of erasures, and those that restores moved aside there.

    Raises:
        ConfigError: it is that of another workspace.
    """
    found = _Present()
    for path in (folder / LEDGER, *sorted(folder.glob(f"{_ASIDE}*/{LEDGER}"))):
        with suppress(sqlite3.Error):  # a damaged one is a reason to restore, not to refuse
            owner = _add(found, path, workspace) if path.is_file() else None
            if path.parent == folder and owner not in (None, workspace):
                raise ConfigError(
                    f"{folder} is workspace '{owner}', and the backup is of '{workspace}'; name a new folder"
                )
    return found


def _add(found: _Present, path: Path, workspace: str) -> str | None:
    """Add to *found* what the ledger at *path* knows, if it is that of *workspace*; return whose it is."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        owner = connection.execute("select value from pins where name = 'workspace'").fetchone()
        if owner is not None and owner[0] != workspace:
            return str(owner[0])
        found.marks.update(connection.execute("select mark, since from stop_list").fetchall())
        done = "select kind, subject, done_at from erasures where done_at is not null"
        found.erasures.update(connection.execute(done).fetchall())
    return workspace


def _prepared(
    coming: Path, known: Mapping[str, Any], present: _Present, now: datetime, file: Path
) -> tuple[tuple[str, str, str], ...]:
    """Migrate the ledger in *coming*, and let it know that it is a copy of old; return what is to be erased again."""
    made_at = known["made_at"]
    settings = open_workspace(coming, known["environment"]).settings
    with open_ledger(coming / LEDGER, settings.workspace.id) as ledger:
        since = [
            (kind, mark, at[:10])
            for kind, mark, at in sorted(present.erasures)
            if datetime.fromisoformat(at) > datetime.fromisoformat(made_at)
        ]
        with ledger.engine.begin() as connection:
            connection.execute(delete(schema.lease))  # whoever held the workspace then does not hold this copy
            messages.let_go(connection, now, "came back from a backup: it may have been sent meanwhile")
            for mark, at in sorted(present.marks):
                row = {"mark": mark, "since": datetime.fromisoformat(at)}
                connection.execute(upsert(schema.stop_list).values(row).on_conflict_do_nothing())
        for crm in settings.crm:
            ledger.pin(f"{HOLDS}{crm}", made_at)
            ledger.pin(f"{TO_ADOPT}{crm}", made_at)
        ledger.pin(RESTORED_AT, now.isoformat())
        ledger.pin(ERASE_AGAIN, json.dumps(since))
        what = {"file": str(file), "made_at": made_at, "erased_since": len(since), "was": ledger.audit_head()}
        ledger.note(whoami(), "restored", what, now)
    with closing(sqlite3.connect(coming / LEDGER)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    return tuple(since)


def _moved_aside(folder: Path, now: datetime) -> Path:
    aside = folder / f"{_ASIDE}{now:%Y%m%dT%H%M%SZ}"
    number = 1
    while aside.exists():
        number += 1
        aside = folder / f"{_ASIDE}{now:%Y%m%dT%H%M%SZ}-{number}"
    aside.mkdir(mode=0o700)
    for path in sorted(_others(folder), key=lambda path: path.name != SETTINGS_FILE):
        path.rename(aside / path.name)
        step("restore: moved")
    _sync(folder)
    return aside


def _keep_secrets(aside: Path, coming: Path, environment: str | None) -> None:
    """Copy the files that the settings in *coming* name as secrets from *aside*: they are in no backup."""
    for one in references(open_workspace(coming, environment).settings):
        scheme, _, place = one.reference.partition(":")
        secret = aside / place
        is_new = scheme == "file" and not (coming / place).exists()
        if is_new and secret.is_file() and secret.resolve().is_relative_to(aside.resolve()):
            (coming / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(secret, coming / place)


def _put_in_place(coming: Path, folder: Path) -> None:
    for path in sorted(_entries(coming), key=lambda path: path.name == SETTINGS_FILE):
        path.rename(folder / path.name)
        step("restore: placed")
    for name in ("inbox", "lists", "quarantine", "runs"):
        (folder / name).mkdir(exist_ok=True)
    coming.rmdir()
    _sync(folder)


def _entries(coming: Path) -> Iterator[Path]:
    """Yield what is to be put in place; what the ledger's log may have left is merged into it by now."""
    for path in coming.iterdir():
        if path.name in (f"{LEDGER}-wal", f"{LEDGER}-shm") or path.name.startswith("ledger.before-"):
            path.unlink()
        else:
            yield path


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
