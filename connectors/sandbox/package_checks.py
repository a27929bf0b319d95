"""What Salesforce would refuse of a package, in its words.

Checked is what a wrong setup gets wrong: parts that are missing, types, references to what is not there, permissions on
required fields. Other tags are taken as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from connectors.sandbox.describe import is_permissionable
from connectors.sandbox.packages import Components, Parts, Problem, first
from connectors.sandbox.schema import visible


def wrong(there: Components, new: Components) -> Iterator[Problem]:
    """Yield what Salesforce would refuse of *new* in an org that has *there*."""
    org = _Org({kind: {**there.get(kind, {}), **new.get(kind, {})} for kind in there.keys() | new.keys()})
    for kind, components in new.items():
        for name, parts in components.items():
            for problem in _CHECKS.get(kind, _nothing)(org, name, parts):
                yield Problem(kind, name, _file(kind, name), problem)


@dataclass(frozen=True, slots=True)
class _Org:
    """The org as it would be."""

    components: Components

    def object(self, name: str) -> bool:
        return name in self.components.get("CustomObject", {}) or (not name.endswith("__c") and _standard(name))

    def field(self, name: str) -> bool:
        if name in self.components.get("CustomField", {}):
            return True
        owner, _, own = name.partition(".")
        if own.endswith("__c"):
            return False
        if owner.endswith("__c"):
            return owner in self.components.get("CustomObject", {})
        known = visible().entities.get(owner.lower())
        return known is not None and (known.column(own) is not None or own in _COMPOUNDS.get(owner, ()))

    def grantable(self, name: str) -> bool:
        """Whether field-level security knows the field; a required one has a refusal of its own."""
        owner, _, own = name.partition(".")
        known = visible().entities.get(owner.lower())
        column = None if known is None or own.endswith("__c") else known.column(own)
        if known is None or column is None:
            return self.field(name)
        return is_permissionable(known, column) or column.required

    def required(self, name: str) -> bool:
        parts = self.components.get("CustomField", {}).get(name)
        if parts is None:
            column = visible().entity(name.partition(".")[0]).column(name.partition(".")[2])
            return column is not None and not column.nillable and not column.defaulted
        return bool(first(parts, "required") == "true" or first(parts, "type") == "MasterDetail")


#: Fields that are several columns, and shown or hidden as one.
_COMPOUNDS: Final = {
    "Account": ("BillingAddress", "ShippingAddress"),
    "Lead": ("Address",),
    "Contact": ("MailingAddress", "OtherAddress"),
}


def _standard(name: str) -> bool:
    return name.lower() in visible().entities


_TYPES: Final = {
    "Text": ("length",),
    "LongTextArea": ("length", "visibleLines"),
    "MultiselectPicklist": ("visibleLines", "valueSet"),
    "Picklist": ("valueSet",),
    "Number": ("precision", "scale"),
    "Lookup": ("referenceTo",),
    "Checkbox": ("defaultValue",),
    **dict.fromkeys(("Url", "Email", "Date", "DateTime", "Phone", "Currency", "Percent", "TextArea"), ()),
}


def _custom_field(org: _Org, name: str, parts: Parts) -> Iterator[str]:
    owner, _, own = name.partition(".")
    kind = first(parts, "type")
    if not own.endswith("__c"):
        yield "fullName must end with: __c or __kav or __x or __b or __e or __p or __mdt or __dll or __dlm"
    if not org.object(owner):
        yield f"Entity of type 'CustomObject' named '{owner}' cannot be found"
    if kind not in _TYPES:
        yield f"'{kind}' is not a valid value for the enum 'FieldType'"
        return
    if "formula" not in parts:
        for needed in _TYPES[kind]:
            if needed not in parts:
                yield f"Must specify '{needed}' for a CustomField of type {kind}"
    target = first(parts, "referenceTo", None)
    if target is not None and not org.object(target):
        yield f"referenceTo value of '{target}' does not resolve to a valid sObject type"
    if first(parts, "required") == "true" and first(parts, "deleteConstraint") == "SetNull":
        yield "Cannot specify SetNull for a required lookup"
    if "valueSet" in parts and "valueSetName" not in first(parts, "valueSet"):
        yield from _values(first(first(parts, "valueSet"), "valueSetDefinition", {}).get("value", []))


def _values(listed: list[Parts]) -> Iterator[str]:
    """Yield what is wrong with a picklist's values: names and labels are told apart without regard to case."""
    if not listed:
        yield "Picklist must have at least one value"
    for tag in ("fullName", "label"):
        seen = set[str]()
        for name in (first(one, tag, first(one, "fullName")) for one in listed):
            if name.lower() in seen:
                yield f"Duplicate value in picklist: {name}"
            seen.add(name.lower())
    if sum(first(one, "default") == "true" for one in listed) > 1:
        yield "Only one picklist value can be the default"


