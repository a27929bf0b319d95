"""What a write does and what it is refused for, through sObject Collections as the API user."""

from datetime import UTC, datetime

import pytest

from connectors.sandbox import composite
from connectors.sandbox.errors import ApiError
from connectors.sandbox.ids import record_id

KEY = {"Overlap_Key__c": "pi1-a"}
OVERLAP = "Partner_Overlap__c"


@pytest.fixture
def account(org):
    return org.seed("Account", [{"Name": "Acme"}])[0]


def only(records):
    assert len(records) == 1
    return records[0]


def errors(results):
    return [result["errors"][0]["statusCode"] if result["errors"] else None for result in results]


def test_upserts_by_key_whatever_its_case(api, org, account):
    first = only(api.upsert(OVERLAP, "Overlap_Key__c", {**KEY, "Account__c": account[:15], "Priority__c": 5}))
    again = only(api.upsert(OVERLAP, "Overlap_Key__c", {"Overlap_Key__c": "PI1-A", "Priority__c": 10}))
    assert (first["success"], first["created"], again["created"]) == (True, True, False)
    assert first["id"] == again["id"]
    record = only(org.records(OVERLAP))
    assert (record["Account__c"], record["Priority__c"], record["Overlap_Key__c"]) == (account, 10.0, "pi1-a")


def test_points_to_a_parent_by_its_key(api, org):
    partner = only(api.upsert("Overlap_Partner__c", "Partner_Key__c", {"Partner_Key__c": "globex"}))["id"]
    results = api.upsert(
        OVERLAP,
        "Overlap_Key__c",
        {**KEY, "Partner__r": {"Partner_Key__c": "Globex"}},
        {"Overlap_Key__c": "b", "Partner__r": {"Partner_Key__c": "nobody"}},
        {"Overlap_Key__c": "c", "Partner__r": {"Name": "Globex"}},
        {"Overlap_Key__c": "d", "Partner__r": {"Partner_Key__c": "globex"}, "Partner__c": partner},
    )
    assert errors(results) == [None, "INVALID_FIELD", "INVALID_FIELD", "INVALID_FIELD"]
    message = "Foreign key external ID: nobody not found for field Partner_Key__c in entity Overlap_Partner__c"
    assert results[1]["errors"][0]["message"] == message
    assert only(org.records(OVERLAP))["Partner__c"] == partner


def test_refuses_both_records_that_share_a_key_in_one_call(api, org):
    results = api.upsert(OVERLAP, "Overlap_Key__c", KEY, {"Overlap_Key__c": "b"}, {"Overlap_Key__c": "PI1-a"})
    assert errors(results) == ["DUPLICATE_VALUE", None, "DUPLICATE_VALUE"]
    assert results[0]["errors"][0]["message"] == "Duplicate external id specified: pi1-a"
    assert [record["Overlap_Key__c"] for record in org.records(OVERLAP)] == ["b"]


def test_answers_in_the_order_of_the_call_and_one_bad_record_costs_only_itself(api, org):
    results = api.upsert(
        OVERLAP, "Overlap_Key__c", {"Overlap_Key__c": "a"}, {"Overlap_Key__c": "b", "Foo": 1}, {"Overlap_Key__c": "c"}
    )
    assert [result["success"] for result in results] == [True, False, True]
    assert results[1] == {
        "success": False,
        "errors": [
            {
                "statusCode": "INVALID_FIELD",
                "message": "No such column 'Foo' on sobject of type Partner_Overlap__c",
                "fields": [],
            }
        ],
    }
    assert [record["Overlap_Key__c"] for record in org.records(OVERLAP)] == ["a", "c"]


def test_all_or_none_undoes_everything(api, org):
    results = api.upsert(OVERLAP, "Overlap_Key__c", KEY, {"Overlap_Key__c": "b", "Foo": 1}, all_or_none=True)
    assert errors(results) == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "INVALID_FIELD"]
    assert (org.records(OVERLAP), org.history()) == ([], [])


