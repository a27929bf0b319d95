"""The outbox of messages to people: a message is committed as ``sent`` before it leaves, and none leaves twice blindly.

What a message says is kept only until it is settled. What a digest told its reader is put down in the transaction that
settles it, so that the next one compares with what this person was sent, and with nothing else.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from jobs.stores.ledger import Ledger
from jobs.stores.schema import alerts, messages, told
from jobs.telling.content import Content
from overlap.terms import DIGEST, FIELDS


class State(StrEnum):
    """Where a message stands."""

    PENDING = "pending"
    SENT = "sent"  # may have been taken
    DONE = "done"
    IN_DOUBT = "in_doubt"  # it left, no answer came, and it is not sent again
    REFUSED = "refused"
    EXPIRED = "expired"  # nobody took it while it was news


#: What a reader has been told: by partner and key.
Told = Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to be sent once: *kind*, *channel*, *recipient* and *about* together are unique.

    *reader* has been told *told*, key to (partner, what was said), once it is settled; None: it is no digest, but an
    alert of *cause*. It leaves only while each partner in *needs* allows what stands there, uses and fields.
    """

    kind: str
    channel: str
    recipient: str
    about: str
    title: str
    content: Content
    reader: str | None = None
    told: Told = field(default_factory=dict)
    cause: str | None = None
    needs: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """One row of the outbox of messages. *content* is None once it is settled."""

    id: int
    key: str
    kind: str
    channel: str
    recipient: str
    about: str
    state: State
    title: str
    content: Content | None
    made_at: datetime
    attempts: int
    settled_at: datetime | None
    error: str | None


def enqueue(ledger: Ledger, draft: Draft, at: datetime) -> bool:
    """Put *draft* into the outbox unless such a message is, or was, there; return whether it is new.

    A digest takes the place of one to the same reader that has not left.
    """
    with ledger.engine.begin() as connection:
        return _enqueued(connection, draft, at)


def _enqueued(connection: Connection, draft: Draft, at: datetime) -> bool:
    row = {name: getattr(draft, name) for name in ("kind", "channel", "recipient", "about", "title")}
    row |= {"key": secrets.token_hex(16), "state": State.PENDING, "made_at": at}
    row |= {"content": json.dumps(asdict(draft.content), ensure_ascii=False, default=str)}
    told = {"reader": draft.reader, "rows": draft.told, "cause": draft.cause, "needs": draft.needs}
    row |= {"told": json.dumps(told, ensure_ascii=False)}
    same = [messages.c[name] == row[name] for name in ("kind", "channel", "recipient")]
    if draft.reader is not None:  # also one about the same run: terms may have ended since
        connection.execute(delete(messages).where(*same, messages.c.state == State.PENDING))
    added = connection.execute(upsert(messages).values(row).on_conflict_do_nothing())
    return bool(added.rowcount)


def waiting(ledger: Ledger, *states: State) -> list[Message]:
    """Return the messages in one of *states*, oldest first."""
    query = select(messages).where(messages.c.state.in_(states)).order_by(messages.c.id)
    with ledger.engine.connect() as connection:
        return [_message(row) for row in connection.execute(query).mappings()]


def needs_of(ledger: Ledger, number: int) -> dict[str, list[str]]:
    """Return what partners must allow for message *number* to leave, by partner."""
    with ledger.engine.connect() as connection:
        said = _told(connection, number)
    # A version that did not keep it told of every field that there was.
    return said.get("needs") or {partner: [DIGEST, *FIELDS] for partner, _ in said.get("rows", {}).values()}


def last(ledger: Ledger, limit: int) -> list[Message]:
    """Return the last *limit* messages, newest first."""
    with ledger.engine.connect() as connection:
        query = select(messages).order_by(messages.c.id.desc()).limit(limit)
        return [_message(row) for row in connection.execute(query).mappings()]


def leave(ledger: Ledger, number: int) -> bool:
    """Commit that message *number* is about to leave; return whether it still waited."""
    statement = update(messages).where(messages.c.id == number, messages.c.state == State.PENDING)
    with ledger.engine.begin() as connection:
        done = connection.execute(statement.values(state=State.SENT, attempts=messages.c.attempts + 1))
        return bool(done.rowcount)


def settle(ledger: Ledger, number: int, state: State, at: datetime, error: str | None = None) -> None:
    """Store how message *number* ended; ``pending`` lets it wait for another try."""
    with ledger.engine.begin() as connection:
        if state is State.PENDING:
            values: dict[str, Any] = {"state": state, "error": error}
        else:
            if state in (State.DONE, State.IN_DOUBT):
                _put_down(connection, number)
            values = _settled(state, at, error)
        connection.execute(update(messages).where(messages.c.id == number).values(values))


