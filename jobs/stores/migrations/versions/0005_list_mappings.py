"""What is remembered of how a partner's lists are read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the table. Nothing is known of lists that were accepted before: the next one is remembered."""
    op.create_table(
        "list_mappings",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("partner", sa.String(40), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("headings", "taken", "why", "corrected", "ignored")),
        sa.Column("said_by", sa.String(80), nullable=False),
        sa.Column("said_at", sa.String(32), nullable=False),
        comment="which headings of a partner's lists stand for what; the newest counts",
    )
