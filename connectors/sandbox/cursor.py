"""Queries in pages. The first page fixes which records a query has; each page reads their values when it is fetched.

As in Salesforce, a user has at most ten open cursors: opening another closes the oldest, and one that is closed, or
older than two days, answers INVALID_QUERY_LOCATOR. Cursors live in the state file and survive a restart of the server.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from connectors.sandbox import query, soql
from connectors.sandbox.database import Database
from connectors.sandbox.errors import bad_locator
from connectors.sandbox.ids import with_checksum
from connectors.sandbox.schema import Catalog
from connectors.sandbox.soql import Path
from connectors.sandbox.values import stamp

_OPEN: Final = 10
_LIFE: Final = timedelta(days=2)
_SMALLEST, _LARGEST = 200, 2000


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: what they see, in which API *version*, and how many records they want in a page."""

    database: Database
    catalog: Catalog
    version: str
    batch: int = _LARGEST


def run(reader: Reader, text: str, *, deleted_too: bool) -> dict[str, Any]:
    """Return the first page of the SOQL *text*, as the API shows it.

    Raises:
        ApiError: the query is refused.
    """
    select = soql.parse(text)
    planned = query.plan(select, reader.catalog, deleted_too=deleted_too)
    if not select.paths:
        count = reader.database.rows(f"select count(*) from ({planned.find})", planned.values)[0][0]
        return {"totalSize": count, "done": True, "records": []}
    ids = [found[0] for found in reader.database.rows(planned.find, planned.values)]
    batch = min(max(reader.batch, _SMALLEST), _LARGEST)
    locator = _open(reader.database, text, ids, batch) if len(ids) > batch else ""
    return _page(reader, planned, ids, locator, (0, batch))


def more(reader: Reader, locator: str) -> dict[str, Any]:
    """Return the page that *locator* (``01g...-2000``) leads to.

    Raises:
        ApiError: INVALID_QUERY_LOCATOR, the cursor is unknown or closed.
    """
    name, _, offset = locator.rpartition("-")
    oldest = stamp(reader.database.now() - _LIFE)
    sql = "select soql, ids, batch from locator where id = ? and at >= ?"
    found = reader.database.rows(sql, (name, oldest))
    if not found or not offset.isdigit():
        raise bad_locator()
    text, ids, batch = found[0]
    planned = query.plan(soql.parse(text), reader.catalog, deleted_too=True)
    return _page(reader, planned, json.loads(ids), name, (int(offset), batch))


def everything(reader: Reader, object_name: str, record: str | None = None) -> list[dict[str, Any]]:
    """Return every record of *object_name* with all its fields, deleted ones too; only *record* if given.

    Raises:
        ApiError: INVALID_TYPE, there is no such object.
    """
    entity = reader.catalog.entity(object_name)
    read, shape = query.reading((Path((c.name,), 0) for c in entity), reader.catalog, entity)
    ids = [record] if record else [row[0] for row in reader.database.rows(f'select "Id" from "{entity.name}"')]
    return query.records(shape, reader.database.rows(read, (json.dumps(ids),)), reader.version)


def _page(reader: Reader, planned: query.Plan, ids: list[str], name: str, span: tuple[int, int]) -> dict[str, Any]:
    start, batch = span
    wanted, end = ids[start : start + batch], start + batch
    page: dict[str, Any] = {"totalSize": len(ids), "done": end >= len(ids)}
    if not page["done"]:
        page["nextRecordsUrl"] = f"/services/data/v{reader.version}/query/{name}-{end}"
    rows = reader.database.rows(planned.read, (json.dumps(wanted),))
    return {**page, "records": query.records(planned.shape, rows, reader.version)}


def _open(database: Database, text: str, ids: list[str], batch: int) -> str:
    with database.transaction():
        number = database.next_number("locator")
        name = with_checksum(f"01g{number:012d}")
        values = (name, text, json.dumps(ids), batch, number, stamp(database.now()))
        database.rows("insert into locator values (?, ?, ?, ?, ?, ?)", values)
        database.rows("delete from locator where opened <= ?", (number - _OPEN,))
    return name
