"""Reads a portal: what changed, what was archived or merged, and the complete list of ids.

The watermark is hs_lastmodifieddate. Search finds what changed since, but its index lags behind: hence the look-back
below *since*, rows that come twice, and lists, which do not lag, for a full read and for the sweep.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from connectors.base import Page
from connectors.hubspot import cells, columns, derived, labels
from connectors.hubspot.associations import Associations
from connectors.hubspot.columns import COMPANY, MERGED, Reading
from connectors.hubspot.errors import DEPLOY, MissingError
from connectors.hubspot.mapping import Wishes, mapped
from connectors.hubspot.outline import outline
from connectors.hubspot.owners import users
from connectors.hubspot.portal import COMPANIES, DEALS
from connectors.hubspot.reader import Filter, Reader, Record
from connectors.hubspot.session import HubSpotSession, Properties
from connectors.shapes import taken_apart

#: A record of the running second may still be followed by another one with the same stamp.
_SETTLED_S: Final = 2


@dataclass(frozen=True, slots=True)
class Scope:
    """What of a portal is read. *crm* goes into every row, *look_back* is read again below each watermark."""

    crm: str
    workspace_id: str
    look_back: timedelta
    wishes: Wishes = field(default_factory=Wishes)


class HubSpotSource:
    """A `connectors.base.Source`."""

    def __init__(self, session: HubSpotSession, scope: Scope) -> None:
        self._session = session
        self._scope = scope
        self._reader = Reader(session)
        self._associations = Associations(session, self._reader)
        self._unreadable: tuple[str, ...] = ()
        self._defined: dict[str, Properties] = {}
        self._stages: Mapping[str, derived.Stage] = {}
        self._labels: Mapping[int, str] = {}
        self._zone = session.portal.zone

    def now(self) -> datetime:
        """Return the portal's time, UTC, 2 s ago: up to then nothing new can be stamped."""
        return self._session.server_now() - timedelta(seconds=_SETTLED_S)

    def outline(self) -> dict[str, str]:
        """Return which properties, of which types, fill which columns, and which rows come; stages and labels too.

        Raises:
            AccessError: an object or property that we cannot do without is missing, or of a wrong type.
            ConfigError: the settings map a property that the portal does not have.
        """
        self._defined = {}
        visible = self._visible()
        return outline(visible, self._look, self._scope.wishes, self._stages, self._labels)

    def pages(self, since: datetime | None, until: datetime, known: datetime | None = None) -> Iterator[Page]:
        """Yield what changed in [*since* less the look-back, *until*], archived and merged records included.

        What was archived is named from *known* less the look-back on; without a time, all that is still there.
        A company comes as ``accounts`` and as ``record:account`` from one call, a deal likewise.

        Raises:
            AccessError: as in `outline`, nothing was yielded.
            TransientError: HubSpot is out of service; the pages so far are good, the rest is missing.
        """
        start, gone_since = self._early(since), self._early(known or since)
        visible = self._visible()
        yield Page("users", users(self._session, self._scope.crm))
        for reading in visible:
            for records in self._changed(reading, start, until):
                for page in self._pages_of(reading, records):
                    # Of a label that is not there, a first read has nothing to forget.
                    is_new = since is None and page.stream == labels.STREAM
                    yield replace(page, deleted=()) if is_new else page
            # After the rows: what is archived while we read must not stay behind as a row.
            yield from self._archived(reading, gone_since, until)

    def ids(self) -> Iterator[tuple[str, pl.Series]]:
        """Yield (stream, every id visible now); flat fields have no stream of their own here.

        Raises:
            AccessError: as in `pages`.
        """
        for reading in self._visible():
            names = [name for name in ("workspace", reading.ours.key) if name] if reading.ours else ["hs_object_id"]
            found = [
                str(one["id"])
                for records in self._reader.every(reading.object_name, names)
                for one in self._ours(reading, records)
            ]
            yield reading.views[0].stream, pl.Series("id", found, pl.String)
            if reading.object_name == DEALS:
                yield from labels.ids(self._reader, self._labels, found)
        yield "users", users(self._session, self._scope.crm)["id"]

    def links(self, ids: Mapping[str, pl.Series]) -> Iterator[tuple[str, str, pl.DataFrame]]:
        """Yield (stream, column, ``id`` and ``end``) of what rows *ids*, by stream, are associated with now.

        Who associates two records need change neither of them: no stamp tells of it.

        Raises:
            AccessError: as in `pages`.
        """
        for reading in self._visible():
            view, rows = reading.views[0], ids.get(reading.views[0].stream, pl.Series("id", [], pl.String))
            names = {column.source: column.name for column in view.columns}
            found = self._associations.of(reading, rows.to_list())
            for told in self._associations.told(reading, rows, found):
                yield view.stream, names[told.name], pl.DataFrame({"id": rows, "end": told})

    def rows(self, stream: str, ids: Sequence[str], until: datetime) -> Iterator[Page]:
        """Yield the rows *ids* of *stream* as they are now, but for those that changed after *until*."""
        if stream == "users":
            yield Page(stream, users(self._session, self._scope.crm).filter(pl.col("id").is_in(list(ids))))
        if stream == labels.STREAM:
            links = self._reader.links(DEALS, COMPANIES, labels.deals_of(ids)) if self._labels else {}
            found = labels.page(links, self._labels, {}, self._scope.crm)
            yield Page(stream, found.rows.filter(pl.col("id").is_in(list(ids))))
        for reading in self._visible():
            if reading.views[0].stream == stream:
                for records in self._reader.of_ids(reading.object_name, reading.properties, ids):
                    settled = [one for one in records if _stamp(one) <= until]
                    yield from self._pages_of(reading, self._ours(reading, settled))

    def unreadable(self) -> tuple[str, ...]:
        """Return the standard properties that the portal does not have."""
        return self._unreadable

    def landed(self) -> None:
        """Nothing is kept for a restart."""

    # --- what there is to read --------------------------------------------------------------------------------------

    def _visible(self) -> list[Reading]:
        """Return what this portal lets us read. All definitions come first, so that a missing one stops us at once."""
        scope, every = self._scope, columns.readings(self._session.portal)
        found = [mapped(one, scope.crm, scope.wishes, self._look(one.object_name)) for one in every]
        self._unreadable = tuple(
            name for one in found[:2] for name in columns.unreadable(one, self._look(one.object_name))
        )
        self._stages = derived.stages_of(self._session.read("pipelines", DEALS)["results"])
        self._labels = self._session.labels(DEALS, COMPANIES)
        return [columns.visible(self._session.where, one, self._look(one.object_name)) for one in found]

    def _look(self, object_name: str) -> Properties:
        """Return what the portal says of the properties of an object, asked once: setups do not happen while we read.

        Raises:
            MissingError: there is no such object.
        """
        if object_name not in self._defined:
            found = self._session.properties(object_name)
            if found is None:
                raise MissingError(f"{self._session.where}: object {object_name} is missing; {DEPLOY}")
            self._defined[object_name] = found
        return self._defined[object_name]

    # --- records ----------------------------------------------------------------------------------------------------

    def _changed(self, reading: Reading, start: datetime | None, until: datetime) -> Iterator[list[Record]]:
        if start is None:
            found = self._reader.every(reading.object_name, reading.properties)
        else:
            groups = self._groups(reading)
            found = self._reader.changed(reading.object_name, reading.properties, (start, until), groups)
        for records in found:
            yield self._ours(reading, records)

    def _early(self, at: datetime | None) -> datetime | None:
        return None if at is None else at - self._scope.look_back

    def _groups(self, reading: Reading) -> list[list[Filter]]:
        """Filters for the records of this workspace, and for those that a person made by hand and have no key yet."""
        if reading.ours is None:
            return [[]]
        ours = {"propertyName": "workspace", "operator": "EQ", "value": self._scope.workspace_id}
        return [[ours], [{"propertyName": str(reading.ours.key), "operator": "NOT_HAS_PROPERTY"}]]

    def _ours(self, reading: Reading, records: list[Record]) -> list[Record]:
        if reading.ours is None:
            return records
        key, workspace = str(reading.ours.key), self._scope.workspace_id
        return [
            one for one in records if one["properties"].get("workspace") == workspace or not one["properties"].get(key)
        ]

    def _pages_of(self, reading: Reading, records: list[Record]) -> Iterator[Page]:
        """Yield what *records* bring to each stream, and which records they were merged from."""
        if not records:
            return
        with taken_apart(self._session.where, f"properties of {reading.name}"):
            found = cells.frame(records, reading.properties, self._look(reading.object_name))
        links = self._associations.of(reading, found["id"].to_list())
        found = self._derived(reading, found.with_columns(self._associations.told(reading, found["id"], links)))
        losers = _losers(found) if MERGED in found.columns else {}
        for view in reading.views:
            yield Page(view.stream, view.of(found, self._scope.crm, self._zone), tuple(losers), losers)
        if reading.object_name == DEALS and self._labels:
            stamps = dict(found.select("id", "hs_lastmodifieddate").iter_rows())
            yield labels.page(links[COMPANY], self._labels, stamps, self._scope.crm)

    def _derived(self, reading: Reading, found: pl.DataFrame) -> pl.DataFrame:
        if reading.object_name == DEALS:
            return derived.of_deals(found, self._stages)
        if reading.object_name == COMPANIES:
            wishes, portal = self._scope.wishes, self._session.portal
            # Where a portal has one currency only, it is nowhere told beside an amount.
            currency = portal.currency if portal.other_currencies else None
            return derived.of_companies(found, wishes.customer_stages, wishes.partner_types, currency)
        return found

    def _archived(self, reading: Reading, start: datetime | None, until: datetime) -> Iterator[Page]:
        for records in self._reader.archived(reading.object_name, start, until):
            ids = tuple(str(one["id"]) for one in records)
            for view in reading.views:
                yield Page(view.stream, pl.DataFrame(schema=dict(view.schema)), ids)


def _losers(found: pl.DataFrame) -> dict[str, str]:
    """Return the ids that records were merged from, each with the one that took its place."""
    merged = found.select("id", pl.col(MERGED).str.split(";").alias("loser")).explode("loser").drop_nulls()
    pairs = merged.filter((pl.col("loser") != "") & (pl.col("loser") != pl.col("id")))
    return dict(pairs.select("loser", "id").iter_rows())


def _stamp(record: Record) -> datetime:
    return datetime.fromisoformat(str(record["updatedAt"]))
