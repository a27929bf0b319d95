from datetime import UTC, datetime, timedelta

import pytest

from connectors.sandbox.ids import record_id
from connectors.sandbox.store import Store
from overlap.errors import RecordError

ACCOUNT = record_id("Account", 1)


def by_id(store, name):
    return {record["Id"]: record for record in store.records(name)}


def test_seeds_what_only_salesforce_may_set(org):
    row = {"Name": "D", "StageName": "Closed Won", "CloseDate": "2026-01-31", "IsWon": False, "Probability": 7}
    stamps = {"CreatedDate": "2025-01-01T00:00:00Z", "SystemModstamp": "2026-02-01T08:30:00.000+0000"}
    deal = org.seed("Opportunity", [{**row, **stamps}])[0]
    record = by_id(org, "Opportunity")[deal]
    assert (record["IsClosed"], record["IsWon"], record["Probability"]) == (True, False, 7)
    assert record["CreatedDate"] == "2025-01-01T00:00:00.000+0000"
    assert record["SystemModstamp"] == record["LastModifiedDate"] == "2026-02-01T08:30:00.000+0000"


def test_seeding_an_id_again_changes_only_the_given_fields(org):
    org.seed("Account", [{"Id": ACCOUNT, "Name": "Acme", "Phone": "1", "CreatedDate": "2025-01-01T00:00:00Z"}])
    org.seed("Account", [{"Id": ACCOUNT[:15], "Phone": "2"}])
    record = by_id(org, "Account")[ACCOUNT]
    assert (record["Name"], record["Phone"]) == ("Acme", "2")
    assert record["CreatedDate"] == record["SystemModstamp"] == "2025-01-01T00:00:00.000+0000"


def test_seeding_stores_nothing_if_one_row_is_wrong(org):
    with pytest.raises(RecordError, match="Account row 2: INVALID_FIELD: No such column 'Foo'"):
        org.seed("Account", [{"Name": "Acme"}, {"Name": "B", "Foo": 1}])
    with pytest.raises(RecordError, match="no object 'Acount'"):
        org.seed("Acount", [{"Name": "Acme"}])
    assert org.records("Account") == []


def test_given_ids_never_meet_seeded_ones(org):
    org.seed("Account", [{"Id": record_id("Account", number), "Name": "x"} for number in range(1, 50)])
    org.create("Account", {"Name": "y"})
    assert len(by_id(org, "Account")) == 50


def test_a_person_edits_by_id_or_key_under_the_same_rules_as_the_api(org):
    overlap = org.create("Partner_Overlap__c", {"Overlap_Key__c": "pi1-" + "a" * 26})
    assert org.edit("Partner_Overlap__c", "pi1-" + "a" * 26, {"Feedback__c": "Working it"}) == overlap
    assert by_id(org, "Partner_Overlap__c")[overlap]["Feedback__c"] == "Working it"
    with pytest.raises(RecordError, match="INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"):
        org.edit("Partner_Overlap__c", overlap, {"Feedback__c": "Great"})
    with pytest.raises(RecordError, match="has no record 'nobody'"):
        org.edit("Partner_Overlap__c", "nobody", {"Feedback__c": "Not now"})
    with pytest.raises(RecordError, match="no user 'Nobody'"):
        org.edit("Partner_Overlap__c", overlap, {}, user="Nobody")


def test_history_has_every_write_with_old_and_new_and_who(org):
    start = datetime(2026, 11, 21, 10, tzinfo=UTC)
    org.set_time(start)
    account = org.create("Account", {"Name": "Acme"})
    org.set_time(start + timedelta(hours=1))
    org.edit("Account", account, {"Name": "Acme Inc", "IsPartner": True})
    org.set_time(start + timedelta(hours=2))
    org.edit("Account", account, {"Name": "Acme Inc"})
    create, edit, nothing = org.history()
    assert (create.operation, create.changed["Name"], create.at) == ("create", (None, "Acme"), start)
    assert not {"Id", "CreatedDate", "SystemModstamp"} & create.changed.keys()
    assert edit.changed == {"Name": ("Acme", "Acme Inc"), "IsPartner": (False, True)}
    assert (edit.operation, edit.object_name, edit.id, edit.effective) == ("update", "Account", account, True)
    assert by_id(org, "User")[edit.user]["Name"] == "Sandbox Administrator"
    assert (dict(nothing.changed), nothing.effective) == ({}, False)


