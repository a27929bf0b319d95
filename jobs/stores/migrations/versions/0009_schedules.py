"""Schedules, and the slots at which they were due."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from jobs.stores.schema import UtcDateTime

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add two tables."""
    op.create_table(
        "schedules",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("cron", sa.String(255), nullable=False),
        sa.Column("zone", sa.String(64), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("reached", sa.String(32)),
        sa.Column("paused_at", UtcDateTime()),
        sa.Column("paused_by", sa.String(80)),
        comment="schedules of the settings as they were seen last; since: what was due by then has no slot; "
        "reached: the last one that had its turn since",
    )
    op.create_table(
        "slots",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("schedule", sa.String(40), nullable=False),
        sa.Column("zone", sa.String(64), nullable=False),
        sa.Column("slot", sa.String(32), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("into", sa.String(32)),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("claimed_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime()),
        sa.Column("code", sa.Integer()),
        sa.Column("run_id", sa.Integer()),
        sa.Column("said", sa.Text()),
        sa.UniqueConstraint("schedule", "zone", "slot"),
        comment="each time at which a schedule was due, as its clock showed it: claimed, running, crashed, "
        "interrupted, done, held, failed, or coalesced into a later one; asked: a person asked for it, and no clock",
    )
    op.create_index("slots_state", "slots", ["state"])
    op.create_index("slots_due", "slots", ["schedule", "due_at"])
