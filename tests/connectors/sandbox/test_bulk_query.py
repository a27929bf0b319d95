"""Bulk queries as a client sees them. What Salesforce refuses is refused; the oracle of results is Python's csv."""

import csv
import gzip
import io

import pytest

from connectors.sandbox import bulk_query
from connectors.sandbox.ids import record_id

NAMES = ["plain", 'say "hi", twice', "two\nlines", "Ünïcode ¥ 株式会社", "ends in \\"]
IDS = [record_id("Account", number) for number in range(1, len(NAMES) + 1)]


@pytest.fixture
def call(salesforce, session, token):
    """Call the org below its version, as JSON or raw."""

    def call(method, path, version="62.0", **given):
        headers = {"Authorization": f"Bearer {token}", **given.pop("headers", {})}
        url = f"{salesforce.address.url}/services/data/v{version}/{path}"
        return session.request(method, url, headers=headers, **given)

    return call


@pytest.fixture
def accounts(salesforce):
    stamp = {"SystemModstamp": "2026-11-21T10:00:00.000+0000"}
    rows = [{"Id": id_, "Name": name, **stamp} for id_, name in zip(IDS, NAMES, strict=True)]
    rows[0] |= {"NumberOfEmployees": 12, "IsPartner": True, "ParentId": IDS[1]}
    salesforce.store.seed("Account", rows)


def created(call, query="SELECT Id, Name FROM Account", operation="query"):
    reply = call("POST", "jobs/query", json={"operation": operation, "query": query})
    assert reply.status_code == 200, reply.text
    return reply.json()["id"]


def completed(call, *args):
    job = created(call, *args)
    states = []
    while not states or states[-1] != "JobComplete":
        states.append(call("GET", f"jobs/query/{job}").json()["state"])
        assert len(states) < 5
    return job


def refused(reply, status, code):
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (status, code)
    return reply.json()[0]["message"]


def table(reply):
    return list(csv.reader(io.StringIO(reply.content.decode(), newline="")))


@pytest.mark.usefixtures("accounts")
def test_a_job_goes_from_upload_complete_over_in_progress_to_its_end(call):
    job = created(call)
    reply = call("GET", f"jobs/query/{job}").json()
    assert (reply["state"], reply["jobType"], reply["apiVersion"]) == ("InProgress", "V2Query", 62.0)
    assert "numberRecordsProcessed" not in reply
    reply = call("GET", f"jobs/query/{job}").json()
    assert (reply["state"], reply["numberRecordsProcessed"]) == ("JobComplete", 5)
    assert call("GET", "jobs/query").json()["records"][0]["id"] == job


@pytest.mark.usefixtures("accounts")
def test_results_are_quoted_csv_with_null_as_nothing(call):
    query = "SELECT Id, Name, NumberOfEmployees, IsPartner, SystemModstamp, Parent.Name FROM Account"
    reply = call("GET", f"jobs/query/{completed(call, query)}/results")
    assert (reply.headers["Sforce-NumberOfRecords"], reply.headers["Sforce-Locator"]) == ("5", "null")
    assert reply.headers["Content-Type"] == "text/csv"
    head, *rows = table(reply)
    assert head == ["Id", "Name", "NumberOfEmployees", "IsPartner", "SystemModstamp", "Parent.Name"]
    assert rows[0] == [IDS[0], "plain", "12", "true", "2026-11-21T10:00:00.000Z", 'say "hi", twice']
    assert [row[1] for row in rows] == NAMES
    assert rows[1][2:4] == ["", "false"]
    assert b'"12"' in reply.content and b',"",' in reply.content


@pytest.mark.usefixtures("accounts")
def test_a_locator_leads_to_the_next_page_and_stays_good(call, salesforce):
    job = completed(call)
    first = call("GET", f"jobs/query/{job}/results?maxRecords=2")
    following = f"jobs/query/{job}/results?maxRecords=2&locator={first.headers['Sforce-Locator']}"
    second = call("GET", following)
    salesforce.store.edit("Account", IDS[2], {"Name": "Changed"})
    assert call("GET", following).content == second.content
    last = call("GET", f"jobs/query/{job}/results?maxRecords=2&locator={second.headers['Sforce-Locator']}")
    assert last.headers["Sforce-Locator"] == "null"
    assert [row[0] for reply in (first, second, last) for row in table(reply)[1:]] == IDS
    assert last.headers["Sforce-NumberOfRecords"] == "1"


