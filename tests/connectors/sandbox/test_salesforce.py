"""The REST API as the real client and plain requests see it, over HTTPS."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceAuthenticationFailed, SalesforceMalformedRequest

from connectors.sandbox.ids import record_id

DATA = "/services/data/v62.0"
OVERLAP = "Partner_Overlap__c"
JSON, XML = {"Content-Type": "application/json"}, {"Content-Type": "text/xml"}


class MyDomain(HTTPAdapter):
    """Leads the login host of an org to its sandbox, as DNS would."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def send(self, request, **options):
        request.url = request.url.replace("https://sandbox.my.salesforce.com", self._url)
        return super().send(request, **options)


@pytest.fixture
def call(salesforce, session, token):
    def send(method, path, **options):
        headers = {"Authorization": f"Bearer {token}", **options.pop("headers", {})}
        return session.request(method, salesforce.address.url + path, headers=headers, **options)

    return send


def test_the_real_client_signs_in_reads_and_writes(salesforce, session):
    address = salesforce.address
    session.mount("https://sandbox.my.salesforce.com", MyDomain(address.url))
    client = Salesforce(
        consumer_key=address.consumer_key,
        consumer_secret=address.consumer_secret,
        domain="sandbox.my",
        session=session,
        version="62.0",
    )
    salesforce.store.seed("Account", [{"Id": record_id("Account", n), "Name": f"A{n}"} for n in range(1, 4502)])
    everyone = [record_id("Account", number) for number in range(1, 4502)]
    soql = "SELECT Id, Owner.Name FROM Account ORDER BY Id"
    assert [record["Id"] for record in client.query_all(soql)["records"]] == everyone
    assert [record["Id"] for record in client.query_all_iter(soql)] == everyone
    assert client.query("SELECT COUNT() FROM Account")["totalSize"] == 4501
    assert client.Account.get(everyone[0])["Name"] == "A1"
    written = client.restful(
        f"composite/sobjects/{OVERLAP}/Overlap_Key__c",
        method="PATCH",
        json={
            "allOrNone": False,
            "records": [{"attributes": {"type": OVERLAP}, "Overlap_Key__c": "k", "Name": "G: A"}],
        },
    )
    assert [(result["success"], result["created"]) for result in written] == [(True, True)]
    assert client.query(f"SELECT Name FROM {OVERLAP}")["records"][0]["Name"] == "G: A"
    assert client.api_usage["api-usage"].total == 100_000


def test_the_real_client_is_told_what_was_wrong(client):
    with pytest.raises(SalesforceMalformedRequest) as refused:
        client.query("SELECT Foo FROM Account")
    error = refused.value.content[0]
    assert error["errorCode"] == "INVALID_FIELD"
    assert error["message"].startswith(
        "\nSELECT Foo FROM Account\n       ^\nERROR at Row:1:Column:8\nNo such column 'Foo'"
    )


def test_the_real_client_is_told_of_a_wrong_secret(salesforce, session):
    session.mount("https://sandbox.my.salesforce.com", MyDomain(salesforce.address.url))
    salesforce.store.set_credentials_valid(False)
    address = salesforce.address
    with pytest.raises(SalesforceAuthenticationFailed, match=r"invalid_client\): invalid client credentials"):
        Salesforce(
            consumer_key=address.consumer_key,
            consumer_secret=address.consumer_secret,
            domain="sandbox.my",
            session=session,
        )


def test_a_token_names_org_and_user_and_takes_the_secret_in_the_form_too(salesforce, session):
    address = salesforce.address
    form = {
        "grant_type": "client_credentials",
        "client_id": address.consumer_key,
        "client_secret": address.consumer_secret,
    }
    reply = session.post(f"{address.url}/services/oauth2/token", form).json()
    assert reply.keys() == {"access_token", "signature", "scope", "instance_url", "id", "token_type", "issued_at"}
    assert reply["instance_url"] == address.url
    assert reply["id"] == f"{address.url}/id/{salesforce.store.org_id}/{salesforce.store.api_user}"
    assert address.consumer_secret not in repr(salesforce.store.requests())


