"""Offline referees of a project's source: Salesforce's own schema, and three rules that no schema can state."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import simple_salesforce
from lxml import etree

SOURCE = "force-app/main/default/"
_XSD = "{http://www.w3.org/2001/XMLSchema}"
_NS = "{http://soap.sforce.com/2006/04/metadata}"
_KINDS = (
    *("CustomField", "CustomObject", "CustomPermission", "CustomTab", "Flow", "Layout", "ListView", "Package"),
    *("PermissionSet", "Report", "ReportFolder", "ReportType", "ValidationRule"),
)
#: Fields of Salesforce's own that the source may refer to, from its describes.
_STANDARD = {
    "Account": {
        *("Name", "Website", "Phone", "BillingAddress", "Industry", "NumberOfEmployees", "AnnualRevenue", "Type"),
        *("ParentId", "Owner"),
    },
    "Opportunity": {
        *("Name", "AccountId", "Account", "Type", "Amount", "StageName", "CloseDate", "IsClosed", "IsWon", "Owner"),
    },
    "User": {"Id", "Name"},
}


@cache
def schema() -> etree.XMLSchema:
    """The types of the Metadata WSDL that the client library brings along, each as the root of a file."""
    wsdl = etree.parse(str(Path(simple_salesforce.__file__).with_name("metadata.wsdl")))
    found = wsdl.find(f".//{_XSD}schema")
    for kind in _KINDS:
        etree.SubElement(found, f"{_XSD}element", name=kind, type=f"tns:{kind}")
    return etree.XMLSchema(etree.fromstring(etree.tostring(found)))


def problems(files: dict[str, bytes]) -> list[str]:
    """Everything that is wrong with *files*, the path first."""
    trees = {path: etree.fromstring(content) for path, content in files.items() if path.endswith(".xml")}
    wrong = []
    for path, tree in trees.items():
        if not schema().validate(tree):
            wrong.append(f"{path}: {schema().error_log.last_error.message}")
    source = _Source({path.removeprefix(SOURCE): tree for path, tree in trees.items()})
    return wrong + list(source.wrong_names()) + list(source.required_permissions()) + list(source.lost_references())


class _Source:
    """The parsed files by their path below the source folder."""

    def __init__(self, trees: dict[str, etree._Element]) -> None:
        self.trees = trees
        self.objects = {_stem(path) for path in self._of("objects/*/*.object-meta.xml")}
        self.fields = {
            f"{path.split('/')[1]}.{_stem(path)}": tree for path, tree in self._of("objects/*/fields/*").items()
        }
        self.permissions = {_stem(path) for path in self._of("customPermissions/*")}
        self.tabs = {_stem(path) for path in self._of("tabs/*")}

    def wrong_names(self) -> Iterator[str]:
        for path, tree in self.trees.items():
            name = tree.findtext(f"{_NS}fullName")
            if name is not None and name != _stem(path):
                yield f"{path}: fullName {name} is not the name of the file"

    def required_permissions(self) -> Iterator[str]:
        for path, tree in self._of("permissionsets/*").items():
            for name in _texts(tree, "fieldPermissions/field"):
                field = self.fields.get(name)
                kind = None if field is None else field.findtext(f"{_NS}type")
                if field is not None and (field.findtext(f"{_NS}required") == "true" or kind == "MasterDetail"):
                    yield f"{path}: {name} is required; a permission on it cannot be deployed"

    def lost_references(self) -> Iterator[str]:
        for path, tree in self.trees.items():
            for kind, name in self._references(path, tree):
                if not self._is_there(kind, name):
                    yield f"{path}: there is no {kind} {name}"

    def _references(self, path: str, tree: etree._Element) -> Iterator[tuple[str, str]]:
        owner = path.split("/")[1] if path.startswith("objects/") else ""
        if owner.endswith("__c") or owner:
            yield from (("object", owner),) if owner not in _STANDARD else ()
        yield from (("object", name) for name in _texts(tree, "referenceTo"))
        yield from (("field", name) for name in _texts(tree, "fieldPermissions/field"))
        yield from (("object", name) for name in _texts(tree, "objectPermissions/object"))
        yield from (("permission", name) for name in _texts(tree, "customPermissions/name"))
        yield from (("tab", name) for name in _texts(tree, "tabSettings/tab"))
        yield from (("object", _stem(path)) for _ in range(path.startswith("tabs/")))
        if "/listViews/" in path:
            names = [*_texts(tree, "columns"), *_texts(tree, "filters/field")]
            yield from (("field", f"{owner}.{name}") for name in names if name != "NAME")
        for formula in [*_texts(tree, "errorConditionFormula"), *_texts(tree, "formula")]:
            yield from self._in_formula(owner, formula)
        yield from (("field", f"{owner}.{name}") for name in _texts(tree, "errorDisplayField"))
        yield from self._in_flow(tree)
        yield from self._in_reports(tree)

    def _in_formula(self, owner: str, formula: str) -> Iterator[tuple[str, str]]:
        plain = re.sub(r'"[^"]*"', "", formula)
        yield from (("permission", name) for name in re.findall(r"\$Permission\.(\w+)", plain))
        for parent, name in re.findall(r"(\w+__r)\.(\w+)", plain):
            lookup = f"{owner}.{parent.removesuffix('__r')}__c"
            yield "field", lookup
            if lookup in self.fields:
                yield "field", f"{self.fields[lookup].findtext(f'{_NS}referenceTo')}.{name}"
        for name in re.findall(r"(?<![.\w$])(\w+__c)\b", plain):
            yield "field", f"{owner}.{name}"

    def _in_flow(self, tree: etree._Element) -> Iterator[tuple[str, str]]:
        for owner in _texts(tree, "start/object"):
            yield "object", owner
            yield from (("field", f"{owner}.{name}") for name in _texts(tree, "start/filters/field"))
            for reference in _texts(tree, "assignments/assignmentItems/assignToReference"):
                yield "field", f"{owner}.{reference.removeprefix('$Record.')}"

    def _in_reports(self, tree: etree._Element) -> Iterator[tuple[str, str]]:
        for base in _texts(tree, "baseObject"):
            yield "object", base
            children = {
                field.findtext(f"{_NS}relationshipName"): name.split(".")[0]
                for name, field in self.fields.items()
                if field.findtext(f"{_NS}referenceTo") == base
            }
            for column in tree.iterfind(f"{_NS}sections/{_NS}columns"):
                table, name = column.findtext(f"{_NS}table"), column.findtext(f"{_NS}field")
                owner = children.get(table.partition(".")[2].removesuffix("__r"), table)
                yield "field", f"{owner}.{name}"
        for kind in _texts(tree, "reportType"):
            yield "report type", kind
            offered = self._offered(kind.removesuffix("__c"))
            paths = ("columns/field", "groupingsDown/field", "filter/criteriaItems/column")
            for name in [name for path in paths for name in _texts(tree, path)]:
                yield ("report column", name) if name not in offered else ("report type", kind)

    def _offered(self, kind: str) -> set[str]:
        tree = self.trees.get(f"reportTypes/{kind}.reportType-meta.xml")
        columns = [] if tree is None else tree.iterfind(f"{_NS}sections/{_NS}columns")
        return {f"{one.findtext(f'{_NS}table')}${one.findtext(f'{_NS}field')}" for one in columns}

    def _is_there(self, kind: str, name: str) -> bool:
        if kind == "object":
            return name in self.objects or name in _STANDARD
        if kind == "field":
            owner, _, own = name.partition(".")
            return name in self.fields or own in _STANDARD.get(owner, ()) or (owner in self.objects and own == "Name")
        if kind == "report type":
            return f"reportTypes/{name.removesuffix('__c')}.reportType-meta.xml" in self.trees
        return name in {"permission": self.permissions, "tab": self.tabs}.get(kind, set())

    def _of(self, pattern: str) -> dict[str, etree._Element]:
        return {path: tree for path, tree in self.trees.items() if Path(path).match(pattern)}


def _stem(path: str) -> str:
    return path.rpartition("/")[2].split(".")[0]


def _texts(tree: etree._Element, path: str) -> list[str]:
    return [one.text or "" for one in tree.iterfind("/".join(f"{_NS}{step}" for step in path.split("/")))]
