"""The audit becomes a chain that nobody can change; backups are known, and what a CRM said after a restore."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from jobs.stores.schema import UtcDateTime

revision = "0014"
down_revision = "0013"

_NO_DELETE = """
create trigger audit_is_kept before delete on audit
begin select raise(abort, 'the audit is only ever appended to'); end
"""
_NO_UPDATE = """
create trigger audit_stands before update on audit
when new.id is not old.id or new.at is not old.at or new.did is not old.did
  or new.digest is not old.digest or new.hash is not old.hash
  or not exists (select 1 from pins where name = 'audit_rewriting')
begin select raise(abort, 'the audit is only ever appended to'); end
"""


def upgrade() -> None:
    """Chain what is in the audit, guard it, and add two tables."""
    for name in ("digest", "hash"):
        op.add_column("audit", sa.Column(name, sa.String(64)))
    _chain()
    op.execute(_NO_DELETE)
    op.execute(_NO_UPDATE)
    op.create_table(
        "backups",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        comment="backups that were made of this workspace, and where they were put",
    )
    op.create_table(
        "baselines",
        sa.Column("crm", sa.String(40), primary_key=True),
        sa.Column("object_name", sa.String(40), primary_key=True),
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("record_id", sa.String(32)),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("after", sa.Integer(), nullable=False),
        comment="what a CRM said after a restore, and that row of the outbox: we may have written it",
    )


def _chain() -> None:
    """Write digest and hash of each line that is there, and give lines numbers without a gap."""
    from jobs.stores import audit  # what it hashes, and how, is fixed for good: every later look asks the same

    connection = op.get_bind()
    table = sa.table("audit", *(sa.column(name) for name in ("id", "at", "who", "did", "what", "digest", "hash")))
    rows = connection.execute(sa.select(table).order_by(table.c.id)).all()
    before, number = "0" * 64, 0
    for number, row in enumerate(rows, start=1):
        digest = audit.digest_of(row.at, row.who, row.did, row.what)
        before = audit.chained(before, number, digest)
        said: dict[str, Any] = {"id": number, "digest": digest, "hash": before}
        connection.execute(table.update().where(table.c.id == row.id).values(**said))
    if rows:
        pin = json.dumps({"line": number, "hash": before})
        connection.execute(sa.text("insert into pins (name, value) values ('audit_head', :said)"), {"said": pin})
