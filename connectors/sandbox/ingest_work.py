"""What a bulk job does: its CSV is saved by the same writes as collections, row by row.

A job is processed when somebody has looked at jobs `slow_down` times since, so that tests need no clock. Its results
come in an order of their own, as in Salesforce.
"""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from connectors.sandbox import composite
from connectors.sandbox.composite import Collection
from connectors.sandbox.database import Database
from connectors.sandbox.errors import ApiError
from connectors.sandbox.schema import Catalog, Entity
from connectors.sandbox.store import Store
from connectors.sandbox.writes import Author

#: Records that are saved together; a key that stands twice among them is refused.
_TOGETHER: Final = 200
_CLEAR: Final = "#N/A"

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Results:
    """What became of the rows of a job, as its files show them."""

    successful: list[Row]
    failed: list[Row]


def slow_down(database: Database, looks: int) -> None:
    """Process a job only at the *looks*-th look at any job after its upload is complete."""
    database.keep("bulk_looks", looks)


def fail_looks(database: Database, looks: int) -> None:
    """Answer the next *looks* at a job with 503, as an overloaded server does."""
    database.keep("bulk_unavailable", looks)


def fail_after(database: Database, rows: int | None) -> None:
    """Let jobs fail after *rows* rows, the others unprocessed; None ends that."""
    database.keep("bulk_fails_after", rows)


def lose_results(database: Database, rows: int) -> None:
    """Leave the last *rows* successful rows out of the results, as for rows over the day's allowance."""
    database.keep("bulk_forgets", rows)


def refuse_next(database: Database, rows: int, error: str) -> None:
    """Refuse the first *rows* rows of the next job with *error* (``CODE:message``), whatever they say."""
    database.keep("bulk_refuses", [rows, error])


def process(store: Store, author: Author, job: dict[str, Any]) -> dict[str, Any]:
    """Save the rows of *job*, keep what became of them, and return the job as it ends."""
    database = store.database
    ((data,),) = database.rows("select data from ingest_job where id = ?", (job["id"],))
    try:
        columns, rows = _read(data, job)
        _require_columns(store.catalog, store.catalog.entity(job["object"]), columns)
    except ApiError as error:
        return {**job, "state": "Failed", "errorMessage": error.message, **_counts(0, 0)}
    stops_at = database.setting("bulk_fails_after")
    now, rest = (rows, []) if stops_at is None else (rows[:stops_at], rows[stops_at:])
    done = _write(store, author, job, now)
    order = random.Random(job["id"])  # the same answer each time, in no order that means anything
    for found in (done.successful, done.failed, rest):
        order.shuffle(found)
    forgotten = int(database.setting("bulk_forgets", 0))
    shown = done.successful[: len(done.successful) - forgotten]
    kept = {"columns": columns, "successful": shown, "failed": done.failed, "unprocessed": rest}
    database.rows("update ingest_job set results = ? where id = ?", (json.dumps(kept), job["id"]))
    ended = {"state": "JobComplete"} if not rest else {"state": "Failed", "errorMessage": "InternalServerError : "}
    return {**job, **ended, **_counts(len(now), len(done.failed))}


def _read(data: bytes | None, job: dict[str, Any]) -> tuple[list[str], list[Row]]:
    """Return the header and the rows of an upload."""
    text = (data or b"").decode("utf-8", "replace")
    header_line = text.partition("\n")[0]
    if header_line.endswith("\r") != (job["lineEnding"] == "CRLF"):
        said = f"LineEnding is invalid on user data. Current LineEnding setting is {job['lineEnding']}"
        raise ApiError("INVALIDBATCH", f"ClientInputError : {said}")
    reader = csv.reader(io.StringIO(text, newline=""))
    columns = next(reader, [])
    if not columns:
        raise ApiError("INVALIDBATCH", "InvalidBatch : The batch is empty")
    if len(set(columns)) < len(columns):
        raise ApiError("INVALIDBATCH", "InvalidBatch : Duplicate column in the header")
    rows = []
    for cells in reader:
        if len(cells) != len(columns):
            said = f"The number of values in a row ({len(cells)}) is not the number of columns ({len(columns)})"
            raise ApiError("INVALIDBATCH", f"InvalidBatch : {said}")
        rows.append(dict(zip(columns, cells, strict=True)))
    return columns, rows


def _require_columns(catalog: Catalog, entity: Entity, columns: list[str]) -> None:
    for name in columns:
        relationship, dot, key = name.partition(".")
        if dot:
            relation = entity.relation(relationship)
            target = catalog.entities.get((relation.target or "").lower()) if relation else None
            known = target is not None and target.column(key) is not None
        else:
            known = entity.column(name) is not None
        if not known:
            raise ApiError("INVALIDBATCH", f"InvalidBatch : Field name not found : {name}")


def _write(store: Store, author: Author, job: dict[str, Any], rows: list[Row]) -> Results:
    """Save *rows* in groups, each in a transaction of its own, as collections would."""
    database = store.database
    refuses, why = database.setting("bulk_refuses", [0, ""])
    if refuses:
        database.keep("bulk_refuses", [0, ""])
    done = Results([], [{**row, "sf__Id": "", "sf__Error": f"{why}:--"} for row in rows[:refuses]])
    rows = rows[refuses:]
    for start in range(0, len(rows), _TOGETHER):
        part = rows[start : start + _TOGETHER]
        locked = store.take_locks(len(part))
        answers = _operation(author, job)(Collection([_record(job["object"], row) for row in part], False, locked))
        for row, answer in zip(part, answers, strict=True):
            if answer["success"]:
                created = str(job["operation"] == "insert" or answer.get("created", False)).lower()
                done.successful.append({**row, "sf__Id": answer["id"], "sf__Created": created})
            else:
                done.failed.append({**row, "sf__Id": row.get("Id", ""), "sf__Error": _error(answer["errors"][0])})
    return done


def _operation(author: Author, job: dict[str, Any]) -> Callable[[Collection], list[dict[str, Any]]]:
    if job["operation"] == "upsert":
        return lambda records: composite.upsert(author, records, job["object"], job["externalIdFieldName"])
    act = composite.update if job["operation"] == "update" else composite.create
    return lambda records: act(author, records)


def _record(object_name: str, row: Row) -> dict[str, Any]:
    """Return *row* as a collection has it: an empty cell says nothing, ``#N/A`` clears."""
    record: dict[str, Any] = {"attributes": {"type": object_name}}
    for name, cell in row.items():
        if cell == "":
            continue
        value = None if cell == _CLEAR else cell
        relationship, dot, key = name.partition(".")
        record[relationship] = {key: value} if dot else value
    return record


def _error(error: dict[str, Any]) -> str:
    return f"{error['statusCode']}:{error['message']}:{','.join(error['fields'])} --"


def _counts(processed: int, failed: int) -> dict[str, Any]:
    return {
        "numberRecordsProcessed": processed,
        "numberRecordsFailed": failed,
        "retries": 0,
        "totalProcessingTime": 1,
        "apiActiveProcessingTime": 1,
        "apexProcessingTime": 0,
    }
