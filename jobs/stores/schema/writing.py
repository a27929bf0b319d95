"""What is written to CRMs."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint, text

from jobs.stores.schema.types import UtcDateTime, metadata

plans = Table(
    "plans",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, nullable=False),
    Column("crm", String(40), nullable=False),
    Column("org_id", String(18), nullable=False),
    Column("settings_hash", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("unchanged", Text, nullable=False),
    Column("held", Text, nullable=False),
    Column("notes", Text, nullable=False),
    Column("applied_at", UtcDateTime),
    Column("approved_by", String(80)),
    Column("calls", Integer, nullable=False, server_default="0"),
    Column("drift", Text, nullable=False, server_default="[]"),
    Column("undoes", Text, nullable=False, server_default="[]"),
    comment="what was planned; its changes are rows of the outbox; undoes: the plans that it takes back",
)

outbox = Table(
    "outbox",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("plan_id", Integer, ForeignKey("plans.id"), nullable=False),
    Column("state", String(16), nullable=False),
    Column("object_name", String(40), nullable=False),
    Column("key", String(64), nullable=False),
    Column("record_id", String(32)),
    Column("action", String(16), nullable=False),
    Column("label", Text, nullable=False),
    Column("partner", String(40)),
    Column("account_id", String(32)),
    Column("cause", Text, nullable=False),
    Column("old", Text, nullable=False),
    Column("new", Text, nullable=False),
    Column("before", Text),
    Column("attempts", Integer, nullable=False, default=0),
    Column("in_doubt", Boolean, nullable=False, server_default="0"),
    Column("closed", Boolean, nullable=False, server_default="0"),
    Column("landed", Text),
    Column("created", Boolean, nullable=False, default=False),
    Column("error", Text),
    Column("settled_at", UtcDateTime),
    UniqueConstraint("plan_id", "object_name", "key"),
    Index("outbox_open", "state", "plan_id"),
    Index("outbox_settled", "state", "settled_at"),
    Index("outbox_doubts", "state", sqlite_where=text("in_doubt = 1 and closed = 0")),
    Index("outbox_record", "object_name", "key"),
    comment="changes: planned, pending, sent, then acknowledged, unneeded, conflict, rejected or superseded; "
    "in_doubt: it left once and no answer came; closed: so long ago that nobody need look for it any more; "
    "landed: the fields that were taken although the rest of the record was refused",
)

bulk_jobs = Table(
    "bulk_jobs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("plan_id", Integer, ForeignKey("plans.id"), nullable=False),
    Column("object_name", String(40), nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Index("bulk_jobs_plan", "plan_id"),
    comment="jobs of a CRM's bulk interface; one that has not ended is asked before anything is sent again",
)

api_calls = Table(
    "api_calls",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("crm", String(40), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("calls", Integer, nullable=False),
    Index("api_calls_at", "crm", "at"),
    comment="what each sign-in took of a CRM's daily allowance of calls",
)

baselines = Table(
    "baselines",
    metadata,
    Column("crm", String(40), primary_key=True),
    Column("object_name", String(40), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("record_id", String(32)),
    Column("said", Text, nullable=False),
    Column("after", Integer, nullable=False),
    comment="what a CRM said after a restore, and that row of the outbox: we may have written it",
)
