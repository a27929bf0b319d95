"""Which process may change the workspace."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from jobs.stores.schema import UtcDateTime

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add a table of one row."""
    op.create_table(
        "lease",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("boot", sa.String(40), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started", sa.String(24), nullable=False),
        sa.Column("lock", sa.String(48), nullable=False),
        sa.Column("taken_at", UtcDateTime(), nullable=False),
        sa.Column("renewed_at", UtcDateTime(), nullable=False),
        sa.Column("released_at", UtcDateTime()),
        sa.Column("quiet_from", UtcDateTime()),
        comment="which process may change the workspace; a transaction of another token is refused",
    )