def _custom_object(_: _Org, __: str, parts: Parts) -> Iterator[str]:
    for needed in ("label", "nameField", "pluralLabel", "sharingModel", "deploymentStatus"):
        if needed not in parts:
            yield f"Required field is missing: {needed}"


def _permission_set(org: _Org, _: str, parts: Parts) -> Iterator[str]:
    if "label" not in parts:
        yield "Required field is missing: label"
    for one in parts.get("fieldPermissions", []):
        field = first(one, "field")
        if not org.grantable(field):
            yield f"In field: field - no CustomField named {field} found"
        elif org.required(field):
            yield f"You cannot deploy to a required field: {field}"
    for one in parts.get("objectPermissions", []):
        name = first(one, "object")
        if not org.object(name):
            yield f"In field: object - no CustomObject named {name} found"
        yield from _depends(name, one)
    for one in parts.get("customPermissions", []):
        if first(one, "name") not in org.components.get("CustomPermission", {}):
            yield f"In field: customPermission - no CustomPermission named {first(one, 'name')} found"
    for one in parts.get("tabSettings", []):
        if first(one, "tab") not in org.components.get("CustomTab", {}):
            yield f"In field: tab - no CustomTab named {first(one, 'tab')} found"


_NEEDS: Final = {
    "allowCreate": ("allowRead",),
    "allowEdit": ("allowRead",),
    "allowDelete": ("allowRead", "allowEdit"),
    "viewAllRecords": ("allowRead",),
    "modifyAllRecords": ("allowRead", "allowEdit", "allowDelete", "viewAllRecords"),
}
_WORDS: Final = {
    "allowCreate": "Create",
    "allowRead": "Read",
    "allowEdit": "Edit",
    "allowDelete": "Delete",
    "viewAllRecords": "View All",
    "modifyAllRecords": "Modify All",
}


def _depends(name: str, parts: Parts) -> Iterator[str]:
    for right, needs in _NEEDS.items():
        for needed in needs:
            if first(parts, right) == "true" and first(parts, needed) != "true":
                yield f"Permission {_WORDS[right]} {name} depends on permission(s): {_WORDS[needed]} {name}"


def _list_view(org: _Org, name: str, parts: Parts) -> Iterator[str]:
    owner = name.partition(".")[0]
    for column in [*parts.get("columns", []), *(first(one, "field") for one in parts.get("filters", []))]:
        if column.endswith("__c") and not org.field(f"{owner}.{column}"):
            yield f"Could not resolve list view column: {column}"


def _validation_rule(org: _Org, name: str, parts: Parts) -> Iterator[str]:
    owner = name.partition(".")[0]
    formula = re.sub(r'"[^"]*"', "", first(parts, "errorConditionFormula"))
    for permission in re.findall(r"\$Permission\.(\w+)", formula):
        if permission not in org.components.get("CustomPermission", {}):
            yield f"Field $Permission.{permission} does not exist. Check spelling."
    for field in dict.fromkeys(re.findall(r"(?<![.\w])(\w+__c)\b", formula)):
        if not org.field(f"{owner}.{field}"):
            yield f"Field {field} does not exist. Check spelling."


