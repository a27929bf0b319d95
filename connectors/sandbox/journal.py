"""What happened in a sandbox: every accepted write, and every call that reached the server. The tests' oracle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.sandbox.state import State
from connectors.sandbox.values import stamp


@dataclass(frozen=True, slots=True)
class Change:
    """A write that was accepted. *changed* maps a field to (old, new) as the API shows them.

    Seeding is no write. *user* is a User id; *operation* is create, update, delete or undelete. *request* is the
    number of the `Request` that made it, None if a person did.
    """

    at: datetime
    user: str
    object_name: str
    id: str
    operation: str
    changed: Mapping[str, tuple[Any, Any]]
    request: int | None = None

    @property
    def effective(self) -> bool:
        """It changed a value. An update that changes none still moves SystemModstamp, as in Salesforce."""
        return bool(self.changed)


@dataclass(frozen=True, slots=True)
class Request:
    """A call that reached the server. *body* is its JSON text; of a token request only the grant type is kept.

    *status* is what the server made of it, whether or not the client got to see it; 0 is nothing. *fault* is the fault
    that struck it, *number* its place in the log, from 1.
    """

    at: datetime
    method: str
    path: str
    query: str
    body: str
    status: int
    user_agent: str
    fault: str = ""
    number: int = 0


class Journal:
    """The part of a sandbox's store that says what happened."""

    database: State

    def history(self) -> list[Change]:
        """Return every accepted write, oldest first."""
        sql = "select at, user, object, id, operation, changed, request from history order by number"
        rows = self.database.rows(sql)
        return [_change(*row) for row in rows]

    def requests(self) -> list[Request]:
        """Return every call that reached the server, oldest first."""
        sql = "select at, method, path, query, body, status, user_agent, fault, number from request order by number"
        return [Request(datetime.fromisoformat(at), *rest) for at, *rest in self.database.rows(sql)]

    def log(self, request: Request) -> int:
        """Keep *request* for `requests`, and return its number."""
        columns = "at, method, path, query, body, status, user_agent, fault"
        values = [getattr(request, name) for name in columns.split(", ")[1:]]
        sql = f"insert into request ({columns}) values (?, ?, ?, ?, ?, ?, ?, ?) returning number"
        return int(self.database.rows(sql, (stamp(request.at), *values))[0][0])

    def answered(self, number: int, status: int) -> None:
        """Say that request *number* was answered with *status*; 0 is no answer. It counts against the day's calls."""
        self.database.rows("update request set status = ? where number = ?", (status, number))
        if status:
            self.database.keep("limit_used", self.limit_used + 1)

    @property
    def limit_used(self) -> int:
        """Calls of the day so far."""
        return int(self.database.setting("limit_used", 0))


def _change(at: str, user: str, object_name: str, record: str, operation: str, *more: Any) -> Change:
    changed, request = more
    moved = {name: (old, new) for name, (old, new) in json.loads(changed).items()}
    return Change(datetime.fromisoformat(at), user, object_name, record, operation, moved, request)
