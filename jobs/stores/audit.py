"""The audit: who did what to what, as a chain of hashes. It is only appended to; triggers refuse anything else.

Each line's hash covers the one before it and the digest of its own content, not the content itself. So an erasure may
blank words of a line and the chain still holds; its own line vouches for what the blanked ones say since.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from jobs.stores.schema import audit, pins

#: Where a pin says how long the chain is: a line that is cut off at its end leaves the rest as good as it was.
HEAD: Final = "audit_head"
#: While this is pinned, within a transaction, triggers let who and what of a line be rewritten.
REWRITING: Final = "audit_rewriting"
_BEFORE_THE_FIRST: Final = "0" * 64
#: What may vouch for rewritten lines.
_ERASURES: Final = ("erased partner", "erased person")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the audit. *rewritten*: an erasure took words out of it."""

    id: int
    at: datetime
    who: str
    did: str
    what: Mapping[str, Any]
    rewritten: bool = False


@dataclass(frozen=True, slots=True)
class Flaw:
    """Where the chain is broken: the number of a line, and what is wrong there."""

    line: int
    what: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What a look at the whole chain found; *head* is its last hash."""

    lines: int
    head: str
    flaws: tuple[Flaw, ...] = ()
    rewritten: tuple[int, ...] = ()


def append(connection: Connection, who: str, did: str, what: Mapping[str, Any], at: datetime) -> None:
    """Append a line within the transaction of *connection*."""
    number, before = _last(connection)
    content = json.dumps(what, default=str)
    digest = digest_of(at.isoformat(), who, did, content)
    row = {"id": number + 1, "at": at, "who": who, "did": did, "what": content, "digest": digest}
    connection.execute(insert(audit).values(**row, hash=chained(before, number + 1, digest)))
    _pin_head(connection, number + 1, chained(before, number + 1, digest))


def head(connection: Connection) -> dict[str, Any]:
    """Return the number and hash of the last line, to be kept elsewhere; of an empty audit, of the one before it."""
    number, found = _last(connection)
    return {"line": number, "hash": found}


def lines(
    connection: Connection, since: datetime | None = None, who: str | None = None, did: str | None = None
) -> list[Line]:
    """Return the lines, oldest first: those since then, of that person, of that kind."""
    query = select(audit).order_by(audit.c.id)
    if since is not None:
        query = query.where(audit.c.at >= since)
    for column, wanted in ((audit.c.who, who), (audit.c.did, did)):
        query = query if wanted is None else query.where(column == wanted)
    return [
        Line(row.id, row.at, row.who, row.did, json.loads(row.what), _digest(row) != row.digest)
        for row in connection.execute(query)
    ]


def verify(connection: Connection, heads: Sequence[tuple[str, Mapping[str, Any]]] = ()) -> Verified:
    """Look at the whole chain. *heads* are what other places say that its head once was, each with its name."""
    rows = list(connection.execute(select(audit).order_by(audit.c.id)))
    vouched = _vouched(rows)
    flaws: list[Flaw] = []
    rewritten, number, before = [], 0, _BEFORE_THE_FIRST
    for row in rows:
        if row.id != number + 1:
            gone = f"lines {number + 1} to {row.id - 1} are" if row.id > number + 2 else f"line {row.id - 1} is"
            flaws.append(Flaw(number + 1, f"{gone} missing"))
        elif row.hash != chained(before, row.id, row.digest):
            flaws.append(Flaw(row.id, "its hash does not follow from the line before it"))
        now = _digest(row)
        if now != row.digest and vouched.get(row.id) == now:
            rewritten.append(row.id)
        elif now != row.digest:
            flaws.append(Flaw(row.id, "it says something else than when it was written"))
        number, before = row.id, row.hash
    hashes = {0: _BEFORE_THE_FIRST} | {row.id: row.hash for row in rows}
    for name, said in (*_pinned(connection), *heads):
        if hashes.get(said["line"]) != said["hash"]:
            what = "another hash" if said["line"] in hashes else "a line that is gone"
            flaws.append(Flaw(said["line"], f"{name} knows {what} there"))
    return Verified(len(rows), before, tuple(flaws), tuple(rewritten))


def may_be_rewritten(connection: Connection) -> None:
    """Let an erasure rewrite who and what of lines in the transaction of *connection*, which `rewritten` ends."""
    connection.execute(upsert(pins).values(name=REWRITING, value="an erasure").on_conflict_do_nothing())


def rewritten(connection: Connection) -> dict[str, str]:
    """End what `may_be_rewritten` began; return the digests of all lines ever rewritten, to vouch for them."""
    connection.execute(delete(pins).where(pins.c.name == REWRITING))
    rows = connection.execute(select(audit).order_by(audit.c.id))
    return {str(row.id): now for row in rows if (now := _digest(row)) != row.digest}


def digest_of(at: str, who: str, did: str, what: str) -> str:
    """Return what a line's content is known by; *at* is its time as the ledger keeps it."""
    content = json.dumps([datetime.fromisoformat(at).timestamp(), who, did, what])
    return hashlib.sha256(content.encode()).hexdigest()


def chained(before: str, number: int, digest: str) -> str:
    """Return the hash of line *number*, which comes after the line with the hash *before*."""
    return hashlib.sha256(f"{before}:{number}:{digest}".encode()).hexdigest()


def _digest(row: Any) -> str:
    return digest_of(row.at.isoformat(), row.who, row.did, row.what)


def _last(connection: Connection) -> tuple[int, str]:
    query = select(audit.c.id, audit.c.hash).order_by(audit.c.id.desc()).limit(1)
    found = connection.execute(query).first()
    return (0, _BEFORE_THE_FIRST) if found is None else (found.id, found.hash)


def _pin_head(connection: Connection, number: int, found: str) -> None:
    said = json.dumps({"line": number, "hash": found})
    row = upsert(pins).values(name=HEAD, value=said)
    connection.execute(row.on_conflict_do_update(index_elements=["name"], set_={"value": said}))


def _pinned(connection: Connection) -> Iterator[tuple[str, dict[str, Any]]]:
    found = connection.execute(select(pins.c.value).where(pins.c.name == HEAD)).scalar()
    if found is not None:
        yield "the ledger", json.loads(found)


def _vouched(rows: Sequence[Any]) -> dict[int, str]:
    """Return by number what erasures say that the lines which they rewrote are known by; the last one counts."""
    found: dict[int, str] = {}
    for row in rows:
        if row.did in _ERASURES:
            found |= {int(number): digest for number, digest in json.loads(row.what).get("rewritten", {}).items()}
    return found
