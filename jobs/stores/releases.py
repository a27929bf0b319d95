"""What went out to partners. It is written before the file gets its name, so that nothing is out and not on record."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update

from jobs.stores.ledger import Ledger
from jobs.stores.schema import release_rows, releases
from overlap.errors import ConfigError

#: What is left of a row that was erased.
_NOTHING: Final = "{}"


@dataclass(frozen=True, slots=True)
class Release:
    """One file that was made for a partner. *policy_text* is the policy as JSON, *policy* its fingerprint.

    *share_sha256* is of the share that the file was made of, *sha256* of the file itself.
    """

    id: int
    partner: str
    run_id: int
    released_at: datetime
    who: str
    policy: str
    policy_text: str
    rows: int
    share_sha256: str
    sha256: str
    format: str
    file_name: str


def record(ledger: Ledger, release: Release, rows: Sequence[str]) -> Release:
    """Put *release* and its *rows* (JSON, see `row_text`) on record; return it with its number, whatever it had."""
    facts = {name: getattr(release, name) for name in Release.__slots__ if name != "id"}
    with ledger.engine.begin() as connection:
        number = connection.execute(insert(releases).values(facts).returning(releases.c.id)).scalar_one()
        said = [
            {"release_id": number, "at": at, "hash": row_hash(row), "said": row} for at, row in enumerate(rows, start=1)
        ]
        if said:
            connection.execute(insert(release_rows), said)
    return Release(**{"id": number, **facts})


def every(ledger: Ledger, partner: str | None = None) -> list[Release]:
    """Return the releases, those to *partner* only if one is named, newest first."""
    query = select(*_columns()).order_by(releases.c.id.desc())
    if partner is not None:
        query = query.where(releases.c.partner == partner)
    with ledger.engine.connect() as connection:
        return [Release(**row) for row in connection.execute(query).mappings()]


def load(ledger: Ledger, number: str) -> Release:
    """Return release *number*.

    Raises:
        ConfigError: there is none of that number.
    """
    known = every(ledger) if number.isdecimal() else []
    found = next((one for one in known if one.id == int(number)), None)
    if found is None:
        raise ConfigError(f"there is no release '{number}'; 'overlap releases' lists them")
    return found


def rows_of(ledger: Ledger, release_id: int) -> list[str]:
    """Return the rows of a release as JSON, in the order of the file."""
    query = select(release_rows.c.said).where(release_rows.c.release_id == release_id).order_by(release_rows.c.at)
    with ledger.engine.connect() as connection:
        return [str(said) for said in connection.execute(query).scalars()]


def files_with(ledger: Ledger, is_about: Callable[[str], bool]) -> set[str]:
    """Return the names of released files of which a row is about somebody, wherever they are by now."""
    query = select(releases.c.file_name, release_rows.c.said).join(releases)
    with ledger.engine.connect() as connection:
        return {row.file_name for row in connection.execute(query) if is_about(row.said)} - {""}


def forget(connection: Connection, partner: str, mark: str) -> None:
    """Let releases say that rows went to *mark*, and no more which: their hashes stay."""
    ours = select(releases.c.id).where(releases.c.partner == partner)
    connection.execute(update(release_rows).where(release_rows.c.release_id.in_(ours)).values(said=_NOTHING))
    values = {"partner": mark, "file_name": "", "policy_text": _NOTHING}
    connection.execute(update(releases).where(releases.c.partner == partner).values(values))


def forget_rows(connection: Connection, is_about: Callable[[str], bool]) -> None:
    """Let rows that are about somebody say nothing; their hashes stay."""
    query = select(release_rows.c.release_id, release_rows.c.at, release_rows.c.said)
    for release_id, at, said in connection.execute(query).all():
        if is_about(said):
            this = (release_rows.c.release_id == release_id, release_rows.c.at == at)
            connection.execute(update(release_rows).where(*this).values(said=_NOTHING))


def row_text(row: dict[str, Any]) -> str:
    """Return *row* as one line of JSON: the same row is the same text."""
    return json.dumps(row, ensure_ascii=False)


def row_of(text: str) -> dict[str, Any]:
    """Return the row that `row_text` made *text* of."""
    row: dict[str, Any] = json.loads(text)
    return row


def row_hash(text: str) -> str:
    """Return the sha256 of a row."""
    return hashlib.sha256(text.encode()).hexdigest()


def _columns() -> list[Any]:
    return [releases.c[name] for name in Release.__slots__]
