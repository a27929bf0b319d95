"""Writes to an org through sObject Collections, and reads back what it says of given records.

A collections call answers 200 even when every record in it was refused: the truth is in the receipts, one per write.
Many records of one object go through a job of the Bulk API instead: `connectors.salesforce.bulk_ingest`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

import polars as pl
import requests

from connectors.base import Bulk, Receipt, Remedy, Write
from connectors.salesforce import soql
from connectors.salesforce.bulk_ingest import CALLS_OF_A_JOB, BulkIngest
from connectors.salesforce.columns import Reading, hidden, record_view, visible
from connectors.salesforce.error_classes import remedy_of
from connectors.salesforce.errors import RefusedError
from connectors.salesforce.objects import OBJECT_NAMES, api_name, key_name
from connectors.salesforce.payload import body
from connectors.salesforce.session import SalesforceSession
from overlap.errors import AccessError, RecordError, TransientError
from overlap.fields import BY_NAME, CrmObject

#: Characters of a query in its URL. Salesforce refuses URLs of 16k and more, with a page of HTML.
_QUERY_LENGTH: Final = 14_000
#: Records that a page of a query's answer has at most.
_PAGE: Final = 2_000
#: Queries for given records from which on it is worth a call to see whether reading all between them is less.
_WORTH_A_SCAN: Final = 4
#: Whole calls that are refused for what one of their records says: halves of them are tried by themselves.
_SPLIT: Final = frozenset({"JSON_PARSER_ERROR", "INVALID_INPUT", "REQUEST_TOO_LARGE", "EXCEEDED_ID_LIMIT"})


class SalesforceSink:
    """A `connectors.base.Sink`."""

    def __init__(self, session: SalesforceSession, bulk_write_from: int = 2_000) -> None:
        self._session = session
        self._readings: dict[str, Reading] = {}
        #: The most records that one collections call takes.
        self.batch_size = 200
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
            records.update((record["Id"], record) for record in self._records(reading, path, values))
        return reading.views[0].frame(list(records.values()), "").drop("crm")

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
        bodies, receipts = _serialised(thing, batch)
        self._require_fields(thing, batch)
        by_id = {place: record for place, record in bodies.items() if batch[place].record_id is not None}
        by_key = {place: record for place, record in bodies.items() if batch[place].record_id is None}
        updated = self._collection("composite/sobjects", by_id.values())
        upsert_path = f"composite/sobjects/{OBJECT_NAMES[object_name]}/{key_name(thing)}"
        upserted = self._collection(upsert_path, by_key.values(), updates_taken=bool(by_id))
        for place, result in (*zip(by_id, updated, strict=True), *zip(by_key, upserted, strict=True)):
            receipts[place] = receipt(batch[place], result)
        return [receipts[place] for place in range(len(batch))]

    def calls(self, records: int) -> int:
        """Return about how many API calls it takes to look at and write *records* of one object."""
        if self.bulk is None or records < self.bulk.least:
            return 2 * -(-records // self.batch_size)
        return 1 + -(-records // _PAGE) + CALLS_OF_A_JOB

    def _records(self, reading: Reading, path: str, values: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Yield the records whose *path* is one of *values*, by as few calls as it takes."""
        lists = list(_lists(reading, path, values))
        if len(lists) >= _WORTH_A_SCAN and (scanned := self._scan(reading, path, values, len(lists))) is not None:
            yield from scanned
            # Texts are compared by the org's rules and ids by Salesforce's: what lay outside our range is asked for.
            missing = set(values).difference(record[path] for record in scanned) if path == "Id" else ()
            lists = list(_lists(reading, path, sorted(missing)))
        for where in lists:
            yield from self._session.query(soql.select(reading.object_name, reading.paths, (where,)))

    def _scan(self, reading: Reading, path: str, values: Sequence[str], most: int) -> list[dict[str, Any]] | None:
        """Return the records of *values* by reading all between the least and the greatest of them.

        None if that is more than *most* calls, which the first page says.
        """
        between = (soql.compare(path, ">=", min(values)), soql.compare(path, "<=", max(values)))
        page = self._page(f"query?{urlencode({'q': soql.select(reading.object_name, reading.paths, between)})}")
        if page["totalSize"] > most * _PAGE:
            return None
        wanted = set(values)
        found = []
        while True:
            found += [record for record in page["records"] if record[path] in wanted]
            if page["done"]:
                return found
            page = self._page("query/" + page["nextRecordsUrl"].rpartition("/")[2])

    def _page(self, path: str) -> dict[str, Any]:
        page = _json(self._session.send("GET", path))
        if not isinstance(page, dict) or not {"totalSize", "done", "records"} <= page.keys():
            raise TransientError(f"{self._session.where}: answered with something that is no page of records")
        return page

    def _collection(
        self, path: str, bodies: Collection[dict[str, Any]], updates_taken: bool = False
    ) -> list[dict[str, Any]]:
        """Return one result per record of *bodies*, in its order; nothing is sent if there is none.

        A call that is refused as a whole for what one of its records says is halved until that record stands alone.
        """
        if not bodies:
            return []
        try:
            results = self._session.patch(path, {"allOrNone": False, "records": list(bodies)})
        except AccessError as error:
            if isinstance(error, RefusedError) and error.code in _SPLIT:
                return self._halves(path, list(bodies), updates_taken, error)
            if updates_taken:
                # "Took nothing" would be a lie about the updates of this batch; "read back" is the truth.
                raise TransientError(f"{error}; the updates of the same batch were taken") from error
            raise
        if not isinstance(results, list) or len(results) != len(bodies):
            raise TransientError(f"{self._session.where}: {len(bodies)} records sent, not as many answers came back")
        return results

    def _halves(
        self, path: str, bodies: list[dict[str, Any]], updates_taken: bool, error: RefusedError
    ) -> list[dict[str, Any]]:
        """Send again, in halves, what was refused as a whole with *error*; one record by itself is what was meant."""
        half = len(bodies) // 2
        if not half:
            return [{"success": False, "errors": [{"statusCode": error.code, "message": str(error)}]}]
        first = self._collection(path, bodies[:half], updates_taken)
        return first + self._collection(path, bodies[half:], updates_taken=True)

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


