"""The table of fields against the agreed one, written out by hand here in Salesforce's own words."""

from __future__ import annotations

import pytest

from connectors.salesforce.objects import OBJECT_NAMES, api_name
from overlap.fields import ACCOUNT, BY_NAME, INFLUENCE, OBJECTS, OPPORTUNITY, OVERLAP, PARTNER, PLAYS, Kind, Owner
from tests.overlap.agreed import MATRIX

# field | type (length or precision, scale) | owner
AGREED = {
    "Overlap_Partner__c": """
        Name | text 80 | E
        Partner_Key__c | text 64 | E
        Workspace__c | text 64 | E
        Partner_Account__c | lookup account | E
        List_As_Of__c | datetime | E
        Feed_Status__c | picklist Current, Late | E
        Partner_Manager__c | lookup user | H
        Tier__c | picklist Strategic, Growth, Registered | H
    """,
    "Partner_Overlap__c": """
        Name | text 80 | E
        Overlap_Key__c | text 64 | E
        Workspace__c | text 64 | E
        OwnerId | lookup user | E
        Account__c | lookup account | E
        Partner__c | lookup overlap_partner | E
        Partner_Name__c | text 255 | F
        As_Of__c | datetime | F
        Freshness__c | text 255 | F
        Our_Population__c | picklist Customers, Open Opportunities, Prospects, Other | E
        Partner_Population__c | picklist Customers, Open Opportunities, Prospects, Other | E
        Our_Populations__c | text 255 | E
        Partner_Populations__c | text 255 | E
        Play__c | open picklist | E
        Partner_Record_Name__c | text 255 | E
        Partner_Record_Website__c | url 255 | E
        Partner_Owner_Name__c | text 150 | E
        Partner_Owner_Email__c | email 80 | E
        Match_Probability__c | number 4,3 | E
        Match_Relation__c | picklist Same, Theirs is our parent, Theirs is our subsidiary, Sibling | E
        Match_Reason__c | text 255 | E
        ICP_Fit__c | number 3,0 | E
        ICP_Tier__c | picklist A, B, C | E
        Priority__c | number 3,0 | E
        First_Seen__c | date | E
        Changed_On__c | date | E
        Status__c | picklist Active, Retired | E
        Feedback__c | picklist Right company, Wrong company, Not now, Working it | H
        Feedback_Note__c | text 255 | H
    """,
    "Partner_Influence__c": """
        Influence_Key__c | text 64 | E
        Workspace__c | text 64 | E
        Origin__c | picklist Engine, Person, Partner | E
        OwnerId | lookup user | E
        Opportunity__c | lookup opportunity | E
        Account__c | lookup account | E
        Overlap__c | lookup partner_overlap | E
        Partner__c | lookup overlap_partner | E
        Evidence_Summary__c | text 255 | E
        Suggestion_State__c | picklist Current, Withdrawn | E
        Status__c | picklist Suggested, Proposed, Confirmed, Rejected | H
        Influence_Type__c | multi-picklist Endorsement, Integration requirement, Active in sale | H
        Involvement__c | multi-picklist Co-selling, Back channel, Stakeholder access | H
        Sourced__c | checkbox | H
        Influenced_On__c | date | H
        Evidence__c | long text 32768 | H
        Rejection_Reason__c | picklist Not involved, Too late, Wrong match, Duplicate, Other | H
        Confirmed_By__c | lookup user | F
        Confirmed_On__c | date | F
        Stage_At_Confirmation__c | text 255 | F
    """,
    "Account": """
        Overlap_Partner_Count__c | number 4,0 | E
        Overlap_Customer_Of__c | open multi-picklist | E
        Overlap_Open_Opportunity_Of__c | open multi-picklist | E
        Overlap_Prospect_Of__c | open multi-picklist | E
        Overlap_Family_Of__c | open multi-picklist | E
        Overlap_Best_Partner__c | text 255 | E
        Overlap_Best_Play__c | open picklist | E
        Overlap_Best_Reason__c | text 255 | E
        Overlap_Partner_Contact__c | text 255 | E
        Overlap_ICP_Fit__c | number 3,0 | E
        Overlap_ICP_Tier__c | picklist A, B, C | E
        Overlap_Changed_On__c | date | E
        Partner_Engagement__c | picklist Open, Ask me first, Off limits | H
    """,
    "Opportunity": """
        Overlap_Partner_Count__c | number 4,0 | E
        Overlap_Customer_Of__c | open multi-picklist | E
        Overlap_Open_Opportunity_Of__c | open multi-picklist | E
        Overlap_Best_Partner__c | text 255 | E
        Overlap_Best_Play__c | open picklist | E
        Overlap_Best_Reason__c | text 255 | E
        Overlap_Partner_Contact__c | text 255 | E
        Overlap_Confirmed_Partners__c | open multi-picklist | E
        Overlap_Sourced_By__c | text 255 | E
        Overlap_Changed_On__c | date | E
        Partner_Engagement__c | picklist Open, Ask me first, Off limits | H
    """,
}


