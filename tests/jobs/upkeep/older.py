"""Backups as an earlier version of overlap would have made them: the same rows in a ledger of that version."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from jobs.stores import migrating
from jobs.stores.ledger import open_ledger
from jobs.upkeep import archive
from jobs.upkeep.backup import LEDGER


def of_version(backup: Path, version: str, workspace: str, folder: Path, says: str | None = None) -> Path:
    """Return a backup in *folder* that holds what *backup* does, its ledger in *version*, which *says* another one."""
    folder.mkdir(exist_ok=True)
    made = folder / f"of-{version}.tar.gz"
    with archive.reading(backup) as read:
        facts = {name: said for name, said in read.manifest.items() if name not in ("files", "format")}
        names = [*read.members(into=folder / "members")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrating, "HEAD", version)
        with open_ledger(folder / LEDGER, workspace):
            pass
    poured(folder / "members" / LEDGER, folder / LEDGER, says)
    files = {name: folder / "members" / name for name in names} | {LEDGER: folder / LEDGER}
    archive.write(made, files, facts | {"ledger": version})
    return made


def poured(new: Path, old: Path, says: str | None) -> None:
    """Put into the ledger *old* what it has room for of the rows in *new*: tables and columns were only ever added."""
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("attach ? as newer", (str(new),))
        tables = [name for (name,) in connection.execute("select name from main.sqlite_master where type = 'table'")]
        for table in tables:
            if table != "alembic_version" and not table.startswith("sqlite_"):
                found = connection.execute(f"pragma main.table_info('{table}')")
                columns = ", ".join(f'"{row[1]}"' for row in found)
                select = f'select {columns} from newer."{table}"'
                connection.execute(f'insert or replace into main."{table}" ({columns}) {select}')
        connection.execute("delete from pins where name = 'audit_head'")  # the audit was no chain yet
        if says is not None:
            connection.execute("update alembic_version set version_num = ?", (says,))
        connection.commit()
        connection.execute("pragma main.wal_checkpoint(truncate)")
        connection.execute("pragma main.journal_mode = delete")
