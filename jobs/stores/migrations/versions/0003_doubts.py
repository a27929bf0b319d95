"""Rows of the outbox that may have been taken without our knowing, and those that nobody need look for any more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add two columns. What had left and was then read back, or given up, has no error: it is in doubt."""
    for name in ("in_doubt", "closed"):
        op.add_column("outbox", sa.Column(name, sa.Boolean(), nullable=False, server_default="0"))
    op.execute(
        "update outbox set in_doubt = 1 where state in ('pending', 'superseded') and attempts > 0 and error is null"
    )
