"""Lookups are associations here: what a record is linked to, told by ids or our keys, and changed in batches.

From one object of ours to another one there is one lookup at most, so an association without a label is enough. More
than one end is a person's doing: the one that counts is the primary, or else the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import polars as pl

from connectors.hubspot.batches import after_some
from connectors.hubspot.columns import STANDARD, Reading, link_key
from connectors.hubspot.errors import DEPLOY, MissingError
from connectors.hubspot.linking import Refused, change
from connectors.hubspot.reader import Linked, Reader
from connectors.hubspot.session import HubSpotSession
from connectors.shapes import taken_apart

#: HubSpot's own type of the association from a deal to its primary company.
_PRIMARY: Final = ("HUBSPOT_DEFINED", 5)

Links = Mapping[str, Sequence[Linked]]
#: Category and id of a type of association.
LinkType = tuple[str, int]


class Associations:
    """Reads and changes them through one session."""

    def __init__(self, session: HubSpotSession, reader: Reader) -> None:
        self._session = session
        self._reader = reader
        self._types: dict[tuple[str, str], LinkType] = {}
        self._ids: dict[tuple[str, str], str] = {}

    def path(self, target: str) -> str:
        """Return what paths call an object, by its name in `overlap.fields`."""
        return STANDARD.get(target) or self._session.portal.type_ids.get(target, target)

    def of(self, reading: Reading, ids: Sequence[str]) -> dict[str, Links]:
        """Return what the records *ids* are linked to, for each link of *reading*."""
        return {
            column: self._reader.links(reading.object_name, self.path(target), ids)
            for column, target in reading.links.items()
        }

    def told(self, reading: Reading, ids: pl.Series, links: Mapping[str, Links]) -> list[pl.Series]:
        """Return a column for each of *links*: the id of the record at the other end, or the key if it is of ours."""
        made = []
        for column, target in reading.links.items():
            ends = {record: _chosen(linked) for record, linked in links[column].items() if linked}
            key = link_key(target)
            if key is not None:
                keys = self._keys(self.path(target), key, set(ends.values()))
                ends = {record: keys[end] for record, end in ends.items() if end in keys}
            made.append(pl.Series(column, [ends.get(one) for one in ids], pl.String))
        return made

    def ids_of(self, target: str, keys: Iterable[str]) -> dict[str, str]:
        """Return the ids of the records of *target*, an object of ours, by key; a key that nobody has is left out."""
        wanted = dict.fromkeys(keys)
        unknown = [key for key in wanted if (target, key) not in self._ids]
        key_name = str(link_key(target))
        for records in self._reader.of_keys(self.path(target), key_name, (key_name,), unknown):
            with taken_apart(self._session.where, f"keys of {target}"):
                self._ids |= {(target, str(one["properties"][key_name])): str(one["id"]) for one in records}
        return {key: self._ids[target, key] for key in wanted if (target, key) in self._ids}

    def type_of(self, start: str, end: str) -> LinkType:
        """Return the type without a label from *start* to *end*, both as paths call them.

        Raises:
            MissingError: these objects have none.
        """
        if (start, end) not in self._types:
            found = self._session.read("labels", start, end)["results"]
            plain = [(str(one["category"]), int(one["typeId"])) for one in found if one["label"] is None]
            if not plain:
                raise MissingError(f"{self._session.where}: {start} and {end} cannot be associated; {DEPLOY}")
            self._types[start, end] = plain[0]
        return self._types[start, end]

    def put(self, start: str, target: str, wanted: Mapping[str, str | None]) -> Refused:
        """Link each record of *start* to the one end that is *wanted*, by id, or to none; return what was refused.

        The former end goes first, since a portal may allow one only: a record without an end is half changed. Where the
        new one is refused, the former comes back.

        Raises:
            TransientError: it is not known what was taken.
            AccessError: HubSpot refuses the whole call.
        """
        ends = start, self.path(target)
        there = self._reader.links(*ends, list(wanted))
        held = {record: [linked.id for linked in there.get(record, ())] for record in wanted}
        former = {record: [other for other in held[record] if other != one] for record, one in wanted.items()}
        gone = [{"from": {"id": record}, "to": [{"id": one} for one in ids]} for record, ids in former.items() if ids]
        # Asked before anything goes: it may fail.
        kind = [spec(self.type_of(*ends))] if any(one not in (None, *held[end]) for end, one in wanted.items()) else []
        kept = change(self._session, ends, "archive", gone)
        new = {
            record: one
            for record, one in wanted.items()
            if one is not None and one not in held[record] and record not in kept
        }
        with after_some(len(kept) < len(gone)):
            refused = change(self._session, ends, "create", [_plain(*pair, kind) for pair in new.items()])
            lost = [(record, one) for record in refused for one in former[record]]
            # What came of it shows when the record is looked at; the refusal is what its receipt is about.
            change(self._session, ends, "create", [_plain(*pair, kind) for pair in lost])
        return kept | refused

    def _keys(self, object_name: str, key: str, ids: set[str]) -> dict[str, str]:
        pieces = self._reader.of_ids(object_name, [key], sorted(ids))
        found = [one for records in pieces for one in records]
        with taken_apart(self._session.where, f"keys of {object_name}"):
            return {str(one["id"]): str(one["properties"][key]) for one in found}


def spec(one: LinkType) -> dict[str, Any]:
    """Return a type of association as a body names it."""
    return {"associationCategory": one[0], "associationTypeId": one[1]}


def _plain(record: str, other: str, kind: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"from": {"id": record}, "to": {"id": other}, "types": kind}


def _chosen(linked: Sequence[Linked]) -> str:
    """Return the one end that counts: the primary company of a deal, or else the first one."""
    primary = (one.id for one in linked if any((category, type_id) == _PRIMARY for category, type_id, _ in one.types))
    return next(primary, linked[0].id)
