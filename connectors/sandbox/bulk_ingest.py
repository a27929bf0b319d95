"""Bulk API 2.0 ingest: the calls about jobs. What a job does is in `connectors.sandbox.ingest_work`.

As in Salesforce, every state of a job allows its own steps only.
Source: Bulk API 2.0 and Bulk API Developer Guide, "Bulk API 2.0 Ingest".
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse, Response

from connectors.sandbox import ingest_work
from connectors.sandbox.database import Database
from connectors.sandbox.errors import ApiError, not_found
from connectors.sandbox.ids import with_checksum
from connectors.sandbox.values import stamp

if TYPE_CHECKING:
    from connectors.sandbox.salesforce import Call

_TABLE: Final = """
create table if not exists ingest_job (
    id text primary key, number integer not null, job text not null, data blob, results text
) without rowid
"""
_MOST_BYTES: Final = 150_000_000
_OPERATIONS: Final = ("insert", "update", "upsert")
_KINDS: Final = {"successfulresults": "successful", "failedresults": "failed", "unprocessedrecords": "unprocessed"}


def create(call: Call) -> Response:
    """Open a job."""
    asked = _body(call)
    if unknown := asked.keys() - {
        *("object", "operation", "externalIdFieldName", "contentType", "lineEnding", "columnDelimiter"),
        "assignmentRuleId",
    }:
        raise ApiError("JSON_PARSER_ERROR", f"Unrecognized field '{min(unknown)}'")
    operation = asked.get("operation")
    if operation not in _OPERATIONS:
        raise ApiError("INVALIDOPERATION", f"Operation: {operation} not supported for this object or user")
    entity = call.store.catalog.entity(str(asked.get("object", "")))
    if operation == "upsert":
        key = entity.column(str(asked.get("externalIdFieldName", "")))
        if key is None or not (key.external_id or key.name == "Id"):
            named = asked.get("externalIdFieldName")
            raise ApiError("INVALIDJOB", f"InvalidJob : Field name provided, {named} does not match an External ID")
    if asked.get("contentType", "CSV") != "CSV":
        raise ApiError("INVALIDJOB", f"Unsupported content type {asked['contentType']}")
    database = call.store.database
    number = database.next_number("IngestJob")
    job_id = with_checksum(f"750{number:012d}")
    now = stamp(database.now())
    job = {
        "id": job_id,
        "operation": operation,
        "object": entity.name,
        "createdById": call.store.api_user,
        "createdDate": now,
        "systemModstamp": now,
        "state": "Open",
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": float(call.version),
        "contentUrl": f"services/data/v{call.version}/jobs/ingest/{job_id}/batches",
        "lineEnding": asked.get("lineEnding", "LF"),
        "columnDelimiter": asked.get("columnDelimiter", "COMMA"),
    }
    if operation == "upsert":
        job["externalIdFieldName"] = asked["externalIdFieldName"]
    with database.transaction():
        database.rows(_TABLE)
        database.rows("insert into ingest_job values (?, ?, ?, null, null)", (job_id, number, json.dumps(job)))
    return JSONResponse(job)


def listing(call: Call) -> Response:
    """Return every job, the newest first."""
    call.store.database.rows(_TABLE)
    found = call.store.database.rows("select job from ingest_job order by number desc")
    return JSONResponse({"done": True, "records": [json.loads(job) for (job,) in found], "nextRecordsUrl": None})


def upload(call: Call) -> Response:
    """Take a job's CSV, once."""
    job = _job(call)
    kind = call.http.headers.get("content-type", "").partition(";")[0].strip()
    if kind != "text/csv":
        raise ApiError("UNSUPPORTED_MEDIA_TYPE", f"Content type '{kind}' is not supported.", status=415)
    if len(call.body) > _MOST_BYTES:
        raise ApiError("REQUEST_TOO_LARGE", "The request entity is too large", status=413)
    if job["state"] != "Open":
        raise _wrong_state(f"Can't upload batch data in state {job['state']}")
    ((data,),) = call.store.database.rows("select data from ingest_job where id = ?", (job["id"],))
    if data is not None:
        raise ApiError("INVALIDBATCH", "Found multiple contents for job: <" + job["id"] + ">, please 'Close' / 'Abort'")
    call.store.database.rows("update ingest_job set data = ? where id = ?", (call.body, job["id"]))
    return Response(status_code=201)


