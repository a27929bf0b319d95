"""The wires between `overlap` and the CRMs of a history: what gets lost on them, and what befalls a CRM meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import ReadTimeoutError

from tests.histories.crms import BY_NAME, Crm

_over_sockets = HTTPConnectionPool._make_request
_HTTPS = 443


class Wires:
    """While they are entered, every request of this process goes over the wire to its CRM.

    *order* names the CRMs, and the faults of each. *answers* get the replies, by a CRM's name; by default sockets do.
    """

    def __init__(
        self, order: dict[str, Any], log: int, answers: Mapping[str, Callable[..., Any]] | None = None
    ) -> None:
        self._by_place: dict[tuple[str | None, int], Wire] = {}
        for site in order["sites"]:
            name, url = site["crm"], urlsplit(site["url"])
            faults = [fault for fault in order["faults"] if fault["crm"] == name]
            answer = answers[name] if answers else _over_sockets
            wire = Wire(BY_NAME[name], Path(site["org"]), faults, log, answer)
            self._by_place[url.hostname, url.port or _HTTPS] = wire

    def __enter__(self) -> None:
        by_place = self._by_place

        def request(pool: Any, connection: Any, method: str, url: str, **options: Any) -> Any:
            return by_place[pool.host, pool.port or _HTTPS].exchange(pool, connection, method, url, options)

        HTTPConnectionPool._make_request = request  # type: ignore[method-assign]

    def __exit__(self, *_: object) -> None:
        HTTPConnectionPool._make_request = _over_sockets  # type: ignore[method-assign]


class Wire:
    """The wire to one CRM. Each of *faults* is in force from its request on, for as many requests as it counts."""

    def __init__(self, crm: Crm, org: Path, faults: list[dict[str, Any]], log: int, answer: Callable[..., Any]) -> None:
        self._crm = crm
        self._org = org
        self._faults = faults
        self._log = log
        self._answer = answer
        self._requests = self._writes = 0

    def exchange(self, pool: Any, connection: Any, method: str, url: str, options: dict[str, Any]) -> Any:
        """Return the reply to a request, unless the request or its reply gets lost."""
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
