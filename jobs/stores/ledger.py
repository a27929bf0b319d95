"""The ledger: one SQLite file that remembers what cannot be pulled again.

A transaction that was not acknowledged may still have happened; what was acknowledged survives a crash (WAL,
synchronous FULL). Writers begin with BEGIN IMMEDIATE: a read transaction that turns into a write deadlocks. Every
transaction of who holds the workspace proves first that it still does, and every commit is a step.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Column, Connection, Engine, bindparam, create_engine, delete, event, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import DatabaseError

from jobs.steps import step
from jobs.stores import audit, schema
from jobs.stores.lease import require_held
from jobs.stores.migrating import migrate
from overlap.errors import AccessError, ConfigError, OverlapError, TransientError

_BUSY_TIMEOUT_S: Final = 5
#: The pin of the last pull that landed something.
_LANDED: Final = "landed_run"
#: Asked again and again: putting a statement together takes longer than SQLite does to answer.
_PINNED: Final = select(schema.pins.c.value).where(schema.pins.c.name == bindparam("pin"))
_OF_VERB: Final = schema.runs.c.verb == bindparam("verb")
_LAST_OF_VERB: Final = select(schema.runs).where(_OF_VERB).order_by(schema.runs.c.id.desc()).limit(1)
_NEXT_VERB: Final = select(func.min(schema.runs.c.verb)).where(schema.runs.c.verb > bindparam("verb"))
#: A little less than a day, so that a job that runs daily counts daily.
_ONE_DAY: Final = timedelta(hours=20)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One line of the ledger's runs. *part_of* is the whole run that it belongs to; None: it is one."""

    id: int
    verb: str
    state: str
    started_at: datetime
    finished_at: datetime | None
    summary: Mapping[str, Any]
    part_of: int | None = None
    who: str | None = None


