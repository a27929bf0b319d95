"""Reads an org: what changed, deletions and merges, and the complete list of ids. Few rows come by REST, many in bulk.

The watermark is SystemModstamp, whole seconds, and a record appears at its commit with an earlier stamp than that:
hence the look-back below *since*, and rows that come twice.
"""

from __future__ import annotations

import shutil
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Final

import polars as pl

from connectors.base import Page
from connectors.salesforce import cells, soql
from connectors.salesforce.bulk_query import Kept
from connectors.salesforce.columns import MAY_BE_ABSENT, Reading, Wishes, readings, visible
from connectors.salesforce.mapping import mapped
from connectors.salesforce.outline import outline
from connectors.salesforce.reader import Conditions, Reader, Table
from connectors.salesforce.session import Describe, SalesforceSession
from connectors.shapes import taken_apart

#: Ids per query: their list must fit into a URL.
_IDS_PER_QUERY: Final = 200
#: A record of the running second may still be followed by another one with the same stamp.
_SETTLED_S: Final = 2
#: Salesforce keeps results for seven days; what changed since they were made is read again.
_KEPT_FOR: Final = timedelta(days=5)
#: How Salesforce writes an empty reference in some places.
_NOBODY: Final = "000000000000000AAA"


@dataclass(frozen=True, slots=True)
class Scope:
    """What of an org is read, and how.

    *crm* goes into every row, *look_back* is read again below each watermark, from *bulk_read_from* rows on a read is a
    bulk job, whose pages are kept below *downloads* until they have landed.
    """

    crm: str
    workspace_id: str
    look_back: timedelta
    downloads: Path
    wishes: Wishes = field(default_factory=Wishes)
    bulk_read_from: int = 20_000


