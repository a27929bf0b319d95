"""A ledger of years, made out of one of weeks; and how much SQLite does for each statement, whatever the clock says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Column, Date, Engine, Table, event

from jobs.stores import schema
from jobs.stores.ledger import Ledger

#: SQLite calls back after so many steps of its machine.
_GRANULARITY: Final = 10
#: What tells of the past, with what of it has an end. A copy of a row has the numbers before all others: nothing that
#: is there changes, nor what comes next.
_PAST: Final = {
    "runs": "state not in ('running')",
    "lists": "true",
    "intervals": "true",
    "plans": "applied_at is not null",
    "outbox": "state not in ('planned', 'pending', 'sent')",
    "bulk_jobs": "ended_at is not null",
    "releases": "true",
    "api_calls": "true",
    "review_questions": "true",
    "audit": "true",
    "messages": "settled_at is not null",
    "alerts": "true",
    "slots": "finished_at is not null",
}
_NUMBERS: Final = ("id", "seq", "run_id", "plan_id", "part_of")
_NAMES: Final = {
    "outbox": ("key",),
    "bulk_jobs": ("id",),
    "review_questions": ("key", "ours_id"),
    "messages": ("key", "about"),
}
_ENDS: Final = {"intervals": "ended_on", "alerts": "ended_at"}
_EARLIER: Final = "strftime('%Y-%m-%dT%H:%M:%f', {at}, '-' || (7 * n) || ' days') || '000+00:00'"


def age(ledger: Ledger, weeks: int) -> int:
    """Let what *ledger* tells of the past have happened so many weeks before, each week; return how many rows that is.

    A CRM refused a fifth of it.
    """
    rows = 0
    with ledger.engine.begin() as connection:
        for name, over in _PAST.items():
            table = schema.metadata.tables[name]
            columns = ", ".join(f'"{column.name}"' for column in table.columns)
            copied = ", ".join(_copied(table, column) for column in table.columns)
            connection.exec_driver_sql(
                f"with recursive weeks(n) as (select 1 union all select n + 1 from weeks where n < {weeks}) "
                f"insert into {name} ({columns}) select {copied} from {name}, weeks where {over}"
            )
            rows += connection.exec_driver_sql("select changes()").scalar_one()
        connection.exec_driver_sql("update outbox set state = 'conflict' where seq < 0 and seq % 5 = 0")
    return rows


def grown(young: Counter[str], old: Counter[str]) -> list[str]:
    """Return the statements that took far more steps on the *old* ledger than on the *young* one."""
    return [said for said, steps in old.items() if steps > 2 * young[said] + 500]


def _copied(table: Table, column: Column[Any]) -> str:
    quoted = f'{table.name}."{column.name}"'
    if column.name == _ENDS.get(table.name):
        first = next(name for name in ("began_on", "began_at") if name in table.columns)
        quoted = f"coalesce({quoted}, {table.name}.{first})"
    if column.name in _NAMES.get(table.name, ()):
        return f"{quoted} || '-' || n"
    if column.name in _NUMBERS:
        return f"{quoted} - 1000000 * n"
    if column.name == "slot":
        return f"strftime('%Y-%m-%dT%H:%M', {quoted}, '-' || (7 * n) || ' days')"
    if isinstance(column.type, schema.UtcDateTime):
        return _EARLIER.format(at=quoted)
    if isinstance(column.type, Date):
        return f"date({quoted}, '-' || (7 * n) || ' days')"
    return quoted


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Count the steps of SQLite's machine for each statement to a ledger, however many values it was given."""
    steps: Counter[str] = Counter()
    running = ""

    def tick() -> int:
        steps[running] += _GRANULARITY
        return 0

    def before(connection: Any, cursor: Any, statement: str, *rest: object) -> None:
        nonlocal running
        del cursor, rest
        running = re.sub(r"(\?, )+", "", " ".join(statement.split()))
        connection.connection.dbapi_connection.set_progress_handler(tick, _GRANULARITY)

    event.listen(Engine, "before_cursor_execute", before)
    try:
        yield steps
    finally:
        event.remove(Engine, "before_cursor_execute", before)