def _flow(org: _Org, _: str, parts: Parts) -> Iterator[str]:
    start = first(parts, "start", {})
    owner = first(start, "object")
    if not org.object(owner):
        yield f"The flow can't be triggered: no object named {owner}"
    named = {first(one, "name") for one in parts.get("assignments", [])}
    target = first(first(start, "connector", {}), "targetReference")
    if target not in named:
        yield f'The "start" element contains the invalid connector reference "{target}".'
    used = [first(item, "assignToReference") for one in parts.get("assignments", []) for item in one["assignmentItems"]]
    for reference in used:
        if not org.field(f"{owner}.{reference.removeprefix('$Record.')}"):
            yield f'The assignment uses "{reference}", which doesn\'t exist.'


def _tab(org: _Org, name: str, _: Parts) -> Iterator[str]:
    if not org.object(name):
        yield f"no CustomObject named {name} found"


def _report_type(org: _Org, _: str, parts: Parts) -> Iterator[str]:
    base = first(parts, "baseObject")
    if not org.object(base):
        yield f"Invalid object name '{base}'"
    children = {
        first(one, "relationshipName"): name.partition(".")[0]
        for name, one in org.components.get("CustomField", {}).items()
        if first(one, "referenceTo") == base
    }
    for section in parts.get("sections", []):
        for column in section.get("columns", []):
            table, field = first(column, "table"), first(column, "field")
            child = table.partition(".")[2].removesuffix("__r")
            owner = children.get(child, table)
            if child and child not in children:
                yield f"Invalid table name '{table}'"
            elif field.endswith("__c") and not org.field(f"{owner}.{field}"):
                yield f"Could not find field '{field}' for object '{owner}'"


def _report(org: _Org, name: str, parts: Parts) -> Iterator[str]:
    if "reportType" not in parts:  # a folder
        return
    if name.partition("/")[0] not in org.components.get("Report", {}):
        yield f"Cannot find folder:{name.partition('/')[0]}"
    kind = org.components.get("ReportType", {}).get(first(parts, "reportType").removesuffix("__c"))
    if kind is None:
        yield "invalid report type"
        return
    offered = {
        f"{first(column, 'table')}${first(column, 'field')}"
        for section in kind.get("sections", [])
        for column in section.get("columns", [])
    }
    used = [first(one, "field") for tag in ("columns", "groupingsDown") for one in parts.get(tag, [])]
    used += [first(one, "column") for filters in parts.get("filter", []) for one in filters.get("criteriaItems", [])]
    for column in used:
        if column not in offered:
            yield f"Invalid field name {column}"


def _layout(org: _Org, name: str, parts: Parts) -> Iterator[str]:
    owner, seen = name.partition("-")[0], set[str]()
    for section in parts.get("layoutSections", []):
        for column in section.get("layoutColumns", []):
            for item in column.get("layoutItems", []) if isinstance(column, dict) else []:
                field = first(item, "field")
                if field and not org.field(f"{owner}.{field}"):
                    yield f"In field: field - no CustomField named {owner}.{field} found"
                if field and field in seen:
                    yield f"Field:{field} is already on the layout"
                seen.add(field)


def _nothing(_: _Org, __: str, ___: Parts) -> Iterator[str]:
    return iter(())


_CHECKS: Final = {
    "CustomField": _custom_field,
    "CustomObject": _custom_object,
    "PermissionSet": _permission_set,
    "ListView": _list_view,
    "ValidationRule": _validation_rule,
    "Flow": _flow,
    "CustomTab": _tab,
    "ReportType": _report_type,
    "Report": _report,
    "Layout": _layout,
}


def _file(kind: str, name: str) -> str:
    if kind in ("CustomField", "ListView", "ValidationRule", "CustomObject"):
        return f"objects/{name.partition('.')[0]}.object"
    return f"{kind[0].lower()}{kind[1:]}s/{name}"
