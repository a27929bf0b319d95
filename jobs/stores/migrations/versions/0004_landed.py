"""Rows of the outbox that were refused in part know what of them was taken."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add a column. Nobody knows what was taken of the rows that are there."""
    op.add_column("outbox", sa.Column("landed", sa.Text()))