@pytest.mark.usefixtures("accounts")
def test_a_client_gets_gzip_only_if_it_takes_it(call):
    job = completed(call)
    plain = call("GET", f"jobs/query/{job}/results", headers={"Accept-Encoding": "identity"})
    packed = call("GET", f"jobs/query/{job}/results", headers={"Accept-Encoding": "gzip"}, stream=True)
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(packed.raw.read(decode_content=False)) == plain.content


def test_an_empty_result_is_a_heading(call):
    reply = call("GET", f"jobs/query/{completed(call)}/results")
    assert (reply.content, reply.headers["Sforce-NumberOfRecords"]) == (b'"Id","Name"\n', "0")


@pytest.mark.usefixtures("accounts")
def test_only_query_all_finds_deleted_records(call, salesforce):
    salesforce.store.delete("Account", IDS[4])
    found = {operation: completed(call, "SELECT Id FROM Account", operation) for operation in ("query", "queryAll")}
    rows = {name: table(call("GET", f"jobs/query/{job}/results")) for name, job in found.items()}
    assert [len(rows["query"]), len(rows["queryAll"])] == [5, 6]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT COUNT() FROM Account", "Aggregate"),
        ("SELECT Id FROM Account LIMIT 5 OFFSET 5", "OFFSET"),
        ("SELECT Name, COUNT(Id) FROM Account GROUP BY Name", "MALFORMED_QUERY"),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "MALFORMED_QUERY"),
        ("SELECT Nonsense FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Nonsense", "INVALID_TYPE"),
        ("", "query"),
    ],
)
def test_a_query_that_bulk_jobs_do_not_take_is_refused_at_once(call, query, said):
    reply = call("POST", "jobs/query", json={"operation": "query", "query": query})
    assert said in refused(reply, 400, "API_ERROR")


def test_a_job_of_another_kind_is_refused(call):
    for body in ({"operation": "insert"}, [], {"operation": "query", "contentType": "JSON"}):
        assert call("POST", "jobs/query", json=body).status_code == 400


@pytest.mark.usefixtures("accounts")
def test_a_job_answers_in_the_api_version_that_made_it_only(call):
    job = completed(call)
    for path in (f"jobs/query/{job}", f"jobs/query/{job}/results"):
        refused(call("GET", path, version="61.0"), 409, "API_ERROR")


@pytest.mark.usefixtures("accounts")
def test_results_before_the_end_an_unknown_job_and_a_bad_locator_are_refused(call):
    job = created(call)
    refused(call("GET", f"jobs/query/{job}/results"), 400, "INVALIDJOBSTATE")
    refused(call("GET", "jobs/query/750000000000099AAA"), 404, "NOT_FOUND")
    job = completed(call)
    for wrong in ("locator=nonsense", "locator=OTk", "maxRecords=0", "maxRecords=x"):
        refused(call("GET", f"jobs/query/{job}/results?{wrong}"), 400, "API_ERROR")


@pytest.mark.usefixtures("accounts")
def test_a_job_can_be_aborted_while_it_runs_and_deleted_when_it_ended(call):
    job = created(call)
    refused(call("DELETE", f"jobs/query/{job}"), 400, "INVALIDJOBSTATE")
    assert call("PATCH", f"jobs/query/{job}", json={"state": "Aborted"}).json()["state"] == "Aborted"
    refused(call("PATCH", f"jobs/query/{job}", json={"state": "Aborted"}), 400, "INVALIDJOBSTATE")
    assert call("DELETE", f"jobs/query/{job}").status_code == 204
    refused(call("GET", f"jobs/query/{job}"), 404, "NOT_FOUND")


def test_a_job_fails_where_a_test_wants_it_to(call, salesforce):
    salesforce.store.database.keep(bulk_query.ENDS_IN, "Failed")
    job = created(call)
    call("GET", f"jobs/query/{job}")
    reply = call("GET", f"jobs/query/{job}").json()
    assert (reply["state"], reply["errorMessage"]) == ("Failed", "InternalServerError : Retried more than 15 times")


@pytest.mark.usefixtures("accounts")
def test_rendered_results_can_be_kept_for_every_job_of_one_query(call, salesforce):
    salesforce.store.database.keep(bulk_query.KEEP_RENDERED, True)
    first = call("GET", f"jobs/query/{completed(call)}/results").content
    salesforce.store.edit("Account", IDS[0], {"Name": "Changed"})
    assert call("GET", f"jobs/query/{completed(call)}/results").content == first
