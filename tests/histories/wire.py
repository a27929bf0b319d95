"""The wire between `overlap` and the org of a history: what gets lost on it, and what befalls the org meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import ReadTimeoutError

from tests.histories.crms import BY_NAME

_over_sockets = HTTPConnectionPool._make_request


class Wire:
    """While it is entered, every request of this process goes through it. Each fault of *order* is in force from its
    request on, for as many requests as it counts.

    *answer* gets the reply to a request, by default over a socket.
    """

    def __init__(self, order: dict[str, Any], log: int, answer: Callable[..., Any] | None = None) -> None:
        self._crm = BY_NAME[order["crm"]]
        self._faults: list[dict[str, Any]] = order["faults"]
        self._org = Path(order["org"])
        self._log = log
        self._answer = answer or _over_sockets
        self._requests = self._writes = 0

    def __enter__(self) -> None:
        wire = self

        def request(pool: Any, connection: Any, method: str, url: str, **options: Any) -> Any:
            return wire._exchange(pool, connection, method, url, options)

        HTTPConnectionPool._make_request = request  # type: ignore[method-assign]

    def __exit__(self, *_: object) -> None:
        HTTPConnectionPool._make_request = _over_sockets  # type: ignore[method-assign]

    def _exchange(self, pool: Any, connection: Any, method: str, url: str, options: dict[str, Any]) -> Any:
        self._requests += 1
        is_write = self._crm.is_counted(method, url)
        self._writes += is_write
        lost = self._meet(is_write)
        if lost in ("lost request", "lost write"):
            raise ReadTimeoutError(pool, url, "a test lost the request")
        answer = self._answer(pool, connection, method, url, **options)
        if lost is None:
            return answer
        answer.close()
        raise ReadTimeoutError(pool, url, "a test lost the answer")

    def _meet(self, is_write: bool) -> str | None:
        """Let the org's faults of this request begin or end; return how the request gets lost, None if it does not."""
        lost = None
        for fault in self._faults:
            kind = fault["kind"]
            of_writes = kind in ("lost write", "lost receipt")
            if of_writes and not is_write:
                continue
            since = (self._writes if of_writes else self._requests) - fault["at"]
            if kind.startswith("lost"):
                if 0 <= since < fault["count"]:
                    self._note(kind)
                    lost = kind
            elif since == 0 and kind in self._crm.breaks:
                self._note(kind)
                with self._crm.open(self._org) as store:
                    self._crm.breaks[kind](store, fault["count"])
            elif since == fault["count"] and kind == "out of service":
                with self._crm.open(self._org) as store:
                    store.set_down(False)
        return lost

    def _note(self, kind: str) -> None:
        os.write(self._log, f"fault: {kind}\n".encode())
