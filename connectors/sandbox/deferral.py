"""Writes that become visible some requests or some time after they were made: long transactions, delayed commits.

Until then they do not exist, and what they will write is locked. A late one is stamped with the time at which it was
made: a reader who went by stamps alone has passed it by then.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.sandbox import locks
from connectors.sandbox.state import State

#: Does what a kept act says.
Replay = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Wait:
    """After *requests* more requests, or when *seconds* of the org's time have passed: what comes first."""

    requests: int | None = None
    seconds: float | None = None


def later(database: State, act: Mapping[str, Any], wait: Wait, touched: Iterable[str], *, late: bool) -> None:
    """Keep *act* until *wait* is over; *late* stamps its writes with the time now."""
    now = database.now()
    due_at = None if wait.seconds is None else (now + timedelta(seconds=wait.seconds)).isoformat()
    sql = "insert into deferred (at, act, requests, due_at) values (?, ?, ?, ?) returning number"
    kept = (now.isoformat() if late else "", json.dumps(act), wait.requests, due_at)
    number = database.rows(sql, kept)[0][0]
    locks.lock(database, touched, _holder(number))


def settle(database: State, replay: Replay, *, everything: bool = False) -> None:
    """Do what is due, in the order in which it was kept, and count one request against what is not."""
    now = database.now()
    for number, at, act, requests, due_at in database.rows("select * from deferred order by number"):
        arrived = due_at is not None and now >= datetime.fromisoformat(due_at)
        if everything or arrived or requests == 0:
            database.rows("delete from deferred where number = ?", (number,))
            locks.unlock(database, _holder(number))
            with database.as_of(datetime.fromisoformat(at) if at else database.now()):
                replay(json.loads(act))
        elif requests is not None:
            database.rows("update deferred set requests = requests - 1 where number = ?", (number,))


def oldest_open(database: State) -> datetime | None:
    """Return since when the oldest of the open transactions runs, None if none is open."""
    found = database.rows("select min(at) from deferred where at != ''")[0][0]
    return datetime.fromisoformat(found) if found else None


def _holder(number: int) -> str:
    return f"deferred {number}"
