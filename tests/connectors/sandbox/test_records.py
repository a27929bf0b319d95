"""One record per call, as plain requests and as the real client send it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from connectors.sandbox.ids import record_id

DATA = "/services/data/v62.0"
OVERLAP = f"{DATA}/sobjects/Partner_Overlap__c"
ACCOUNT = f"{DATA}/sobjects/Account"
START = datetime(2026, 11, 21, 10, tzinfo=UTC)


@pytest.fixture
def call(salesforce, session, token):
    def send(method, path, **options):
        headers = {"Authorization": f"Bearer {token}"}
        return session.request(method, salesforce.address.url + path, headers=headers, **options)

    return send


@pytest.fixture
def org(salesforce):
    return salesforce.store


def code(reply):
    return reply.status_code, reply.json()[0]["errorCode"]


def test_the_real_client_handles_one_record(client, org):
    made = client.Account.create({"Name": "Acme"})
    assert made["success"]
    assert client.Account.update(made["id"], {"Name": "Acme Inc"}) == 204
    assert client.Account.get(made["id"])["Name"] == "Acme Inc"
    assert client.Partner_Overlap__c.upsert("Overlap_Key__c/k", {"Account__c": made["id"]}) == 201
    assert client.Partner_Overlap__c.upsert("Overlap_Key__c/k", {"Priority__c": 5}) == 200
    assert client.Partner_Overlap__c.get_by_custom_id("Overlap_Key__c", "k")["Priority__c"] == 5.0
    assert client.Account.delete(made["id"]) == 204
    assert org.records("Account")[0]["IsDeleted"] is True


def test_creates_with_201_and_says_the_id(call, org):
    reply = call("POST", f"{ACCOUNT}/", json={"Name": "Acme", "attributes": {"type": "Account"}})
    (record,) = org.records("Account")
    assert (reply.status_code, reply.json()) == (201, {"id": record["Id"], "success": True, "errors": []})


def test_changes_and_deletes_with_204_and_no_body(call, org):
    account = org.create("Account", {"Name": "Acme"})
    changed = call("PATCH", f"{ACCOUNT}/{account[:15]}", json={"Phone": "1"})
    assert (changed.status_code, changed.content) == (204, b"")
    assert call("GET", f"{ACCOUNT}/{account}", params={"fields": "Phone"}).json()["Phone"] == "1"
    assert call("DELETE", f"{ACCOUNT}/{account}").status_code == 204
    for method, body in (("PATCH", {"json": {}}), ("DELETE", {}), ("GET", {})):
        assert code(call(method, f"{ACCOUNT}/{account}", **body)) == (404, "ENTITY_IS_DELETED")


@pytest.mark.parametrize(("version", "status"), [("62.0", 200), ("46.0", 200), ("45.0", 204)])
def test_an_upsert_tells_create_from_update(call, org, version, status):
    path = f"/services/data/v{version}/sobjects/Partner_Overlap__c/Overlap_Key__c/k"
    made = call("PATCH", path, json={"Priority__c": 5})
    again = call("PATCH", path, json={"Priority__c": 10})
    (record,) = org.records("Partner_Overlap__c")
    assert (made.status_code, made.json()["created"], made.json()["id"]) == (201, True, record["Id"])
    assert (again.status_code, record["Priority__c"]) == (status, 10.0)
    assert again.content == b"" if status == 204 else again.json()["created"] is False


@pytest.mark.parametrize("key", ["a/b", "c?d", "e f#g", "100%", "Zoë & Söhne", "x.inc"])
def test_an_external_id_is_quoted_in_the_path(call, org, key):
    assert call("PATCH", f"{OVERLAP}/Overlap_Key__c/{quote(key, safe='')}", json={}).status_code == 201
    assert [record["Overlap_Key__c"] for record in org.records("Partner_Overlap__c")] == [key]


def test_an_upsert_that_may_only_update_finds_nothing(call, org):
    reply = call("PATCH", f"{OVERLAP}/Overlap_Key__c/k", params={"updateOnly": "true"}, json={})
    assert code(reply) == (404, "NOT_FOUND")
    assert org.records("Partner_Overlap__c") == []


def test_a_key_that_is_not_unique_answers_300_with_the_paths(call, org):
    both = [org.create("Contact", {"LastName": name, "Email": "a@x.example"}) for name in "AB"]
    reply = call("PATCH", f"{DATA}/sobjects/Contact/Email/a@x.example", json={"Title": "CIO"})
    assert (reply.status_code, reply.json()) == (300, [f"{DATA}/sobjects/Contact/{one}" for one in both])
    record = {"attributes": {"type": "Contact"}, "Email": "a@x.example", "LastName": "C"}
    (result,) = call("PATCH", f"{DATA}/composite/sobjects/Contact/Email", json={"records": [record]}).json()
    assert result["errors"][0]["statusCode"] == "DUPLICATE_EXTERNAL_ID"


REFUSED = [
    ("POST", ACCOUNT, {"Nmae": "x"}, 400, "INVALID_FIELD"),
    ("POST", ACCOUNT, {}, 400, "REQUIRED_FIELD_MISSING"),
    ("POST", ACCOUNT, [], 400, "JSON_PARSER_ERROR"),
    ("POST", f"{DATA}/sobjects/Foo", {}, 404, "NOT_FOUND"),
    ("PATCH", f"{ACCOUNT}/{record_id('Account', 9)}", {"Name": "x"}, 404, "NOT_FOUND"),
    ("PATCH", f"{ACCOUNT}/nonsense", {"Name": "x"}, 400, "MALFORMED_ID"),
    ("PATCH", f"{ACCOUNT}/{record_id('Account', 9)}", {"Id": "x"}, 400, "INVALID_FIELD"),
    ("PATCH", f"{OVERLAP}/Overlap_Key__c/k", {"Overlap_Key__c": "k"}, 400, "INVALID_FIELD"),
    ("PATCH", f"{OVERLAP}/Name/k", {}, 404, "NOT_FOUND"),
    ("PATCH", f"{OVERLAP}/Overlap_Key__c/{'k' * 65}", {}, 400, "STRING_TOO_LONG"),
    ("GET", f"{OVERLAP}/Overlap_Key__c/nobody", None, 404, "NOT_FOUND"),
    ("DELETE", f"{OVERLAP}/Overlap_Key__c/nobody", None, 404, "NOT_FOUND"),
    ("DELETE", f"{DATA}/sobjects/User/{record_id('User', 1_000_001)}", None, 400, "INVALID_TYPE_FOR_OPERATION"),
]


def test_refuses_with_status_and_code(call, org):
    before = org.history()
    for method, path, body, status, expected in REFUSED:
        reply = call(method, path, **({} if body is None else {"json": body}))
        assert (path, *code(reply)) == (path, status, expected)
    assert org.history() == before


def test_many_are_deleted_and_read_in_one_call(call, org):
    kept, gone = (org.create("Account", {"Name": name}) for name in "AB")
    strange = record_id("Account", 7)
    reply = call("DELETE", f"{DATA}/composite/sobjects", params={"ids": f"{gone},{strange}"})
    assert [result["success"] for result in reply.json()] == [True, False]
    asked = {"ids": [gone, kept], "fields": ["Name"]}
    read = call("POST", f"{DATA}/composite/sobjects/Account", json=asked).json()
    assert [record and record["Name"] for record in read] == [None, "A"]
    both = {"ids": f"{kept},{strange}", "allOrNone": "true"}
    reply = call("DELETE", f"{DATA}/composite/sobjects", params=both).json()
    codes = [result["errors"][0]["statusCode"] for result in reply]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "INVALID_CROSS_REFERENCE_KEY"]
    assert {record["Id"]: record["IsDeleted"] for record in org.records("Account")} == {kept: False, gone: True}


def span(minutes_before, minutes_after):
    ends = (START - timedelta(minutes=minutes_before), START + timedelta(minutes=minutes_after))
    return dict(zip(("start", "end"), (end.isoformat() for end in ends), strict=True))


def test_replication_tells_what_changed_and_what_is_gone(call, org):
    org.set_time(START)
    changed, gone, purged, back = (org.create("Account", {"Name": name}) for name in "ABCD")
    for account in (gone, purged, back):
        org.delete("Account", account)
    org.purge("Account", purged)
    org.undelete("Account", back)
    org.set_time(START + timedelta(minutes=10))
    assert set(call("GET", f"{ACCOUNT}/updated", params=span(5, 5)).json()["ids"]) == {changed, back}
    reply = call("GET", f"{ACCOUNT}/deleted", params=span(5, 20)).json()
    assert {record["id"] for record in reply["deletedRecords"]} == {gone, purged}
    assert reply["latestDateCovered"] == "2026-11-21T10:10:00.000+0000", "not later than now"
    assert call("GET", f"{ACCOUNT}/updated", params=span(5, 0)).json()["ids"] == [], "the end is not covered"


@pytest.mark.parametrize("asked", [span(60 * 24 * 31, 0), span(0, 0), {"start": "yesterday", "end": "now"}, {}])
def test_replication_refuses_a_span_that_it_cannot_cover(call, org, asked):
    org.set_time(START)
    assert code(call("GET", f"{ACCOUNT}/updated", params=asked)) == (400, "INVALID_REPLICATION_DATE")


def test_a_cursor_ends_after_two_days(call, org):
    org.set_time(START)
    org.seed("Account", [{"Name": str(number)} for number in range(2500)])
    page = call("GET", f"{DATA}/query", params={"q": "SELECT Id FROM Account"}).json()
    org.advance(timedelta(days=2))
    assert len(call("GET", page["nextRecordsUrl"]).json()["records"]) == 500
    org.advance(timedelta(seconds=1))
    assert code(call("GET", page["nextRecordsUrl"])) == (400, "INVALID_QUERY_LOCATOR")
