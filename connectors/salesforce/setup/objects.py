"""Our three objects: what they are called, how they are shared, their tabs, list views and validation rules."""

from __future__ import annotations

from typing import Any, Final

from connectors.salesforce.objects import OBJECT_NAMES
from connectors.salesforce.setup.component import Component
from overlap.fields import INFLUENCE, OBJECTS, OVERLAP, PARTNER, CrmObject

#: Who may change a confirmed influence, or make one, after the deal is won.
AFTER_CLOSE: Final = "Change_Influence_After_Close"
#: What makes up the credit for a won deal.
_SETTLED: Final = (
    *("Status__c", "Influence_Type__c", "Involvement__c", "Sourced__c", "Influenced_On__c"),
    *("Partner__c", "Opportunity__c"),
)
_MOTIFS: Final = {
    PARTNER.name: "Custom57: Building Block",
    OVERLAP.name: "Custom11: Star",
    INFLUENCE.name: "Custom53: Bell",
}
_DESCRIPTIONS: Final = {
    PARTNER.name: "A partner whose account list is mapped: one record per partner.",
    OVERLAP.name: "An account that is a partner's too: one record per account and partner. Kept by overlap.",
    INFLUENCE.name: "A partner's part in an opportunity: suggested from evidence, decided by people.",
}


def own_objects() -> list[CrmObject]:
    """Return the objects that we bring along; Account and Opportunity are there already."""
    return [thing for thing in OBJECTS if thing.key is not None]


def objects() -> list[Component]:
    """Return our objects without their fields.

    Sharing gives nothing away: an overlap belongs to the account's owner, an influence to the opportunity's, and they
    name accounts and deals that others may not see. The permission sets open them to whom they should be open. An org
    that has the objects keeps its own defaults: they are never deployed again.
    """
    return [Component("CustomObject", OBJECT_NAMES[thing.name], _object(thing)) for thing in own_objects()]


def _object(thing: CrmObject) -> list[tuple[str, Any]]:
    numbered = [("displayFormat", "PI-{000000}"), ("label", f"{thing.label} Number"), ("type", "AutoNumber")]
    named = [("label", f"{thing.label} Name"), ("type", "Text")]
    return [
        ("deploymentStatus", "Deployed"),
        ("description", _DESCRIPTIONS[thing.name]),
        ("enableActivities", False),
        ("enableBulkApi", True),
        ("enableReports", True),
        ("enableSearch", True),
        ("enableSharing", True),
        ("enableStreamingApi", True),
        ("externalSharingModel", "Private"),
        ("label", thing.label),
        ("nameField", named if "name" in thing.by_name else numbered),
        ("pluralLabel", thing.label + "s"),
        ("sharingModel", "Read" if thing == PARTNER else "Private"),
    ]


def tabs() -> list[Component]:
    """Return a tab for each object: without one, nobody finds its list views."""
    return [
        Component("CustomTab", OBJECT_NAMES[thing.name], [("customObject", True), ("motif", _MOTIFS[thing.name])])
        for thing in own_objects()
    ]


def list_views() -> list[Component]:
    """Return the list views. Salesforce keeps no sorting in one: "by priority" shows the column to sort by first."""
    return [
        Component(
            "ListView",
            f"{OBJECT_NAMES[PARTNER.name]}.All_Partners",
            [
                *_columns("NAME", "List_As_Of__c", "Feed_Status__c", "Tier__c", "Partner_Manager__c"),
                ("filterScope", "Everything"),
                ("label", "All partners"),
            ],
        ),
        Component(
            "ListView",
            f"{OBJECT_NAMES[OVERLAP.name]}.My_Overlaps_By_Priority",
            [
                *_columns("Priority__c", "NAME", "Account__c", "Partner_Name__c", "Play__c", "Match_Reason__c"),
                *_columns("Freshness__c", "Feedback__c"),
                ("filterScope", "Mine"),
                ("filters", [("field", "Status__c"), ("operation", "equals"), ("value", "Active")]),
                ("label", "My overlaps by priority"),
            ],
        ),
        Component(
            "ListView",
            f"{OBJECT_NAMES[INFLUENCE.name]}.Waiting_For_My_Decision",
            [
                *_columns("NAME", "Opportunity__c", "Partner__c", "Evidence_Summary__c", "Status__c"),
                ("filterScope", "Mine"),
                ("filters", [("field", "Status__c"), ("operation", "equals"), ("value", "Suggested,Proposed")]),
                ("filters", [("field", "Suggestion_State__c"), ("operation", "notEqual"), ("value", "Withdrawn")]),
                ("label", "Waiting for my decision"),
            ],
        ),
    ]


def _columns(*names: str) -> list[tuple[str, Any]]:
    return [("columns", name) for name in names]


def permission_to_change() -> Component:
    """Return the custom permission that the rules on settled influence ask for.

    Of our permission sets only the integration's holds it: it puts back a lookup that Salesforce has emptied, because
    its partner's record was deleted, and field-level security keeps it from all that people decide.
    """
    what = "May enter and change partner influence after its opportunity is won."
    return Component(
        "CustomPermission",
        AFTER_CLOSE,
        [("description", what), ("isLicensed", False), ("label", "Change Influence After Close")],
    )


def validation_rules() -> list[Component]:
    """Return the rules on influence. What the engine writes cannot break one.

    Whose influence on which deal it is counts as much as its status: a confirmed one that is moved takes its credit
    along. `IsWon` is that of the deal that an influence is moved to, so there is a rule of its own about moving away.
    """
    return [
        _rule(
            "Confirmed_Needs_Evidence",
            'AND(ISPICKVAL(Status__c, "Confirmed"), '
            "OR(ISBLANK(Influence_Type__c), ISBLANK(Influenced_On__c), ISBLANK(Evidence__c)))",
            "Confirmed influence needs its type, its date and its evidence.",
            "Status__c",
        ),
        _rule(
            "Sourced_Needs_Confirmed",
            'AND(Sourced__c, NOT(ISPICKVAL(Status__c, "Confirmed")))',
            "Only a confirmed influence can have sourced the deal.",
            "Sourced__c",
        ),
        _rule(
            "Closed_Won_Is_Settled",
            # Evidence is a long text, which no rule can compare; adding to it changes no report.
            f"AND(Opportunity__r.IsWon, NOT($Permission.{AFTER_CLOSE}), "
            'OR(AND(ISNEW(), NOT(ISPICKVAL(Origin__c, "Engine"))), '
            f"AND(NOT(ISNEW()), OR({', '.join(f'ISCHANGED({field})' for field in _SETTLED)}))))",
            "The deal is won: changing its partner influence needs the permission 'Change Influence After Close'.",
            None,
        ),
        _rule(
            "Confirmed_Stays_With_Its_Deal",
            f"AND(NOT(ISNEW()), NOT($Permission.{AFTER_CLOSE}), ISCHANGED(Opportunity__c), "
            'ISPICKVAL(PRIORVALUE(Status__c), "Confirmed"))',
            "Confirmed influence stays with its opportunity: take the confirmation back first, or enter a new one.",
            "Opportunity__c",
        ),
    ]


def _rule(name: str, condition: str, message: str, field: str | None) -> Component:
    shown = [("errorDisplayField", field)] if field else []
    parts = [("active", True), ("errorConditionFormula", condition), *shown, ("errorMessage", message)]
    return Component("ValidationRule", f"{OBJECT_NAMES[INFLUENCE.name]}.{name}", parts)
