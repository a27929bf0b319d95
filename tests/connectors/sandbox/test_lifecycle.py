"""What becomes of whole records, and the rules that an org has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connectors.sandbox.ids import record_id
from connectors.sandbox.store import Store
from overlap.errors import RecordError

START = datetime(2026, 11, 21, 10, tzinfo=UTC)
A, B, C, D = (record_id("Account", number) for number in range(1, 5))
DEAL = {"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-12-01"}


@pytest.fixture
def four(org):
    org.seed("Account", [{"Id": row, "Name": name} for row, name in zip((A, B, C, D), "ABCD", strict=True)])
    return org


def by_id(org, name):
    return {record["Id"]: record for record in org.records(name)}


def test_a_merge_names_the_survivor_and_moves_what_points_to_the_loser(four):
    four.set_time(START)
    deal = four.create("Opportunity", {**DEAL, "AccountId": B})
    overlap = four.create("Partner_Overlap__c", {"Overlap_Key__c": "k", "Account__c": B})
    four.seed("Account", [{"Id": D, "ParentId": B}, {"Id": A, "ParentId": B}])
    four.set_time(START + timedelta(hours=1))
    four.merge("Account", A, B, C)
    accounts = by_id(four, "Account")
    assert {row: (record["IsDeleted"], record["MasterRecordId"]) for row, record in accounts.items()} == {
        A: (False, None),
        B: (True, A),
        C: (True, A),
        D: (False, None),
    }
    moved = by_id(four, "Opportunity")[deal]
    assert (moved["AccountId"], moved["IsDeleted"]) == (A, False)
    assert moved["LastModifiedDate"] == "2026-11-21T10:00:00.000+0000", "no automation runs"
    assert moved["SystemModstamp"] == "2026-11-21T11:00:00.000+0000"
    assert by_id(four, "Partner_Overlap__c")[overlap]["Account__c"] == A
    assert (accounts[D]["ParentId"], accounts[A]["ParentId"]) == (A, None), "nobody becomes his own parent"


def test_a_chain_of_merges_leads_from_loser_to_survivor(four, api):
    four.merge("Account", B, A)
    four.merge("Account", C, B)
    found = api.query("SELECT Id, MasterRecordId FROM Account WHERE IsDeleted = true ORDER BY Id", deleted_too=True)
    assert [(record["Id"], record["MasterRecordId"]) for record in found["records"]] == [(A, B), (B, C)]


@pytest.mark.parametrize("losers", [(), (A,), (B, C, D), (record_id("Account", 9),)])
def test_refuses_a_merge_of_too_many_too_few_or_with_itself(four, losers):
    before = four.records("Account")
    with pytest.raises(RecordError):
        four.merge("Account", A, *losers)
    assert four.records("Account") == before


def test_undeleting_restores_what_the_deletion_took_along_and_cleared(four):
    deal = four.create("Opportunity", {**DEAL, "AccountId": A})
    other = four.create("Opportunity", {**DEAL, "AccountId": A})
    four.delete("Opportunity", other)
    overlap = four.create("Partner_Overlap__c", {"Overlap_Key__c": "k", "Account__c": A})
    replaced = four.create("Partner_Overlap__c", {"Overlap_Key__c": "l", "Account__c": A})
    four.delete("Account", A)
    four.edit("Partner_Overlap__c", replaced, {"Account__c": B})
    four.undelete("Account", A)
    assert by_id(four, "Account")[A]["IsDeleted"] is False
    deals = by_id(four, "Opportunity")
    assert (deals[deal]["IsDeleted"], deals[other]["IsDeleted"]) == (False, True)
    overlaps = by_id(four, "Partner_Overlap__c")
    assert (overlaps[overlap]["Account__c"], overlaps[replaced]["Account__c"]) == (A, B)
    assert four.history()[-1].operation in ("update", "undelete")
    with pytest.raises(RecordError, match="UNDELETE_FAILED"):
        four.undelete("Account", A)


def test_undeleting_is_refused_when_another_record_has_the_key_by_now(org):
    first = org.create("Partner_Overlap__c", {"Overlap_Key__c": "k"})
    org.delete("Partner_Overlap__c", first)
    org.create("Partner_Overlap__c", {"Overlap_Key__c": "K"})
    with pytest.raises(RecordError, match="DUPLICATE_VALUE"):
        org.undelete("Partner_Overlap__c", first)


def test_a_purged_record_is_gone_for_everybody(four, api):
    four.delete("Account", A)
    four.delete("Account", B)
    four.purge("Account", A)
    assert set(by_id(four, "Account")) == {B, C, D}
    four.purge("Account")
    assert api.query("SELECT COUNT() FROM Account", deleted_too=True)["totalSize"] == 2


def test_a_converted_lead_says_what_became_of_it(four):
    four.set_time(START)
    lead = four.create("Lead", {"LastName": "Roe", "FirstName": "Jane", "Company": "Acme"})
    assert {**by_id(four, "Lead")[lead]}.items() >= {"Name": "Jane Roe", "Status": "Open - Not Contacted"}.items()
    four.convert_lead(lead, A)
    record = by_id(four, "Lead")[lead]
    assert (record["IsConverted"], record["ConvertedAccountId"], record["ConvertedDate"]) == (True, A, "2026-11-21")
    with pytest.raises(RecordError, match="CONVERTED_LEAD"):
        four.convert_lead(lead, B)


# --- rules ----------------------------------------------------------------------------------------------------------

TOLD = {"Influence_Type__c": "Endorsement", "Influenced_On__c": "2026-11-20", "Evidence__c": "They told us"}
RULES = [
    ({**TOLD, "Status__c": "Confirmed"}, None),
    ({**TOLD, "Status__c": "Confirmed", "Sourced__c": True}, None),
    *(
        ({**TOLD, "Status__c": "Confirmed", left_out: None}, "needs its type, its date and its evidence")
        for left_out in TOLD
    ),
    ({**TOLD, "Sourced__c": True}, "Only a confirmed influence"),
]


@pytest.mark.parametrize(("values", "says"), RULES)
def test_our_rules_keep_an_influence_honest(org, values, says):
    influence = org.create("Partner_Influence__c", {})
    if says is None:
        org.edit("Partner_Influence__c", influence, values)
        return
    with pytest.raises(RecordError, match=f"FIELD_CUSTOM_VALIDATION_EXCEPTION: .*{says}"):
        org.edit("Partner_Influence__c", influence, values)
    org.set_our_rules(False)
    org.edit("Partner_Influence__c", influence, values)


def test_an_influence_of_a_deal_that_is_won_takes_a_permission_to_change(org, api):
    deal = org.create("Opportunity", DEAL)
    influence = org.create("Partner_Influence__c", {"Opportunity__c": deal, "Influence_Key__c": "k"})
    org.edit("Opportunity", deal, {"StageName": "Closed Won"})
    with pytest.raises(RecordError, match="closed won"):
        org.edit("Partner_Influence__c", influence, {"Status__c": "Rejected"})
    other = org.create("Opportunity", DEAL)
    org.edit("Partner_Influence__c", influence, {"Rejection_Reason__c": "Too late", "Opportunity__c": other})
    with pytest.raises(RecordError, match="closed won"):
        org.edit("Partner_Influence__c", influence, {"Opportunity__c": deal})
    (result,) = api.update("Partner_Influence__c", {"Id": influence, "Opportunity__c": deal})
    assert result["success"], "the integration has the permission"
    with pytest.raises(RecordError, match="closed won"):
        org.create("Partner_Influence__c", {"Opportunity__c": deal})
    org.let_change_late()
    org.edit("Partner_Influence__c", influence, {"Status__c": "Rejected"})


def test_a_confirmed_influence_stays_with_its_deal(org):
    deals = [org.create("Opportunity", DEAL) for _ in range(2)]
    influence = org.create("Partner_Influence__c", {"Opportunity__c": deals[0], **TOLD, "Status__c": "Confirmed"})
    org.edit("Opportunity", deals[0], {"StageName": "Closed Won"})
    with pytest.raises(RecordError, match="stays with its deal"):
        org.edit("Partner_Influence__c", influence, {"Opportunity__c": deals[1]})
    org.edit("Opportunity", deals[0], {"StageName": "Prospecting"})
    org.edit("Partner_Influence__c", influence, {"Status__c": "Proposed"})
    org.edit("Partner_Influence__c", influence, {"Opportunity__c": deals[1]})


def test_a_rule_of_the_org_refuses_the_records_that_it_names(org, api):
    org.add_rule("Account", {"Site": "closed", "Phone": None}, "A closed site keeps its phone.")
    refused, taken = api.create("Account", {"Name": "A", "Site": "closed"}, {"Name": "B", "Site": "open"})
    message = {"statusCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "A closed site keeps its phone."}
    assert refused["errors"] == [{**message, "fields": []}]
    assert taken["success"]


def test_a_duplicate_rule_refuses_the_second(org, api):
    org.set_duplicate_rule("Account", "Name", "BillingCity")
    records = ({"Name": "Acme", "BillingCity": city} for city in ("Bonn", "BONN", "Berlin", None, None))
    results = api.create("Account", *records)
    codes = [result["errors"][0]["statusCode"] if result["errors"] else None for result in results]
    assert codes == [None, "DUPLICATES_DETECTED", None, None, None]
    (same,) = api.update("Account", {"Id": results[0]["id"], "Name": "ACME"})
    assert same["success"], "a record is no duplicate of itself"


# --- editions and the clock -----------------------------------------------------------------------------------------

FEATURED = [
    ("multi-currency", "CurrencyIsoCode", "Account"),
    ("multi-currency", "CurrencyIsoCode", "Partner_Overlap__c"),
    ("record-types", "RecordTypeId", "Opportunity"),
    ("person-accounts", "IsPersonAccount", "Account"),
]


@pytest.mark.parametrize(("feature", "field", "name"), FEATURED)
def test_a_feature_brings_its_fields(org, feature, field, name):
    assert org.catalog.entity(name).column(field) is None
    org.set_features(feature)
    assert org.catalog.entity(name).column(field) is not None
    org.set_features()
    assert org.catalog.entity(name).column(field) is None
    with pytest.raises(RecordError, match="has no feature 'territories'"):
        org.set_features("territories")


def test_a_record_type_is_read_through_its_record(org, api):
    org.set_features("record-types")
    values = {"Name": "Key Account", "DeveloperName": "Key_Account", "SobjectType": "Account"}
    kind = org.seed("RecordType", [values])[0]
    org.create("Account", {"Name": "A", "RecordTypeId": kind})
    org.create("Account", {"Name": "B"})
    records = api.query("SELECT RecordType.DeveloperName FROM Account ORDER BY Name")["records"]
    names = [record["RecordType"] and record["RecordType"]["DeveloperName"] for record in records]
    assert names == ["Key_Account", None]


def test_an_account_with_a_last_name_is_a_person(org, api):
    org.set_features("person-accounts")
    person, company = api.create("Account", {"FirstName": "Ada", "LastName": "King"}, {"Name": "Acme"})
    assert (person["success"], company["success"]) == (True, True)
    records = {record["Name"]: record["IsPersonAccount"] for record in org.records("Account")}
    assert records == {"Ada King": True, "Acme": False}


def test_amounts_are_in_the_currency_of_the_org_unless_they_say_otherwise(org, api):
    org.create("Account", {"Name": "Z"})
    assert "CurrencyIsoCode" not in {**org.history()[0].changed, **org.records("Account")[0]}
    org.set_features("multi-currency")
    results = api.create(
        "Account", {"Name": "A"}, {"Name": "B", "CurrencyIsoCode": "EUR"}, {"Name": "C", "CurrencyIsoCode": "X"}
    )
    assert [result["success"] for result in results] == [True, True, False]
    assert {record["Name"]: record["CurrencyIsoCode"] for record in org.records("Account")} == {
        "Z": "USD",
        "A": "USD",
        "B": "EUR",
    }


def test_the_clock_stops_runs_on_from_a_time_and_is_advanced(org):
    org.set_time(START)
    org.advance(timedelta(hours=1))
    assert org.database.now() == START + timedelta(hours=1)
    org.run_from(START)
    first, second = org.database.now(), org.database.now()
    assert START <= first < second < START + timedelta(minutes=5)
    org.advance(timedelta(days=1))
    assert START + timedelta(days=1) < org.database.now() < START + timedelta(days=1, minutes=5)


def test_a_new_org_is_a_copy_and_knows_nothing_of_another(tmp_path):
    with Store.open(tmp_path / "one") as one, Store.open(tmp_path / "two") as two:
        one.create("Account", {"Name": "Acme"})
        assert (len(one.records("Account")), two.records("Account")) == (1, [])
        assert one.credentials != two.credentials
