"""What people were asked in workbooks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from jobs.stores.schema import UtcDateTime

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add a table."""
    op.create_table(
        "review_questions",
        sa.Column("key", sa.String(32), primary_key=True),
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
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        comment="pairs that people were asked about in a workbook, by the key in it",
    )
