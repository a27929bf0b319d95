"""Reads the records of one object: all of them, those that changed, those that are archived, those of some ids.

A list is complete and has no end that it stops at; a search brings what changed, but never more than 10,000 results of
one query, and its index may lag behind. Both are gone through by id: a search is asked anew after the last id of the
page before, so that any number of records may share one moment. Source: HubSpot's guides to search and to the CRM API.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from connectors.hubspot.error_classes import category, text_of
from connectors.hubspot.errors import NOT_FOUND
from connectors.hubspot.session import HubSpotSession
from connectors.shapes import strange
from overlap.errors import TransientError

#: Records per page of a list and per batch of ids, and per page of a search.
_PAGE: Final = 100
_SEARCH_PAGE: Final = 200
#: Records that are worked on at once: a frame of few rows costs as much as one of many.
_PORTION: Final = 2_000
#: Records whose associations one call may ask for.
_LINKS_PER_CALL: Final = 1_000
#: What HubSpot says of a row that is not there. What is no id of its own, such as that of another CRM, is none either.
_ABSENT: Final = frozenset({NOT_FOUND, "VALIDATION_ERROR"})
STAMP: Final = "hs_lastmodifieddate"

Record = Mapping[str, Any]
Filter = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Linked:
    """A record at the other end of an association, and by which types: (category, id, label)."""

    id: str
    types: tuple[tuple[str, int, str | None], ...]


class Reader:
    """Reads through one session."""

    def __init__(self, session: HubSpotSession) -> None:
        self._session = session

    def every(self, object_name: str, properties: Sequence[str]) -> Iterator[list[Record]]:
        """Yield all records that are not archived, in portions."""
        return _portions(self._listed(object_name, properties, archived=False))

    def archived(self, object_name: str, since: datetime | None, until: datetime) -> Iterator[list[Record]]:
        """Yield the records that were archived in [*since*, *until*] and are still there, in portions."""
        gone = self._listed(object_name, ("hs_object_id",), archived=True)
        return _portions([one for one in page if _is_within(one, since, until)] for page in gone)

    def changed(
        self,
        object_name: str,
        properties: Sequence[str],
        window: tuple[datetime, datetime],
        groups: Sequence[Sequence[Filter]] = ((),),
    ) -> Iterator[list[Record]]:
        """Yield the records that were modified within *window*, both ends included, in portions.

        *groups* are further filters: all of one group must hold.
        """
        since, until = window
        span = [_compare(STAMP, "GTE", _milliseconds(since)), _compare(STAMP, "LTE", _milliseconds(until))]
        return _portions(self._found(object_name, properties, [[*span, *group] for group in groups]))

    def of_ids(self, object_name: str, properties: Sequence[str], ids: Sequence[str]) -> Iterator[list[Record]]:
        """Yield the records with these *ids*, in portions; an id that nobody has any more brings nothing.

        A record that was merged into another one comes under the id that it has now.
        """
        return _portions(self._batches(object_name, properties, ids))

    def of_keys(
        self, object_name: str, key: str, properties: Sequence[str], keys: Sequence[str]
    ) -> Iterator[list[Record]]:
        """Yield the records with these values of the unique property *key*, in portions."""
        return _portions(self._batches(object_name, properties, keys, key))

    def gone(self, object_name: str, key: str, keys: Sequence[str]) -> Iterator[list[Record]]:
        """Yield the archived records with these values of the unique property *key*, in portions.

        The archive may be large: it is asked for these alone. Source: HubSpot's specification of batch/read, which
        takes ``archived`` beside ``idProperty``.
        """
        return _portions(self._batches(object_name, (key,), keys, key, archived=True))

    def links(self, start: str, end: str, ids: Sequence[str]) -> dict[str, list[Linked]]:
        """Return for each of *ids*, records of *start*, the records of *end* that it is associated with."""
        found: dict[str, list[Linked]] = {}
        wanted: list[dict[str, str]] = [{"id": one} for one in ids]
        while wanted:
            portion, wanted = wanted[:_LINKS_PER_CALL], wanted[_LINKS_PER_CALL:]
            said = self._session.read("associations", start, end, "read", body={"inputs": portion})
            for row in self._results(said):
                record = str(row["from"]["id"])
                found.setdefault(record, []).extend(map(_linked, row["to"]))
                following = ((row.get("paging") or {}).get("next") or {}).get("after")
                more = {"id": record, "after": str(following)}
                if more in portion:
                    raise strange(self._session.where, "associations after which the same ones come")
                if following is not None:
                    wanted.append(more)
        return found

    def _listed(self, object_name: str, properties: Sequence[str], archived: bool) -> Iterator[list[Record]]:
        query = [("limit", str(_PAGE)), ("archived", str(archived).lower())]
        query += [("properties", name) for name in properties]
        yield from self._session.pages("objects", object_name, query=query)

    def _found(
        self, object_name: str, properties: Sequence[str], groups: Sequence[Sequence[Filter]]
    ) -> Iterator[list[Record]]:
        body: dict[str, Any] = {
            "filterGroups": [{"filters": list(group)} for group in groups],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": list(properties),
            "limit": _SEARCH_PAGE,
        }
        further: Filter = {}
        while True:
            page = self._session.read("search", object_name, body=body)["results"]
            yield page
            if len(page) < _SEARCH_PAGE:
                return
            before, further = further, _compare("hs_object_id", "GT", str(page[-1]["id"]))
            if further == before:
                raise strange(self._session.where, "a page of a search that came before")
            body = {**body, "filterGroups": [{"filters": [*group, further]} for group in groups]}

    def _batches(
        self,
        object_name: str,
        properties: Sequence[str],
        ids: Sequence[str],
        key: str | None = None,
        *,
        archived: bool = False,
    ) -> Iterator[list[Record]]:
        query = [("archived", "true")] if archived else ()
        for start in range(0, len(ids), _PAGE):
            body: dict[str, Any] = {
                "inputs": [{"id": one} for one in ids[start : start + _PAGE]],
                "properties": list(properties),
                "propertiesWithHistory": [],
            }
            if key is not None:
                body["idProperty"] = key
            yield self._results(self._session.read("batch", object_name, "read", query=query, body=body))

    def _results(self, said: Mapping[str, Any]) -> list[Record]:
        """Return the rows of a batch. What is left out must not be there: a row that could not be read is no such row.

        Raises:
            TransientError: HubSpot could not read some.
        """
        errors = said.get("errors") or []
        failed = [text_of(one) for one in errors if category(one) not in _ABSENT]
        if failed or (said.get("numErrors") and not errors):
            why = failed[0] if failed else "HubSpot does not say why"
            raise TransientError(f"{self._session.where}: a part of a batch could not be read, try again later: {why}")
        return list(said["results"])


def _portions(pages: Iterable[list[Record]]) -> Iterator[list[Record]]:
    portion: list[Record] = []
    for page in pages:
        portion += page
        if len(portion) >= _PORTION:
            yield portion
            portion = []
    if portion:
        yield portion


def _is_within(record: Record, since: datetime | None, until: datetime) -> bool:
    at = record.get("archivedAt")
    if at is None:
        return True
    archived_at = datetime.fromisoformat(str(at))
    return (since is None or archived_at >= since) and archived_at <= until


def _compare(name: str, operator: str, value: str) -> Filter:
    return {"propertyName": name, "operator": operator, "value": value}


def _milliseconds(at: datetime) -> str:
    return str(int(at.timestamp() * 1000))


def _linked(row: Mapping[str, Any]) -> Linked:
    types = ((str(one["category"]), int(one["typeId"]), one.get("label")) for one in row["associationTypes"])
    return Linked(str(row["toObjectId"]), tuple(types))
