"""What people said, and what they were told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Index, Integer, String, Table, Text, UniqueConstraint

from jobs.stores.schema.types import UtcDateTime, metadata


def _pair() -> Iterator[Column[Any]]:
    """The columns of a pair of accounts: ids, and what finds it again when ids change."""
    for side, parts in (
        ("", ("crm",)),
        ("ours_", ("id", "name", "domain", "country")),
        ("", ("partner",)),
        ("theirs_", ("id", "name", "domain", "country")),
    ):
        for part in parts:
            yield Column(f"{side}{part}", String(255), nullable=part.endswith(("domain", "country")))


judgements = Table(
    "judgements",
    metadata,
    Column("id", Integer, primary_key=True),
    *_pair(),
    Column("verdict", String(16), nullable=False),
    Column("source", String(16), nullable=False),
    Column("judged_by", String(80), nullable=False),
    Column("judged_at", UtcDateTime, nullable=False),
    Column("undone_at", UtcDateTime),
    comment="people's verdicts on pairs; undone ones stay, with the day",
)

review_questions = Table(
    "review_questions",
    metadata,
    Column("key", String(32), primary_key=True),
    *_pair(),
    Column("asked_at", UtcDateTime, nullable=False),
    Index("review_questions_ours", "ours_id"),
    comment="pairs that people were asked about in a workbook, by the key in it",
)

messages = Table(
    "messages",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(32), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("channel", String(40), nullable=False),
    Column("recipient", String(255), nullable=False),
    Column("about", String(200), nullable=False),
    Column("state", String(16), nullable=False),
    Column("title", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("told", Text, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("settled_at", UtcDateTime),
    Column("error", Text),
    UniqueConstraint("kind", "channel", "recipient", "about"),
    Index("messages_state", "state", "kind", "channel", "recipient"),
    comment="messages to people: pending, sent, then done, in_doubt, refused or expired; content only until then",
)

told = Table(
    "told",
    metadata,
    Column("reader", String(255), primary_key=True),
    Column("key", String(160), primary_key=True),
    Column("partner", String(40), nullable=False),
    Column("said", Text, nullable=False),
    comment="what each reader's last digest said of an overlap or of a count, so that the next says what is new",
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("cause", String(200), nullable=False),
    Column("partner", String(40)),
    Column("began_at", UtcDateTime, nullable=False),
    Column("told_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Index("alerts_open", "ended_at", "cause"),
    comment="what was wrong from when to when, and when people were told last",
)