class Ledger:
    """Open it with `open_ledger`. Every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def start_run(
        self, verb: str, at: datetime, above: int = 0, ready: Callable[[int], None] | None = None, **facts: Any
    ) -> int:
        """Return the number of a new run of *verb*, higher than all before it and than *above*.

        *ready* is called with it before anybody can see the line; *facts* are more columns of that.
        """
        with self.engine.begin() as connection:
            last = connection.execute(select(func.max(schema.runs.c.id))).scalar() or 0
            number = max(int(last), above) + 1
            row = {"id": number, "verb": verb, "state": "running", "started_at": at, **facts}
            connection.execute(insert(schema.runs).values(row))
            if ready is not None:
                ready(number)
        return number

    def finish_run(self, run_id: int, state: str, at: datetime, summary: Mapping[str, Any]) -> None:
        """Close run *run_id* as ``done``, ``failed``, ``interrupted`` or ``crashed``."""
        with self.engine.begin() as connection:
            values = {"state": state, "finished_at": at, "summary": json.dumps(summary)}
            connection.execute(update(schema.runs).where(schema.runs.c.id == run_id).values(values))

    def last_runs(self) -> list[RunRecord]:
        """Return the latest run of each verb, oldest first."""
        found = []
        verb: str | None = ""
        with self.engine.connect() as connection:  # verb by verb: SQLite groups by reading every run
            while (verb := connection.execute(_NEXT_VERB, {"verb": verb}).scalar()) is not None:
                found += [record_of(row) for row in connection.execute(_LAST_OF_VERB, {"verb": verb}).mappings()]
        return sorted(found, key=lambda run: run.id)

    def last_run(self, verb: str) -> RunRecord | None:
        """Return the latest run of *verb*; None if there was none."""
        with self.engine.connect() as connection:
            row = connection.execute(_LAST_OF_VERB, {"verb": verb}).mappings().first()
        return None if row is None else record_of(row)

    def last_pull_before(self, run_id: int) -> datetime | None:
        """Return when the last pull that came through before run *run_id* began."""
        found: datetime | None = self._of_last_pull_before(run_id, schema.runs.c.started_at)
        return found

    def landing(self, run_id: int) -> None:
        """Remember that pull *run_id* is about to land what it read of a CRM, whatever becomes of the rest of it."""
        self.pin(_LANDED, str(run_id))

    def pulled_since(self, run_id: int) -> bool:
        """Return whether a pull that landed something began after run *run_id*."""
        return int(self.pinned(_LANDED) or 0) > run_id

    def read_until(self, run_id: int, crm: str) -> datetime | None:
        """Return up to when that pull had read *crm*, in the CRM's time; None if it read no such CRM."""
        summary = json.loads(self._of_last_pull_before(run_id, schema.runs.c.summary) or "{}")
        told = [one["until"] for one in summary.get("crms", ()) if one["crm"] == crm]
        return datetime.fromisoformat(told[0]) if told else None

    def _of_last_pull_before(self, run_id: int, column: Column[Any]) -> Any:
        runs = schema.runs
        query = (
            select(column)
            .where(runs.c.verb == "pull", runs.c.state == "done", runs.c.id < run_id)
            .order_by(runs.c.id.desc())
            .limit(1)
        )
        with self.engine.connect() as connection:
            return connection.execute(query).scalar()

    def pinned(self, name: str) -> str | None:
        """Return what is pinned under *name*."""
        with self.engine.connect() as connection:
            found = connection.execute(_PINNED, {"pin": name}).scalar()
        return None if found is None else str(found)

    def pins(self, prefix: str) -> dict[str, str]:
        """Return everything pinned under a name that begins with *prefix*, by the rest of its name."""
        names = schema.pins.c.name
        query = select(schema.pins).where(names >= prefix, names < prefix[:-1] + chr(ord(prefix[-1]) + 1))
        with self.engine.connect() as connection:
            return {row.name.removeprefix(prefix): row.value for row in connection.execute(query)}

    def pin(self, name: str, value: str) -> None:
        """Set *name* to *value*."""
        with self.engine.begin() as connection:
            row = upsert(schema.pins).values(name=name, value=value)
            connection.execute(row.on_conflict_do_update(index_elements=["name"], set_={"value": value}))

    def unpin(self, name: str) -> None:
        """Forget what was pinned under *name*."""
        with self.engine.begin() as connection:
            connection.execute(delete(schema.pins).where(schema.pins.c.name == name))

    def require_same_org(self, crm: str, org_id: str) -> None:
        """Pin the org of *crm* at the first sight of it; refuse another one ever after.

        Raises:
            AccessError: *crm* points to another org than before, or the org is known under another name.
        """
        known = self.pinned(f"org:{crm}")
        other = next((name for name, org in self.pins("org:").items() if org == org_id and name != crm), None)
        if other is not None:
            raise AccessError(
                f"crm '{crm}' is org {org_id}, which this workspace knows as crm '{other}'; a connection's name is "
                f"fixed once: write [crm.{other}] back, or correct the login_url of one of the two"
            )
        if known is None:
            self.pin(f"org:{crm}", org_id)
        elif known != org_id:
            raise AccessError(
                f"crm '{crm}' is org {org_id}, but this workspace belongs to org {known}; nothing was read or written. "
                f"Correct login_url or the token, or make another workspace for the other org"
            )

    def first_seen(self, keys: list[str], today: date) -> dict[str, date]:
        """Return the day on which each of *keys* was seen first; new ones are seen *today*."""
        table = schema.first_seen
        with self.engine.begin() as connection:
            known = {row.key: row.seen_on for row in connection.execute(select(table))}
            new = [{"key": key, "seen_on": today} for key in dict.fromkeys(keys) if key not in known]
            if new:
                connection.execute(insert(table), new)
        return {key: known.get(key, today) for key in keys}

    def seen_since(self, days: Mapping[str, date]) -> None:
        """Remember for each overlap of *days* that it was seen first on that day, unless an earlier one is known."""
        table = schema.first_seen
        with self.engine.begin() as connection:
            for key, day in days.items():
                row = upsert(table).values(key=key, seen_on=day)
                later = table.c.seen_on > day
                connection.execute(
                    row.on_conflict_do_update(index_elements=["key"], set_={"seen_on": day}, where=later)
                )

    def first_seen_follows(self, keys: Mapping[str, str]) -> int:
        """Give each overlap that *keys* leads to the earlier first day of both; return how many days moved."""
        table = schema.first_seen
        moved = 0
        with self.engine.begin() as connection:
            known = {row.key: row.seen_on for row in connection.execute(select(table))} if keys else {}
            for old, new in keys.items():
                if old in known and known[old] < known.get(new, date.max):
                    row = upsert(table).values(key=new, seen_on=known[old])
                    connection.execute(row.on_conflict_do_update(index_elements=["key"], set_={"seen_on": known[old]}))
                    known[new] = known[old]
                    moved += 1
        return moved

    def count_absences(self, crm: str, stream: str, absent: set[str], swept_at: datetime) -> dict[str, int]:
        """Count one complete read of *crm* that did not find the rows *absent* of *stream*; return each one's count.

        Two reads of one day are one snapshot. Rows that are not in *absent* any more are forgotten.
        """
        table = schema.absences
        ours = (table.c.crm == crm) & (table.c.stream == stream)
        with self.engine.begin() as connection:
            known = {row.record_id: row for row in connection.execute(select(table).where(ours))}
            counted = {record_id: _absence(known.get(record_id), swept_at) for record_id in sorted(absent)}
            connection.execute(table.delete().where(ours))
            if counted:
                side = {"crm": crm, "stream": stream}
                rows = [{**side, "record_id": record_id, **count} for record_id, count in counted.items()]
                connection.execute(insert(table), rows)
        return {record_id: count["sweeps"] for record_id, count in counted.items()}

    def require_lease(self) -> None:
        """Make sure that nobody has taken the workspace over from this work.

        Raises:
            GuardError: somebody has.
        """
        with self.engine.connect() as connection:
            connection.execute(select(1))

    def note(self, who: str, did: str, what: Mapping[str, Any], at: datetime) -> None:
        """Append a line to the audit."""
        with self.engine.begin() as connection:
            audit.append(connection, who, did, what, at)

    def audit_head(self) -> dict[str, Any]:
        """Return where the audit's chain ends by now, to be kept elsewhere too."""
        with self.engine.connect() as connection:
            return audit.head(connection)


