"""Schedules, and who may change the workspace."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text, UniqueConstraint

from jobs.stores.schema.types import UtcDateTime, metadata

schedules = Table(
    "schedules",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("cron", String(255), nullable=False),
    Column("zone", String(64), nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("reached", String(32)),
    Column("paused_at", UtcDateTime),
    Column("paused_by", String(80)),
    comment="schedules of the settings as they were seen last; since: what was due by then has no slot; "
    "reached: the last one that had its turn since",
)

slots = Table(
    "slots",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("schedule", String(40), nullable=False),
    Column("zone", String(64), nullable=False),
    Column("slot", String(32), nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("state", String(16), nullable=False),
    Column("into", String(32)),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("claimed_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("code", Integer),
    Column("run_id", Integer),
    Column("said", Text),
    UniqueConstraint("schedule", "zone", "slot"),
    Index("slots_state", "state"),
    Index("slots_due", "schedule", "due_at"),
    Index("slots_finished", "schedule", "finished_at"),
    comment="each time at which a schedule was due, as its clock showed it: claimed, running, crashed, interrupted, "
    "done, held, failed, or coalesced into a later one; asked: a person asked for it, and no clock",
)

lease = Table(
    "lease",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("token", Integer, nullable=False),
    Column("host", String(255), nullable=False),
    Column("boot", String(40), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started", String(24), nullable=False),
    Column("lock", String(48), nullable=False),
    Column("taken_at", UtcDateTime, nullable=False),
    Column("renewed_at", UtcDateTime, nullable=False),
    Column("released_at", UtcDateTime),
    Column("quiet_from", UtcDateTime),
    comment="which process may change the workspace; a transaction of another token is refused",
)
