"""Writes through jobs of the Bulk API 2.0: many records for the price of a few calls.

In its CSV an empty cell means "not sent" and ``#N/A`` clears. The answer comes in an order of its own: records are told
apart by their id or key, never by their place. Source: Bulk API 2.0 guide, "Bulk API 2.0 Ingest".
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, Final

from connectors.base import JobState, Load, Progress, Receipt, Remedy, Write
from connectors.salesforce.error_classes import remedy_of
from connectors.salesforce.errors import MissingError, RefusedError
from connectors.salesforce.objects import OBJECT_NAMES, key_name
from connectors.salesforce.payload import body
from connectors.salesforce.session import SalesforceSession
from connectors.shapes import strange
from connectors.values import fitting
from overlap.errors import TransientError
from overlap.fields import BY_NAME, CrmObject

#: Open, upload, close, a look at how it stands, and two files of results.
_CALLS_OF_A_JOB: Final = 6
#: Salesforce takes 150 MB as it stores them, in base64.
_MOST_BYTES: Final = 90_000_000
_CLEAR: Final = "#N/A"
_JOB: Final = {"id": str, "state?": str, "numberRecordsProcessed?": int, "errorMessage?": str}
_PROGRESS: Final = {
    "Open": Progress.OPEN,
    "UploadComplete": Progress.WORKING,
    "InProgress": Progress.WORKING,
    "JobComplete": Progress.DONE,
    "Failed": Progress.FAILED,
    "Aborted": Progress.ABORTED,
}

Row = dict[str, str]


class BulkIngest:
    """A `connectors.base.Bulk`. *require_fields* refuses writes of fields that the org hides from us."""

    def __init__(
        self,
        session: SalesforceSession,
        least: int,
        require_fields: Callable[[CrmObject, Sequence[Write]], None],
    ) -> None:
        self._session = session
        self._require_fields = require_fields
        self.least = least
        self.calls = _CALLS_OF_A_JOB

    def loads(self, object_name: str, writes: Sequence[Write]) -> tuple[list[Load], list[Receipt]]:
        """Return *writes* as loads in their order, and receipts of those that do not fit into their fields.

        Raises:
            AccessError: a field is missing or hidden.
            ValueError: the plan has a bug (`payload.body`).
        """
        thing = BY_NAME[object_name]
        self._require_fields(thing, writes)
        alike: dict[tuple[bool, frozenset[str]], list[tuple[Write, Row]]] = {}
        rows, unfit = fitting(thing, writes, _row)
        refused = list(unfit.values())
        for place, row in rows.items():
            write = writes[place]
            if any(value in (_CLEAR, (_CLEAR,)) for value in write.values.values()):
                said = f"the text '{_CLEAR}' would clear its field in a bulk file; it goes in a call of its own"
                refused.append(Receipt(write.key, write.record_id, error=said, remedy=Remedy.SPLIT))
                continue
            alike.setdefault((write.record_id is None, _cleared_lookups(thing, write)), []).append((write, row))
        loads = []
        for (by_key, _), pairs in alike.items():
            for part in _parts(pairs):
                content = _csv([row for _, row in part])
                loads.append(Load(object_name, by_key, tuple(write for write, _ in part), content))
        return loads, refused

    def open(self, load: Load) -> str:
        """Open a job for *load* and return its id."""
        thing = BY_NAME[load.object_name]
        order = {"object": OBJECT_NAMES[thing.name], "operation": "update", "contentType": "CSV", "lineEnding": "LF"}
        if load.by_key:
            order |= {"operation": "upsert", "externalIdFieldName": key_name(thing)}
        return str(self._session.ask("POST", "jobs/ingest", _JOB, json.dumps(order).encode())["id"])

    def upload(self, job_id: str, load: Load) -> None:
        """Bring *load* to its job; it can be done once."""
        with self._there(job_id):
            self._session.send("PUT", f"jobs/ingest/{job_id}/batches", load.content, "text/csv; charset=UTF-8")

    def close(self, job_id: str) -> None:
        """Let Salesforce begin. After a TransientError it may have begun: ask `state`."""
        self._set(job_id, "UploadComplete")

    def state(self, job_id: str) -> JobState:
        """Return where the job stands.

        Raises:
            TransientError: it is in a state that is not known, and may be at work.
        """
        try:
            said = self._session.ask("GET", f"jobs/ingest/{job_id}", _JOB)
        except MissingError as error:
            return JobState(Progress.UNKNOWN, reason=str(error))
        state, processed = said.get("state"), said.get("numberRecordsProcessed")
        progress = _PROGRESS.get(str(state))
        if progress is None:
            raise TransientError(
                f"{self._session.where}: bulk job {job_id} is in the state '{state}', which is not a known one: it may "
                "be at work, so nothing of it is sent again"
            )
        reason = str(said.get("errorMessage") or "") or f"its state is {state}"
        return JobState(progress, processed if isinstance(processed, int) else 0, reason)

    def abort(self, job_id: str) -> JobState:
        """End a job that is open, and return where it stands: one that works already goes on."""
        now = self.state(job_id)
        if now.progress is not Progress.OPEN:
            return now
        with suppress(RefusedError):  # it was closed at this moment, by a call of ours that was late
            self._set(job_id, "Aborted")
        ended = self.state(job_id)
        return replace(ended, begun=ended.progress is not Progress.ABORTED or ended.processed > 0)

    def receipts(self, job_id: str, object_name: str, writes: Sequence[Write]) -> list[Receipt | None]:
        """Return what became of *writes* in a job that has ended, in their order; None: it does not say, read it back.

        It says nothing of what it did not get to, nor anything any more when its results are gone, and a record that it
        calls both taken and refused is neither.
        """
        key = key_name(BY_NAME[object_name])
        places = {_address(write): place for place, write in enumerate(writes)}
        found: dict[int, Receipt | None] = {}
        try:
            rows = [(_taken, row) for row in self._rows(f"jobs/ingest/{job_id}/successfulResults", "sf__Created")]
            rows += [(_refused, row) for row in self._rows(f"jobs/ingest/{job_id}/failedResults", "sf__Error")]
        except (MissingError, RefusedError):
            rows = []
        for judge, row in rows:
            place = places.get(row.get("Id") or row.get(key, "").lower())
            if place is not None:
                found[place] = None if place in found else judge(writes[place], row)
        return [found.get(place) for place in range(len(writes))]

    def _set(self, job_id: str, state: str) -> None:
        with self._there(job_id):
            self._session.send("PATCH", f"jobs/ingest/{job_id}", json.dumps({"state": state}).encode())

    @contextmanager
    def _there(self, job_id: str) -> Iterator[None]:
        """Take "not found" for an answer that passes: the job was there a moment ago."""
        try:
            yield
        except MissingError as error:
            raise TransientError(f"{self._session.where}: bulk job {job_id} is not found; try again later") from error

    def _rows(self, path: str, *columns: str) -> list[Row]:
        # Decoded here: without a charset in the header, requests would take it for Latin-1.
        text = self._session.send("GET", path).content.decode("utf-8-sig", "replace")
        reader = csv.DictReader(io.StringIO(text, newline=""))
        try:
            rows = list(reader)
        except csv.Error as error:
            raise strange(self._session.where, "no file of results") from error
        is_one = {"sf__Id", *columns} <= set(reader.fieldnames or ())
        if (text and not is_one) or any(None in row or None in row.values() for row in rows):
            raise strange(self._session.where, "no file of results")
        return rows


def _row(thing: CrmObject, write: Write) -> Row:
    """Return *write* as cells by column; a field that it does not name has none."""
    row: Row = {}
    for name, value in body(thing, write).items():
        if name == "attributes":
            continue
        if isinstance(value, dict):
            ((key, target),) = value.items()
            row[f"{name}.{key}"] = _cell(target)
        else:
            row[name] = _cell(value)
    return row


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = "" if value is None else str(value)
    return text if text.strip() else _CLEAR


def _cleared_lookups(thing: CrmObject, write: Write) -> frozenset[str]:
    """Return the lookups to objects of ours that *write* clears: set, they are another column."""
    return frozenset(
        name for name, value in write.values.items() if value is None and thing.by_name[name].target in BY_NAME
    )


def _parts(pairs: Sequence[tuple[Write, Row]]) -> Iterator[list[tuple[Write, Row]]]:
    """Yield *pairs* in parts of at most `_MOST_BYTES`, every column of a row and its quotes counted."""
    columns = len({name for _, row in pairs for name in row})
    part: list[tuple[Write, Row]] = []
    used = 0
    for write, row in pairs:
        size = 3 * columns + sum(len(cell.encode()) + cell.count('"') for cell in row.values())
        if part and used + size > _MOST_BYTES:
            yield part
            part, used = [], 0
        part.append((write, row))
        used += size
    if part:
        yield part


def _csv(rows: Sequence[Row]) -> bytes:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO(newline="")
    # Every cell in quotes: the writer leaves a lone carriage return bare, which would end the row.
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _address(write: Write) -> str:
    return write.record_id or write.key.lower()


def _taken(write: Write, row: Row) -> Receipt:
    return Receipt(write.key, row["sf__Id"], created=row["sf__Created"] == "true")


def _refused(write: Write, row: Row) -> Receipt:
    """Return the receipt of a failed row; its error is ``CODE:message:fields --``."""
    code, _, rest = row["sf__Error"].partition(":")
    message, _, tail = rest.rpartition(":")
    fields = [name.strip() for name in tail.strip().removesuffix("--").split(",") if name.strip()]
    text = f"{code}: {message or rest}" + (f" ({', '.join(fields)})" if fields else "")
    remedy = remedy_of(code, message or rest, fields, by_key=write.record_id is None)
    return Receipt(write.key, write.record_id, error=text, remedy=remedy)
