"""Bulk jobs, calls made, and plans that know their drift, their calls and what they undo."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from jobs.stores.schema import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add two tables, three columns and an index; what is there stays as it is."""
    op.create_table(
        "bulk_jobs",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("plan_id", sa.Integer(), sa.ForeignKey("plans.id"), nullable=False),
        sa.Column("object_name", sa.String(40), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime()),
    )
    op.create_table(
        "api_calls",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("crm", sa.String(40), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
    )
    op.create_index("api_calls_at", "api_calls", ["crm", "at"])
    op.add_column("plans", sa.Column("calls", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("plans", sa.Column("drift", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("plans", sa.Column("undoes", sa.Text(), nullable=False, server_default="[]"))
    op.create_index("outbox_record", "outbox", ["object_name", "key"])
