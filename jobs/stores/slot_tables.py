"""The ledger's tables of schedules. A change here needs a migration, see `jobs.stores.schema`."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text, UniqueConstraint

from jobs.stores.schema import UtcDateTime, metadata

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
    comment="each time at which a schedule was due, as its clock showed it: claimed, running, crashed, interrupted, "
    "done, held, failed, or coalesced into a later one; asked: a person asked for it, and no clock",
)