TOKEN_ERRORS = [
    ({"grant_type": "client_credentials", "client_id": "x", "client_secret": "y"}, "invalid_client"),
    ({"grant_type": "client_credentials"}, "invalid_client"),
    ({"grant_type": "password", "username": "x", "password": "y"}, "unsupported_grant_type"),
    ({}, "unsupported_grant_type"),
]


@pytest.mark.parametrize(("form", "error"), TOKEN_ERRORS)
def test_no_other_sign_in_works(salesforce, session, form, error):
    reply = session.post(f"{salesforce.address.url}/services/oauth2/token", form)
    assert (reply.status_code, reply.json()["error"]) == (400, error)


REFUSED = [
    ("GET", f"{DATA}/foo", {}, 404, "NOT_FOUND"),
    ("GET", "/foo", {}, 404, "NOT_FOUND"),
    ("GET", "/services/data/v69.0/limits", {}, 404, "NOT_FOUND"),
    ("GET", "/services/data/v30.0/limits", {}, 410, "GONE"),
    ("GET", f"{DATA}/sobjects/Foo/describe", {}, 404, "NOT_FOUND"),
    ("GET", f"{DATA}/sobjects/Account/001000000000001AAA", {}, 404, "NOT_FOUND"),
    ("GET", f"{DATA}/sobjects/Account/nonsense", {}, 400, "MALFORMED_ID"),
    ("GET", f"{DATA}/query", {}, 400, "MALFORMED_QUERY"),
    ("GET", f"{DATA}/query/01g000000000001AAA-2000", {}, 400, "INVALID_QUERY_LOCATOR"),
    ("GET", f"{DATA}/query/nonsense", {}, 400, "INVALID_QUERY_LOCATOR"),
    ("DELETE", f"{DATA}/composite/sobjects", {}, 400, "MISSING_ARGUMENT"),
    ("PUT", f"{DATA}/composite/sobjects", {}, 405, "METHOD_NOT_ALLOWED"),
    ("PATCH", f"{DATA}/composite/sobjects", {"data": "<x/>", "headers": XML}, 415, "UNSUPPORTED_MEDIA_TYPE"),
    ("PATCH", f"{DATA}/composite/sobjects", {"data": "{", "headers": JSON}, 400, "JSON_PARSER_ERROR"),
    ("PATCH", f"{DATA}/composite/sobjects", {"data": b"\xff\xfe", "headers": JSON}, 400, "JSON_PARSER_ERROR"),
    ("PATCH", f"{DATA}/composite/sobjects", {"json": {"records": [{}] * 201}}, 400, "EXCEEDED_ID_LIMIT"),
    ("PATCH", f"{DATA}/composite/sobjects/{OVERLAP}/Name", {"json": {"records": []}}, 404, "NOT_FOUND"),
]


def test_refuses_with_status_and_code(call):
    for method, path, options, status, code in REFUSED:
        reply = call(method, path, **options)
        assert (path, reply.status_code, reply.json()[0]["errorCode"]) == (path, status, code)
        assert reply.json()[0]["message"]


def test_every_reply_says_the_time_and_the_calls_used(salesforce, call):
    at = datetime(2026, 11, 21, 10, 0, 7, tzinfo=UTC)
    salesforce.store.set_time(at)
    salesforce.store.set_limit_used(17)
    for used, path in enumerate([f"{DATA}/limits", f"{DATA}/foo", "/services/data/"], 18):
        reply = call("GET", path)
        assert reply.headers["Sforce-Limit-Info"] == f"api-usage={used}/100000"
        assert parsedate_to_datetime(reply.headers["Date"]) == at


def test_the_last_call_of_the_day_is_the_last(salesforce, call):
    salesforce.store.set_limit_used(99_999)
    assert call("GET", f"{DATA}/limits").json()["DailyApiRequests"] == {"Max": 100_000, "Remaining": 1}
    reply = call("GET", f"{DATA}/limits")
    assert reply.status_code == 403
    assert reply.json() == [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]


