"""The lifecycle of a bulk job, as the raw API shows it."""

from __future__ import annotations

import csv
import io

import pytest

from connectors.sandbox import ingest_work

OBJECT = "Overlap_Partner__c"
KEY = "Partner_Key__c"


class Jobs:
    """Bulk ingest by raw calls."""

    def __init__(self, session, url, token):
        self._session, self._url = session, f"{url}/services/data/v62.0/jobs/ingest"
        self._headers = {"Authorization": f"Bearer {token}"}

    def call(self, method, path="", data=None, kind="application/json", **json):
        headers = {**self._headers, "Content-Type": kind}
        body = {"json": json} if json else {"data": data}
        return self._session.request(method, self._url + path, headers=headers, **body)

    def open(self, **changed):
        order = {"object": OBJECT, "operation": "upsert", "externalIdFieldName": KEY, "lineEnding": "LF"}
        reply = self.call("POST", **(order | changed))
        assert reply.status_code == 200, reply.text
        return "/" + reply.json()["id"]

    def upload(self, job, text):
        return self.call("PUT", job + "/batches", text.encode(), "text/csv")

    def close(self, job):
        return self.call("PATCH", job, state="UploadComplete")

    def run(self, text, **changed):
        job = self.open(**changed)
        assert self.upload(job, text).status_code == 201
        assert self.close(job).status_code == 200
        return job, self.call("GET", job).json()

    def rows(self, job, kind):
        reply = self.call("GET", f"{job}/{kind}")
        assert reply.headers["content-type"].startswith("text/csv")
        return list(csv.DictReader(io.StringIO(reply.content.decode(), newline="")))


@pytest.fixture
def jobs(salesforce, session, token):
    return Jobs(session, salesforce.address.url, token)


def refused(reply, status, code):
    return (reply.status_code, reply.json()[0]["errorCode"]) == (status, code)


def test_goes_from_open_to_complete_and_counts(jobs):
    job = jobs.open()
    assert jobs.call("GET", job).json()["state"] == "Open"
    assert jobs.upload(job, f"{KEY},Name\nk1,Globex\nk2,Initech\nk3," + "x" * 81 + "\n").status_code == 201
    assert jobs.close(job).json()["state"] == "UploadComplete"
    done = jobs.call("GET", job).json()
    assert (done["state"], done["numberRecordsProcessed"], done["numberRecordsFailed"]) == ("JobComplete", 3, 1)
    assert {row[KEY]: row["sf__Created"] for row in jobs.rows(job, "successfulResults")} == {"k1": "true", "k2": "true"}
    (failed,) = jobs.rows(job, "failedResults")
    assert failed["sf__Error"].startswith("STRING_TOO_LONG:")
    assert failed["sf__Error"].endswith(":Name --")
    assert failed[KEY] == "k3"


def test_takes_its_time_where_it_is_told_to(jobs, salesforce):
    ingest_work.slow_down(salesforce.store.database, 3)
    job, first = jobs.run(f"{KEY},Name\nk1,x\n")
    states = [first["state"], *(jobs.call("GET", job).json()["state"] for _ in range(2))]
    assert states == ["InProgress", "InProgress", "JobComplete"]


def test_every_state_allows_its_own_steps_only(jobs, salesforce):
    ingest_work.slow_down(salesforce.store.database, 2)
    job = jobs.open()
    assert refused(jobs.call("GET", job + "/successfulResults"), 400, "INVALIDJOBSTATE")
    assert jobs.upload(job, f"{KEY},Name\nk1,x\n").status_code == 201
    assert refused(jobs.upload(job, f"{KEY},Name\nk2,x\n"), 400, "INVALIDBATCH")
    assert jobs.close(job).status_code == 200
    assert refused(jobs.upload(job, f"{KEY},Name\nk2,x\n"), 400, "INVALIDJOBSTATE")
    assert refused(jobs.close(job), 400, "INVALIDJOBSTATE")
    jobs.call("GET", job)
    assert refused(jobs.call("DELETE", job), 400, "INVALIDJOBSTATE")
    assert refused(jobs.call("GET", job + "/failedResults"), 400, "INVALIDJOBSTATE")
    assert jobs.call("GET", job).json()["state"] == "JobComplete"
    assert refused(jobs.call("PATCH", job, state="Aborted"), 400, "INVALIDJOBSTATE")
    assert jobs.call("DELETE", job).status_code == 204
    assert refused(jobs.call("GET", job), 404, "NOT_FOUND")


