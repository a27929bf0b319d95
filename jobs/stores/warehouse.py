"""The warehouse: what the CRM and the partners' lists said, landed in DuckDB.

It may be deleted at any time: the next pull is then a full one. Only pull and match open it, because DuckDB refuses a
second opener, even one that only reads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import duckdb
import polars as pl

from connectors.base import Page
from connectors.records import record_schema
from matching.statements import ArrowView, read
from overlap.errors import GuardError, OverlapError
from overlap.fields import OBJECTS
from overlap.model import Account, Opportunity, OpportunityPartner, PartnerAccount, User, schema_of

_NOUNS: Final = {
    "accounts": Account,
    "opportunities": Opportunity,
    "users": User,
    "opportunity_partners": OpportunityPartner,
    "partner_accounts": PartnerAccount,
}
_TYPES: Final = {
    pl.String: "varchar",
    pl.Int64: "bigint",
    pl.Float64: "double",
    pl.Boolean: "boolean",
    pl.Date: "date",
    pl.Datetime: "timestamptz",
}


class Warehouse:
    """Open it with `open_warehouse`. Streams are those of `connectors.base.Page`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what happens inside complete or absent."""
        self._run("begin transaction")
        try:
            yield
        except BaseException:
            self._run("rollback")
            raise
        self._run("commit")

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The database itself, for `matching.incremental`, which keeps its state in a schema of its own there."""
        return self._connection

    def land(self, page: Page) -> None:
        """Put the rows of *page* in place of those with the same id. Its deleted ids are for `forget`."""
        side = _side(page.stream)
        rows = page.rows.unique([side, "id"], keep="last", maintain_order=True)
        frame = rows.with_columns(is_deleted=pl.lit(False)) if _is_record(page.stream) else rows
        if frame.height:
            self._connection.register("landing", ArrowView(frame))
            self._run(f"delete from {_table(page.stream)} where ({side}, id) in (select ({side}, id) from landing)")
            self._run(f"insert into {_table(page.stream)} by name select * from landing")
            self._connection.unregister("landing")

    def forget(self, stream: str, side: str, ids: tuple[str, ...]) -> None:
        """Drop the rows *ids* of *side* (a crm or partner).

        Records of ours are kept and marked as deleted: what a person deleted in the CRM must not be made again.
        """
        if not ids:
            return
        do = f"update {_table(stream)} set is_deleted = true" if _is_record(stream) else f"delete from {_table(stream)}"
        self._run(f"{do} where {_side(stream)} = $side and id in (select unnest($ids))", side=side, ids=list(ids))

    def drop_side(self, stream: str, side: str) -> None:
        """Drop everything that *side* has in *stream*, and what is remembered of where its reading stands."""
        self._run(f"delete from {_table(stream)} where {_side(stream)} = $side", side=side)
        self._run("delete from marks where split_part(name, ':', 2) = $side", side=side)

    def replace_side(self, stream: str, side: str, rows: pl.DataFrame) -> None:
        """Make *rows* all that *side* has."""
        self.clear(stream, side)
        self.land(Page(stream, rows))

    def clear(self, stream: str, side: str) -> None:
        """Drop the rows that *side* has in *stream*."""
        self._run(f"delete from {_table(stream)} where {_side(stream)} = $side", side=side)

    def differences(self, stream: str, side: str, seen: pl.Series) -> tuple[list[str], list[str]]:
        """Return the ids that *side* has and *seen* lacks, and those that *seen* has alone, both sorted.

        Records of ours that are marked as deleted do not count.
        """
        alive = " and not is_deleted" if _is_record(stream) else ""
        known = f"select id from {_table(stream)} where {_side(stream)} = $side{alive}"
        self._connection.register("seen", ArrowView(seen.unique().to_frame("id")))
        vanished = self._run(f"from ({known}) anti join seen using (id) select id order by id", side=side)
        unknown = self._run(f"from seen anti join ({known}) as known using (id) select id order by id", side=side)
        self._connection.unregister("seen")
        return [row[0] for row in vanished], [row[0] for row in unknown]

    def frame(self, stream: str) -> pl.DataFrame:
        """Return every row of *stream*, in the order of ids."""
        rows = read(self._connection, f"select * from {_table(stream)} order by {_side(stream)}, id")
        return rows.cast(_schema(stream))  # type: ignore[arg-type]

    def ids(self, stream: str, side: str) -> set[str]:
        """Return the ids that *side* has; records of ours that are marked as deleted do not count."""
        alive = " and not is_deleted" if _is_record(stream) else ""
        query = f"select id from {_table(stream)} where {_side(stream)} = $side{alive}"
        return {row[0] for row in self._run(query, side=side)}

    def sides(self, stream: str) -> set[str]:
        """Return the crms or partners that have rows."""
        return {row[0] for row in self._run(f"select distinct {_side(stream)} from {_table(stream)}")}

    def mark(self, name: str) -> str | None:
        """Return the mark kept under *name*, ``kind:side``: a watermark, the day of a sweep, what list is landed."""
        rows = self._run("select value from marks where name = $name", name=name)
        return rows[0][0] if rows else None

    def set_mark(self, name: str, value: str) -> None:
        """Keep *value* under *name*; inside `transaction` it stands or falls with the rows."""
        self._run("insert or replace into marks values ($name, $value)", name=name, value=value)

    def watermark(self, crm: str) -> datetime | None:
        """Return the time up to which *crm* has been read, None before the first read."""
        found = self.mark(f"watermark:{crm}")
        return None if found is None else datetime.fromisoformat(found)

    def _run(self, query: str, **values: Any) -> list[Any]:
        # fetchall, always: an unread result blocks the connection.
        return self._connection.execute(query, values or None).fetchall()


