"""Partner lists as accepted. Their bytes are kept under their sha256, because they cannot be asked for again."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Select, insert, select, update

from jobs.steps import step
from jobs.stores.digest import digest
from jobs.stores.ledger import Ledger
from jobs.stores.schema import lists
from overlap.errors import GuardError

_CORRECTED: Final = re.compile(r" corrected [0-9a-f]{12}\.csv$")
#: What is called so in the folder of lists is ours: their bytes, and such on their way.
_OURS: Final = re.compile(r"[0-9a-f]{64}\.\w+|\.[0-9a-f]{64}\.\w+\.partial")


@dataclass(frozen=True, slots=True)
class AcceptedList:
    """One list that is, or was, in force. *settings* is the JSON of the partner's settings it was read with.

    *imported*: a person took it in by hand; else it was found where the settings look for lists.
    """

    partner: str
    as_of: datetime
    sha256: str
    file_name: str
    rows_in: int
    rows_out: int
    quarantined: int
    duplicates: int
    accepted_at: datetime
    approved_by: str | None
    settings: str
    imported: bool = False

    def path(self, folder: Path) -> Path:
        """Where its bytes lie; the suffix says how to read them."""
        return folder / f"{self.sha256}{Path(self.file_name).suffix.lower()}"

    @property
    def corrected_name(self) -> str:
        """What it is called when rows of it are corrected: once it is a corrected list, it stays one."""
        return self.file_name if _CORRECTED.search(self.file_name) else corrected_name(self.file_name, self.sha256)

    def came_of(self, file_name: str, sha256: str) -> bool:
        """Whether it is the file with that name and those bytes, or one of which rows were corrected."""
        return (self.file_name, self.sha256) == (file_name, sha256) or self.file_name == corrected_name(
            file_name, sha256
        )


def corrected_name(file_name: str, sha256: str) -> str:
    """Return what the list is called that came of correcting rows of that file."""
    return f"{file_name} corrected {sha256[:12]}.csv"


def accept(ledger: Ledger, accepted: AcceptedList, file: Path, folder: Path) -> None:
    """Keep the bytes of *file* and put *accepted* in force. A crash between the two leaves unused bytes only.

    Raises:
        GuardError: *file* is not what was read any more: somebody is still writing it.
    """
    target = accepted.path(folder)
    step("list: keep bytes")
    if not target.exists():
        partial = target.with_name(f".{target.name}.partial")
        with partial.open("wb") as copy:
            copy.write(file.read_bytes())
            copy.flush()
            os.fsync(copy.fileno())
        if digest(partial) != accepted.sha256:
            partial.unlink()
            raise GuardError(f"{file} changed while it was read: pull again when it is complete")
        partial.replace(target)
    step("list: bytes kept")
    with ledger.engine.begin() as connection:
        connection.execute(insert(lists).values({name: getattr(accepted, name) for name in AcceptedList.__slots__}))
    step("list: accepted")


def in_force(ledger: Ledger, partner: str, zone: ZoneInfo) -> tuple[AcceptedList | None, AcceptedList | None]:
    """Return the newest accepted list of *partner* and the newest one of an earlier day in *zone*.

    Absence counts a list once per as-of day, and a row is gone when two of them lack it: so these two say everything.
    """
    last = newest(ledger, partner)
    if last is None:
        return None, None
    day = datetime.combine(last.as_of.astimezone(zone), time.min, zone)
    return last, newest(ledger, partner, before=day)


def newest(ledger: Ledger, partner: str, before: datetime | None = None) -> AcceptedList | None:
    """Return the newest accepted list of *partner*, or the newest one that is of *before*; None if there is none."""
    query = _newest_first(partner).limit(1)
    with ledger.engine.connect() as connection:
        row = connection.execute(query if before is None else query.where(lists.c.as_of < before)).mappings().first()
    return None if row is None else AcceptedList(**row)


def history(ledger: Ledger, partner: str) -> list[AcceptedList]:
    """Return all accepted lists of *partner*, the newest day first; of one day, the one accepted last."""
    with ledger.engine.connect() as connection:
        return [AcceptedList(**row) for row in connection.execute(_newest_first(partner)).mappings()]


def was_accepted_since(ledger: Ledger, partner: str, at: datetime) -> bool:
    """Return whether a list of *partner* was accepted after *at*."""
    query = select(lists.c.id).where(lists.c.partner == partner, lists.c.accepted_at > at).limit(1)
    with ledger.engine.connect() as connection:
        return connection.execute(query).first() is not None


def _newest_first(partner: str) -> Select[Any]:
    columns = [lists.c[name] for name in AcceptedList.__slots__]
    return select(*columns).where(lists.c.partner == partner).order_by(lists.c.as_of.desc(), lists.c.id.desc())


def name_of(content: bytes) -> str:
    """Return the name that *content* gets: its sha256, in hex."""
    return hashlib.sha256(content).hexdigest()


def rewrite(ledger: Ledger, list_id: int, file_name: str, content: bytes, folder: Path) -> None:
    """Let list *list_id* be *content* from now on, under another hash; its former bytes are left to `drop_unknown`."""
    target = folder / f"{name_of(content)}{Path(file_name).suffix.lower()}"
    partial = target.with_name(f".{target.name}.partial")
    with partial.open("wb") as new:
        new.write(content)
        new.flush()
        os.fsync(new.fileno())
    step("list: rewrite")
    partial.replace(target)
    step("list: rewritten")
    with ledger.engine.begin() as connection:
        values = {"sha256": name_of(content), "file_name": file_name}
        connection.execute(update(lists).where(lists.c.id == list_id).values(values))
    step("list: known as rewritten")


def follow_origin(ledger: Ledger, file_name: str, before: str, after: str) -> None:
    """Let lists that came of correcting a file know it by its bytes *after*: it is the same one without a person."""
    named = lists.c.file_name == corrected_name(file_name, before)
    with ledger.engine.begin() as connection:
        connection.execute(update(lists).where(named).values(file_name=corrected_name(file_name, after)))


def drop_unknown(ledger: Ledger, folder: Path) -> None:
    """Delete bytes that are no list's (any more)."""
    with ledger.engine.connect() as connection:
        known = set(connection.execute(select(lists.c.sha256)).scalars())
    step("list: drop unknown")
    for path in folder.glob("*"):
        if _OURS.fullmatch(path.name) and path.name.strip(".")[:64] not in known:
            path.unlink()
    step("list: unknown dropped")
