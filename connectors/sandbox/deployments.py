"""Deployments and retrievals of the Metadata API.

A deployment is all or nothing and takes two looks: one that says InProgress, and one that finds it done and says how it
ended; only then is there what it brings. What a deployment leaves out of a picklist is switched off, not taken away.
Source: Metadata API Developer Guide, "deploy()", "checkDeployStatus()", "retrieve()", "CustomValue"; the schema is its
WSDL.
"""

from __future__ import annotations

import base64
import binascii
import io
import zipfile
from collections.abc import Callable, Mapping
from typing import Any, Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from connectors.sandbox import access, package_checks, packages
from connectors.sandbox.database import Database
from connectors.sandbox.ids import with_checksum
from connectors.sandbox.layouts import LAYOUTS
from connectors.sandbox.packages import Parts, Problem, first
from connectors.sandbox.values import stamp

_NAMESPACE: Final = "http://soap.sforce.com/2006/04/metadata"
_LAYOUTS: Final = "layouts"


class SoapFaultError(Exception):
    """A refusal in SOAP's way."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


def _deploy(database: Database, call: Element) -> list[tuple[str, Any]]:
    try:
        content = base64.b64decode(call.findtext(f"{{{_NAMESPACE}}}ZipFile", ""), validate=True)
    except binascii.Error as error:
        raise SoapFaultError("INVALID_TYPE", "ZipFile is no base64") from error
    check_only = call.findtext(f".//{{{_NAMESPACE}}}checkOnly", "").lower() == "true"
    package, there = packages.read(content), access.components(database)
    new = package.components
    problems = [*package.problems, *package_checks.wrong(there, new)]
    brings = {} if problems or check_only else {"components": new, "layouts": package.layouts}
    total = sum(len(parts) for parts in new.values())
    return _started(database, "0Af", _ended(database, problems, total, check_only), brings)


def _arrive(database: Database, brings: dict[str, Any]) -> None:
    """Let the org have what a deployment brings."""
    there, new = access.components(database), brings["components"]
    merged = {kind: {**there.get(kind, {}), **new.get(kind, {})} for kind in there.keys() | new.keys()}
    for name in new.get("CustomField", {}).keys() & there.get("CustomField", {}).keys():
        _switch_off(there["CustomField"][name], merged["CustomField"][name])
    database.keep(access.COMPONENTS, merged)
    database.keep(_LAYOUTS, {**database.setting(_LAYOUTS, {}), **brings["layouts"]})


def _switch_off(before: Parts, after: Parts) -> None:
    """Keep the values of a picklist that its new version leaves out, switched off."""
    old, new = (first(first(parts, "valueSet", {}), "valueSetDefinition", {}) for parts in (before, after))
    if not old or not new:
        return
    named = {first(value, "fullName").lower() for value in new["value"]}
    lost = [value for value in old["value"] if first(value, "fullName").lower() not in named]
    new["value"] = [*new["value"], *({**value, "isActive": ["false"]} for value in lost)]


def _ended(database: Database, problems: list[Problem], total: int, check_only: bool) -> list[tuple[str, Any]]:
    now, ok = stamp(database.now()), not problems
    failures = [
        (
            "componentFailures",
            [
                *(("changed", "false"), ("componentType", one.kind), ("created", "false"), ("createdDate", now)),
                *(("deleted", "false"), ("fileName", one.file), ("fullName", one.name), ("problem", one.problem)),
                *(("problemType", "Error"), ("success", "false")),
            ],
        )
        for one in problems
    ]
    return [
        ("checkOnly", str(check_only).lower()),
        ("details", failures),
        ("done", "true"),
        ("numberComponentErrors", len(problems)),
        ("numberComponentsDeployed", total if ok else 0),
        ("numberComponentsTotal", total),
        ("status", "Succeeded" if ok else "Failed"),
        ("success", str(ok).lower()),
    ]


def _retrieve(database: Database, call: Element) -> list[tuple[str, Any]]:
    layouts: dict[str, str] = {**LAYOUTS, **database.setting(_LAYOUTS, {})}
    fields = access.components(database).get("CustomField", {})
    files: dict[str, str] = {}
    owners: dict[str, list[tuple[str, Parts]]] = {}
    for types in call.iter(f"{{{_NAMESPACE}}}types"):
        kind = types.findtext(f"{{{_NAMESPACE}}}name", "")
        for name in (one.text or "" for one in types.iter(f"{{{_NAMESPACE}}}members")):
            owner, _, own = name.partition(".")
            if kind == "Layout" and name in layouts:
                files[f"layouts/{name}.layout"] = layouts[name]
            elif kind == "CustomField" and name in fields:
                owners.setdefault(owner, []).append((own, _shown(fields[name])))
    for owner, found in owners.items():
        files[f"objects/{owner}.object"] = _object(found)
    ended = [("done", "true"), ("status", "Succeeded"), ("success", "true"), ("zipFile", _zipped(files))]
    return _started(database, "09S", ended, {})


def _shown(parts: Parts) -> Parts:
    """Return a field as a retrieve shows it: an unrestricted list without the values that are switched off."""
    values = first(parts, "valueSet", {})
    if not values or first(values, "restricted") == "true" or "valueSetDefinition" not in values:
        return parts
    definition = first(values, "valueSetDefinition")
    active = [value for value in definition["value"] if first(value, "isActive", "true") == "true"]
    return {**parts, "valueSet": [{**values, "valueSetDefinition": [{**definition, "value": active}]}]}


def _object(fields: list[tuple[str, Parts]]) -> str:
    root = Element("CustomObject", {"xmlns": _NAMESPACE})
    for name, parts in fields:
        _add(ElementTree.SubElement(root, "fields"), {"fullName": [name], **parts})
    return ElementTree.tostring(root, encoding="unicode")


def _add(element: Element, parts: Mapping[str, Any]) -> None:
    for tag, values in parts.items():
        for value in values:
            child = ElementTree.SubElement(element, tag)
            if isinstance(value, dict):
                _add(child, value)
            else:
                child.text = value


def _zipped(files: dict[str, str]) -> str:
    """Return a package of *files* as base64. What does not exist is simply not in it."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("package.xml", "<?xml version='1.0'?><Package/>")
        for path, text in files.items():
            archive.writestr(path, text)
    return base64.b64encode(target.getvalue()).decode()


