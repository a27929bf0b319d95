"""The ledger's tables. A change here needs a migration in `migrations/versions`; a test compares the two."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time, kept as ISO text that sorts by time: SQLite has no type that remembers the zone."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Refuse naive times: nobody could say what they mean."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive time {value!r} for the ledger")
        return value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Give the time back as it was."""
        del dialect
        return None if value is None else datetime.fromisoformat(value)


metadata = MetaData()

pins = Table(
    "pins",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("value", Text, nullable=False),
    comment="what is fixed once: workspace id, org ids; and which run is published",
)

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("verb", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("summary", Text),
    Column("part_of", Integer),
    Column("who", String(80)),
    comment="every run, and the pull, match, plan and apply that are part of one or were called by themselves; state "
    "running, done, failed, interrupted or crashed",
)

lists = Table(
    "lists",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("partner", String(40), nullable=False),
    Column("as_of", UtcDateTime, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("file_name", String(255), nullable=False),
    Column("rows_in", Integer, nullable=False),
    Column("rows_out", Integer, nullable=False),
    Column("quarantined", Integer, nullable=False),
    Column("duplicates", Integer, nullable=False),
    Column("accepted_at", UtcDateTime, nullable=False),
    Column("approved_by", String(80)),
    Column("settings", Text, nullable=False),
    Column("imported", Boolean, nullable=False, server_default="0"),
    comment="partner lists as accepted; their bytes lie in lists/<sha256>",
)

list_mappings = Table(
    "list_mappings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("partner", String(40), nullable=False),
    *(Column(name, Text, nullable=False) for name in ("headings", "taken", "why", "corrected", "ignored")),
    Column("said_by", String(80), nullable=False),
    Column("said_at", UtcDateTime, nullable=False),
    comment="which headings of a partner's lists stand for what; the newest counts",
)


def _pair() -> Iterator[Column[Any]]:
    """The columns of a pair of accounts: ids, and what finds it again when ids change."""
    for side, parts in (
        ("", ("crm",)),
        ("ours_", ("id", "name", "domain", "country")),
        ("", ("partner",)),
        ("theirs_", ("id", "name", "domain", "country")),
    ):
        for part in parts:
            yield Column(f"{side}{part}", String(255), nullable=part.endswith(("domain", "country")))


judgements = Table(
    "judgements",
    metadata,
    Column("id", Integer, primary_key=True),
    *_pair(),
    Column("verdict", String(16), nullable=False),
    Column("source", String(16), nullable=False),
    Column("judged_by", String(80), nullable=False),
    Column("judged_at", UtcDateTime, nullable=False),
    Column("undone_at", UtcDateTime),
    comment="people's verdicts on pairs; undone ones stay, with the day",
)

review_questions = Table(
    "review_questions",
    metadata,
    Column("key", String(32), primary_key=True),
    *_pair(),
    Column("asked_at", UtcDateTime, nullable=False),
    comment="pairs that people were asked about in a workbook, by the key in it",
)

absences = Table(
    "absences",
    metadata,
    Column("crm", String(40), primary_key=True),
    Column("stream", String(40), primary_key=True),
    Column("record_id", String(32), primary_key=True),
    Column("sweeps", Integer, nullable=False),
    Column("last_swept_at", UtcDateTime, nullable=False),
    comment="our accounts and deals that complete reads did not find although nobody deleted them",
)

first_seen = Table(
    "first_seen",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("seen_on", Date, nullable=False),
    comment="the day on which an overlap was found first",
)

intervals = Table(
    "intervals",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("crm", String(40), nullable=False),
    Column("account_id", String(32), nullable=False),
    Column("partner", String(40), nullable=False),
    Column("our_population", String(80), nullable=False),
    Column("partner_population", String(80), nullable=False),
    Column("began_on", Date, nullable=False),
    Column("ended_on", Date),
    Index("intervals_account", "account_id"),
    comment="from which day until before which day an account was in a cell with a partner; no end: it still is",
)

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
    Index("outbox_settled", "settled_at"),
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

releases = Table(
    "releases",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("partner", String(40), nullable=False),
    Column("run_id", Integer, nullable=False),
    Column("released_at", UtcDateTime, nullable=False),
    Column("who", String(80), nullable=False),
    Column("policy", String(16), nullable=False),
    Column("policy_text", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("share_sha256", String(64), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("format", String(8), nullable=False),
    Column("file_name", Text, nullable=False),
    Index("releases_partner", "partner"),
    comment="what went out to partners, by which policy, and the bytes of the file by their sha256",
)

release_rows = Table(
    "release_rows",
    metadata,
    Column("release_id", Integer, ForeignKey("releases.id"), primary_key=True),
    Column("at", Integer, primary_key=True),
    Column("hash", String(64), nullable=False),
    Column("said", Text, nullable=False),
    comment="each row of a release as the partner has it, JSON, and its sha256",
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("who", String(80), nullable=False),
    Column("did", String(40), nullable=False),
    Column("what", Text, nullable=False),
    Column("digest", String(64)),
    Column("hash", String(64)),
    comment="who approved, judged or applied what; only ever appended to",
)

erasures = Table(
    "erasures",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("began_at", UtcDateTime, nullable=False),
    Column("done_at", UtcDateTime),
    comment="partners and persons that were erased; subject is a hash once nothing else names them",
)

stop_list = Table(
    "stop_list",
    metadata,
    Column("mark", String(16), primary_key=True),
    Column("since", UtcDateTime, nullable=False),
    comment="hashes of e-mail addresses of persons that were erased: lists that name them are cleaned",
)

messages = Table(
    "messages",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(32), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("channel", String(40), nullable=False),
    Column("recipient", String(255), nullable=False),
    Column("about", String(200), nullable=False),
    Column("state", String(16), nullable=False),
    Column("title", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("told", Text, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("settled_at", UtcDateTime),
    Column("error", Text),
    UniqueConstraint("kind", "channel", "recipient", "about"),
    Index("messages_state", "state"),
    comment="messages to people: pending, sent, then done, in_doubt, refused or expired; content only until then",
)

told = Table(
    "told",
    metadata,
    Column("reader", String(255), primary_key=True),
    Column("key", String(160), primary_key=True),
    Column("partner", String(40), nullable=False),
    Column("said", Text, nullable=False),
    comment="what each reader's last digest said of an overlap or of a count, so that the next says what is new",
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("cause", String(200), nullable=False),
    Column("partner", String(40)),
    Column("began_at", UtcDateTime, nullable=False),
    Column("told_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Index("alerts_open", "ended_at"),
    comment="what was wrong from when to when, and when people were told last",
)

lease = Table(
    "lease",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("token", Integer, nullable=False),
    Column("host", String(255), nullable=False),
    Column("boot", String(40), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started", String(24), nullable=False),
    Column("lock", String(48), nullable=False),
    Column("taken_at", UtcDateTime, nullable=False),
    Column("renewed_at", UtcDateTime, nullable=False),
    Column("released_at", UtcDateTime),
    Column("quiet_from", UtcDateTime),
    comment="which process may change the workspace; a transaction of another token is refused",
)

backups = Table(
    "backups",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("made_at", UtcDateTime, nullable=False),
    Column("path", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("bytes", Integer, nullable=False),
    comment="backups that were made of this workspace, and where they were put",
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
