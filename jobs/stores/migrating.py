"""Bring a ledger of an earlier version up to date: in one transaction, after a verified copy of it lies beside it."""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Engine

from jobs.steps import step
from overlap.errors import ConfigError, OverlapError

if TYPE_CHECKING:
    from alembic.config import Config

HEAD: Final = "0015"
_COPIES_KEPT: Final = 2


def migrate(engine: Engine, path: Path) -> None:
    """Make the ledger at *path*, or bring it to the version of this code; what is there already is copied first.

    Raises:
        ConfigError: a newer version of overlap wrote it.
        OverlapError: the copy is not what it should be; nothing was changed.
    """
    with engine.begin() as connection:
        version = version_of(connection)
        if version == HEAD:
            return
        if version is not None:
            require_known(version, path)
            copy(path, path.with_name(f"{path.stem}.before-{HEAD}{path.suffix}"))
            step("migrate: copied")
        from alembic import command  # 0.3 s: only a new or old ledger pays for it

        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, HEAD)
        if version is not None:
            step("migrate: commit")
    if version is None:
        return
    step("migrate: committed")
    for old in copies(path)[:-_COPIES_KEPT]:
        old.unlink()


def version_of(connection: Connection) -> str | None:
    """Return the version of a ledger's schema; None if it has none yet."""
    exists = connection.exec_driver_sql("select 1 from sqlite_master where name = 'alembic_version'").scalar()
    found = connection.exec_driver_sql("select version_num from alembic_version").scalar() if exists else None
    return None if found is None else str(found)


def version_at(path: Path) -> str | None:
    """Return the version of the ledger file at *path*, which is only read; None if it has none.

    Raises:
        OverlapError: it cannot be read.
    """
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            if connection.execute("select 1 from sqlite_master where name = 'alembic_version'").fetchone() is None:
                return None
            found = connection.execute("select version_num from alembic_version").fetchone()
    except sqlite3.Error as error:
        raise OverlapError(f"{path} cannot be read ({error}); put a backup of it in its place") from error
    return None if found is None else str(found[0])


def require_known(version: str, path: Path) -> None:
    """Refuse a ledger that a newer version of overlap wrote.

    Raises:
        ConfigError: it is one.
    """
    if version not in (number for number, _ in steps_of()):
        raise ConfigError(
            f"{path} is of version {version}, and this overlap knows versions up to {HEAD}: a newer one wrote it; "
            f"install that one again, or restore a backup from before it"
        )


def pending(version: str | None) -> list[tuple[str, str]]:
    """Return number and purpose of the migrations that a ledger of *version* lacks, in their order."""
    found = steps_of()
    numbers = [number for number, _ in found]
    return found[numbers.index(version) + 1 :] if version in numbers else found


def steps_of() -> list[tuple[str, str]]:
    """Return number and purpose of every migration, in their order."""
    from alembic.script import ScriptDirectory

    found = ScriptDirectory.from_config(_config()).walk_revisions()
    return [(one.revision, (one.doc or "").strip()) for one in found][::-1]


def copies(path: Path) -> list[Path]:
    """Return the copies that migrations left beside the ledger at *path*, oldest first."""
    pattern = re.compile(rf"{re.escape(path.stem)}\.before-\d{{4}}{re.escape(path.suffix)}")
    return sorted(one for one in path.parent.iterdir() if pattern.fullmatch(one.name))


def copy(ledger: Path, to: Path) -> None:
    """Copy the ledger, also while others write to it, and make sure that the copy is whole.

    Raises:
        OverlapError: the ledger, or its copy, is damaged.
    """
    partial = to.with_name(f".{to.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        with (
            closing(sqlite3.connect(f"{ledger.resolve().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(partial)) as copied,
        ):
            source.backup(copied)
            copied.execute("pragma journal_mode = delete")  # one file, without its log beside it
            said = copied.execute("pragma integrity_check").fetchone()[0]
            if said != "ok":
                raise OverlapError(f"{ledger} is damaged ({said}); put a backup of it in its place")
    except sqlite3.Error as error:
        partial.unlink(missing_ok=True)
        raise OverlapError(
            f"{ledger} cannot be copied to {to.parent} ({error}); make room there, or put a backup in its place"
        ) from error
    except OverlapError:
        partial.unlink(missing_ok=True)
        raise
    partial.chmod(0o600)
    _sync(partial)
    partial.replace(to)
    _sync(to.parent)


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(resources.files("jobs.stores").joinpath("migrations")))
    return config


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