def withdraw(ledger: Ledger, number: int, at: datetime, why: str) -> None:
    """Let message *number* never leave. What it was to tell is told anew: a digest's news by the next, an alert too."""
    with ledger.engine.begin() as connection:
        cause = _told(connection, number).get("cause")
        is_open = alerts.c.ended_at.is_(None) & (alerts.c.cause == cause)
        connection.execute(update(alerts).where(is_open).values(ended_at=at))
        connection.execute(update(messages).where(messages.c.id == number).values(_settled(State.EXPIRED, at, why)))


def let_go(connection: Connection, at: datetime, why: str) -> None:
    """Send nothing any more of what waits or is on its way, and tell anew of what is wrong still."""
    waiting = messages.c.settled_at.is_(None)
    connection.execute(update(messages).where(waiting).values(_settled(State.EXPIRED, at, why)))
    connection.execute(update(alerts).where(alerts.c.ended_at.is_(None)).values(ended_at=at))


def said_to(ledger: Ledger, reader: str) -> dict[str, str]:
    """Return what the last digest to *reader* said, by key."""
    with ledger.engine.connect() as connection:
        rows = connection.execute(select(told.c.key, told.c.said).where(told.c.reader == reader))
        return {row.key: row.said for row in rows}


def _settled(state: State, at: datetime, error: str | None) -> dict[str, Any]:
    """Return the columns of a message that has ended: what it said is kept no longer."""
    return {"state": state, "error": error, "settled_at": at, "content": "", "told": ""}


def _put_down(connection: Connection, number: int) -> None:
    """Let the reader of message *number* have been told what it says, and nothing that it does not."""
    said = _told(connection, number)
    reader = said.get("reader")
    if reader is None:
        return
    connection.execute(delete(told).where(told.c.reader == reader))
    rows = [
        {"reader": reader, "key": key, "partner": partner, "said": words}
        for key, (partner, words) in said["rows"].items()
    ]
    if rows:
        connection.execute(insert(told), rows)


def _told(connection: Connection, number: int) -> dict[str, Any]:
    """Return what message *number* tells whom, and what it needs for that; nothing once it is settled."""
    text = connection.execute(select(messages.c.told).where(messages.c.id == number)).scalar()
    found: dict[str, Any] = json.loads(text or "{}")
    return found


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """What is wrong since *began_at*; people were told last at *told_at*."""

    cause: str
    began_at: datetime
    told_at: datetime


def open_alerts(ledger: Ledger) -> list[OpenAlert]:
    """Return what is wrong and was told, oldest first."""
    query = select(*(alerts.c[name] for name in OpenAlert.__slots__)).where(alerts.c.ended_at.is_(None))
    with ledger.engine.connect() as connection:
        return [OpenAlert(**row) for row in connection.execute(query.order_by(alerts.c.id)).mappings()]


def last_begun(ledger: Ledger, cause: str) -> int:
    """Return the number of the line of alerts that says when *cause* began last; 0 before the first."""
    with ledger.engine.connect() as connection:
        return connection.execute(select(func.max(alerts.c.id)).where(alerts.c.cause == cause)).scalar() or 0


@dataclass(frozen=True, slots=True)
class Turn:
    """What became of alerts: *new* causes, each with its partner; causes told *again*, or *ended*."""

    new: Mapping[str, str | None]
    again: Sequence[str]
    ended: Sequence[str]


def note_alerts(ledger: Ledger, turn: Turn, drafts: Sequence[Draft], at: datetime) -> None:
    """Keep *turn* and put *drafts*, which tell of it, into the outbox, in one transaction."""
    with ledger.engine.begin() as connection:
        for cause, partner in turn.new.items():
            row = {"cause": cause, "partner": partner, "began_at": at, "told_at": at}
            connection.execute(insert(alerts).values(row))
        is_open = alerts.c.ended_at.is_(None)
        connection.execute(update(alerts).where(is_open, alerts.c.cause.in_(turn.again)).values(told_at=at))
        connection.execute(update(alerts).where(is_open, alerts.c.cause.in_(turn.ended)).values(ended_at=at))
        for draft in drafts:
            _enqueued(connection, draft, at)


def _message(row: Any) -> Message:
    said = json.loads(row["content"]) if row["content"] else None
    content = Content(**said | {"files": tuple(said.get("files", ()))}) if said else None
    facts = {name: row[name] for name in Message.__slots__ if name not in ("state", "content")}
    return Message(**facts, state=State(row["state"]), content=content)