@contextmanager
def open_warehouse(path: Path) -> Iterator[Warehouse]:
    """Open the warehouse at *path*; one of another version is thrown away, the next pull fills a new one.

    Raises:
        GuardError: another process has it open.
        OverlapError: the file is damaged.
    """
    version = hashlib.sha256(repr([_columns(stream) for stream in streams()]).encode()).hexdigest()
    if path.exists() and not _has_version(path, version):
        path.unlink()
        path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
    with _connect(path) as connection:
        for stream in streams():
            connection.execute(f"create table if not exists {_table(stream)} ({_columns(stream)})").fetchall()
        connection.execute("create table if not exists marks (name varchar primary key, value varchar)").fetchall()
        warehouse = Warehouse(connection)
        warehouse.set_mark("version", version)
        yield warehouse


def streams() -> tuple[str, ...]:
    """Return every stream that the warehouse keeps."""
    return (*_NOUNS, *(f"record:{thing.name}" for thing in OBJECTS))


def _connect(path: Path) -> duckdb.DuckDBPyConnection:
    try:
        connection = duckdb.connect(str(path))
    except duckdb.IOException as error:
        if "lock" in str(error):
            raise GuardError(f"{path} is in use by another process; try again when it has ended") from error
        raise OverlapError(f"{path} is damaged; delete it, the next 'overlap pull' reads everything again") from error
    connection.execute("set TimeZone = 'UTC'").fetchall()
    return connection


def _has_version(path: Path, version: str) -> bool:
    with _connect(path) as connection:
        try:
            return Warehouse(connection).mark("version") == version
        except duckdb.CatalogException:
            return False


def _is_record(stream: str) -> bool:
    return stream.startswith("record:")


def _table(stream: str) -> str:
    return stream.replace(":", "_")


def _side(stream: str) -> str:
    return "partner" if stream == "partner_accounts" else "crm"


def _schema(stream: str) -> dict[str, Any]:
    if not _is_record(stream):
        return dict(schema_of(_NOUNS[stream]))
    thing = next(thing for thing in OBJECTS if f"record:{thing.name}" == stream)
    return {**record_schema(thing), "is_deleted": pl.Boolean}


def _columns(stream: str) -> str:
    return ", ".join(f'"{name}" {_TYPES[kind.base_type()]}' for name, kind in _schema(stream).items())
