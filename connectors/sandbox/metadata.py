"""The set-up side of the org: envelopes of the Metadata API, questions about permissions and rules, assigning a set.

What the Metadata API does is in `deployments`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from connectors.sandbox import access, setup_objects, soql
from connectors.sandbox.database import Database
from connectors.sandbox.deployments import OPERATIONS, SoapFaultError
from connectors.sandbox.errors import ApiError, unknown_column_in_query, unknown_type
from connectors.sandbox.ids import with_checksum
from connectors.sandbox.schema import visible
from connectors.sandbox.soql import Comparison, Condition, Literal

_NAMESPACE: Final = "http://soap.sforce.com/2006/04/metadata"
_SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
_MAY_NOT: Final = "use of the Metadata API requires a user with the ModifyAllData or ModifyMetadata permissions"


def soap(database: Database, body: bytes) -> tuple[bytes, int]:
    """Return the answer to one SOAP call, and its HTTP status."""
    try:
        operation, result = _answer(database, body)
    except SoapFaultError as fault:
        envelope, holder = _envelope()
        inner = ElementTree.SubElement(holder, f"{{{_SOAP}}}Fault")
        ElementTree.SubElement(inner, "faultcode").text = f"sf:{fault.code}"
        ElementTree.SubElement(inner, "faultstring").text = str(fault)
        return _written(envelope), 500
    envelope, holder = _envelope()
    _fill(holder, [(f"{operation}Response", [("result", result)])])
    return _written(envelope), 200


def query(database: Database, text: str, *, tooling: bool = False) -> dict[str, Any] | None:
    """Return the answer to a query of the org's set-up, None if it asks for anything else.

    Raises:
        ApiError: the query is refused.
    """
    named = re.search(r"\sfrom\s+(\w+)", text, re.IGNORECASE)
    rows = setup_objects.rows(database, named[1], tooling=tooling) if named else None
    if named is None or rows is None:
        return None
    if not database.setting("view_setup", True):  # to whoever may not look, these objects do not exist
        raise unknown_type(named[1])
    select = soql.parse(text)
    known = rows[0] if rows else {}
    for path in select.paths:
        if known and path.names[0] not in known:
            raise unknown_column_in_query(path.names[0], select.entity, text, path.position)
    found = [row for row in rows if select.where is None or _holds(row, select.where)][: select.limit]
    records = [_record(row, [path.names for path in select.paths], select.entity) for row in found]
    return {"totalSize": len(records), "done": True, "records": records if select.paths else []}


def assign(database: Database, body: Any) -> dict[str, Any]:
    """Assign a permission set as a POST of a PermissionSetAssignment does, and return the answer.

    Raises:
        ApiError: it is refused.
    """
    user, wanted = body.get("AssigneeId"), body.get("PermissionSetId")
    names = {setup_objects.set_id(name): name for name in access.components(database).get("PermissionSet", {})}
    if wanted not in names or not database.rows('select 1 from "User" where "Id" = ?', (user,)):
        raise ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    for one, owner, name in access.assignments(database):
        if (owner, name) == (user, names[wanted]):
            said = f"duplicate value found: PermissionSetId duplicates value on record with id: {one}"
            raise ApiError("DUPLICATE_VALUE", said)
    number = with_checksum(f"0Pa{database.next_number('PermissionSetAssignment'):012d}")
    access.assign(database, number, user, names[wanted])
    return {"id": number, "success": True, "errors": []}


def resources(org_id: str, user: str, version: str) -> dict[str, str]:
    """Return what the root of the API lists: where things are, and who asks."""
    root = f"/services/data/v{version}"
    listed = {name: f"{root}/{name}" for name in ("limits", "query", "queryAll", "sobjects", "tooling")}
    return {**listed, "identity": f"https://login.salesforce.com/id/{org_id}/{user}"}


def record_counts(database: Database, names: str) -> dict[str, Any]:
    """Return how many records each object of *names* (by commas) has, whoever may see them."""
    counts = [
        {"count": database.rows(f'select count(*) from "{name}" where "IsDeleted" = 0')[0][0], "name": name}
        for name in names.split(",")
        if name.lower() in visible().entities
    ]
    return {"sObjects": counts}


def _answer(database: Database, body: bytes) -> tuple[str, list[tuple[str, Any]]]:
    try:
        envelope = ElementTree.fromstring(body)
    except ElementTree.ParseError as error:
        raise SoapFaultError("UNKNOWN_EXCEPTION", f"the request is not well-formed: {error}") from error
    token = envelope.findtext(f".//{{{_NAMESPACE}}}sessionId", "")
    if not database.rows("select 1 from token where token = ?", (token,)):
        raise SoapFaultError("INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader: Illegal Session")
    if not database.setting("may_deploy", True):
        raise SoapFaultError("INSUFFICIENT_ACCESS", _MAY_NOT)
    call = next(iter(envelope.find(f"{{{_SOAP}}}Body") or []), None)
    operation = "" if call is None else call.tag.rpartition("}")[2]
    act = OPERATIONS.get(operation)
    if act is None or call is None:
        raise SoapFaultError("UNKNOWN_EXCEPTION", f"No operation available for request {operation}")
    return operation, act(database, call)


def _holds(row: dict[str, Any], condition: Condition) -> bool:
    if not isinstance(condition, Comparison):
        parts = [_holds(row, part) for part in condition.parts]
        return not parts[0] if condition.operator == "not" else (all if condition.operator == "and" else any)(parts)
    value: Any = row
    for name in condition.path.names:
        value = (value or {}).get(name)
    same = [_same(value, literal) for literal in condition.values]
    if condition.operator in ("=", "in"):
        return any(same)
    if condition.operator in ("!=", "not in"):
        return not any(same)
    raise ApiError("INVALID_QUERY_FILTER_OPERATOR", f"'{condition.operator}' is not supported here")


def _same(value: Any, literal: Literal) -> bool:
    if literal.kind == "null":
        return value is None
    if literal.kind == "boolean":
        return value is (literal.text == "true")
    return str(value).lower() == literal.text.lower()


def _record(row: dict[str, Any], paths: list[tuple[str, ...]], kind: str) -> dict[str, Any]:
    record: dict[str, Any] = {"attributes": {"type": kind}}
    for path in paths:
        inner, source = record, row
        for name in path[:-1]:
            inner, source = inner.setdefault(name, {}), source[name]
        inner[path[-1]] = source.get(path[-1])
    return record


def _envelope() -> tuple[Element, Element]:
    envelope = Element(f"{{{_SOAP}}}Envelope")
    return envelope, ElementTree.SubElement(envelope, f"{{{_SOAP}}}Body")


def _fill(element: Element, parts: Iterable[tuple[str, Any]]) -> None:
    for tag, value in parts:
        child = ElementTree.SubElement(element, f"{{{_NAMESPACE}}}{tag}")
        if isinstance(value, list | tuple):
            _fill(child, ((name, inner) for name, inner in value))
        else:
            child.text = str(value)


def _written(element: Element) -> bytes:
    written: bytes = ElementTree.tostring(element, encoding="utf-8", xml_declaration=True)
    return written


def parsed(body: bytes) -> Any:
    """Return a JSON body.

    Raises:
        ApiError: it is none.
    """
    try:
        found = json.loads(body)
    except ValueError as error:
        raise ApiError("JSON_PARSER_ERROR", str(error)) from error
    if not isinstance(found, dict):
        raise ApiError("JSON_PARSER_ERROR", "an object is needed")
    return found
