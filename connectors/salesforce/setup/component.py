"""One piece of Salesforce metadata as plain data, and its XML. The order of its parts is the schema's order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.etree import ElementTree

NAMESPACE: Final = "http://soap.sforce.com/2006/04/metadata"
#: The version in which the source is written; orgs keep reading old ones for years.
SOURCE_VERSION: Final = "62.0"
#: A tag and its value: text, a number, true or false, or parts of its own.
Part = tuple[str, Any]

#: Parts of an object that have files of their own: (folder, ending, tag in the object's one file of a package).
CHILDREN: Final = {
    "CustomField": ("fields", "field", "fields"),
    "ListView": ("listViews", "listView", "listViews"),
    "ValidationRule": ("validationRules", "validationRule", "validationRules"),
}
#: Everything else: (folder, ending).
_FOLDERS: Final = {
    "CustomObject": ("objects", "object"),
    "CustomPermission": ("customPermissions", "customPermission"),
    "CustomTab": ("tabs", "tab"),
    "Flow": ("flows", "flow"),
    "Layout": ("layouts", "layout"),
    "PermissionSet": ("permissionsets", "permissionset"),
    "Report": ("reports", "report"),
    "ReportFolder": ("reports", "reportFolder"),
    "ReportType": ("reportTypes", "reportType"),
}


@dataclass(frozen=True, slots=True)
class Component:
    """*kind* is Salesforce's name of the type, *name* the full name: ``Account.Overlap_Best_Play__c`` for a field."""

    kind: str
    name: str
    parts: Sequence[Part]

    @property
    def owner(self) -> str:
        """The object that a child belongs to: ``Account`` of ``Account.Overlap_Best_Play__c``."""
        return self.name.partition(".")[0]

    @property
    def own_name(self) -> str:
        """Its name inside its object."""
        return self.name.partition(".")[2] or self.name

    @property
    def source_path(self) -> str:
        """Where its file is in a project's source."""
        if self.kind in CHILDREN:
            folder, ending, _ = CHILDREN[self.kind]
            return f"objects/{self.owner}/{folder}/{self.own_name}.{ending}-meta.xml"
        folder, ending = _FOLDERS[self.kind]
        inside = f"{self.name}/" if self.kind == "CustomObject" else ""
        return f"{folder}/{inside}{self.name}.{ending}-meta.xml"

    @property
    def package_path(self) -> str:
        """Where its file is in a package; the children of an object are in the object's file."""
        if self.kind in CHILDREN:
            return f"objects/{self.owner}.object"
        folder, ending = _FOLDERS[self.kind]
        return f"{folder}/{self.name}-meta.xml" if self.kind == "ReportFolder" else f"{folder}/{self.name}.{ending}"


def source_xml(component: Component) -> bytes:
    """Return the file of *component* in a project's source; a child's begins with its name."""
    named = [("fullName", component.own_name)] if component.kind in CHILDREN else []
    return xml(component.kind, [*named, *component.parts])


def object_xml(components: Iterable[Component]) -> bytes:
    """Return the one file that an object and its children share in a package."""
    parts: list[Part] = []
    for one in components:
        if one.kind == "CustomObject":
            parts += one.parts
        else:
            parts.append((CHILDREN[one.kind][2], [("fullName", one.own_name), *one.parts]))
    # The schema lists an object's parts by name; sorted() keeps the order among fields.
    return xml("CustomObject", sorted(parts, key=lambda part: part[0]))


def xml(root: str, parts: Iterable[Part]) -> bytes:
    """Return an XML file: indented by four, ending in a line feed, the same bytes for the same parts."""
    element = ElementTree.Element(root, {"xmlns": NAMESPACE})
    _fill(element, parts)
    return written(element)


def written(element: ElementTree.Element) -> bytes:
    """Return *element* as a file."""
    ElementTree.indent(element, "    ")
    body = ElementTree.tostring(element, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'.encode()


def parts_of(element: ElementTree.Element) -> list[Part]:
    """Return what is in *element*, a piece of metadata as an org gives it; every value is text."""
    return [
        (child.tag.rpartition("}")[2], parts_of(child) if len(child) else (child.text or "").strip())
        for child in element
    ]


def _fill(element: ElementTree.Element, parts: Iterable[Part]) -> None:
    for tag, value in parts:
        child = ElementTree.SubElement(element, tag)
        if isinstance(value, list | tuple):
            _fill(child, value)
        else:
            child.text = str(value).lower() if isinstance(value, bool) else str(value)