def change(call: Call) -> Response:
    """Close a job's upload, or abort the job."""
    job = _job(call)
    asked = _body(call).get("state")
    if asked == "UploadComplete" and job["state"] == "Open":
        job["state"] = "UploadComplete"
    elif asked == "Aborted" and job["state"] in ("Open", "UploadComplete", "InProgress"):
        job["state"] = "Aborted"
    else:
        raise _wrong_state(f"Can't set state {asked} on a job in state {job['state']}")
    _keep(call.store.database, job)
    return JSONResponse(job)


def look(call: Call) -> Response:
    """Return where a job stands, and let it get on."""
    database = call.store.database
    job = _job(call)
    unavailable = int(database.setting("bulk_unavailable", 0))
    if unavailable:
        database.keep("bulk_unavailable", unavailable - 1)
        return Response("<html><body>Service Unavailable</body></html>", 503, media_type="text/html")
    # Time passes for every job, not only for the one that is looked at: an old one may commit late.
    for (kept,) in database.rows("select job from ingest_job order by number"):
        other = json.loads(kept)
        if other["state"] in ("UploadComplete", "InProgress"):
            _keep(database, _further(call, other))
    job = _job(call)
    return JSONResponse({name: value for name, value in job.items() if name != "looks"})


def _further(call: Call, job: dict[str, Any]) -> dict[str, Any]:
    job = {**job, "looks": job.get("looks", 0) + 1, "state": "InProgress"}
    if job["looks"] < int(call.store.database.setting("bulk_looks", 1)):
        return job
    return ingest_work.process(call.store, call.author, job)


def delete(call: Call) -> Response:
    """Forget a job that has ended."""
    job = _job(call)
    if job["state"] in ("UploadComplete", "InProgress"):
        raise _wrong_state(f"Can't delete a job in state {job['state']}")
    call.store.database.rows("delete from ingest_job where id = ?", (job["id"],))
    return Response(status_code=204)


def results(call: Call) -> Response:
    """Return one of a job's three files of results."""
    job = _job(call)
    if job["state"] not in ("JobComplete", "Failed", "Aborted"):
        raise _wrong_state(f"The job is in state {job['state']}: its results are not there yet")
    ((kept,),) = call.store.database.rows("select results from ingest_job where id = ?", (job["id"],))
    kind = _KINDS[call.rest[1].lower()]
    held = json.loads(kept) if kept else {"columns": [], "successful": [], "failed": [], "unprocessed": []}
    ours = {"successful": ["sf__Id", "sf__Created"], "failed": ["sf__Id", "sf__Error"], "unprocessed": []}[kind]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, [*ours, *held["columns"]], lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(held[kind])
    return Response(text.getvalue().encode(), media_type="text/csv")


def _job(call: Call) -> dict[str, Any]:
    call.store.database.rows(_TABLE)
    wanted = with_checksum(call.rest[0])
    found = call.store.database.rows("select job from ingest_job where id = ?", (wanted,))
    if not found:
        raise not_found()
    job: dict[str, Any] = json.loads(found[0][0])
    return job


def _keep(database: Database, job: dict[str, Any]) -> None:
    database.rows("update ingest_job set job = ? where id = ?", (json.dumps(job), job["id"]))


def _body(call: Call) -> dict[str, Any]:
    try:
        asked = json.loads(call.body)
    except ValueError as error:
        raise ApiError("JSON_PARSER_ERROR", str(error)) from error
    if not isinstance(asked, dict):
        raise ApiError("JSON_PARSER_ERROR", "An object is expected")
    return asked


def _wrong_state(message: str) -> ApiError:
    return ApiError("INVALIDJOBSTATE", message)


ROUTES: Final[dict[str, dict[str, Callable[[Call], Response]]]] = {
    "jobs/ingest": {"GET": listing, "POST": create},
    r"jobs/ingest/(\w+)": {"GET": look, "PATCH": change, "DELETE": delete},
    r"jobs/ingest/(\w+)/batches": {"PUT": upload},
    r"jobs/ingest/(\w+)/(successfulResults|failedResults|unprocessed[Rr]ecords)": {"GET": results},
}
