"""The warehouse: what the CRM and the partners' lists said, landed in DuckDB.

It may be deleted at any time: the next pull is then a full one. Only pull and match open it, because DuckDB refuses a
second opener, even one that only reads.
"""

from __future__ import annotations

import hashlib
import resource
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import duckdb
import polars as pl

from connectors.base import Page
from connectors.records import record_schema
from jobs.steps import step
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
#: Rows that go into the database at once: one of its row groups, which is compressed as soon as it is full.
_PORTION: Final = 122_880
#: MB that the database may take for landing rows; it writes the rest to disk meanwhile.
LANDING_MB: Final = 400


class Warehouse:
    """Open it with `open_warehouse`. Streams are those of `connectors.base.Page`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        #: Rows that have landed and are not in the database yet, by stream; whatever is asked of it comes after them.
        self._waiting: dict[str, list[pl.DataFrame]] = {}
        #: All marks, None until one is asked for: few, and asked for again and again.
        self._marks: dict[str, str] | None = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what happens inside complete or absent."""
        self._run("begin transaction")
        try:
            yield
            self.settle()
        except BaseException:
            self._waiting.clear()
            self._marks = None
            self._run("rollback")
            raise
        step("warehouse: commit")
        self._run("commit")
        step("warehouse: committed")

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The database itself, for `matching.incremental`, which keeps its state in a schema of its own there."""
        self.settle()
        return self._connection

    def land(self, page: Page) -> None:
        """Put the rows of *page* in place of those with the same id. Its deleted ids are for `forget`."""
        waiting = self._waiting.setdefault(page.stream, [])
        waiting.append(page.rows)
        if sum(rows.height for rows in waiting) >= _PORTION:
            self.settle()

    def settle(self) -> None:
        """Bring into the database what has landed; every question does that by itself."""
        waiting, self._waiting = self._waiting, {}
        for stream, frames in waiting.items():
            self._put(stream, pl.concat(frames))

    def forget(self, stream: str, side: str, ids: tuple[str, ...]) -> None:
        """Drop the rows *ids* of *side* (a crm or partner).

        Records of ours are kept and marked as deleted: what a person deleted in the CRM must not be made again.
        """
        if not ids:
            return
        do = f"update {_table(stream)} set is_deleted = true" if _is_record(stream) else f"delete from {_table(stream)}"
        self._run(f"{do} where {_side(stream)} = $side and id in (select unnest($ids))", side=side, ids=list(ids))

    def rename(self, stream: str, column: str, side: str, names: Mapping[str, str]) -> None:
        """Put the new one of *names* in the place of each old one, in the *column* of what *side* has."""
        if names:
            moved = "(select unnest($old) as old, unnest($new) as new)"
            do = f"update {_table(stream)} set {column} = new from {moved} where {_side(stream)} = $side"
            self._run(f"{do} and {column} = old", side=side, old=list(names), new=list(names.values()))

    def drop_side(self, stream: str, side: str) -> None:
        """Drop everything that *side* has in *stream*, and what is remembered of where its reading stands."""
        self._run(f"delete from {_table(stream)} where {_side(stream)} = $side", side=side)
        self._run("delete from marks where split_part(name, ':', 2) = $side", side=side)
        self._marks = None

    def replace_side(self, stream: str, side: str, rows: pl.DataFrame) -> None:
        """Make *rows* all that *side* has."""
        self.clear(stream, side)
        self.land(Page(stream, rows))

    def clear(self, stream: str, side: str) -> None:
        """Drop the rows that *side* has in *stream*."""
        self._run(f"delete from {_table(stream)} where {_side(stream)} = $side", side=side)

    def compared(self, stream: str, side: str, seen: pl.Series) -> tuple[list[str], list[str]]:
        """Return the ids that *side* has and *seen* lacks, and those that *seen* has and *side* lacks, both sorted.

        Records marked as deleted do not count.
        """
        self._connection.register("seen", ArrowView(seen.to_frame("id")))
        rows = self._run(
            "select distinct coalesce(known.id, seen.id) as id, seen.id is null as vanished "
            f"from ({_known(stream)}) as known full join seen on known.id = seen.id "
            "where known.id is null or seen.id is null order by id",
            side=side,
        )
        self._connection.unregister("seen")
        return [one for one, vanished in rows if vanished], [one for one, vanished in rows if not vanished]

    def differing(self, stream: str, column: str, side: str, told: pl.DataFrame) -> list[str]:
        """Return the ids of rows of *side* whose *column* is not what *told* (``id``, ``end``) says, sorted."""
        self._connection.register("told", ArrowView(told))
        ours = f"select id, {column} as known from {_table(stream)} where {_side(stream)} = $side"
        rows = self._run(
            f"select id from told join ({ours}) using (id) where known is distinct from told.end order by id", side=side
        )
        self._connection.unregister("told")
        return [row[0] for row in rows]

    def frame(self, stream: str) -> pl.DataFrame:
        """Return every row of *stream*, in the order of ids."""
        rows = read(self.connection, f"select * from {_table(stream)} order by {_side(stream)}, id")
        return rows.cast(_schema(stream))  # type: ignore[arg-type]

    def ids(self, stream: str, side: str) -> set[str]:
        """Return the ids that *side* has; records of ours that are marked as deleted do not count."""
        return {row[0] for row in self._run(_known(stream), side=side)}

    def sides(self) -> dict[str, set[str]]:
        """Return by stream the crms or partners that have rows."""
        of_each = (f"select distinct '{stream}', {_side(stream)} from {_table(stream)}" for stream in streams())
        found: dict[str, set[str]] = {stream: set() for stream in streams()}
        for stream, side in self._run(" union all ".join(of_each)):
            found[stream].add(side)
        return found

    def mark(self, name: str) -> str | None:
        """Return the mark kept under *name*, ``kind:side``: a watermark, the day of a sweep, what list is landed."""
        if self._marks is None:
            self._marks = dict(self._run("from marks"))
        return self._marks.get(name)

    def set_mark(self, name: str, value: str) -> None:
        """Keep *value* under *name*; inside `transaction` it stands or falls with the rows."""
        self._run("insert or replace into marks values ($name, $value)", name=name, value=value)
        self._marks = None

    def watermark(self, crm: str) -> datetime | None:
        """Return the time up to which *crm* has been read, None before the first read."""
        found = self.mark(f"watermark:{crm}")
        return None if found is None else datetime.fromisoformat(found)

    def _put(self, stream: str, rows: pl.DataFrame) -> None:
        side = _side(stream)
        if rows["id"].n_unique() < rows.height:
            rows = rows.unique([side, "id"], keep="last", maintain_order=True)
        frame = rows.with_columns(is_deleted=pl.lit(False)) if _is_record(stream) else rows
        if rows.is_empty():
            return
        self._connection.register("landing", ArrowView(frame))
        # Not (side, id) in pairs: making a pair of every row of the table costs more than all the rest. Large reads
        # come about in the order of ids: between these two there is nothing yet, and no row need be looked at.
        here = f"{side} = $side and id between $first and $last and id in (select id from landing where {side} = $side)"
        first, last = frame["id"].min(), frame["id"].max()
        for value in frame[side].unique():
            self._run(f"delete from {_table(stream)} where {here}", side=value, first=first, last=last)
        self._run(f"insert into {_table(stream)} by name select * from landing")
        self._connection.unregister("landing")

    def _run(self, query: str, **values: Any) -> list[Any]:
        self.settle()
        # fetchall, always: an unread result blocks the connection.
        return self._connection.execute(query, values or None).fetchall()


@contextmanager
def open_warehouse(path: Path, most_mb: int | None = None) -> Iterator[Warehouse]:
    """Open the warehouse at *path*; one of another version is thrown away, the next pull fills a new one.

    *most_mb* is the memory that the database may take.

    Raises:
        GuardError: another process has it open.
        OverlapError: the file is damaged.
    """
    most_mb = most_mb or _granted_mb()
    with _opened(path) as connection:
        if most_mb is not None:
            connection.execute(f"set memory_limit = '{most_mb}MB'").fetchall()
        warehouse = Warehouse(connection)
        yield warehouse
        warehouse.settle()


def _granted_mb() -> int | None:
    """Return half of what this process may take, if anybody has limited it: frames need the rest."""
    most, _ = resource.getrlimit(resource.RLIMIT_DATA)
    return None if most == resource.RLIM_INFINITY else most // 2_000_000


def streams() -> tuple[str, ...]:
    """Return every stream that the warehouse keeps."""
    return (*_NOUNS, *(f"record:{thing.name}" for thing in OBJECTS))


def _opened(path: Path) -> duckdb.DuckDBPyConnection:
    version = hashlib.sha256(repr([_columns(stream) for stream in streams()]).encode()).hexdigest()
    if path.exists():
        connection = _connect(path)
        if _version_of(connection) == version:
            return connection
        connection.close()
        step("warehouse: drop")
        path.unlink()
        path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
        step("warehouse: dropped")
    connection = _connect(path)
    tables = [f"create table {_table(stream)} ({_columns(stream)})" for stream in streams()]
    tables.append("create table marks (name varchar primary key, value varchar)")
    # At once: with the mark of its version, everything else is there.
    for statement in ("begin transaction", *tables, f"insert into marks values ('version', '{version}')", "commit"):
        connection.execute(statement).fetchall()
    return connection


def _connect(path: Path) -> duckdb.DuckDBPyConnection:
    try:
        connection = duckdb.connect(str(path))
    except duckdb.IOException as error:
        if "lock" in str(error):
            raise GuardError(f"{path} is in use by another process; try again when it has ended") from error
        raise OverlapError(f"{path} is damaged; delete it, the next 'overlap pull' reads everything again") from error
    connection.execute("set TimeZone = 'UTC'").fetchall()
    # Packing text takes as long as all the rest of landing it, to save 200 bytes of an account.
    connection.execute("set disabled_compression_methods = 'dict_fsst'").fetchall()
    return connection


def _version_of(connection: duckdb.DuckDBPyConnection) -> str | None:
    try:
        return Warehouse(connection).mark("version")
    except duckdb.CatalogException:
        return None


def _is_record(stream: str) -> bool:
    return stream.startswith("record:")


def _table(stream: str) -> str:
    return stream.replace(":", "_")


def _side(stream: str) -> str:
    return "partner" if stream == "partner_accounts" else "crm"


def _known(stream: str) -> str:
    """Return the query for the ids that ``$side`` has in *stream*."""
    alive = " and not is_deleted" if _is_record(stream) else ""
    return f"select id from {_table(stream)} where {_side(stream)} = $side{alive}"


def _schema(stream: str) -> dict[str, Any]:
    if not _is_record(stream):
        return dict(schema_of(_NOUNS[stream]))
    thing = next(thing for thing in OBJECTS if f"record:{thing.name}" == stream)
    return {**record_schema(thing), "is_deleted": pl.Boolean}


def _columns(stream: str) -> str:
    return ", ".join(f'"{name}" {_TYPES[kind.base_type()]}' for name, kind in _schema(stream).items())
