"""Partners' lists, and what partners were given or lost."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from jobs.stores.schema.types import UtcDateTime, metadata

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
    Index("lists_newest", "partner", "as_of"),
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
    Index("releases_partner", "partner", "run_id"),
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
