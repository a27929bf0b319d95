"""Which backups were made of this workspace, and where: erasures name them, since they hold what was erased."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import delete, insert, select

from jobs.stores.ledger import Ledger
from jobs.stores.schema import backups


@dataclass(frozen=True, slots=True)
class KnownBackup:
    """One backup, as it was when it was made."""

    made_at: datetime
    path: Path
    sha256: str
    bytes: int

    @property
    def is_there(self) -> bool:
        """Whether there still is such a file, as far as this machine sees."""
        return self.path.is_file()


def register(ledger: Ledger, backup: KnownBackup) -> None:
    """Remember *backup*, in the place of what was known of its path."""
    with ledger.engine.begin() as connection:
        connection.execute(delete(backups).where(backups.c.path == str(backup.path)))
        values = {"made_at": backup.made_at, "path": str(backup.path), "sha256": backup.sha256, "bytes": backup.bytes}
        connection.execute(insert(backups).values(values))


def forget(ledger: Ledger, paths: Iterable[Path]) -> None:
    """Forget backups that were deleted."""
    with ledger.engine.begin() as connection:
        connection.execute(delete(backups).where(backups.c.path.in_([str(path) for path in paths])))


def known(ledger: Ledger) -> list[KnownBackup]:
    """Return every backup that was made and not deleted by overlap, oldest first."""
    with ledger.engine.connect() as connection:
        rows = connection.execute(select(backups).order_by(backups.c.made_at, backups.c.id)).all()
    return [KnownBackup(row.made_at, Path(row.path), row.sha256, row.bytes) for row in rows]
