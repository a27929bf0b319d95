"""Reads an org: changed records page by page, deletions, and the complete list of ids.

The watermark is SystemModstamp, whole seconds, and a record appears at its commit with an earlier stamp than that:
hence the look-back below *since*, and rows that come twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from connectors.base import Page
from connectors.salesforce import soql
from connectors.salesforce.columns import Reading, readings, visible
from connectors.salesforce.session import SalesforceSession

#: Records per query: as many as Salesforce puts into one answer.
PAGE_SIZE: Final = 2000
#: A record of the running second may still be followed by another one with the same stamp.
_SETTLED_S: Final = 2
_BY_STAMP: Final = ("SystemModstamp", "Id")
_BY_ID: Final = ("Id",)
#: An org with one currency does not have it, and nobody misses it.
_MULTI_CURRENCY: Final = "CurrencyIsoCode"

Record = dict[str, Any]
Conditions = tuple[soql.Condition, ...]


class SalesforceSource:
    """A `connectors.base.Source`. *crm* goes into every row, *look_back* is read again below each watermark."""

    def __init__(self, session: SalesforceSession, crm: str, workspace_id: str, look_back: timedelta) -> None:
        self._session = session
        self._crm = crm
        self._look_back = look_back
        self._readings = readings(workspace_id)
        self._unreadable: tuple[str, ...] = ()

    def now(self) -> datetime:
        """Return the org's time, UTC, 2 s ago: up to then nothing new can be stamped."""
        return self._session.server_now() - timedelta(seconds=_SETTLED_S)

    def pages(self, since: datetime | None, until: datetime) -> Iterator[Page]:
        """Yield what changed in [*since* less the look-back, *until*], deletions included.

        Streams without a change have no page. An account comes as ``accounts`` and as ``record:account`` from one
        query, an opportunity likewise.

        Raises:
            AccessError: an object or field that we cannot do without is missing or hidden; nothing was yielded.
            TransientError: Salesforce is out of service; the pages so far are good, the rest is missing.
        """
        window: Conditions = (soql.compare("SystemModstamp", "<=", until),)
        if since is not None:
            window = (soql.compare("SystemModstamp", ">=", since - self._look_back), *window)
        for reading in self._visible():
            where = (*reading.where, *window)
            for records in _keyset(self._session.query, reading.object_name, reading.paths, where):
                for view in reading.views:
                    yield Page(view.stream, view.frame(records, self._crm))
            # After the rows: what is deleted while we read must not stay behind as a row.
            if reading.has_deletions:
                yield from self._deletions(reading, where)

    def ids(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield (stream, every id visible now); flat fields have no stream of their own here.

        Raises:
            AccessError: as in `pages`.
        """
        for reading in self._visible():
            lists = _keyset(self._session.query, reading.object_name, _BY_ID, reading.where, _BY_ID)
            yield reading.views[0].stream, tuple(record["Id"] for records in lists for record in records)

    def unreadable(self) -> tuple[str, ...]:
        """Return the standard fields that the org does not have, or does not show us."""
        return self._unreadable

    def _visible(self) -> list[Reading]:
        """Return what this org lets us read. All describes come first, so that a missing field stops us at once."""
        described = [(reading, self._session.describe(reading.object_name)) for reading in self._readings]
        self._unreadable = tuple(
            f"{reading.object_name}.{column.field}"
            for reading, fields in described
            for column in reading.views[0].columns
            if fields is not None and column.field not in fields and column.field != _MULTI_CURRENCY
        )
        return [
            visible(self._session.where, reading, fields)
            for reading, fields in described
            if fields is not None or not reading.optional
        ]

    def _deletions(self, reading: Reading, where: Conditions) -> Iterator[Page]:
        """Yield ids in the recycle bin, losers of merges among them. What left it only `ids` can tell."""
        gone = (*where, soql.compare("IsDeleted", "=", True))
        for records in _keyset(self._session.query_all, reading.object_name, _BY_STAMP, gone):
            ids = tuple(record["Id"] for record in records)
            for view in reading.views:
                yield Page(view.stream, pl.DataFrame(schema=dict(view.schema)), ids)


def _keyset(
    read: Callable[[str], Iterator[Record]],
    object_name: str,
    paths: Sequence[str],
    where: Conditions,
    order: tuple[str, ...] = _BY_STAMP,
) -> Iterator[list[Record]]:
    """Yield records in lists of at most `PAGE_SIZE`, each query starting after the last record of the one before.

    OFFSET ends at 2,000 rows, and a locator dies with an expired session; a keyset does neither.
    """
    last: Conditions = ()
    while True:
        records = list(read(soql.select(object_name, paths, (*where, *last), order, PAGE_SIZE)))
        if records:
            yield records
        if len(records) < PAGE_SIZE:
            return
        last = (_after(records[-1], order),)


def _after(record: Record, order: tuple[str, ...]) -> soql.Condition:
    if order == _BY_ID:
        return soql.compare("Id", ">", record["Id"])
    return soql.beyond("SystemModstamp", datetime.fromisoformat(record["SystemModstamp"]), "Id", record["Id"])