def test_an_expired_or_missing_token_is_refused_before_anything_else(salesforce, call, session):
    salesforce.store.expire_tokens()
    expected = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
    for reply in (call("GET", f"{DATA}/foo"), session.get(f"{salesforce.address.url}{DATA}/limits")):
        assert (reply.status_code, reply.json()) == (401, expected)


def test_an_org_that_is_down_answers_with_html(salesforce, call):
    salesforce.store.set_down(True)
    reply = call("GET", f"{DATA}/limits")
    assert (reply.status_code, reply.headers["Content-Type"]) == (503, "text/html; charset=utf-8")
    salesforce.store.set_down(False)
    assert call("GET", f"{DATA}/limits").status_code == 200


def test_a_request_line_that_is_too_long_never_arrives(call):
    reply = call("GET", f"{DATA}/query", params={"q": "SELECT Id FROM Account WHERE Name = '" + "x" * 17_000 + "'"})
    assert (reply.status_code, reply.headers["Content-Type"]) == (414, "text/html; charset=utf-8")


def test_locks_come_before_the_records_and_pass(salesforce, call):
    salesforce.store.lock_rows(1)
    body = {"records": [{"attributes": {"type": "Account"}, "Name": name} for name in ("A", "B")]}
    first = call("POST", f"{DATA}/composite/sobjects", json=body).json()
    assert [result["success"] for result in first] == [False, True]
    assert first[0]["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"
    assert all(result["success"] for result in call("POST", f"{DATA}/composite/sobjects", json=body).json())


def test_the_page_size_can_be_wished_for(salesforce, call):
    salesforce.store.seed("Account", [{"Name": str(number)} for number in range(450)])
    headers = {"Sforce-Query-Options": "batchSize=200"}
    page = call("GET", f"{DATA}/query", params={"q": "SELECT Id FROM Account"}, headers=headers).json()
    sizes = [len(page["records"])]
    while not page["done"]:
        page = call("GET", page["nextRecordsUrl"]).json()
        sizes.append(len(page["records"]))
    assert sizes == [200, 200, 50]


def test_query_all_shows_what_query_hides(salesforce, call):
    gone = salesforce.store.seed("Account", [{"Name": "Gone"}])[0]
    salesforce.store.delete("Account", gone)
    params = {"q": "SELECT Id, IsDeleted FROM Account"}
    assert call("GET", f"{DATA}/query", params=params).json()["totalSize"] == 0
    assert call("GET", f"{DATA}/queryAll", params=params).json()["records"][0]["IsDeleted"] is True
    reply = call("GET", f"{DATA}/sobjects/Account/{gone}")
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (404, "ENTITY_IS_DELETED")


def test_another_org_says_so(salesforce, call):
    salesforce.store.set_org_id("00D000000000999AAA")
    reply = call("GET", f"{DATA}/query", params={"q": "SELECT Id FROM Organization"})
    assert [record["Id"] for record in reply.json()["records"]] == ["00D000000000999AAA"]


def test_requests_are_kept_with_what_was_asked_and_answered(salesforce, call):
    call("GET", f"{DATA}/query", params={"q": "SELECT Id FROM Account"}, headers={"User-Agent": "overlap/1"})
    call("PATCH", f"{DATA}/composite/sobjects", json={"records": []})
    query, write = salesforce.store.requests()[-2:]
    assert (query.method, query.path, query.query) == ("GET", f"{DATA}/query", "SELECT Id FROM Account")
    assert (query.status, query.user_agent) == (200, "overlap/1")
    assert (write.method, write.body, write.status) == ("PATCH", '{"records": []}', 200)


def test_describe_lists_what_the_user_sees(salesforce, client):
    names = [entry["name"] for entry in client.describe()["sobjects"]]
    assert {"Organization", "User", "Account", "Opportunity", "OpportunityPartner", OVERLAP} <= set(names)
    salesforce.store.hide_field(OVERLAP, "Priority__c")
    fields = {field["name"] for field in getattr(client, OVERLAP).describe()["fields"]}
    assert "Priority__c" not in fields
    assert "Overlap_Key__c" in fields
    salesforce.store.set_deployed(False)
    assert OVERLAP not in [entry["name"] for entry in client.describe()["sobjects"]]
