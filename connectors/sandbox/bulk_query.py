"""Queries of the Bulk API 2.0: a job is created, polled, and its results are fetched as CSV, page by page.

A poll moves a job one step on, so that tests need no clock: UploadComplete, InProgress, JobComplete. The ids are fixed
when the job completes; a page is rendered when it is fetched first, and every fetch after that gets the same bytes.
Source: Salesforce, "Bulk API 2.0 and Bulk API Developer Guide", query jobs.
"""

from __future__ import annotations

import base64
import binascii
import csv
import gzip
import hashlib
import io
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from connectors.sandbox import query, soql
from connectors.sandbox.database import Database
from connectors.sandbox.errors import ApiError, not_found
from connectors.sandbox.ids import with_checksum
from connectors.sandbox.schema import Catalog
from connectors.sandbox.values import Stored, stamp

#: With this setting, results of one query text are rendered once for all jobs: what a benchmark may want to leave out.
KEEP_RENDERED: Final = "bulk_query_keep_rendered"
#: With this setting, a page of results holds so many records at most, however many were asked for.
MOST_RECORDS: Final = "bulk_query_most_records"
#: With this setting ("Failed" or "Aborted"), jobs end in that state.
ENDS_IN: Final = "bulk_query_ends_in"
_TABLE: Final = """
create table if not exists bulk_query (
    id text primary key, soql text not null, operation text not null, state text not null, version text not null,
    created_at text not null, object text not null, records integer not null, fetched integer not null
) without rowid
"""
_STEPS: Final = {"UploadComplete": "InProgress", "InProgress": "JobComplete"}
_MOST_RECORDS: Final = 250_000
_ID_LENGTH: Final = 18
_ENCODING: Final = "utf-8"


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: what they see of the org, and in which API *version*; *user* is a User id."""

    database: Database
    catalog: Catalog
    version: str
    user: str


def create(asker: Asker, body: Any) -> dict[str, Any]:
    """Take a query over as a job, and return its description.

    Raises:
        ApiError: the body is no job, or the query is refused: bulk jobs take less SOQL than queries do.
    """
    if not isinstance(body, dict) or body.get("operation") not in ("query", "queryAll"):
        raise ApiError("INVALIDJOB", "Unable to parse Job: operation must be query or queryAll")
    if body.get("contentType", "CSV") != "CSV" or body.get("columnDelimiter", "COMMA") != "COMMA":
        raise ApiError("INVALIDJOB", "Unsupported contentType or columnDelimiter")
    if body.get("lineEnding", "LF") != "LF":
        raise ApiError("INVALIDJOB", "Unsupported lineEnding")
    text = body.get("query")
    if not isinstance(text, str) or not text:
        raise ApiError("API_ERROR", "query is required")
    select = _accepted(asker, text, body["operation"])
    database = asker.database
    with database.transaction():
        database.rows(_TABLE)
        job = with_checksum(f"750{database.next_number('bulk_query'):012d}")
        values = (job, text, body["operation"], "UploadComplete", asker.version, stamp(database.now()), select.entity)
        database.rows("insert into bulk_query values (?, ?, ?, ?, ?, ?, ?, 0, 0)", values)
    # An org that was put back to an earlier state gives ids out again.
    shutil.rmtree(_folder(database) / job, ignore_errors=True)
    return _shown(asker, _job(asker, job))


def every(asker: Asker) -> dict[str, Any]:
    """Return all jobs, newest first."""
    asker.database.rows(_TABLE)
    ids = asker.database.rows("select id from bulk_query order by id desc")
    return {"done": True, "records": [_shown(asker, _job(asker, job)) for (job,) in ids], "nextRecordsUrl": None}


def info(asker: Asker, job: str) -> dict[str, Any]:
    """Return how far *job* is; asking is what moves it on.

    Raises:
        ApiError: there is no such job, or it was made in another API version.
    """
    found = _job(asker, job)
    following = _STEPS.get(found["state"])
    if following is not None:
        ends_in = asker.database.setting(ENDS_IN) if following == "JobComplete" else None
        records = _fix_ids(asker, found) if following == "JobComplete" and ends_in is None else 0
        _move(asker, job, ends_in or following, records)
    return _shown(asker, _job(asker, job))


def abort(asker: Asker, body: Any, job: str) -> dict[str, Any]:
    """Stop *job*.

    Raises:
        ApiError: there is no such job, or it has ended.
    """
    found = _job(asker, job)
    if not isinstance(body, dict) or body.get("state") != "Aborted":
        raise ApiError("INVALIDJOBSTATE", "Only the state Aborted can be set")
    if found["state"] not in _STEPS:
        raise ApiError("INVALIDJOBSTATE", f"Aborting Job not allowed: the job is {found['state']}")
    _move(asker, job, "Aborted", 0)
    return _shown(asker, _job(asker, job))


def delete(asker: Asker, job: str) -> Response:
    """Forget *job* and its results.

    Raises:
        ApiError: there is no such job, or it has not ended.
    """
    if _job(asker, job)["state"] in _STEPS:
        raise ApiError("INVALIDJOBSTATE", "Deleting Job not allowed: it has not ended")
    asker.database.rows("delete from bulk_query where id = ?", (job,))
    shutil.rmtree(_folder(asker.database) / job, ignore_errors=True)
    return Response(status_code=204)


def results(asker: Asker, http: HttpRequest, job: str) -> Response:
    """Return a page of results as CSV.

    Raises:
        ApiError: there is no such job, it is not complete, or the locator or maxRecords is none.
    """
    found = _job(asker, job)
    if found["state"] != "JobComplete":
        raise ApiError("INVALIDJOBSTATE", f"Cannot get results of a job that is {found['state']}")
    start = _start(http.query_params.get("locator"), found["records"])
    wish = http.query_params.get("maxRecords", str(_MOST_RECORDS))
    if not wish.isdigit() or int(wish) < 1:
        raise ApiError("API_ERROR", f"Invalid value for maxRecords: {wish}")
    most = asker.database.setting(MOST_RECORDS, _MOST_RECORDS)
    count = min(int(wish), most, found["records"] - start)
    body = _page(asker, found, start, count)
    asker.database.rows("update bulk_query set fetched = max(fetched, ?) where id = ?", (start + count, job))
    end = start + count
    locator = "null" if end >= found["records"] else base64.urlsafe_b64encode(str(end).encode()).decode().rstrip("=")
    headers = {"Sforce-NumberOfRecords": str(count), "Sforce-Locator": locator}
    if "gzip" in http.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
    else:
        body = gzip.decompress(body)
    # As Salesforce does: no charset, though it is UTF-8. Whoever guesses it from the header guesses wrong.
    return Response(body, 200, {**headers, "Content-Type": "text/csv"})


def _accepted(asker: Asker, text: str, operation: str) -> soql.Select:
    """Check *text* as Salesforce does before it takes a job."""
    try:
        select = soql.parse(text)
        if not select.paths:
            raise ApiError("API_ERROR", "Aggregate functions are not supported in Bulk V2 Query")
        if select.offset:
            raise ApiError("API_ERROR", "OFFSET is not supported in Bulk V2 Query")
        query.plan(select, asker.catalog, deleted_too=operation == "queryAll")
    except ApiError as error:
        raise ApiError(
            "API_ERROR", f"{error.code}: {error.message}" if error.code != "API_ERROR" else error.message
        ) from error
    return select


def _job(asker: Asker, job: str) -> dict[str, Any]:
    asker.database.rows(_TABLE)
    names = ("id", "soql", "operation", "state", "version", "created_at", "object", "records", "fetched")
    found = asker.database.rows(f"select {', '.join(names)} from bulk_query where id = ?", (job,))
    if not found:
        raise not_found()
    known = dict(zip(names, found[0], strict=True))
    if known["version"] != asker.version:
        message = f"The job was created with API version {known['version']}, not {asker.version}"
        raise ApiError("API_ERROR", message, status=409)
    return known


def _shown(asker: Asker, job: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": job["id"],
        "operation": job["operation"],
        "object": job["object"],
        "createdById": asker.user,
        "createdDate": job["created_at"],
        "systemModstamp": stamp(asker.database.now()),
        "state": job["state"],
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": float(job["version"]),
        "jobType": "V2Query",
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
    }
    if job["state"] in ("JobComplete", "Failed"):
        shown |= {"numberRecordsProcessed": job["records"], "retries": 0, "totalProcessingTime": 100}
        shown |= {"isPkChunkingSupported": True}
    if job["state"] == "Failed":
        shown["errorMessage"] = "InternalServerError : Retried more than 15 times"
    return shown


def _move(asker: Asker, job: str, state: str, records: int) -> None:
    asker.database.rows("update bulk_query set state = ?, records = ? where id = ?", (state, records, job))


def _fix_ids(asker: Asker, job: Mapping[str, Any]) -> int:
    """Find the records of *job*, write their ids one after the other into a file, and return how many they are."""
    path = _results_folder(asker, job) / "ids"
    if not path.exists():
        planned = query.plan(soql.parse(job["soql"]), asker.catalog, deleted_too=job["operation"] == "queryAll")
        ids = "".join(found[0] for found in asker.database.rows(planned.find, planned.values))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(ids, encoding="ascii")
    return path.stat().st_size // _ID_LENGTH


def _page(asker: Asker, job: Mapping[str, Any], start: int, count: int) -> bytes:
    """Return *count* records from *start* on as compressed CSV."""
    folder = _results_folder(asker, job)
    path = folder / f"{start}-{count}.csv.gz"
    if not path.exists():
        with (folder / "ids").open("rb") as file:
            file.seek(start * _ID_LENGTH)
            joined = file.read(count * _ID_LENGTH).decode()
        ids = [joined[at : at + _ID_LENGTH] for at in range(0, len(joined), _ID_LENGTH)]
        path.write_bytes(gzip.compress(_rendered(asker, job, ids).encode(_ENCODING), 1))
    return path.read_bytes()


def _rendered(asker: Asker, job: Mapping[str, Any], ids: list[str]) -> str:
    """Return the records *ids* as Salesforce writes them: every cell in quotes, null as nothing, times with a Z."""
    select = soql.parse(job["soql"])
    planned = query.plan(select, asker.catalog, deleted_too=True)
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    columns = [_column(asker.catalog, select.entity, path) for path in select.paths]
    writer.writerow([heading for heading, _ in columns])
    indexes = [index for _, _, index, _ in planned.shape.fields]
    shows = [(index, _SHOWN.get(type_, _plain)) for index, (_, type_) in zip(indexes, columns, strict=True)]
    for row in asker.database.rows(planned.read, (json.dumps(ids),)):
        writer.writerow([show(row[index]) for index, show in shows])
    return text.getvalue()


def _column(catalog: Catalog, object_name: str, path: soql.Path) -> tuple[str, str]:
    """Return the heading and the type of *path*, the heading as the org spells it."""
    entity, names = catalog.entity(object_name), list[str]()
    for part in path.names[:-1]:
        relation = entity.relation(part)
        assert relation is not None and relation.target is not None
        names.append(relation.relationship or part)
        entity = catalog.entity(relation.target)
    column = entity.column(path.names[-1])
    assert column is not None
    return ".".join([*names, column.name]), column.type


def _plain(value: Stored) -> Any:
    return "" if value is None else value


def _time(value: Stored) -> Any:
    return "" if value is None else str(value).replace("+0000", "Z")


_SHOWN: Final[dict[str, Callable[[Stored], Any]]] = {
    "boolean": lambda value: "" if value is None else "true" if value else "false",
    "datetime": _time,
}


def _start(locator: str | None, records: int) -> int:
    if locator is None:
        return 0
    try:
        start = int(base64.urlsafe_b64decode(locator + "=" * (-len(locator) % 4)))
    except (ValueError, binascii.Error):
        start = -1
    if not 0 < start < records:
        raise ApiError("API_ERROR", f"Invalid locator: {locator}")
    return start


def _results_folder(asker: Asker, job: Mapping[str, Any]) -> Path:
    if asker.database.setting(KEEP_RENDERED, False):
        return _folder(asker.database) / hashlib.sha256(f"{job['operation']} {job['soql']}".encode()).hexdigest()[:32]
    return _folder(asker.database) / str(job["id"])


def _folder(database: Database) -> Path:
    return Path(database.rows("pragma database_list")[0][2]).parent / "bulk_query"
