"""Persons who were erased: a list that names one again is cleaned before it is read. Only hashes are kept of them."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert as upsert

from connectors.files.cleaning import Cleaned
from jobs.context import Context
from jobs.steps import step
from jobs.stores.digest import digest
from jobs.stores.ledger import Ledger
from jobs.stores.schema import stop_list
from overlap.erasing import Marks
from overlap.errors import GuardError


def add(ledger: Ledger, mark: str, at: datetime) -> None:
    """Keep *mark* for good."""
    with ledger.engine.begin() as connection:
        connection.execute(upsert(stop_list).values(mark=mark, since=at).on_conflict_do_nothing())


def erased(context: Context) -> Marks:
    """Return who was erased."""
    with context.ledger.engine.connect() as connection:
        marks = frozenset(connection.execute(select(stop_list.c.mark)).scalars())
    return Marks(context.workspace.settings.workspace.id, marks)


def told(found: Cleaned) -> str:
    """Return what to tell of a list that was cleaned."""
    return f"{found.rows:,} rows named a person who was erased: their name and address were emptied in the file"


def replace(file: Path, sha256: str, content: bytes) -> None:
    """Put *content* in the place of *file*, as of the same time.

    Raises:
        GuardError: its bytes are not those of *sha256* any more, which were cleaned; or it cannot be written there.
    """
    if digest(file) != sha256:
        raise GuardError(f"{file.name} was written anew while a person was taken out of it; run the same command again")
    try:
        _write(file, content)
    except OSError as error:
        raise GuardError(
            f"{file.name} names a person who was erased, and cannot be cleaned: {error.strerror}; do it there"
        ) from error


def _write(file: Path, content: bytes) -> None:
    stat = file.stat()
    partial = file.with_name(f".{file.name}.partial")
    with partial.open("wb") as new:
        new.write(content)
        new.flush()
        os.fsync(new.fileno())
    step("stop list: replace")
    os.utime(partial, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    partial.replace(file)
    step("stop list: replaced")
