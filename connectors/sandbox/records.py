"""One record per call, by its id or by an external id in the path, with the statuses that only these calls have.

200 and 201 tell whether an upsert changed or created (204 up to API 45), 300 that several records have the external
id, 404 that none has it where none may be created.
Source: REST API Developer Guide, "sObject Rows" and "sObject Rows by External ID".
"""

from __future__ import annotations

import json
from typing import Any, Final

from starlette.responses import JSONResponse, Response

from connectors.sandbox import cursor, lifecycle, writes
from connectors.sandbox.cursor import Reader
from connectors.sandbox.errors import NO_ACCESS, UNKNOWN_REFERENCE, ApiError, not_found, unknown_column
from connectors.sandbox.schema import Column, Entity, visible
from connectors.sandbox.values import accept, record_id
from connectors.sandbox.writes import Author

#: From this version on an upsert that changes a record says which.
_TELLS: Final = 46.0
Body = dict[str, Any]


def entity_named(reader: Reader, name: str) -> Entity:
    """Return the object *name* of a path, as far as its reader sees it.

    Raises:
        ApiError: NOT_FOUND, there is none.
    """
    entity = reader.catalog.entities.get(name.lower())
    if entity is None:
        raise not_found()
    return entity


def read(reader: Reader, name: str, wanted: str, fields: str = "") -> Body:
    """Return the record with the id *wanted*, only *fields* (separated by commas) if any are named."""
    entity = entity_named(reader, name)
    return _chosen(entity, _by_id(reader, entity, wanted), fields)


def read_by_key(reader: Reader, path: tuple[str, str, str], fields: str = "") -> Any:
    """Return the record of *path* (object, external id field, its value); 300 and their paths if there are several."""
    name, key, value = path
    entity = entity_named(reader, name)
    found = _with_key(reader, entity, _key(entity, key), value)
    if len(found) > 1:
        return _several(reader, entity, found)
    if not found:
        raise not_found()
    return _chosen(entity, _by_id(reader, entity, found[0]), fields)


def create(author: Author, name: str, record: Body) -> Response:
    """Create a record; 201."""
    entity = _whole(author, name)
    with author.database.transaction():
        made = writes.create(author, entity, record)
    return JSONResponse({"id": made, "success": True, "errors": []}, 201)


def update(author: Author, name: str, wanted: str, record: Body) -> Response:
    """Change a record by its id; 204."""
    entity = _whole(author, name)
    if any(field.lower() == "id" for field in record):
        raise ApiError("INVALID_FIELD", "The Id field should not be specified in the sobject data.")
    with author.database.transaction():
        try:
            writes.update(author, entity, {**record, "Id": wanted})
        except ApiError as error:
            raise _as_status(error) from error
    return Response(status_code=204)


def delete(author: Author, name: str, wanted: str) -> Response:
    """Put a record into the bin; 204."""
    entity = _whole(author, name)
    with author.database.transaction():
        try:
            remove(author, entity, wanted)
        except ApiError as error:
            raise _as_status(error) from error
    return Response(status_code=204)


def delete_by_key(reader: Reader, author: Author, path: tuple[str, str, str]) -> Response:
    """Put the record of *path* (object, external id field, its value) into the bin; 204."""
    name, key, value = path
    entity = entity_named(reader, name)
    found = _with_key(reader, entity, _key(entity, key), value)
    if len(found) > 1:
        return _several(reader, entity, found)
    if not found:
        raise not_found()
    return delete(author, name, found[0])


def upsert(reader: Reader, author: Author, path: tuple[str, str, str], record: Body, update_only: bool) -> Response:
    """Change or create the record of *path*, as in `read_by_key`; *update_only* never creates."""
    name, key_name, value = path
    entity = _whole(author, name)
    key = _key(author.catalog.entity(name), key_name)
    if named := [field for field in record if field.lower() in (key.name.lower(), "id")]:
        raise ApiError("INVALID_FIELD", f"The {named[0]} field should not be specified in the sobject data.")
    found = _with_key(reader, entity, key, value)
    if len(found) > 1:
        return _several(reader, entity, found)
    if not found and (update_only or key.name == "Id"):
        raise not_found()
    with author.database.transaction():
        given = {"Id": found[0]} if found else {key.name: value}
        done = (
            writes.update(author, entity, {**record, **given})
            if found
            else writes.create(author, entity, record | given)
        )
    if found and float(reader.version) < _TELLS:
        return Response(status_code=204)
    return JSONResponse({"id": done, "success": True, "errors": [], "created": not found}, 200 if found else 201)