REFUSED = [
    ({"Our_Population__c": "Fans"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ["Our_Population__c"]),
    ({"Name": "x" * 81}, "STRING_TOO_LONG", ["Name"]),
    ({"Partner_Name__c": "x"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["Partner_Name__c"]),
    ({"CreatedDate": "2026-11-21T10:00:00Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["CreatedDate"]),
    ({"Account__c": "nonsense"}, "MALFORMED_ID", ["Account__c"]),
    ({"Account__c": record_id("User", 1)}, "FIELD_INTEGRITY_EXCEPTION", ["Account__c"]),
    ({"Account__c": record_id("Account", 77)}, "INVALID_CROSS_REFERENCE_KEY", ["Account__c"]),
    ({"Id": record_id("Account", 77)}, "INVALID_FIELD", []),
    ({"Overlap_Key__c": None}, "MISSING_ARGUMENT", []),
]


@pytest.mark.parametrize(("values", "code", "fields"), REFUSED)
def test_refuses_with_the_vendors_code_and_fields(api, org, values, code, fields):
    result = only(api.upsert(OVERLAP, "Overlap_Key__c", {**KEY, **values}))
    assert not result["success"]
    error = only(result["errors"])
    assert (error["statusCode"], error["fields"]) == (code, fields)
    assert org.records(OVERLAP) == []


def test_asks_for_required_fields_on_create_and_keeps_them_on_update(api, account):
    results = api.create("Opportunity", {"Name": "Deal", "AccountId": account})
    assert results[0]["errors"][0]["message"] == "Required fields are missing: [StageName, CloseDate]"
    opportunity = only(api.create("Opportunity", {"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-12-01"}))
    assert "created" not in opportunity
    assert errors(api.update("Opportunity", {"Id": opportunity["id"], "Name": " "})) == ["REQUIRED_FIELD_MISSING"]
    assert errors(api.create(OVERLAP, {"Name": "no key"})) == ["REQUIRED_FIELD_MISSING"]


def test_updates_by_id_in_either_form(api, org, account):
    results = api.update(
        "Account",
        {"Id": account[:15], "Phone": "1"},
        {"Phone": "2"},
        {"Id": record_id("Account", 77), "Phone": "3"},
        {"Id": "001", "Phone": "4"},
        {"Id": record_id("User", 1), "Phone": "5"},
    )
    expected = [None, "MISSING_ARGUMENT", "INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID", "FIELD_INTEGRITY_EXCEPTION"]
    assert errors(results) == expected
    assert results[0] == {"id": account, "success": True, "errors": []}
    assert only(org.records("Account"))["Phone"] == "1"


def test_upsert_by_id_creates_without_one_and_updates_with_one(api, org, account):
    results = api.upsert("Account", "Id", {"Id": None, "Name": "New"}, {"Id": account, "Name": "Acme Inc"})
    assert [result["created"] for result in results] == [True, False]
    assert sorted(record["Name"] for record in org.records("Account")) == ["Acme Inc", "New"]


def test_says_which_record_has_a_unique_key_already(api, org):
    first = org.create("Partner_Influence__c", {"Influence_Key__c": "k"})
    second = org.create("Partner_Influence__c", {})
    result = only(api.update("Partner_Influence__c", {"Id": second, "Influence_Key__c": "K"}))
    message = f"duplicate value found: Influence_Key__c duplicates value on record with id: {first}"
    assert result["errors"] == [{"statusCode": "DUPLICATE_VALUE", "message": message, "fields": []}]
    assert only(api.update("Partner_Influence__c", {"Id": first, "Influence_Key__c": "k"}))["success"]


def test_a_deleted_record_can_neither_be_changed_nor_pointed_to_and_its_key_is_free(api, org, account):
    old = only(api.upsert(OVERLAP, "Overlap_Key__c", KEY))["id"]
    org.delete(OVERLAP, old)
    org.delete("Account", account)
    assert errors(api.update(OVERLAP, {"Id": old, "Priority__c": 1})) == ["ENTITY_IS_DELETED"]
    assert errors(api.upsert(OVERLAP, "Overlap_Key__c", {**KEY, "Account__c": account})) == ["ENTITY_IS_DELETED"]
    assert only(api.upsert(OVERLAP, "Overlap_Key__c", KEY))["created"]


def test_an_inactive_user_can_own_nothing_new(api, org, account):
    former = org.seed("User", [{"LastName": "Gone", "IsActive": False}])[0]
    assert errors(api.update("Account", {"Id": account, "OwnerId": former})) == ["INACTIVE_OWNER_OR_USER"]
    org.seed("Account", [{"Id": account, "OwnerId": former}])
    assert errors(api.update("Account", {"Id": account, "OwnerId": former, "Phone": "1"})) == [None]


def test_fills_in_defaults_on_create_only(api, org):
    created = only(api.create("Partner_Influence__c", {"Status__c": None, "OwnerId": None}))["id"]
    record = only(org.records("Partner_Influence__c"))
    assert (record["Origin__c"], record["Status__c"], record["Sourced__c"]) == ("Person", None, False)
    assert (record["OwnerId"], record["CreatedById"]) == (org.api_user, org.api_user)
    assert record["Name"] == "PI-00001"
    api.update("Partner_Influence__c", {"Id": created, "Origin__c": None})
    assert only(org.records("Partner_Influence__c"))["Origin__c"] is None


def test_a_stage_says_whether_a_deal_is_closed_and_won(api, org):
    deal = only(api.create("Opportunity", {"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-12-01"}))["id"]
    for stage, closed, won, probability in [
        ("Closed Won", True, True, 100),
        ("Closed Lost", True, False, 0),
        ("Our own stage", False, False, 0),
    ]:
        api.update("Opportunity", {"Id": deal, "StageName": stage})
        record = only(org.records("Opportunity"))
        assert (record["IsClosed"], record["IsWon"], record["Probability"]) == (closed, won, probability)


def test_confirming_an_influence_stamps_who_when_and_at_which_stage(org):
    org.set_time(datetime(2026, 11, 21, 10, tzinfo=UTC))
    person = org.seed("User", [{"FirstName": "Paula", "LastName": "Perez"}])[0]
    deal = org.seed("Opportunity", [{"Name": "D", "StageName": "Negotiation/Review", "CloseDate": "2026-12-01"}])[0]
    told = {"Influence_Type__c": "Endorsement", "Influenced_On__c": "2026-11-20", "Evidence__c": "They told us"}
    influence = org.create("Partner_Influence__c", {"Opportunity__c": deal, **told})
    org.edit("Partner_Influence__c", influence, {"Status__c": "Confirmed"}, user="Paula Perez")
    org.edit("Partner_Influence__c", influence, {"Status__c": "Confirmed", "Evidence__c": "They told us again"})
    record = only(org.records("Partner_Influence__c"))
    assert (record["Confirmed_By__c"], record["Confirmed_On__c"]) == (person, "2026-11-21")
    assert record["Stage_At_Confirmation__c"] == "Negotiation/Review"


def test_a_locked_row_is_refused_once_and_free_afterwards(api, org):
    org.lock_rows(2)
    records = [{"Overlap_Key__c": key} for key in "abc"]
    assert errors(api_with_locks(api, org, records)) == ["UNABLE_TO_LOCK_ROW", "UNABLE_TO_LOCK_ROW", None]
    assert errors(api_with_locks(api, org, records)) == [None, None, None]


def api_with_locks(api, org, records):
    collection = api._collection(OVERLAP, tuple(records), False)
    locked = composite.Collection(collection.records, False, org.take_locks(len(records)))
    return composite.upsert(api._author(), locked, OVERLAP, "Overlap_Key__c")


def test_a_hidden_field_cannot_be_written_but_is_still_kept(api, org, account):
    org.seed("Account", [{"Id": account, "Phone": "1"}])
    org.hide_field("Account", "Phone")
    result = only(api.update("Account", {"Id": account, "Phone": "2"}))
    assert result["errors"][0]["message"] == "No such column 'Phone' on sobject of type Account"
    assert only(api.update("Account", {"Id": account, "Fax": "3"}))["success"]
    assert only(org.records("Account"))["Phone"] == "1"


WHOLE_CALLS = [
    ({"records": [{"attributes": {"type": OVERLAP}}] * 201}, "EXCEEDED_ID_LIMIT"),
    ({"records": [{"Name": "x"}]}, "INVALID_INPUT"),
    ({"records": {}}, "JSON_PARSER_ERROR"),
    ([], "JSON_PARSER_ERROR"),
    ({"records": [], "allornone": True}, "JSON_PARSER_ERROR"),
]


@pytest.mark.parametrize(("body", "code"), WHOLE_CALLS)
def test_refuses_a_whole_call_that_is_wrong_as_a_whole(body, code):
    with pytest.raises(ApiError) as refused:
        composite.read(body)
    assert refused.value.code == code


def test_refuses_a_path_without_such_a_key(api):
    with pytest.raises(ApiError, match="Provided external ID field does not exist or is not accessible: Name"):
        api.upsert(OVERLAP, "Name", KEY)
    with pytest.raises(ApiError, match="NOT_FOUND"):
        api.upsert("Foo__c", "Key__c", KEY)
    assert errors(api.create("Foo__c", {"Name": "x"})) == ["INVALID_TYPE"]
