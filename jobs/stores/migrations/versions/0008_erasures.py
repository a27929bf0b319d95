"""What was erased, and whom no list may bring back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from jobs.stores.schema import UtcDateTime

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add two tables."""
    op.create_table(
        "erasures",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("done_at", UtcDateTime()),
        comment="partners and persons that were erased; subject is a hash once nothing else names them",
    )
    op.create_table(
        "stop_list",
        sa.Column("mark", sa.String(16), primary_key=True),
        sa.Column("since", UtcDateTime(), nullable=False),
        comment="hashes of e-mail addresses of persons that were erased: lists that name them are cleaned",
    )
