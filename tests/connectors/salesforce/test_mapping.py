"""Fields of the org's own in the columns of ours: what they may be, and what becomes of what they hold."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.salesforce.columns import readings, visible
from connectors.salesforce.mapping import mapped
from overlap.errors import ConfigError


def field(type_: str, **facts: Any) -> dict[str, Any]:
    return {"type": type_, "length": 0, **facts}


#: As Salesforce describes them: a compound field, and its parts that name it.
USER = {"City": field("string", compoundFieldName="Address"), "Address": field("address")}
ACCOUNT = {
    **dict.fromkeys(("Id", "Name", "Website"), field("string")),
    "SystemModstamp": field("datetime"),
    "OwnerId": field("reference", relationshipName="Owner", referenceTo=["User"]),
    "BillingAddress": field("address"),
    "BillingStreet": field("textarea", compoundFieldName="BillingAddress"),
    "BillingCity": field("string", compoundFieldName="BillingAddress"),
    "Site__c": field("location"),
    "Site__Latitude__s": field("double", compoundFieldName="Site__c"),
    "Trading_Name__c": field("string"),
    "Number__c": field("double"),
}
ACCOUNTS = readings("contoso")[0]


def read(wanted: dict[str, str], *records: dict[str, Any]) -> list[dict[str, Any]]:
    """What becomes of *records* of Account where the settings want *wanted*."""
    looked = {"Account": ACCOUNT, "User": USER}.get
    reading = visible("here", mapped(ACCOUNTS, wanted, "crm.salesforce.account_fields", looked), ACCOUNT)
    nothing = dict.fromkeys(path for path in reading.paths if "." not in path)
    usual = {"Id": "001A", "Name": "Acme", "SystemModstamp": "2026-03-01T10:00:00.000+0000"}
    return reading.views[0].frame([nothing | usual | record for record in records], "salesforce").to_dicts()


COMPOUND = [
    ("BillingAddress", "Account", "BillingStreet, BillingCity"),
    ("Owner.Address", "User", "Owner.City"),
    ("Site__c", "Account", "Site__Latitude__s"),
]


@pytest.mark.parametrize(("path", "holder", "parts"), COMPOUND)
@pytest.mark.parametrize("name", ["region", "city"])
def test_a_field_that_is_made_of_several_is_refused_with_their_names(name, path, holder, parts) -> None:
    with pytest.raises(ConfigError) as raised:
        read({name: path})
    assert str(raised.value) == (
        f"[crm.salesforce.account_fields] {name} = '{path}': {path.split('.')[-1]} of {holder} is made of several "
        f"fields; map one of these: {parts}"
    )


NUMBERS = [(12345, "12345"), (12345.0, "12345"), (0, "0"), (-7.0, "-7"), (1.5, "1.5"), (1e15, "1000000000000000")]


@pytest.mark.parametrize(("number", "text"), NUMBERS)
def test_a_whole_number_in_a_column_of_text_has_no_fraction(number, text) -> None:
    [row] = read({"postcode": "Number__c"}, {"Number__c": number})
    assert row["postcode"] == text


@pytest.mark.parametrize(("number", "text"), NUMBERS)
def test_a_whole_number_in_custom_has_no_fraction_and_texts_stay_as_they_are(number, text) -> None:
    tricky = '","number":5.0,"'
    [row] = read({"number": "Number__c", "place": "BillingCity"}, {"Number__c": number, "BillingCity": tricky})
    assert json.loads(row["custom"]) == {"number": number, "place": tricky}
    assert f'"number":{text},' in row["custom"] or f'"number":{text}}}' in row["custom"]


def test_an_account_without_the_name_that_is_asked_for_keeps_its_own() -> None:
    said = read({"name": "Trading_Name__c"}, {"Trading_Name__c": "Acme Pumps"}, {"Trading_Name__c": None})
    assert [row["name"] for row in said] == ["Acme Pumps", "Acme"]
    numbered = read({"name": "Number__c"}, {"Number__c": 42.0}, {"Number__c": None})
    assert [row["name"] for row in numbered] == ["42", "Acme"]


def test_a_column_that_may_be_empty_is_only_what_the_mapped_field_says() -> None:
    [row] = read({"website": "Trading_Name__c"}, {"Trading_Name__c": None, "Website": "acme.com"})
    assert row["website"] is None
