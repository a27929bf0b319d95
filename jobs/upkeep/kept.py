"""What `overlap doctor` says of the stores: ledger, audit, warehouse, the published run, lists and backups."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select

from config.workspace import Workspace
from jobs.context import Context
from jobs.stores import audit, backups, migrating, schema, snapshot
from jobs.stores.digest import digest
from jobs.upkeep.diagnosis import Diagnosis, fail, ok, warn
from jobs.upkeep.reconciling import erased_since
from overlap.errors import ConfigError, OverlapError

_BACKUP_EVERY: Final = timedelta(days=8)


def ledger(path: Path) -> Iterator[Diagnosis]:
    """Yield whether the ledger is whole and of this version. It is only read."""
    if not path.is_file():
        yield ok("ledger", "none yet: the first run makes it")
        return
    version = migrating.version_at(path)
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            said = connection.execute("pragma integrity_check").fetchone()[0]
    except sqlite3.Error as error:
        said = str(error)
    if said != "ok":
        yield fail("ledger", f"{path} is damaged: {said}", "overlap restore BACKUP DIR")
        return
    try:
        migrating.require_known(version or "", path)
    except ConfigError as error:
        yield fail("ledger", str(error), "install the newer version")
        return
    pending = migrating.pending(version)
    if pending:
        remedy = "overlap migrate; or do nothing: the next verb does, and keeps a copy"
        yield warn("ledger", f"version {version}, {len(pending)} migrations are pending", remedy)
    else:
        yield ok("ledger", f"whole, version {version}, {path.stat().st_size / 1e6:,.1f} MB")


def chain(context: Context) -> Iterator[Diagnosis]:
    """Yield whether the audit is as it was written."""
    found = verified(context)
    if found.flaws:
        first = found.flaws[0]
        said = f"{len(found.flaws)} flaws, the first at line {first.line}: {first.what}"
        yield fail("audit", said, "overlap audit verify; then compare with a backup: somebody changed the ledger")
    else:
        yield ok("audit", f"{found.lines:,} lines, none changed")


def verified(context: Context) -> audit.Verified:
    """Look at the whole audit; the manifests of runs say where its chain once ended."""
    with context.ledger.engine.connect() as connection:
        return audit.verify(connection, list(_heads(context.workspace)))


def _heads(workspace: Workspace) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for folder in sorted(workspace.runs.glob("*")):
        if not folder.name.isdecimal():
            continue
        try:
            said = snapshot.manifest(workspace.runs, folder.name).get("audit")
        except OverlapError:
            continue  # `published` tells of the one that matters
        if isinstance(said, dict):
            yield f"the manifest of run {folder.name}", said


def warehouse(path: Path) -> Iterator[Diagnosis]:
    """Yield whether the warehouse can be opened."""
    import duckdb

    if not path.is_file():
        yield ok("warehouse", "none: the next pull reads everything")
        return
    try:
        duckdb.connect(str(path), read_only=True).close()
    except duckdb.Error as error:
        if "lock" in str(error):
            yield warn("warehouse", "in use by another process", "nothing, while a pull or a match is at work")
        else:
            yield fail("warehouse", f"{path} is damaged", "delete it: the next 'overlap pull' reads everything again")
        return
    yield ok("warehouse", f"can be read, {path.stat().st_size / 1e6:,.1f} MB")


def published(context: Context) -> Iterator[Diagnosis]:
    """Yield whether the published run is what was written."""
    number = context.ledger.pinned("published_run")
    if number is None:
        yield ok("published run", "none yet")
        return
    names = [Path(name).stem for name in snapshot.manifest(context.workspace.runs, number)["files"]]
    for name in names:
        _require_same(context.workspace.runs / number / f"{name}.parquet", context.workspace.runs, number)
    yield ok("published run", f"run {number}: {len(names)} files, all as they were written")


def _require_same(path: Path, runs: Path, number: str) -> None:
    said = snapshot.manifest(runs, number)["files"][path.name]["sha256"]
    if not path.is_file() or digest(path) != said:
        raise OverlapError(f"{path} is not what run {number} wrote; 'overlap match' makes a new run")


def bytes_of_lists(context: Context) -> Iterator[Diagnosis]:
    """Yield whether the bytes of every accepted list are there, and what was accepted."""
    with context.ledger.engine.connect() as connection:
        rows = connection.execute(select(schema.lists.c.partner, schema.lists.c.sha256, schema.lists.c.file_name))
        known = {(row.partner, f"{row.sha256}{Path(row.file_name).suffix.lower()}") for row in rows}
    bad = 0
    for partner, name in sorted(known):
        path = context.workspace.lists / name
        if not path.is_file() or digest(path) != name[:64]:
            bad += 1
            state = "damaged" if path.is_file() else "missing"
            yield fail(partner, f"{path} is {state}", "bring it back from a backup: it cannot be asked for again")
    if known and not bad:
        yield ok("lists", f"{len(known)} accepted lists, all as they were sent")


def known_backups(context: Context) -> Iterator[Diagnosis]:
    """Yield how old the newest backup is, and what a restore left to be done."""
    made = backups.known(context.ledger)
    there = [one for one in made if one.is_there]
    remedy = "overlap backup DIR, best from a schedule, and into a folder of another machine"
    if not there:
        said = f"the newest is not at {made[-1].path} any more" if made else "none was ever made"
        yield warn("backup", said, remedy)
    elif context.now - there[-1].made_at > _BACKUP_EVERY:
        yield warn("backup", f"the newest is of {there[-1].made_at:%Y-%m-%d}: {there[-1].path}", remedy)
    else:
        yield ok("backup", f"of {_local(context, there[-1].made_at)}: {there[-1].path}")
    for kind, mark, day in erased_since(context):
        said = f"a {kind} ({mark}) was erased on {day}, after the backup that was restored, and is back"
        yield fail("erasures", said, f"overlap erase-{kind} again: the audit of what was there before says which")


def _local(context: Context, at: datetime) -> str:
    return f"{at.astimezone(context.workspace.zone):%Y-%m-%d %H:%M}"