class SalesforceSource:
    """A `connectors.base.Source`."""

    def __init__(self, session: SalesforceSession, scope: Scope) -> None:
        self._session = session
        self._scope = scope
        self._reader = Reader(session, scope.bulk_read_from)
        self._unreadable: tuple[str, ...] = ()
        self._described: dict[str, Describe | None] = {}

    def now(self) -> datetime:
        """Return the org's time, UTC, 2 s ago: up to then nothing new can be stamped."""
        return self._session.server_now() - timedelta(seconds=_SETTLED_S)

    def outline(self) -> dict[str, str]:
        """Return which fields, of which types, fill which columns, and which rows are left out.

        Raises:
            AccessError: an object or field that we cannot do without is missing or hidden, or of a wrong type.
            ConfigError: the settings map a field that the org does not have.
        """
        self._described = {}
        return outline(self._visible(), self._look)

    def pages(self, since: datetime | None, until: datetime, known: datetime | None = None) -> Iterator[Page]:
        """Yield what changed in [*since* less the look-back, *until*], deletions included.

        What was deleted or converted, or became a person, is named from *known* less the look-back on. Streams without
        a change have no page. An account comes as ``accounts`` and as ``record:account`` from one query, an
        opportunity likewise.

        Raises:
            AccessError: as in `outline`, nothing was yielded; or records that were counted did not come.
            TransientError: Salesforce is out of service; the pages so far are good, the rest is missing.
        """
        for reading in self._visible():
            begun = yield from self._rows(reading, since, until)
            # After the rows: what is deleted while we read must not stay behind as a row.
            if reading.has_deletions:
                yield from self._deletions(reading, known or since or begun, until)

    def ids(self) -> Iterator[tuple[str, pl.Series]]:
        """Yield (stream, every id visible now); flat fields have no stream of their own here.

        Raises:
            AccessError: as in `pages`.
        """
        for reading in self._visible():
            table = Table(reading.object_name, {"Id": pl.String()}, reading.where)
            frames = [pl.DataFrame(schema=table.kinds), *self._reader.read(table)]
            yield reading.views[0].stream, pl.concat(frames)["Id"]

    def links(self, ids: Mapping[str, pl.Series]) -> Iterator[tuple[str, str, pl.DataFrame]]:
        """Yield nothing: a lookup is a field, and who changes it changes its record."""
        del ids
        yield from ()

    def rows(self, stream: str, ids: Sequence[str], until: datetime) -> Iterator[Page]:
        """Yield the rows *ids* of *stream* as they are now, but for those that changed after *until*."""
        for reading in self._visible():
            if reading.views[0].stream != stream:
                continue
            where = (*reading.where, soql.compare("SystemModstamp", "<=", until))
            for start in range(0, len(ids), _IDS_PER_QUERY):
                some = soql.one_of("Id", ids[start : start + _IDS_PER_QUERY])
                for frame in self._reader.read(Table(reading.object_name, reading.kinds, (*where, some))):
                    yield from self._pages_of(reading, frame)

    def unreadable(self) -> tuple[str, ...]:
        """Return the standard fields that the org does not have, or does not show us."""
        return self._unreadable

    def landed(self) -> None:
        """Throw away what was kept of bulk jobs."""
        shutil.rmtree(self._scope.downloads, ignore_errors=True)

    def _visible(self) -> list[Reading]:
        """Return what this org lets us read. All describes come first, so that a missing field stops us at once."""
        wishes = self._scope.wishes
        every = readings(self._scope.workspace_id, wishes.read_leads)
        known = [(self._mapped(reading), self._look(reading.object_name)) for reading in every]
        self._unreadable = tuple(
            f"{reading.object_name}.{column.field}"
            for reading, fields in known
            for column in reading.views[0].columns
            if fields is not None and column.field not in fields and column.field not in MAY_BE_ABSENT
        )
        return [
            visible(self._session.where, reading, fields, wishes.person_accounts)
            for reading, fields in known
            if fields is not None or not reading.optional
        ]

    def _look(self, object_name: str) -> Describe | None:
        """Describe an object once: deploys do not happen while we read."""
        if object_name not in self._described:
            self._described[object_name] = self._session.describe(object_name)
        return self._described[object_name]

    def _mapped(self, reading: Reading) -> Reading:
        """Return *reading* with the fields that the settings map, where the org has the object at all."""
        wishes = self._scope.wishes
        wanted = {"Account": wishes.account_fields, "Opportunity": wishes.opportunity_fields}
        if reading.object_name not in wanted or self._look(reading.object_name) is None:
            return reading
        section = f"crm.{self._scope.crm}.{reading.object_name.lower()}_fields"
        return mapped(reading, wanted[reading.object_name], section, self._look)

    def _rows(
        self, reading: Reading, since: datetime | None, until: datetime
    ) -> Generator[Page, None, datetime | None]:
        """Yield what changed, and return when the reading of it began, if an earlier pull began it.

        A read that was cut short comes first: what it has, and then what changed since it began.
        """
        kept = Kept(self._scope.downloads / reading.object_name)
        begun, frames = self._resumed(reading, kept, since, until)
        if begun is None:
            kept.drop()
            frames = self._reader.read(self._table(reading, since, until), kept)
        for frame in frames:
            yield from self._pages_of(reading, frame)
        return begun

    def _pages_of(self, reading: Reading, frame: pl.DataFrame) -> Iterator[Page]:
        for view in reading.views:
            with taken_apart(self._session.where, f"values of {reading.object_name}"):
                rows = view.of_cells(frame, self._scope.crm)
            yield Page(view.stream, rows)

    def _resumed(
        self, reading: Reading, kept: Kept, since: datetime | None, until: datetime
    ) -> tuple[datetime | None, Iterator[pl.DataFrame]]:
        """Go on with what is kept, and say when it began; None if it is of another read, too old, or gone there."""
        nothing: tuple[None, Iterator[pl.DataFrame]] = None, iter(())
        job = kept.job()
        if job is None:
            return nothing
        begun = datetime.fromisoformat(job.until)
        table = self._table(reading, since, begun)
        if job.query != table.bulk_query or not timedelta(0) <= until - begun <= _KEPT_FOR:
            return nothing
        frames = self._reader.resumed(table, kept, job)
        if frames is None:
            return nothing
        return begun, chain(frames, self._reader.read(self._table(reading, begun, until)))

    def _table(self, reading: Reading, since: datetime | None, until: datetime) -> Table:
        window: Conditions = (soql.compare("SystemModstamp", "<=", until),)
        if since is not None:
            window = (soql.compare("SystemModstamp", ">=", since - self._scope.look_back), *window)
        return Table(reading.object_name, reading.kinds, (*reading.where, *window), reading.where, until)

    def _deletions(self, reading: Reading, since: datetime | None, until: datetime) -> Iterator[Page]:
        """Yield ids in the recycle bin, losers of merges among them. What left it only `ids` can tell.

        *since* None: nothing was ours to read before, so that nothing can have stopped to be.
        """
        where = self._table(reading, since, until).where
        gone = soql.compare("IsDeleted", "=", True)
        if since is not None and reading.gone:
            where, gone = where[len(reading.where) :], soql.either(gone, *reading.gone)
        kinds = {path: pl.String() for path in ("Id", *reading.follow)}
        table = Table(reading.object_name, {**kinds, "SystemModstamp": cells.DATETIME}, (*where, gone))
        for frame in self._reader.deleted(table):
            ids, merged = tuple(frame["Id"]), _successors(frame, reading.follow)
            for view in reading.views:
                yield Page(view.stream, pl.DataFrame(schema=dict(view.schema)), ids, merged)


def _successors(gone: pl.DataFrame, fields: Sequence[str]) -> dict[str, str]:
    """Return who took the place of a record, where one of *fields* says so."""
    if not fields:
        return {}
    named = gone.select("Id", pl.coalesce(pl.col(path).replace(_NOBODY, None) for path in fields).alias("successor"))
    return dict(named.drop_nulls().iter_rows())