def several(reader: Reader, name: str, ids: list[str], fields: list[str]) -> list[Body | None]:
    """Return the records of *ids* in their order with *fields*, null for each that is not there."""
    entity = entity_named(reader, name)
    wanted = [record_id("Record ID", one, entity.prefix, "Id") for one in ids]
    return [_maybe(reader, entity, one, ",".join(fields)) for one in wanted]


def remove(author: Author, entity: Entity, wanted: str) -> str:
    """Put the record with the id *wanted* into the bin as the API user, and return its id in 18 characters.

    Raises:
        ApiError: it is not there, or may not be deleted.
    """
    writes.meet_fault(author)
    found_id = record_id("Record ID", wanted, entity.prefix, "Id")
    if author.database.find(entity, entity.columns["id"], found_id) is None:
        raise UNKNOWN_REFERENCE
    if writes.is_hidden(author, found_id):
        raise NO_ACCESS
    lifecycle.delete(author.database, entity, found_id, author.user)
    return found_id


def _whole(author: Author, name: str) -> Entity:
    if name.lower() not in author.catalog.entities:
        raise not_found()
    return visible().entity(name)


def _key(entity: Entity, name: str) -> Column:
    column = entity.column(name)
    if column is None or not column.is_key:
        message = f"Provided external ID field does not exist or is not accessible: {name}"
        raise ApiError("NOT_FOUND", message, status=404)
    return column


def _with_key(reader: Reader, entity: Entity, key: Column, value: str) -> list[str]:
    wanted = record_id("Record ID", value, entity.prefix, "Id") if key.name == "Id" else accept(key, value)
    sql = f'select "Id" from "{entity.name}" where "{key.name}" = ? and "IsDeleted" = 0 order by "Id"'
    return [row[0] for row in reader.database.rows(sql, (wanted,))]


def _by_id(reader: Reader, entity: Entity, wanted: str) -> Body:
    found_id = record_id("Record ID", wanted, entity.prefix, "Id")
    hidden = reader.database.rows("select 1 from hidden_row where id = ?", (found_id,))
    found = [] if hidden else cursor.everything(reader, entity.name, found_id)
    if not found:
        raise not_found()
    if found[0]["IsDeleted"]:
        raise ApiError("ENTITY_IS_DELETED", "entity is deleted", status=404)
    return found[0]


def _maybe(reader: Reader, entity: Entity, wanted: str, fields: str) -> Body | None:
    try:
        found = _by_id(reader, entity, wanted)
    except ApiError:
        return None
    return _chosen(entity, found, fields)


def _chosen(entity: Entity, record: Body, fields: str) -> Body:
    if not fields:
        return record
    chosen = {"attributes": record["attributes"]}
    for name in fields.split(","):
        column = entity.column(name.strip())
        if column is None:
            raise unknown_column(name.strip(), entity.name)
        chosen[column.name] = record[column.name]
    return {**chosen, "Id": record["Id"]}


def _several(reader: Reader, entity: Entity, ids: list[str]) -> Response:
    paths = [f"/services/data/v{reader.version}/sobjects/{entity.name}/{one}" for one in ids]
    return Response(json.dumps(paths), 300, media_type="application/json")


def _as_status(error: ApiError) -> ApiError:
    """What a collection says of a record that is not there, a path says with 404."""
    if error.code == UNKNOWN_REFERENCE.code and not error.fields:
        return not_found()
    if error.code == "ENTITY_IS_DELETED" and not error.fields:
        return ApiError(error.code, error.message, status=404)
    return error