def test_an_aborted_job_writes_nothing(jobs, salesforce):
    job = jobs.open()
    jobs.upload(job, f"{KEY},Name\nk1,x\n")
    assert jobs.call("PATCH", job, state="Aborted").json()["state"] == "Aborted"
    assert jobs.call("GET", job).json()["state"] == "Aborted"
    assert salesforce.store.records(OBJECT) == []


@pytest.mark.parametrize(
    ("text", "ending", "why"),
    [
        (f"{KEY},Nonsense__c\nk1,x\n", "LF", "InvalidBatch : Field name not found : Nonsense__c"),
        (f"{KEY},Owner__r.X\nk1,x\n", "LF", "InvalidBatch : Field name not found : Owner__r.X"),
        (f"{KEY},Name\r\nk1,x\r\n", "LF", "ClientInputError : LineEnding is invalid on user data. Current LineEnding"),
        (f"{KEY},Name\nk1,x\n", "CRLF", "ClientInputError : LineEnding is invalid on user data. Current LineEnding"),
        (f"{KEY},Name\nk1\n", "LF", "InvalidBatch : The number of values"),
        ("", "LF", "InvalidBatch : The batch is empty"),
    ],
)
def test_a_file_that_is_wrong_as_a_whole_fails_the_job(jobs, salesforce, text, ending, why):
    _, ended = jobs.run(text, lineEnding=ending)
    assert ended["state"] == "Failed"
    assert ended["errorMessage"].startswith(why)
    assert salesforce.store.records(OBJECT) == []


def test_an_empty_cell_says_nothing_and_the_sign_for_it_clears(jobs, salesforce):
    jobs.run(f"{KEY},Name,Feed_Status__c\nk1,One,Late\nk2,Two,Late\n")
    jobs.run(f"{KEY},Name,Feed_Status__c\nk1,,#N/A\nk2,New,\n")
    found = {r[KEY]: (r["Name"], r["Feed_Status__c"]) for r in salesforce.store.records(OBJECT)}
    assert found == {"k1": ("One", None), "k2": ("New", "Late")}


def test_quotes_newlines_and_unicode_survive(jobs, salesforce):
    text = 'Müller "& Co",\nZürich 株式会社'
    cell = '"' + text.replace('"', '""') + '"'
    job, _ = jobs.run(f"{KEY},Name\nk1,{cell}\n")
    assert salesforce.store.records(OBJECT)[0]["Name"] == text
    assert jobs.rows(job, "successfulResults")[0]["Name"] == text


def test_rows_that_were_not_reached_are_told_under_both_spellings(jobs, salesforce):
    ingest_work.fail_after(salesforce.store.database, 1)
    job, ended = jobs.run(f"{KEY},Name\nk1,x\nk2,y\n")
    assert ended["state"] == "Failed"
    for spelling in ("unprocessedrecords", "unprocessedRecords"):
        assert jobs.rows(job, spelling) == [{KEY: "k2", "Name": "y"}]


def test_lists_its_jobs(jobs):
    first, second = jobs.open(), jobs.open()
    assert ["/" + job["id"] for job in jobs.call("GET").json()["records"]] == [second, first]


@pytest.mark.parametrize(
    "changed",
    [{"operation": "destroy"}, {"externalIdFieldName": "Name"}, {"object": "Nothing__c"}, {"contentType": "JSON"}],
)
def test_a_job_for_what_cannot_be_is_refused(jobs, changed):
    order = {"object": OBJECT, "operation": "upsert", "externalIdFieldName": KEY} | changed
    assert jobs.call("POST", **order).status_code == 400


def test_takes_csv_only(jobs):
    reply = jobs.call("PUT", jobs.open() + "/batches", b"{}", "application/json")
    assert refused(reply, 415, "UNSUPPORTED_MEDIA_TYPE")
