"""Who did what, and backups."""

from __future__ import annotations

from sqlalchemy import Column, Integer, String, Table, Text

from jobs.stores.schema.types import UtcDateTime, metadata

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("who", String(80), nullable=False),
    Column("did", String(40), nullable=False),
    Column("what", Text, nullable=False),
    Column("digest", String(64)),
    Column("hash", String(64)),
    comment="who approved, judged or applied what; only ever appended to",
)

backups = Table(
    "backups",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("made_at", UtcDateTime, nullable=False),
    Column("path", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("bytes", Integer, nullable=False),
    comment="backups that were made of this workspace, and where they were put",
)