@contextmanager
def open_ledger(path: Path, workspace_id: str) -> Iterator[Ledger]:
    """Open the ledger at *path*, making or migrating it where needed.

    Raises:
        ConfigError: the ledger belongs to another workspace id: every external key would change. Or a newer overlap
            wrote it.
        OverlapError: the file is damaged.
    """
    engine = engine_of(path)
    try:
        try:
            migrate(engine, path)
        except DatabaseError as error:
            if "database is locked" in str(error.orig):
                raise TransientError(
                    f"{path} is held by another process that does not go on; try again, and if that does not help, end "
                    f"it: 'overlap unlock --take-over' ends the one that changes the workspace"
                ) from error
            raise OverlapError(f"{path} cannot be read ({error.orig}); put a backup of it in its place") from error
        ledger = Ledger(engine)
        known = ledger.pinned("workspace")
        if known is None:
            ledger.pin("workspace", workspace_id)
        elif known != workspace_id:
            raise ConfigError(
                f"{path.parent / 'overlap.toml'}: workspace.id is '{workspace_id}', but this workspace was made as "
                f"'{known}'; the id is part of every record's key: write '{known}' back"
            )
        yield ledger
    finally:
        engine.dispose()


@lru_cache(maxsize=1)
def engine_of(path: Path) -> Engine:
    """Return the engine of *path*: a verb that opens the ledger twice need not compile its statements twice."""
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "commit", _commit)
    return engine


def record_of(row: Mapping[Any, Any]) -> RunRecord:
    """Return a line of the table of runs as what it is."""
    return RunRecord(**{**row, "summary": json.loads(row["summary"] or "{}")})


def _absence(before: Any, swept_at: datetime) -> dict[str, Any]:
    """One row's count: one sweep more than *before*, unless that was counted within the same day."""
    sweeps, counted_at = (before.sweeps, before.last_swept_at) if before else (0, None)
    if counted_at is None or swept_at - counted_at >= _ONE_DAY:
        sweeps, counted_at = sweeps + 1, swept_at
    return {"sweeps": sweeps, "last_swept_at": counted_at}


def _prepare(connection: Any, record: object) -> None:
    del record
    connection.isolation_level = None  # SQLAlchemy's begin event below decides how a transaction begins
    for pragma in (
        "journal_mode=wal",
        "synchronous=full",
        "foreign_keys=on",
        f"busy_timeout={_BUSY_TIMEOUT_S * 1000}",
    ):
        connection.execute(f"pragma {pragma}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("begin immediate")
    require_held(connection)


def _commit(connection: Connection) -> None:
    del connection
    step("ledger: commit")


def utc_now() -> datetime:
    """Return our own clock's time: for the ledger's lines, never for a watermark."""
    return datetime.now(UTC)
