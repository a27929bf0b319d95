"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from jobs.stores.schema import UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "absences",
        sa.Column("crm", sa.String(40), primary_key=True),
        sa.Column("stream", sa.String(40), primary_key=True),
        sa.Column("record_id", sa.String(32), primary_key=True),
        sa.Column("sweeps", sa.Integer(), nullable=False),
        sa.Column("last_swept_at", UtcDateTime(), nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("who", sa.String(80), nullable=False),
        sa.Column("did", sa.String(40), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
    )
    op.create_table(
        "first_seen",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("seen_on", sa.Date(), nullable=False),
    )
    op.create_table(
        "judgements",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("crm", sa.String(255), nullable=False),
        sa.Column("ours_id", sa.String(255), nullable=False),
        sa.Column("ours_name", sa.String(255), nullable=False),
        sa.Column("ours_domain", sa.String(255)),
        sa.Column("ours_country", sa.String(255)),
        sa.Column("partner", sa.String(255), nullable=False),
        sa.Column("theirs_id", sa.String(255), nullable=False),
        sa.Column("theirs_name", sa.String(255), nullable=False),
        sa.Column("theirs_domain", sa.String(255)),
        sa.Column("theirs_country", sa.String(255)),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("judged_by", sa.String(80), nullable=False),
        sa.Column("judged_at", UtcDateTime(), nullable=False),
        sa.Column("undone_at", UtcDateTime()),
    )
    op.create_table(
        "lists",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("partner", sa.String(40), nullable=False),
        sa.Column("as_of", UtcDateTime(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("file_name", sa.String(255), nullable=False),
        sa.Column("rows_in", sa.Integer(), nullable=False),
        sa.Column("rows_out", sa.Integer(), nullable=False),
        sa.Column("quarantined", sa.Integer(), nullable=False),
        sa.Column("duplicates", sa.Integer(), nullable=False),
        sa.Column("accepted_at", UtcDateTime(), nullable=False),
        sa.Column("approved_by", sa.String(80)),
        sa.Column("settings", sa.Text(), nullable=False),
    )
    op.create_table(
        "pins",
        sa.Column("name", sa.String(80), primary_key=True),
        sa.Column("value", sa.Text(), nullable=False),
    )
    op.create_table(
        "plans",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("crm", sa.String(40), nullable=False),
        sa.Column("org_id", sa.String(18), nullable=False),
        sa.Column("settings_hash", sa.String(16), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("unchanged", sa.Text(), nullable=False),
        sa.Column("held", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("applied_at", UtcDateTime()),
        sa.Column("approved_by", sa.String(80)),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("verb", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime()),
        sa.Column("summary", sa.Text()),
    )
    op.create_table(
        "outbox",
        sa.Column("seq", sa.Integer(), primary_key=True),
        sa.Column("plan_id", sa.Integer(), sa.ForeignKey("plans.id"), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("object_name", sa.String(40), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("record_id", sa.String(32)),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("partner", sa.String(40)),
        sa.Column("account_id", sa.String(32)),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("old", sa.Text(), nullable=False),
        sa.Column("new", sa.Text(), nullable=False),
        sa.Column("before", sa.Text()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created", sa.Boolean(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("settled_at", UtcDateTime()),
        sa.UniqueConstraint("plan_id", "object_name", "key"),
    )
    op.create_index("outbox_open", "outbox", ["state", "plan_id"])
    op.create_index("outbox_settled", "outbox", ["settled_at"])
