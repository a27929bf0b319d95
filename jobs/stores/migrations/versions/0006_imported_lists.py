"""Lists that a person took in by hand, beside those that were found where the settings look for them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add a column; what was accepted so far was found."""
    op.add_column("lists", sa.Column("imported", sa.Boolean(), nullable=False, server_default="0"))
