"""sObject Collections: up to 200 records in one call, one result per record, in the order in which they came.

A call that is wrong as a whole (201 records, no list, an unknown object in the path) is refused as a whole; anything
wrong with one record is said in its own result, with HTTP 200.
Source: REST API Developer Guide, "sObject Collections".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from connectors.sandbox import records, writes
from connectors.sandbox.errors import LOCKED, ROLLED_BACK, ApiError, not_found
from connectors.sandbox.schema import Column, Entity, visible
from connectors.sandbox.values import accept
from connectors.sandbox.writes import Author

_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Collection:
    """The body of a call. *locked* says how many of its first records another transaction holds."""

    records: list[dict[str, Any]]
    all_or_none: bool
    locked: int = 0


def read(body: Any) -> Collection:
    """Return *body* as a collection.

    Raises:
        ApiError: the whole call is refused.
    """
    if not isinstance(body, dict) or not isinstance(body.get("records"), list):
        raise ApiError("JSON_PARSER_ERROR", "Required field 'records' is missing or is not a list")
    if unknown := body.keys() - {"records", "allOrNone"}:
        raise ApiError("JSON_PARSER_ERROR", f"Unrecognized field '{min(unknown)}'")
    records = body["records"]
    if len(records) > _MOST:
        message = f"record limit reached. cannot submit more than {_MOST} records into this call"
        raise ApiError("EXCEEDED_ID_LIMIT", message)
    for record in records:
        kind = record.get("attributes") if isinstance(record, dict) else None
        if not isinstance(kind, dict) or not isinstance(kind.get("type"), str):
            message = "Missing entity type information. sObject requires a separate 'attributes' field to specify type."
            raise ApiError("INVALID_INPUT", message)
    return Collection(records, body.get("allOrNone") is True)


def create(author: Author, collection: Collection) -> list[dict[str, Any]]:
    """Create every record of *collection* and return the results."""
    return _each(author, collection, lambda record: (writes.create(author, _whole(author, record), record), None))


def update(author: Author, collection: Collection) -> list[dict[str, Any]]:
    """Update every record of *collection* by its Id and return the results."""
    return _each(author, collection, lambda record: (writes.update(author, _whole(author, record), record), None))


def upsert(author: Author, collection: Collection, object_name: str, field: str) -> list[dict[str, Any]]:
    """Create or update every record of *collection* by the external id *field* and return the results.

    Raises:
        ApiError: the object or the external id field of the path does not exist.
    """
    if object_name.lower() not in author.catalog.entities:
        raise not_found()
    entity, key = visible().entity(object_name), author.catalog.entity(object_name).column(field)
    if key is None or not key.is_key:
        message = f"Provided external ID field does not exist or is not accessible: {field}"
        raise ApiError("NOT_FOUND", message, status=404)
    twice = _twice(key, collection)

    def one(record: dict[str, Any]) -> tuple[str, bool]:
        if _whole(author, record) != entity:
            message = f"The sObject type in the URI, {entity.name}, does not match the type of the record"
            raise ApiError("INVALID_TYPE", message)
        value = _key_value(key, record)
        if value in twice:
            raise ApiError("DUPLICATE_VALUE", f"Duplicate external id specified: {record[key.name]}", (key.name,))
        return writes.upsert(author, entity, key, record)

    return _each(author, collection, one)


def delete(author: Author, ids: str, *, all_or_none: bool) -> list[dict[str, Any]]:
    """Put the records of *ids*, separated by commas, into the bin and return the results.

    Raises:
        ApiError: there are none, or too many.
    """
    wanted = [one for one in ids.split(",") if one]
    if not wanted:
        raise ApiError("MISSING_ARGUMENT", "The ids parameter is required")
    if len(wanted) > _MOST:
        message = f"record limit reached. cannot submit more than {_MOST} records into this call"
        raise ApiError("EXCEEDED_ID_LIMIT", message)

    def one(record: dict[str, Any]) -> tuple[str, None]:
        entity = next((e for e in author.catalog.entities.values() if record["Id"].startswith(e.prefix)), None)
        if entity is None:
            raise ApiError("MALFORMED_ID", f"malformed id {record['Id']}")
        return records.remove(author, visible().entity(entity.name), record["Id"]), None

    return _each(author, Collection([{"Id": one_id} for one_id in wanted], all_or_none), one)


def _each(
    author: Author, collection: Collection, write: Callable[[dict[str, Any]], tuple[str, bool | None]]
) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = []
    try:
        with author.database.transaction():
            for number, record in enumerate(collection.records):
                try:
                    if number < collection.locked:
                        raise LOCKED
                    record_id, created = write(record)
                    result = {"id": record_id, "success": True, "errors": []}
                    results.append(result if created is None else {**result, "created": created})
                except ApiError as error:
                    results.append({"success": False, "errors": [error.item()]})
            if collection.all_or_none and not all(result["success"] for result in results):
                raise ROLLED_BACK
    except ApiError as error:
        undone = {"success": False, "errors": [error.item()]}
        return [undone if result["success"] else result for result in results]
    return results


def _whole(author: Author, record: dict[str, Any]) -> Entity:
    """Return the object that *record* says it is, if its author may see it."""
    return visible().entity(author.catalog.entity(record["attributes"]["type"]).name)


def _twice(key: Column, collection: Collection) -> set[str]:
    """Return the keys, in lower case, that more than one record has: Salesforce refuses all of those records."""
    counts = Counter(_key_value(key, record) for record in collection.records)
    return {value for value, count in counts.items() if count > 1 and value is not None}


def _key_value(key: Column, record: dict[str, Any]) -> str | None:
    try:
        value = accept(key, record.get(key.name))
    except ApiError:
        return None
    return None if value is None else str(value).lower()