def test_an_update_that_changes_nothing_still_moves_the_stamp(org):
    org.seed("Account", [{"Id": ACCOUNT, "Name": "Acme", "SystemModstamp": "2026-01-01T00:00:00Z"}])
    org.set_time(datetime(2026, 11, 21, 10, tzinfo=UTC))
    org.edit("Account", ACCOUNT, {"Name": "Acme"})
    assert by_id(org, "Account")[ACCOUNT]["SystemModstamp"] == "2026-11-21T10:00:00.000+0000"


def test_deleting_an_account_takes_its_deals_along_and_clears_our_lookups(org):
    other = record_id("Account", 2)
    org.seed("Account", [{"Id": ACCOUNT, "Name": "Acme"}, {"Id": other, "Name": "Sub", "ParentId": ACCOUNT}])
    deal = org.seed(
        "Opportunity", [{"AccountId": ACCOUNT, "Name": "D", "StageName": "Prospecting", "CloseDate": "2026-12-01"}]
    )[0]
    entry = org.seed("OpportunityPartner", [{"OpportunityId": deal, "AccountToId": other}])[0]
    overlap = org.create("Partner_Overlap__c", {"Overlap_Key__c": "k", "Account__c": ACCOUNT})
    org.delete("Account", ACCOUNT)
    gone = {r["Id"] for name in ("Account", "Opportunity", "OpportunityPartner") for r in org.records(name)}
    assert gone - {other} == {ACCOUNT, deal, entry}
    assert by_id(org, "Opportunity")[deal]["IsDeleted"]
    assert by_id(org, "OpportunityPartner")[entry]["IsDeleted"]
    assert not by_id(org, "Account")[other]["IsDeleted"]
    assert by_id(org, "Account")[other]["ParentId"] is None
    assert by_id(org, "Partner_Overlap__c")[overlap]["Account__c"] is None
    with pytest.raises(RecordError, match="ENTITY_IS_DELETED"):
        org.delete("Account", ACCOUNT)


def test_a_user_is_named_by_both_names(org):
    user = org.seed("User", [{"FirstName": "Ada", "LastName": "Lovelace", "Username": "ada@x.example"}])[0]
    assert by_id(org, "User")[user]["Name"] == "Ada Lovelace"
    org.edit("User", user, {"LastName": "King", "IsActive": False})
    record = by_id(org, "User")[user]
    assert (record["Name"], record["IsActive"]) == ("Ada King", False)


def test_an_org_outlives_the_store_that_opened_it(tmp_path):
    with Store.open(tmp_path) as store:
        account = store.create("Account", {"Name": "Acme"})
        before = (store.org_id, store.credentials, store.api_user)
    with Store.open(tmp_path) as store:
        assert (store.org_id, store.credentials, store.api_user) == before
        assert list(by_id(store, "Account")) == [account]


def test_two_stores_on_one_org_see_each_other(tmp_path):
    with Store.open(tmp_path) as one, Store.open(tmp_path) as other:
        account = one.create("Account", {"Name": "Acme"})
        other.edit("Account", account, {"Name": "Acme Inc"})
        one.hide_field("Account", "Phone")
        assert by_id(one, "Account")[account]["Name"] == "Acme Inc"
        assert other.catalog.entity("Account").column("Phone") is None


def test_a_state_file_of_an_older_schema_is_brought_up_to_date(tmp_path):
    with Store.open(tmp_path) as store:
        account = store.create("Account", {"Name": "Acme"})
        store.database.rows('alter table "Account" drop column "Overlap_ICP_Fit__c"')
        store.database.rows("pragma user_version = 1")
    with Store.open(tmp_path) as store:
        store.edit("Account", account, {"Overlap_ICP_Fit__c": 70})
        assert by_id(store, "Account")[account]["Overlap_ICP_Fit__c"] == 70.0