def written_out(field) -> str:
    """One field as a line of `AGREED`."""
    kind = field.kind.value
    if field.kind in (Kind.PICKLIST, Kind.MULTI_PICKLIST):
        shape = f"{kind} {', '.join(field.values)}" if field.restricted else f"open {kind}"
    elif field.kind is Kind.NUMBER:
        shape = f"{kind} {field.length},{field.scale}"
    elif field.kind is Kind.LOOKUP:
        shape = f"{kind} {field.target}"
    elif field.kind in (Kind.DATE, Kind.DATETIME, Kind.CHECKBOX):
        shape = kind
    else:
        shape = f"{kind} {field.length}"
    return f"{api_name(field)} | {shape} | {field.owner}"


@pytest.mark.parametrize("thing", OBJECTS, ids=lambda thing: thing.name)
def test_every_field_has_the_agreed_type_length_and_owner(thing) -> None:
    agreed = [line.strip() for line in AGREED[OBJECT_NAMES[thing.name]].strip().splitlines()]
    assert [written_out(field) for field in thing.fields] == agreed


def test_the_external_ids_are_the_agreed_ones_and_only_influence_may_lack_it() -> None:
    keys = {thing.name: thing.by_name[thing.key].required for thing in OBJECTS if thing.key}
    assert keys == {"overlap_partner": True, "partner_overlap": True, "partner_influence": False}
    assert [thing.key for thing in OBJECTS] == ["partner_key", "overlap_key", "influence_key", None, None]


def test_only_the_agreed_fields_are_filled_in_by_the_crm() -> None:
    defaults = {field.name: field.default for thing in OBJECTS for field in thing.fields if field.default}
    assert defaults == {"origin": "Person", "status": "Suggested"}


def test_the_allow_list_is_exactly_what_the_engine_owns() -> None:
    for thing in OBJECTS:
        assert {field.name for field in thing.engine_fields} == {f.name for f in thing.fields if f.owner == "E"}
        assert not {field.name for field in thing.engine_fields} & {field.name for field in thing.human_fields}


def test_a_name_stands_once_in_an_object() -> None:
    for thing in OBJECTS:
        assert len(thing.by_name) == len(thing.fields) + len(thing.stand_ins)


def test_only_dates_of_the_facts_are_bookkeeping() -> None:
    assert {thing.name: set(thing.bookkeeping) for thing in OBJECTS if thing.bookkeeping} == {
        "partner_overlap": {"first_seen", "changed_on"},
        "account": {"overlap_changed_on"},
        "opportunity": {"overlap_changed_on"},
    }
    for thing in OBJECTS:
        assert all(thing.by_name[name].kind is Kind.DATE for name in thing.bookkeeping)


def test_what_others_point_to_is_written_first() -> None:
    assert OBJECTS == (PARTNER, OVERLAP, INFLUENCE, ACCOUNT, OPPORTUNITY)
    for place, thing in enumerate(OBJECTS):
        targets = {f.target for f in thing.engine_fields if f.target in BY_NAME and BY_NAME[f.target].key}
        assert targets <= {before.name for before in OBJECTS[:place]}


def test_a_field_that_people_own_is_owned_by_them_alone() -> None:
    assert {owner.value for owner in Owner} == {"E", "H", "F"}


def test_each_cell_of_the_matrix_has_its_play() -> None:
    assert {(ours, theirs): play for ours, theirs, play in MATRIX} == PLAYS