def _json(reply: requests.Response) -> Any:
    try:
        return reply.json()
    except requests.exceptions.JSONDecodeError:
        return None


def _serialised(thing: CrmObject, batch: Sequence[Write]) -> tuple[dict[int, dict[str, Any]], dict[int, Receipt]]:
    """Return (bodies to send, receipts of writes that do not fit), both by their place in *batch*."""
    bodies: dict[int, dict[str, Any]] = {}
    refused: dict[int, Receipt] = {}
    for place, write in enumerate(batch):
        try:
            bodies[place] = body(thing, write)
        except RecordError as error:
            refused[place] = Receipt(write.key, write.record_id, error=str(error), remedy=Remedy.REJECT)
    return bodies, refused


def receipt(write: Write, result: Mapping[str, Any]) -> Receipt:
    """Return what *result*, one element of a collections answer, says of *write*.

    Source: "sObject Collections" in the REST API guide: errors carry ``statusCode`` here, not ``errorCode``.
    """
    if result["success"]:
        return Receipt(write.key, result["id"], created=bool(result.get("created", False)))
    errors = result["errors"]
    by_key = write.record_id is None
    remedies = [remedy_of(error["statusCode"], error["message"], error.get("fields") or (), by_key) for error in errors]
    return Receipt(
        write.key,
        write.record_id,
        error="; ".join(map(_error_text, errors)) or "Salesforce gave no reason",
        remedy=max(remedies, key=list(Remedy).index, default=Remedy.UNKNOWN),
    )


def _error_text(error: Mapping[str, Any]) -> str:
    fields = ", ".join(error.get("fields") or ())
    return f"{error['statusCode']}: {error['message']}" + (f" ({fields})" if fields else "")


def _lists(reading: Reading, path: str, values: Sequence[str]) -> Iterator[soql.Condition]:
    """Yield ``path IN (...)`` for all *values*, each short enough that its query fits into a URL."""
    room = _QUERY_LENGTH - len(quote_plus(soql.select(reading.object_name, reading.paths, (soql.one_of(path, [""]),))))
    part: list[str] = []
    used = 0
    for value in dict.fromkeys(values):
        length = len(quote_plus(soql.literal(value) + ","))
        if part and used + length > room:
            yield soql.one_of(path, part)
            part, used = [], 0
        part.append(value)
        used += length
    if part:
        yield soql.one_of(path, part)
