"""Describes against facts written down here: Salesforce's own (from its describes) and our tables."""

import json
import os
from pathlib import Path

import pytest

from connectors.sandbox import describe
from connectors.sandbox.schema import visible

FACTS = [  # object, field, facts
    ("Account", "Id", {"type": "id", "length": 18, "createable": False, "label": "Account ID", "nillable": False}),
    ("Account", "Name", {"type": "string", "length": 255, "createable": True, "nillable": False, "nameField": True}),
    ("Account", "Type", {"type": "picklist", "length": 40, "restrictedPicklist": False, "nillable": True}),
    ("Account", "NumberOfEmployees", {"type": "int", "digits": 8, "soapType": "xsd:int"}),
    ("Account", "AnnualRevenue", {"type": "currency", "precision": 18, "scale": 0}),
    ("Account", "Description", {"type": "textarea", "length": 32000, "filterable": False, "sortable": False}),
    ("Account", "OwnerId", {"referenceTo": ["User"], "relationshipName": "Owner", "nillable": False}),
    ("Account", "IsPartner", {"createable": False, "updateable": True}),
    ("Account", "SystemModstamp", {"type": "datetime", "createable": False, "updateable": False}),
    ("Opportunity", "Amount", {"type": "currency", "precision": 18, "scale": 2}),
    ("Opportunity", "CloseDate", {"type": "date", "nillable": False}),
    ("Opportunity", "IsWon", {"type": "boolean", "createable": False}),
    ("Opportunity", "Name", {"length": 120}),
    (
        "Partner_Overlap__c",
        "Overlap_Key__c",
        {"type": "string", "length": 64, "externalId": True, "unique": True, "nillable": False},
    ),
    ("Partner_Influence__c", "Influence_Key__c", {"externalId": True, "unique": True, "nillable": True}),
    ("Partner_Influence__c", "Name", {"autoNumber": True, "createable": False, "updateable": False}),
    (
        "Partner_Overlap__c",
        "Partner__c",
        {"type": "reference", "referenceTo": ["Overlap_Partner__c"], "relationshipName": "Partner__r"},
    ),
    ("Partner_Overlap__c", "Match_Probability__c", {"type": "double", "precision": 4, "scale": 3}),
    ("Partner_Overlap__c", "ICP_Fit__c", {"label": "ICP Fit", "precision": 3, "scale": 0}),
    ("Partner_Overlap__c", "Freshness__c", {"calculated": True, "createable": False, "updateable": False}),
    ("Partner_Overlap__c", "Play__c", {"type": "picklist", "restrictedPicklist": False}),
    ("Partner_Overlap__c", "Partner_Record_Website__c", {"type": "url", "length": 255}),
    ("Partner_Overlap__c", "Partner_Owner_Email__c", {"type": "email", "length": 80}),
    ("Partner_Influence__c", "Involvement__c", {"type": "multipicklist", "restrictedPicklist": True}),
    ("Partner_Influence__c", "Evidence__c", {"type": "textarea", "length": 32768, "filterable": False}),
    ("Partner_Influence__c", "Confirmed_By__c", {"createable": False, "updateable": False, "referenceTo": ["User"]}),
    ("Account", "Overlap_Customer_Of__c", {"type": "multipicklist", "restrictedPicklist": False}),
    ("Account", "Partner_Engagement__c", {"type": "picklist", "restrictedPicklist": True, "updateable": True}),
]


@pytest.mark.parametrize(("name", "field", "facts"), FACTS)
def test_describes_a_field_as_salesforce_does(name, field, facts):
    described = {entry["name"]: entry for entry in describe.one(visible().entity(name), "62.0")["fields"]}
    assert {fact: described[field][fact] for fact in facts} == facts


def test_names_the_values_and_the_default_of_a_picklist():
    fields = describe.one(visible().entity("Partner_Influence__c"), "62.0")["fields"]
    status = next(field for field in fields if field["name"] == "Status__c")
    offered = [(value["value"], value["defaultValue"]) for value in status["picklistValues"]]
    assert offered == [("Suggested", True), ("Proposed", False), ("Confirmed", False), ("Rejected", False)]


# --- against recorded describes -------------------------------------------------------------------------------------

RECORDED = "OVERLAP_SALESFORCE_RECORDED"
COMPARED = (
    *("type", "length", "byteLength", "precision", "scale", "digits", "soapType", "custom", "nameField", "autoNumber"),
    *("nillable", "createable", "updateable", "defaultedOnCreate", "permissionable", "calculated"),
    *("filterable", "sortable", "groupable", "aggregatable", "idLookup", "externalId", "unique", "restrictedPicklist"),
    *("referenceTo", "relationshipName", "label"),
)
#: What the recorded orgs set up otherwise, or have more than one kind of owner for.
OTHERWISE = {("Lead", "OwnerId", "referenceTo")}
OBJECTS = ("Account", "Contact", "Lead", "Opportunity", "OpportunityContactRole")
OF_OBJECT = ("createable", "deletable", "keyPrefix", "label", "labelPlural", "mergeable", "queryable", "undeletable")


def recorded(name):
    folder = os.environ.get(RECORDED)
    if not folder:
        pytest.skip(f"{RECORDED} does not name a folder of recorded describes")
    return json.loads((Path(folder) / f"GET_sobjects_{name}_describe.json").read_text(encoding="utf-8"))


def differences(name, ours, theirs):
    return {
        (field, fact): (ours[field][fact], theirs[field][fact])
        for field in ours.keys() & theirs.keys()
        for fact in COMPARED
        if ours[field][fact] != theirs[field][fact] and (name, field, fact) not in OTHERWISE
    }


def by_name(described):
    return {entry["name"]: entry for entry in described["fields"]}


@pytest.mark.parametrize("name", OBJECTS)
def test_what_the_sandbox_has_is_as_salesforce_describes_it(name):
    theirs = recorded(name)
    plain = describe.one(visible(features=frozenset({"record-types"})).entity(name), "62.0")
    ours = {field: facts for field, facts in by_name(plain).items() if not field.endswith("__c")}
    invented = ours.keys() - by_name(theirs).keys() - {"RecordTypeId", "LastStageChangeDate"}
    assert not invented
    assert differences(name, ours, by_name(theirs)) == {}
    assert {fact: plain[fact] for fact in OF_OBJECT} == {fact: theirs[fact] for fact in OF_OBJECT}


def test_person_accounts_are_as_salesforce_describes_them():
    theirs = by_name(recorded("Account_PersonAccount"))
    with_persons = visible(features=frozenset({"person-accounts"})).entity("Account")
    ours = by_name(describe.one(with_persons, "62.0"))
    added = {field: ours[field] for field in ours if with_persons.column(field).feature}
    assert added.keys() <= theirs.keys()
    assert {key for key in differences("Account", added, theirs) if key[1] != "nameField"} == set()
