from datetime import UTC, datetime, timedelta, timezone

import pytest

from connectors.sandbox.errors import ApiError
from connectors.sandbox.schema import visible
from connectors.sandbox.values import accept, stamp

TAKEN = [  # object, field, given, stored
    ("Account", "Name", "  Acme  ", "Acme"),
    ("Account", "Website", "", None),
    ("Account", "Website", "   ", None),
    ("Account", "BillingPostalCode", "01067", "01067"),
    ("Account", "Industry", "Basket weaving", "Basket weaving"),
    ("Account", "NumberOfEmployees", "10000", 10000),
    ("Account", "IsPartner", True, 1),
    ("Opportunity", "Amount", 1000.005, 1000.01),
    ("Opportunity", "CloseDate", "2026-11-21", "2026-11-21"),
    ("Partner_Overlap__c", "Match_Probability__c", 0.9876, 0.988),
    ("Partner_Overlap__c", "Our_Population__c", "Open Opportunities", "Open Opportunities"),
    ("Partner_Overlap__c", "Partner_Owner_Email__c", "ada@partner.example", "ada@partner.example"),
    ("Overlap_Partner__c", "List_As_Of__c", "2026-11-21T10:00:00.999+02:00", "2026-11-21T08:00:00.000+0000"),
    ("Account", "Overlap_Customer_Of__c", " Globex; Initech;Globex;", "Globex;Initech"),
    ("Partner_Influence__c", "Involvement__c", "Co-selling;Back channel", "Co-selling;Back channel"),
]


@pytest.mark.parametrize(("name", "field", "given", "stored"), TAKEN)
def test_takes_a_value_and_keeps_it_as_salesforce_would(name, field, given, stored):
    assert accept(visible().entity(name).column(field), given) == stored


REFUSED = [
    ("Partner_Overlap__c", "Name", "x" * 81, "STRING_TOO_LONG", "(max length=80)"),
    (
        "Partner_Overlap__c",
        "Our_Population__c",
        "Fans",
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "picklist field: Fans",
    ),
    ("Partner_Influence__c", "Involvement__c", "Co-selling;Golf", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "Golf"),
    ("Partner_Overlap__c", "Partner_Owner_Email__c", "ada at home", "INVALID_EMAIL_ADDRESS", "ada at home"),
    ("Partner_Overlap__c", "Priority__c", 1000, "NUMBER_OUTSIDE_VALID_RANGE", "Priority: value outside of valid range"),
    ("Partner_Overlap__c", "Match_Probability__c", 10, "NUMBER_OUTSIDE_VALID_RANGE", "value outside of valid range"),
    ("Account", "NumberOfEmployees", 10**8, "NUMBER_OUTSIDE_VALID_RANGE", "Employees"),
    ("Account", "NumberOfEmployees", 1.5, "JSON_PARSER_ERROR", "instance of int"),
    ("Account", "NumberOfEmployees", "many", "JSON_PARSER_ERROR", "VALUE_STRING value many"),
    ("Account", "NumberOfEmployees", float("nan"), "JSON_PARSER_ERROR", "instance of int"),
    ("Account", "NumberOfEmployees", True, "JSON_PARSER_ERROR", "instance of int"),
    ("Account", "Name", 5, "JSON_PARSER_ERROR", "instance of string"),
    ("Account", "Name", {"a": 1}, "JSON_PARSER_ERROR", "START_OBJECT"),
    ("Account", "Name", "\ud800", "JSON_PARSER_ERROR", "instance of string"),
    ("Account", "IsPartner", "yes", "JSON_PARSER_ERROR", "instance of boolean"),
    ("Partner_Influence__c", "Sourced__c", None, "INVALID_TYPE_ON_FIELD_IN_RECORD", "Sourced"),
    ("Opportunity", "CloseDate", "21.11.2026", "JSON_PARSER_ERROR", "instance of date"),
    ("Opportunity", "CloseDate", "2026-11-31", "JSON_PARSER_ERROR", "instance of date"),
    ("Overlap_Partner__c", "List_As_Of__c", "2026-11-21T10:00:00", "JSON_PARSER_ERROR", "instance of datetime"),
    ("Overlap_Partner__c", "List_As_Of__c", 5, "JSON_PARSER_ERROR", "instance of datetime"),
]


@pytest.mark.parametrize(("name", "field", "given", "code", "message"), REFUSED)
def test_refuses_a_value_with_the_vendors_code(name, field, given, code, message):
    with pytest.raises(ApiError) as refused:
        accept(visible().entity(name).column(field), given)
    assert (refused.value.code, refused.value.fields) == (code, (field,))
    assert message in refused.value.message


def test_stamps_in_utc_and_cuts_parts_of_a_second():
    at = datetime(2026, 11, 21, 12, 0, 0, 999_999, timezone(timedelta(hours=2)))
    assert stamp(at) == "2026-11-21T10:00:00.000+0000" == stamp(datetime(2026, 11, 21, 10, tzinfo=UTC))
