"""Writes to an org through sObject Collections, and reads back what it says of given records.

A collections call answers 200 even when every record in it was refused: the truth is in the receipts, one per write.
Many records of one object go through a job of the Bulk API instead: `connectors.salesforce.bulk_ingest`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import polars as pl

from connectors.base import Bulk, Receipt, Remedy, Write
from connectors.salesforce.bulk_ingest import BulkIngest
from connectors.salesforce.columns import Reading, hidden, record_view, visible
from connectors.salesforce.error_classes import IN_COMPANY, remedy_of
from connectors.salesforce.errors import RefusedError
from connectors.salesforce.lookup import Lookup, Question
from connectors.salesforce.objects import OBJECT_NAMES, api_name, key_name
from connectors.salesforce.payload import body
from connectors.salesforce.session import SalesforceSession
from connectors.shapes import fits, taken_apart
from connectors.values import fitting
from overlap.errors import AccessError, TransientError
from overlap.fields import BY_NAME, CrmObject

#: Whole calls that are refused for what one of their records says: halves of them are tried by themselves.
_SPLIT: Final = frozenset({"JSON_PARSER_ERROR", "INVALID_INPUT", "REQUEST_TOO_LARGE", "EXCEEDED_ID_LIMIT"})
#: Calls beyond the first that halving may take: one bad record among 200 is found by as many.
MOST_HALVES: Final = 16
_REFUSAL: Final = {"errors": [{"statusCode": str, "message?": str, "fields?": [str]}]}


class SalesforceSink:
    """A `connectors.base.Sink`."""

    def __init__(self, session: SalesforceSession, bulk_write_from: int = 2_000) -> None:
        self._session = session
        self._lookup = Lookup(session)
        self._readings: dict[str, Reading] = {}
        #: The most records that one collections call takes.
        self.batch_size = 200
        self.links_apart = False
        self.bulk: Bulk | None = BulkIngest(session, bulk_write_from, self._require_fields)

    def current(self, object_name: str, keys: Sequence[str], record_ids: Sequence[str] = ()) -> pl.DataFrame:
        """Return what Salesforce says now of these records: columns of `record_schema` without ``crm``.

        A record that both its key and its id name comes once. Keys need an object of ours.

        Raises:
            AccessError: the object or one of its fields is missing or hidden.
            ValueError: *keys* of an object that is addressed by record id only.
        """
        thing = BY_NAME[object_name]
        if keys and thing.key is None:
            raise ValueError(f"{object_name} has no key: address its records by id")
        reading = self._reading(thing)
        records: dict[str, dict[str, Any]] = {}
        for path, values in ((key_name(thing), keys), ("Id", record_ids)):
            question = Question(reading.object_name, reading.paths, path)
            records.update((record["Id"], record) for record in self._lookup.records(question, values))
        with taken_apart(self._session.where, f"records of {reading.object_name}"):
            return reading.views[0].frame(list(records.values()), "").drop("crm")

    def deleted(self, object_name: str, keys: Sequence[str]) -> dict[str, str]:
        """Return the ids of records in the recycle bin that have one of *keys*, by key."""
        path = key_name(BY_NAME[object_name])
        question = Question(OBJECT_NAMES[object_name], ("Id", path), path, deleted=True)
        return {str(record[path]): record["Id"] for record in self._lookup.records(question, keys)}

    def send(self, object_name: str, batch: Sequence[Write]) -> list[Receipt]:
        """Write *batch*, updates by id and upserts by key in a call each; return the receipts in its order.

        A text that does not fit its field is refused here, in its receipt, and the rest of the batch goes out.

        Raises:
            TransientError: it is not known whether Salesforce took the batch: read back before sending again.
            AccessError: Salesforce took nothing and will not; a field that it hides from us is found before sending.
            ValueError: the plan has a bug (`payload.body`), or *batch* is larger than `batch_size`; nothing was sent.
        """
        if len(batch) > self.batch_size:
            raise ValueError(f"{len(batch)} writes, {self.batch_size} fit into a batch")
        thing = BY_NAME[object_name]
        bodies, receipts = fitting(thing, batch, body)
        self._require_fields(thing, batch)
        by_id = {place: record for place, record in bodies.items() if batch[place].record_id is not None}
        by_key = {place: record for place, record in bodies.items() if batch[place].record_id is None}
        updated = self._collection("composite/sobjects", by_id.values())
        upsert_path = f"composite/sobjects/{OBJECT_NAMES[object_name]}/{key_name(thing)}"
        upserted = self._collection(upsert_path, by_key.values(), updates_taken=bool(by_id))
        for place, result in (*zip(by_id, updated, strict=True), *zip(by_key, upserted, strict=True)):
            receipts[place] = receipt(batch[place], result)
        return [receipts[place] for place in range(len(batch))]

    def looks(self, object_name: str, by_key: int, by_id: int) -> int:
        """Return how many API calls `current` takes at most for so many keys and ids, a describe included."""
        described = int(object_name not in self._readings)
        return described + self._looks(BY_NAME[object_name], by_key, by_id)

    def calls(self, object_name: str, by_key: int, by_id: int) -> int:
        """Return how many API calls it takes at most to look at and write so many records, if nothing goes wrong."""
        kinds = (by_key > 0) + (by_id > 0)
        records = by_key + by_id
        if self.bulk is not None and records >= self.bulk.least:
            return self.looks(object_name, by_key, by_id) + kinds * self.bulk.calls
        full, rest = divmod(records, self.batch_size)
        batches = [self.batch_size] * full + [rest] * (rest > 0)
        looks = sum(self._looks(BY_NAME[object_name], min(size, by_key), min(size, by_id)) for size in batches)
        return int(object_name not in self._readings) + looks + kinds * len(batches)

    def _looks(self, thing: CrmObject, by_key: int, by_id: int) -> int:
        whole = Reading(OBJECT_NAMES[thing.name], (record_view(thing),))
        asked = ((key_name(thing), by_key), ("Id", by_id))
        return sum(Question(whole.object_name, whole.paths, path).most_calls(number) for path, number in asked)

    def _collection(
        self, path: str, bodies: Collection[dict[str, Any]], updates_taken: bool = False
    ) -> list[dict[str, Any]]:
        """Return one result per record of *bodies*, in its order; nothing is sent if there is none.

        A call that is refused as a whole for what one of its records says is halved until that record stands alone,
        by `MOST_HALVES` calls at most: what is left then is for a smaller batch.
        """
        if not bodies:
            return []
        results: list[dict[str, Any]] = []
        parts, calls = [list(bodies)], 0
        while parts:
            part = parts.pop()
            calls += 1
            try:
                results += self._answered(path, part)
            except AccessError as error:
                if not isinstance(error, RefusedError) or error.code not in _SPLIT:
                    if updates_taken or results:
                        # "Took nothing" would be a lie about the rest of this batch; "read back" is the truth.
                        raise TransientError(f"{error}; a part of the same batch was taken") from error
                    raise
                half = len(part) // 2
                if half and calls + len(parts) + 2 <= 1 + MOST_HALVES:
                    parts += [part[half:], part[:half]]
                else:
                    results += [_refused_with(error, alone=not half)] * len(part)
        return results

    def _answered(self, path: str, bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Send *bodies* in one call, and return one result for each."""
        results = self._session.patch(path, {"allOrNone": False, "records": bodies})
        if not isinstance(results, list) or len(results) != len(bodies):
            raise TransientError(f"{self._session.where}: {len(bodies)} records sent, not as many answers came back")
        if not all(_answers(record, result) for record, result in zip(bodies, results, strict=True)):
            raise TransientError(f"{self._session.where}: some answers are not of the records that were sent")
        return results

    def _require_fields(self, thing: CrmObject, batch: Sequence[Write]) -> None:
        """Refuse fields that we cannot see: Salesforce would refuse every record by itself, once per record."""
        reading = self._reading(thing)
        seen = {column.name for column in reading.views[0].columns}
        lost = {api_name(thing.by_name[name]) for write in batch for name in write.values if name not in seen}
        if lost:
            raise hidden(self._session.where, reading.object_name, sorted(lost))

    def _reading(self, thing: CrmObject) -> Reading:
        """Return what of *thing* can be read. Described once: deploys do not happen while we write."""
        if thing.name not in self._readings:
            object_name = OBJECT_NAMES[thing.name]
            whole = Reading(object_name, (record_view(thing),))
            described = self._session.describe(object_name)
            self._readings[thing.name] = visible(self._session.where, whole, described)
        return self._readings[thing.name]


