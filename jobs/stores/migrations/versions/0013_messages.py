"""Messages to people, what each has been told, and what was wrong when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from jobs.stores.schema import UtcDateTime

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add three tables."""
    op.create_table(
        "messages",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("key", sa.String(32), nullable=False, unique=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("channel", sa.String(40), nullable=False),
        sa.Column("recipient", sa.String(255), nullable=False),
        sa.Column("about", sa.String(200), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("settled_at", UtcDateTime()),
        sa.Column("error", sa.Text()),
        sa.UniqueConstraint("kind", "channel", "recipient", "about"),
        comment="messages to people: pending, sent, then done, in_doubt, refused or expired; content only until then",
    )
    op.create_index("messages_state", "messages", ["state"])
    op.create_table(
        "told",
        sa.Column("reader", sa.String(255), primary_key=True),
        sa.Column("key", sa.String(160), primary_key=True),
        sa.Column("partner", sa.String(40), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        comment="what each reader's last digest said of an overlap or of a count, so that the next says what is new",
    )
    op.create_table(
        "alerts",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("cause", sa.String(200), nullable=False),
        sa.Column("partner", sa.String(40)),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("told_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime()),
        comment="what was wrong from when to when, and when people were told last",
    )
    op.create_index("alerts_open", "alerts", ["ended_at"])
