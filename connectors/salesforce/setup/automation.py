"""The one automation that we ship: who confirmed an influence, when, and at which stage of the deal."""

from __future__ import annotations

from typing import Any, Final

from connectors.salesforce.objects import OBJECT_NAMES
from connectors.salesforce.setup.component import SOURCE_VERSION, Component
from overlap.fields import INFLUENCE

STAMP: Final = "Stamp_Influence_Confirmation"
_ASSIGN: Final = "Stamp_Confirmation"
_STAMPS: Final = (
    ("Confirmed_By__c", "$User.Id"),
    ("Confirmed_On__c", "$Flow.CurrentDate"),
    ("Stage_At_Confirmation__c", "$Record.Opportunity__r.StageName"),
)


def flow() -> Component:
    """Return a record-triggered flow, before save: the cheapest kind, and it needs nobody's access to the fields.

    It runs when a record becomes Confirmed, not each time that a confirmed one is saved. Production orgs take a flow
    as active only if their setting "Deploy processes and flows as active" is on; `overlap check` looks.
    """
    return Component(
        "Flow",
        STAMP,
        [
            ("apiVersion", SOURCE_VERSION),
            (
                "assignments",
                [
                    *_node(_ASSIGN, "Stamp confirmation", 176, 287),
                    *(("assignmentItems", _item(field, value)) for field, value in _STAMPS),
                ],
            ),
            ("description", "Says who confirmed a partner influence, when, and at which stage of the deal."),
            ("environments", "Default"),
            ("interviewLabel", "Stamp influence confirmation {!$Flow.CurrentDateTime}"),
            ("label", "Stamp influence confirmation"),
            ("processType", "AutoLaunchedFlow"),
            ("start", _start()),
            ("status", "Active"),
        ],
    )


def _start() -> list[tuple[str, Any]]:
    confirmed = [("field", "Status__c"), ("operator", "EqualTo"), ("value", [("stringValue", "Confirmed")])]
    return [
        ("locationX", 50),
        ("locationY", 0),
        ("connector", [("targetReference", _ASSIGN)]),
        ("doesRequireRecordChangedToMeetCriteria", True),
        ("filterLogic", "and"),
        ("filters", confirmed),
        ("object", OBJECT_NAMES[INFLUENCE.name]),
        ("recordTriggerType", "CreateAndUpdate"),
        ("triggerType", "RecordBeforeSave"),
    ]


def _node(name: str, label: str, x: int, y: int) -> list[tuple[str, Any]]:
    return [("name", name), ("label", label), ("locationX", x), ("locationY", y)]


def _item(field: str, value: str) -> list[tuple[str, Any]]:
    return [
        ("assignToReference", f"$Record.{field}"),
        ("operator", "Assign"),
        ("value", [("elementReference", value)]),
    ]