def _started(
    database: Database, prefix: str, ended: list[tuple[str, Any]], brings: dict[str, Any]
) -> list[tuple[str, Any]]:
    number = with_checksum(f"{prefix}{database.next_number(access.JOBS):012d}")
    jobs = database.setting(access.JOBS, {})
    database.keep(access.JOBS, {**jobs, number: {"looks": 0, "ended": ended, "brings": brings}})
    return [("done", "false"), ("id", number), ("state", "Queued")]


def _look(database: Database, call: Element) -> list[tuple[str, Any]]:
    jobs = database.setting(access.JOBS, {})
    number = call.findtext(f"{{{_NAMESPACE}}}asyncProcessId", "")
    if number not in jobs:
        raise SoapFaultError("INVALID_ID_FIELD", f"invalid ID: {number}")
    job = jobs[number]
    job["looks"] += 1
    brings = job["brings"] if job["looks"] == access.LAST_LOOK else {}
    if brings:
        _arrive(database, brings)
    database.keep(access.JOBS, {**jobs, number: {**job, "brings": {} if brings else job["brings"]}})
    if job["looks"] < access.LAST_LOOK:
        return [("done", "false"), ("id", number), ("status", "InProgress"), ("success", "false")]
    return [*((tag, value) for tag, value in job["ended"]), ("id", number)]


OPERATIONS: Final[dict[str, Callable[[Database, Element], list[tuple[str, Any]]]]] = {
    "deploy": _deploy,
    "checkDeployStatus": _look,
    "retrieve": _retrieve,
    "checkRetrieveStatus": _look,
}
