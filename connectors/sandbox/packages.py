"""A package of metadata as the sandbox reads it: components by type and name, as plain data."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import Any, Final
from xml.etree import ElementTree

_NAMESPACE: Final = "{http://soap.sforce.com/2006/04/metadata}"
#: The parts of an object's file that are components of their own.
_CHILDREN: Final = {"fields": "CustomField", "listViews": "ListView", "validationRules": "ValidationRule"}
#: What a component's own tags hold: text, or more tags. A tag may come several times.
Parts = dict[str, list[Any]]
#: Components by type and full name.
Components = dict[str, dict[str, Parts]]


@dataclass(frozen=True, slots=True)
class Problem:
    """One line of a deployment's failures."""

    kind: str
    name: str
    file: str
    problem: str


@dataclass(frozen=True, slots=True)
class Package:
    """What a zip brings: *layouts* by name, as text; *problems* are what is wrong with its files."""

    components: Components
    layouts: dict[str, str]
    problems: tuple[Problem, ...]


def read(content: bytes) -> Package:
    """Return what the zip *content* brings."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        listed = ElementTree.fromstring(archive.read("package.xml"))
    except (zipfile.BadZipFile, KeyError, ElementTree.ParseError):
        return Package({}, {}, (Problem("", "package.xml", "package.xml", "No package.xml found"),))
    found: Components = {}
    problems: list[Problem] = []
    members = [
        (types.findtext(f"{_NAMESPACE}name", ""), (one.text or "").removesuffix("/"))  # a folder may be named as one
        for types in listed.iter(f"{_NAMESPACE}types")
        for one in types.iter(f"{_NAMESPACE}members")
    ]
    files = {name: archive.read(name) for name in archive.namelist() if name != "package.xml" and name[-1] != "/"}
    parsed: dict[str, ElementTree.Element] = {}
    for path, text in files.items():
        try:
            parsed[path] = ElementTree.fromstring(text)
        except ElementTree.ParseError as error:
            problems.append(Problem("", path, path, f"Error parsing file: {error}"))
    for kind, name in members:
        element = _element(parsed, kind, name)
        if element is None:
            said = f"An object '{name}' of type {kind} was named in package.xml, but was not found in zipped directory"
            problems.append(Problem(kind, name, "package.xml", said))
        else:
            found.setdefault(kind, {})[name] = _plain(element)
    layouts = {
        path.removeprefix("layouts/").removesuffix(".layout"): text.decode()
        for path, text in files.items()
        if path.startswith("layouts/")
    }
    return Package(found, layouts, tuple(problems))


def _element(parsed: dict[str, ElementTree.Element], kind: str, name: str) -> ElementTree.Element | None:
    if kind in _CHILDREN.values():
        owner, _, own = name.partition(".")
        holder = parsed.get(f"objects/{owner}.object")
        tag = next(tag for tag, child in _CHILDREN.items() if child == kind)
        children = holder.iterfind(f"{_NAMESPACE}{tag}") if holder is not None else iter(())
        return next((child for child in children if child.findtext(f"{_NAMESPACE}fullName") == own), None)
    for path, element in parsed.items():
        stem = path.partition("/")[2].removesuffix("-meta.xml")
        if element.tag in (f"{_NAMESPACE}{kind}", f"{_NAMESPACE}ReportFolder") and stem.rpartition(".")[0] == name:
            return element
        if element.tag == f"{_NAMESPACE}ReportFolder" and kind == "Report" and stem == name:
            return element
    return None


def _plain(element: ElementTree.Element) -> Parts:
    parts: Parts = {}
    for child in element:
        tag = child.tag.removeprefix(_NAMESPACE)
        if tag not in _CHILDREN:
            parts.setdefault(tag, []).append(_plain(child) if len(child) else (child.text or ""))
    return parts


def first(parts: Parts, tag: str, default: Any = "") -> Any:
    """Return the first value of *tag*."""
    return parts.get(tag, [default])[0]
