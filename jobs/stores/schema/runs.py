"""Runs and what they found."""

from __future__ import annotations

from sqlalchemy import Column, Date, Index, Integer, String, Table, Text

from jobs.stores.schema.types import UtcDateTime, metadata

pins = Table(
    "pins",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("value", Text, nullable=False),
    comment="what is fixed once: workspace id, org ids; and which run is published",
)

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("verb", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("summary", Text),
    Column("part_of", Integer),
    Column("who", String(80)),
    Index("runs_verb", "verb"),
    Index("runs_state", "state", "verb"),
    Index("runs_part_of", "part_of"),
    comment="every run, and the pull, match, plan and apply that are part of one or were called by themselves; state "
    "running, done, failed, interrupted or crashed",
)

absences = Table(
    "absences",
    metadata,
    Column("crm", String(40), primary_key=True),
    Column("stream", String(40), primary_key=True),
    Column("record_id", String(32), primary_key=True),
    Column("sweeps", Integer, nullable=False),
    Column("last_swept_at", UtcDateTime, nullable=False),
    comment="our accounts and deals that complete reads did not find although nobody deleted them",
)

first_seen = Table(
    "first_seen",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("seen_on", Date, nullable=False),
    comment="the day on which an overlap was found first",
)

intervals = Table(
    "intervals",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("crm", String(40), nullable=False),
    Column("account_id", String(32), nullable=False),
    Column("partner", String(40), nullable=False),
    Column("our_population", String(80), nullable=False),
    Column("partner_population", String(80), nullable=False),
    Column("began_on", Date, nullable=False),
    Column("ended_on", Date),
    Index("intervals_account", "account_id"),
    Index("intervals_open", "ended_on"),
    comment="from which day until before which day an account was in a cell with a partner; no end: it still is",
)
