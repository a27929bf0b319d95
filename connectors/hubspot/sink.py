"""Writes to a portal, and reads back what it says of given records.

A new record is made with its associations in one call, and its key is unique: no second one comes of it, whoever sends
it again. A record that exists is changed in its properties first and in its links then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import polars as pl

from connectors.base import Bulk, Receipt, Write
from connectors.hubspot import batches, cells
from connectors.hubspot.associations import Associations, spec
from connectors.hubspot.batches import MOST, TRACE, Answers, after_some
from connectors.hubspot.columns import is_link, link_key
from connectors.hubspot.definitions import Definitions
from connectors.hubspot.error_classes import of_link, remedy_of, text_of
from connectors.hubspot.payload import Draft, draft
from connectors.hubspot.reader import Reader, Record
from connectors.hubspot.session import HubSpotSession
from connectors.shapes import taken_apart
from connectors.values import fitting
from overlap.fields import BY_NAME, CrmObject

_LINKS_PER_CALL: Final = 1_000
#: Calls that change one link of a batch of records: what there is, what goes, what comes.
_CALLS_PER_LINK: Final = 3

Drafts = Mapping[int, Draft]


class HubSpotSink:
    """A `connectors.base.Sink`."""

    def __init__(self, session: HubSpotSession) -> None:
        self._session = session
        self._reader = Reader(session)
        self._associations = Associations(session, self._reader)
        #: What the portal has to write into.
        self.definitions = Definitions(session)
        #: The most records that one call takes.
        self.batch_size = MOST
        #: Properties go first, links then.
        self.links_apart = True
        #: HubSpot's imports answer for no single record.
        self.bulk: Bulk | None = None

    def current(self, object_name: str, keys: Sequence[str], record_ids: Sequence[str] = ()) -> pl.DataFrame:
        """Return what HubSpot says now of these records: columns of `record_schema` without ``crm``.

        A record that both its key and its id name comes once. Keys need an object of ours.

        Raises:
            AccessError: the object or one of its properties is missing.
            ValueError: *keys* of an object that is addressed by record id only.
        """
        thing = BY_NAME[object_name]
        if keys and thing.key is None:
            raise ValueError(f"{object_name} has no key: address its records by id")
        reading, defined = self.definitions.reading(thing), self.definitions.of(thing)
        names = reading.properties
        found: dict[str, Record] = {}
        by_id = self._reader.of_ids(reading.object_name, names, list(dict.fromkeys(record_ids)))
        by_key = self._reader.of_keys(reading.object_name, str(thing.key), names, list(dict.fromkeys(keys)))
        for portion in (*by_id, *by_key):
            found |= {str(one["id"]): one for one in portion}
        with taken_apart(self._session.where, f"properties of {reading.name}"):
            frame = cells.frame(list(found.values()), names, defined)
        links = self._associations.of(reading, frame["id"].to_list())
        frame = frame.with_columns(self._associations.told(reading, frame["id"], links))
        return reading.views[0].of(frame, "", self._session.portal.zone).drop("crm")

    def deleted(self, object_name: str, keys: Sequence[str]) -> dict[str, str]:
        """Return the ids of archived records that have one of *keys*, by key: HubSpot keeps them for 90 days."""
        key = str(BY_NAME[object_name].key)
        portions = self._reader.gone(self._associations.path(object_name), key, list(dict.fromkeys(keys)))
        return {str(one["properties"].get(key)): str(one["id"]) for portion in portions for one in portion}

    def send(self, object_name: str, batch: Sequence[Write]) -> list[Receipt]:
        """Write *batch*, updates by id and new records by key; return the receipts in its order.

        A text that does not fit its field is refused here, in its receipt, and the rest of the batch goes out.

        Raises:
            TransientError: it is not known whether HubSpot took the batch: read back before sending again.
            AccessError: HubSpot took nothing and will not; a property that is missing is found before sending.
            ValueError: the plan has a bug (`payload.draft`), or *batch* is larger than `batch_size`; nothing was sent.
        """
        if len(batch) > self.batch_size:
            raise ValueError(f"{len(batch)} writes, {self.batch_size} fit into a batch")
        thing = BY_NAME[object_name]
        drafts, receipts = fitting(thing, batch, draft)
        self.definitions.require(thing, drafts.values())
        self.definitions.offer(thing, drafts.values())
        ends = self._ends(thing, drafts)
        for place, lost in _lost_links(thing, drafts, ends):
            receipts[place] = _refused(drafts.pop(place).write, {"category": "MISSING_REFERENCE", "message": lost})
        there = {place: str(one.write.record_id) for place, one in drafts.items() if one.write.record_id is not None}
        receipts |= self._update(thing, drafts, there, ends)
        new = {place: one for place, one in drafts.items() if one.write.record_id is None}
        with after_some(any(receipts[place].error is None or receipts[place].partly for place in there)):
            receipts |= self._create(thing, new, ends)
        return [receipts[place] for place in range(len(batch))]

    def looks(self, object_name: str, by_key: int, by_id: int) -> int:
        """Return how many API calls `current` takes at most for so many keys and ids, definitions included."""
        thing = BY_NAME[object_name]
        return self._first_calls(thing) + _looks(thing, by_key, by_id)

    def calls(self, object_name: str, by_key: int, by_id: int) -> int:
        """Return how many API calls it takes at most to look at and write so many records, if nothing goes wrong."""
        thing = BY_NAME[object_name]
        full, rest = divmod(by_key + by_id, self.batch_size)
        links = [one for one in thing.engine_fields if is_link(thing, one.name)]
        ours = sum(link_key(str(one.target)) is not None for one in links)
        kinds = (by_key > 0) + (by_id > 0)
        total = self._first_calls(thing) + len(links)
        for size in [self.batch_size] * full + [rest] * (rest > 0):
            changed = _CALLS_PER_LINK * len(links) if by_id else 0
            total += _looks(thing, min(size, by_key), min(size, by_id)) + kinds + ours + changed
        return total

    # --- one kind of write ------------------------------------------------------------------------------------------

    def _update(
        self, thing: CrmObject, drafts: Drafts, there: Mapping[int, str], ends: Mapping[str, Mapping[str, str]]
    ) -> dict[int, Receipt]:
        """Change the records *there*, by the places of their drafts: properties first, then links."""
        inputs = [
            {
                "id": record,
                "properties": self.definitions.properties(thing, drafts[place]),
                TRACE: drafts[place].write.key,
            }
            for place, record in there.items()
        ]
        path = self._associations.path(thing.name)
        found = batches.send(self._session, path, "update", [one for one in inputs if one["properties"]])
        left = {place: record for place, record in there.items() if drafts[place].write.key not in found.refused}
        with after_some(bool(found.taken)):
            unlinked = self._link(thing, {place: drafts[place] for place in left}, left, ends)
        why = {trace: list(refused.values())[-1] for trace, refused in unlinked.items()}
        receipts = _receipts(drafts, there, Answers(found.taken, found.refused | why), new=False)
        for place in left:
            if (refused := unlinked.get(drafts[place].write.key)) is not None:
                landed = tuple(name for name in drafts[place].write.values if name not in refused)
                receipts[place] = replace(receipts[place], partly=True, landed=landed)
        return receipts

    def _link(
        self, thing: CrmObject, drafts: Drafts, there: Mapping[int, str], ends: Mapping[str, Mapping[str, str]]
    ) -> dict[str, dict[str, Mapping[str, Any]]]:
        """Give records the ends of their links that are to be written; return refusals by trace, and then by field."""
        refused: dict[str, dict[str, Mapping[str, Any]]] = {}
        traces = {record: drafts[place].write.key for place, record in there.items()}
        done = False
        for name in dict.fromkeys(name for one in drafts.values() for name in one.links):
            target = str(thing.by_name[name].target)
            wanted = {
                there[place]: _end(ends, target, one.links[name]) for place, one in drafts.items() if name in one.links
            }
            with after_some(done):
                said = self._associations.put(self._associations.path(thing.name), target, wanted)
            for record, error in said.items():
                refused.setdefault(traces[record], {})[name] = of_link(error)
            done = True
        return refused

    def _create(self, thing: CrmObject, new: Drafts, ends: Mapping[str, Mapping[str, str]]) -> dict[int, Receipt]:
        """Make *new* records. One that is refused may be there already: its key says so, and then it is changed."""
        path = self._associations.path(thing.name)
        inputs = [
            {
                "properties": self.definitions.properties(thing, one),
                "associations": list(self._inline(thing, one, ends)),
                TRACE: one.write.key,
            }
            for one in new.values()
        ]
        found = batches.send(self._session, path, "create", inputs)
        made = {place: found.taken[one.write.key] for place, one in new.items() if one.write.key in found.taken}
        receipts = _receipts(new, made, found, new=True)
        if not found.refused:
            return receipts
        with after_some(bool(made)):
            places = {one.write.key: place for place, one in new.items() if place not in made}
            there = {places[key]: record for key, record in self._associations.ids_of(thing.name, places).items()}
            refused = {place: one for place, one in new.items() if place not in made and place not in there}
            receipts |= _receipts(refused, {}, found, new=True)
            return receipts | self._update(thing, new, there, ends)

    def _inline(self, thing: CrmObject, one: Draft, ends: Mapping[str, Mapping[str, str]]) -> Iterator[dict[str, Any]]:
        for name, end in one.links.items():
            target = str(thing.by_name[name].target)
            record = _end(ends, target, end)
            if record is not None:
                link = self._associations.type_of(self._associations.path(thing.name), self._associations.path(target))
                yield {"to": {"id": record}, "types": [spec(link)]}

    def _ends(self, thing: CrmObject, drafts: Drafts) -> dict[str, dict[str, str]]:
        """Return the ids of the records of ours that *drafts* lead to, by object and key."""
        keys: dict[str, list[str]] = {}
        for one in drafts.values():
            for name, end in one.links.items():
                target = str(thing.by_name[name].target)
                if end is not None and link_key(target) is not None:
                    keys.setdefault(target, []).append(end)
        return {target: self._associations.ids_of(target, ends) for target, ends in keys.items()}

    def _first_calls(self, thing: CrmObject) -> int:
        return int(not self.definitions.known(thing))


def _looks(thing: CrmObject, by_key: int, by_id: int) -> int:
    """Return how many calls it takes to read so many records with their links, and the keys of what they lead to."""
    total = -(-by_key // MOST) + -(-by_id // MOST)
    for one in thing.fields:
        if is_link(thing, one.name):
            records = by_key + by_id
            total += -(-records // _LINKS_PER_CALL)
            total += -(-records // MOST) if link_key(str(one.target)) is not None else 0
    return total


def _lost_links(thing: CrmObject, drafts: Drafts, ends: Mapping[str, Mapping[str, str]]) -> list[tuple[int, str]]:
    """Return the places of drafts with a link to a record of ours that is not there, and which."""
    lost = []
    for place, one in drafts.items():
        for name, end in one.links.items():
            target = str(thing.by_name[name].target)
            if end is not None and _end(ends, target, end) is None:
                lost.append((place, f"no {target} record has the key {end} ({name})"))
                break
    return lost


def _end(ends: Mapping[str, Mapping[str, str]], target: str, end: str | None) -> str | None:
    """Return the id of a record that a link leads to; ends of the CRM's own objects are ids."""
    return ends.get(target, {}).get(end or "") if link_key(target) is not None else end


def _receipts(drafts: Drafts, there: Mapping[int, str], found: Answers, *, new: bool) -> dict[int, Receipt]:
    """Return the receipts of *drafts* that are *there* now, or were refused."""
    receipts: dict[int, Receipt] = {}
    for place, one in drafts.items():
        if one.write.key in found.refused:
            receipts[place] = _refused(one.write, found.refused[one.write.key])
        elif place in there:
            receipts[place] = Receipt(one.write.key, there[place], created=new)
    return receipts


def _refused(write: Write, error: Mapping[str, Any]) -> Receipt:
    remedy = remedy_of(error, new=write.record_id is None)
    return Receipt(write.key, write.record_id, error=text_of(error), remedy=remedy)
