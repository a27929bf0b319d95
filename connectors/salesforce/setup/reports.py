"""Three reports, and the report types that they stand on. A report names a type by its name and ``__c``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from connectors.salesforce.objects import OBJECT_NAMES, api_name
from connectors.salesforce.setup.component import Component, Part
from connectors.salesforce.setup.fields import STANDARD, relationship
from overlap.fields import INFLUENCE, OVERLAP, CrmObject, Kind

FOLDER: Final = "Overlap"
_OVERLAPS, _INFLUENCE, _DEALS = "Overlap_Report", "Influence_Report", "Opportunity_Influence_Report"
_OPPORTUNITY: Final = ("Name", "Account", "StageName", "Amount", "CloseDate", "IsClosed", "IsWon", "Owner")
#: How a report type calls influence that hangs on an opportunity.
_JOINED: Final = f"Opportunity.{relationship(INFLUENCE)}__r"


def report_types() -> list[Component]:
    """Return the report types; one of them keeps opportunities that have no influence at all."""
    overlap, influence = OBJECT_NAMES[OVERLAP.name], OBJECT_NAMES[INFLUENCE.name]
    joined: list[Part] = [("outerJoin", True), ("relationship", f"{relationship(INFLUENCE)}__r")]
    return [
        _type(_OVERLAPS, overlap, "Partner Overlaps", [], [_section("Overlap", overlap, _names(OVERLAP))]),
        _type(_INFLUENCE, influence, "Partner Influence", [], [_section("Influence", influence, _names(INFLUENCE))]),
        _type(
            _DEALS,
            "Opportunity",
            "Opportunities with or without Partner Influence",
            [("join", joined)],
            [
                _section("Opportunity", "Opportunity", _OPPORTUNITY),
                _section("Influence", _JOINED, [name for name in _names(INFLUENCE) if name != "Opportunity__c"]),
            ],
        ),
    ]


def folder() -> Component:
    """Return the folder of the reports, which everybody inside the company may open."""
    everybody = [("accessLevel", "View"), ("sharedTo", "AllInternalUsers"), ("sharedToType", "Group")]
    return Component("ReportFolder", FOLDER, [("folderShares", everybody), ("name", FOLDER)])


def reports() -> list[Component]:
    """Return the reports."""
    overlap, influence = OBJECT_NAMES[OVERLAP.name], OBJECT_NAMES[INFLUENCE.name]
    return [
        _report(
            ("Overlaps_By_Play", "Overlaps by play", "Active overlaps, by what to do with them and by partner."),
            _OVERLAPS,
            [f"{overlap}${field}" for field in ("Name", "Account__c", "Priority__c", "Match_Reason__c")],
            [f"{overlap}$Play__c", f"{overlap}$Partner_Name__c"],
            [(f"{overlap}$Status__c", "equals", "Active")],
        ),
        _report(
            ("Influence_By_Type", "Influence by type", "Confirmed influence only, by its type."),
            _INFLUENCE,
            [
                f"{influence}${field}"
                for field in ("Name", "Opportunity__c", "Partner__c", "Influenced_On__c", "Sourced__c")
            ],
            [f"{influence}$Influence_Type__c"],
            [(f"{influence}$Status__c", "equals", "Confirmed")],
        ),
        _report(
            (
                "Opportunities_By_Influence",
                "Opportunities with and without confirmed influence",
                "By the status of their influence: Confirmed counts; the group without a status has none at all.",
            ),
            _DEALS,
            [f"Opportunity${field}" for field in ("Name", "Account", "Amount", "CloseDate")]
            + [f"{_JOINED}$Partner__c"],
            [f"{_JOINED}$Status__c", "Opportunity$StageName"],
            [],
        ),
    ]


def _names(thing: CrmObject) -> list[str]:
    """Return the columns of a report type: every field but the long ones, which no report can filter."""
    ours = [api_name(f) for f in thing.fields if f.name not in STANDARD and f.kind is not Kind.LONG_TEXT]
    return ["Name", *ours]


def _type(name: str, base: str, label: str, join: Sequence[Part], sections: Sequence[Part]) -> Component:
    parts = [
        ("baseObject", base),
        ("category", "other"),
        ("deployed", True),
        ("description", f"{label}, from overlap."),
    ]
    return Component("ReportType", name, [*parts, *join, ("label", label), *sections])


def _section(label: str, table: str, fields: Sequence[str]) -> Part:
    columns: list[Part] = [
        ("columns", [("checkedByDefault", field == "Name"), ("field", field), ("table", table)]) for field in fields
    ]
    return "sections", [*columns, ("masterLabel", label)]


def _report(
    names: tuple[str, str, str],
    report_type: str,
    columns: Sequence[str],
    groups: Sequence[str],
    filters: Sequence[tuple[str, str, str]],
) -> Component:
    name, label, description = names
    wanted: list[Any] = [
        ("criteriaItems", [("column", column), ("operator", operator), ("value", value)])
        for column, operator, value in filters
    ]
    return Component(
        "Report",
        f"{FOLDER}/{name}",
        [
            *(("columns", [("field", column)]) for column in columns),
            ("description", description),
            *([("filter", wanted)] if wanted else []),
            ("format", "Summary"),
            *(("groupingsDown", [("field", group), ("sortOrder", "Asc")]) for group in groups),
            ("name", label),
            ("reportType", f"{report_type}__c"),
            ("scope", "organization"),
            ("showDetails", True),
            ("showGrandTotal", True),
            ("showSubTotals", True),
        ],
    )
