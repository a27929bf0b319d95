"""Runs of several parts, who began them, and how long an overlap stood in a cell."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add two columns and a table."""
    op.add_column("runs", sa.Column("part_of", sa.Integer()))
    op.add_column("runs", sa.Column("who", sa.String(80)))
    op.create_table(
        "intervals",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("crm", sa.String(40), nullable=False),
        sa.Column("account_id", sa.String(32), nullable=False),
        sa.Column("partner", sa.String(40), nullable=False),
        sa.Column("our_population", sa.String(80), nullable=False),
        sa.Column("partner_population", sa.String(80), nullable=False),
        sa.Column("began_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date()),
        comment="from which day until before which day an account was in a cell with a partner; no end: it still is",
    )
    op.create_index("intervals_account", "intervals", ["account_id"])
