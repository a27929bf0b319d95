"""Indexes, so that what a run asks of the ledger does not grow with the runs before it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_NEW = {
    "runs_verb": ("runs", "verb"),
    "runs_state": ("runs", "state", "verb"),
    "runs_part_of": ("runs", "part_of"),
    "intervals_open": ("intervals", "ended_on"),
    "lists_newest": ("lists", "partner", "as_of"),
    "releases_partner": ("releases", "partner", "run_id"),
    "review_questions_ours": ("review_questions", "ours_id"),
    "messages_state": ("messages", "state", "kind", "channel", "recipient"),
    "alerts_open": ("alerts", "ended_at", "cause"),
    "slots_finished": ("slots", "schedule", "finished_at"),
    "bulk_jobs_plan": ("bulk_jobs", "plan_id"),
    "outbox_settled": ("outbox", "state", "settled_at"),
}


def upgrade() -> None:
    """Add what is missing, and let others know more columns."""
    for name in ("releases_partner", "messages_state", "alerts_open", "outbox_settled"):
        op.drop_index(name, _NEW[name][0])
    for name, (table, *columns) in _NEW.items():
        op.create_index(name, table, columns)
    op.create_index("outbox_doubts", "outbox", ["state"], sqlite_where=sa.text("in_doubt = 1 and closed = 0"))
