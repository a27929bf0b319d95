"""Reads the records of one object as frames: page by page while they are few, as a bulk job when they are many.

Records that were counted must come: a permission that shrinks in the middle would look like a mass of deletions.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

import polars as pl

from connectors.salesforce import cells, soql
from connectors.salesforce.bulk_query import BulkQuery, Job, Kept, Page
from connectors.salesforce.cells import Kinds
from connectors.salesforce.download import ahead
from connectors.salesforce.session import SalesforceSession
from connectors.shapes import strange, taken_apart
from overlap.errors import AccessError, TransientError

#: Records per query: as many as Salesforce puts into one answer.
PAGE_SIZE: Final = 2000

Record = dict[str, Any]
Conditions = tuple[soql.Condition, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Records to be read: the paths of *kinds* where all of *where* holds.

    With *until*, the end of their window, they are counted too; *anytime* is *where* without the window.
    """

    object_name: str
    kinds: Kinds
    where: Conditions
    anytime: Conditions = ()
    until: datetime | None = None

    @property
    def bulk_query(self) -> str:
        """The query of a bulk job. An order would keep Salesforce from splitting the work."""
        return soql.select(self.object_name, tuple(self.kinds), self.where)

    @property
    def order(self) -> tuple[str, ...]:
        """What a keyset goes along: the index that the window uses, or the id."""
        return ("SystemModstamp", "Id") if "SystemModstamp" in self.kinds else ("Id",)


class Reader:
    """From *bulk_read_from* records on, a read is a bulk job."""

    def __init__(self, session: SalesforceSession, bulk_read_from: int) -> None:
        self._session = session
        self._bulk_read_from = bulk_read_from

    def read(self, table: Table, kept: Kept | None = None) -> Iterator[pl.DataFrame]:
        """Yield the records of *table*, in no order; with *kept*, a bulk job can be gone on with after a crash.

        Raises:
            AccessError: records that were counted did not come.
            TransientError: Salesforce is out of service.
        """
        first = self._page(table, self._session.query)
        if len(first) < PAGE_SIZE:
            if first:
                yield self._frame(table, first)
            return
        expected = self._count(table)
        if expected < self._bulk_read_from:
            frames = self._keyset(table, self._session.query, first)
        else:
            bulk = BulkQuery(self._session, kept)
            bulk.start(table.bulk_query, table.until.isoformat() if table.until else "", expected)
            frames = self._results(table, bulk)
        yield from self._complete(table, frames, expected, kept)

    def resumed(self, table: Table, kept: Kept, job: Job) -> Iterator[pl.DataFrame] | None:
        """Return what *job*, kept in *kept*, has and will bring; None if it is gone."""
        bulk = BulkQuery(self._session, kept)
        if not bulk.resume(job):
            return None
        return self._complete(table, self._results(table, bulk), job.expected, kept)

    def deleted(self, table: Table) -> Iterator[pl.DataFrame]:
        """Yield records of *table*, those in the recycle bin too."""
        return self._keyset(table, self._session.query_all, self._page(table, self._session.query_all))

    def _keyset(
        self, table: Table, read: Callable[[str], Iterator[Record]], records: list[Record]
    ) -> Iterator[pl.DataFrame]:
        """Yield *records*, a first page, and the pages after it, each starting after the last record of the one before.

        OFFSET ends at 2,000 rows, and a locator dies with an expired session; a keyset does neither.
        """
        while records:
            yield self._frame(table, records)
            if len(records) < PAGE_SIZE:
                return
            last = records[-1]
            with taken_apart(self._session.where, f"the last of a page of {table.object_name}"):
                beyond = _after(last, table.order)
            records = self._page(table, read, (beyond,))
            if last in records:
                raise strange(self._session.where, f"a page of {table.object_name} that came before")

    def _frame(self, table: Table, records: list[Record]) -> pl.DataFrame:
        with taken_apart(self._session.where, f"records of {table.object_name}"):
            return cells.of_records(records, table.kinds)

    def _page(self, table: Table, read: Callable[[str], Iterator[Record]], more: Conditions = ()) -> list[Record]:
        query = soql.select(table.object_name, tuple(table.kinds), (*table.where, *more), table.order, PAGE_SIZE)
        return list(read(query))

    def _results(self, table: Table, bulk: BulkQuery) -> Iterator[pl.DataFrame]:
        """Yield the results as frames: while the caller lands one, the next is parsed and the one after it fetched."""
        return ahead(self._parsed(table, page, bulk) for page in ahead(bulk.pages()))

    def _parsed(self, table: Table, page: Page, bulk: BulkQuery) -> pl.DataFrame:
        try:
            body = page.body()
            found = cells.of_csv(body, table.kinds)
        except (pl.exceptions.PolarsError, zlib.error) as error:
            bulk.drop()
            raise TransientError(
                f"{self._session.where}: a page of {table.object_name} is not the CSV that was asked for; "
                "run 'overlap pull' again"
            ) from error
        if found.height != page.rows or not body.endswith(b"\n"):
            bulk.drop()
            raise TransientError(
                f"{self._session.where}: a page of {table.object_name} should hold {page.rows:,} records and holds "
                f"{found.height:,}; run 'overlap pull' again"
            )
        return found

    def _complete(
        self, table: Table, frames: Iterator[pl.DataFrame], expected: int, kept: Kept | None
    ) -> Iterator[pl.DataFrame]:
        """Yield *frames*, and make sure that they hold about the *expected* number of records."""
        read = 0
        for frame in frames:
            read += frame.height
            yield frame
        if table.until is None:
            return
        now = self._count(table)
        if min(expected, now) <= read <= max(expected, now):
            return
        moved = (*table.anytime, soql.compare("SystemModstamp", ">", table.until))
        changed = self._number(soql.count(table.object_name, moved), "queryAll/")
        if not min(expected, now) - changed <= read <= max(expected, now) + changed:
            if kept is not None:
                kept.drop()
            raise AccessError(
                f"{self._session.where}: {read:,} records of {table.object_name} were read, but {expected:,} counted "
                f"before and {now:,} after; nothing was landed. Look whether the integration user lost access to "
                f"records, then run 'overlap pull' again"
            )

    def _count(self, table: Table) -> int:
        return self._number(soql.count(table.object_name, table.where), "query/")

    def _number(self, query: str, path: str) -> int:
        return int(self._session.ask("GET", f"{path}?{urlencode({'q': query})}", {"totalSize": int})["totalSize"])


def _after(record: Record, order: tuple[str, ...]) -> soql.Condition:
    if order == ("Id",):
        return soql.compare("Id", ">", record["Id"])
    return soql.beyond("SystemModstamp", datetime.fromisoformat(record["SystemModstamp"]), "Id", record["Id"])