def _refused_with(error: RefusedError, alone: bool) -> dict[str, Any]:
    """Return the result of a record whose call was refused as a whole; *alone*: there was no other record in it."""
    said = {"message": str(error)}
    return {"success": False, "errors": [{"statusCode": error.code if alone else IN_COMPANY, **said}]}


def _answers(record: Mapping[str, Any], result: Any) -> bool:
    """Whether *result* answers for *record*, as far as it can be told: what is upserted has no id before."""
    if not fits(result, {"success": bool}):
        return False
    if result["success"]:
        return fits(result, {"id": str}) and record.get("Id", result["id"])[:15] == result["id"][:15]
    return fits(result, _REFUSAL)


def receipt(write: Write, result: Mapping[str, Any]) -> Receipt:
    """Return what *result*, one element of a collections answer, says of *write*.

    Source: "sObject Collections" in the REST API guide: errors carry ``statusCode`` here, not ``errorCode``.
    """
    if result["success"]:
        return Receipt(write.key, result["id"], created=bool(result.get("created", False)))
    by_key = write.record_id is None
    remedies = list(Remedy)
    told = [(_remedy(error, by_key), _error_text(error)) for error in result["errors"]]
    # The worst one first: what is done about the record is done for the word that its text begins with.
    told.sort(key=lambda one: remedies.index(one[0]), reverse=True)
    return Receipt(
        write.key,
        write.record_id,
        error="; ".join(text for _, text in told) or "Salesforce gave no reason",
        remedy=told[0][0] if told else Remedy.UNKNOWN,
    )


def _remedy(error: Mapping[str, Any], by_key: bool) -> Remedy:
    return remedy_of(error["statusCode"], error.get("message") or "", error.get("fields") or (), by_key)


def _error_text(error: Mapping[str, Any]) -> str:
    fields = ", ".join(error.get("fields") or ())
    return f"{error['statusCode']}: {error.get('message') or 'no words'}" + (f" ({fields})" if fields else "")
