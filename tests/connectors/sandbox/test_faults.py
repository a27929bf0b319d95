"""Fault scripts over real HTTPS: what the client sees, what the org holds, and that the same seed does the same."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import requests

from connectors.sandbox import faults
from overlap.errors import ConfigError, RecordError

DATA = "/services/data/v62.0"
MANY = f"{DATA}/composite/sobjects"
START = datetime(2026, 11, 21, 10, tzinfo=UTC)


@pytest.fixture
def call(salesforce, session, token):
    def send(method, path, **options):
        headers = {"Authorization": f"Bearer {token}"}
        return session.request(method, salesforce.address.url + path, headers=headers, timeout=20, **options)

    return send


@pytest.fixture
def org(salesforce):
    return salesforce.store


def accounts(*names):
    return {"records": [{"attributes": {"type": "Account"}, "Name": name} for name in names]}


def names(org):
    return sorted(record["Name"] for record in org.records("Account"))


def seen(call, soql="SELECT Name FROM Account ORDER BY Name"):
    return [record["Name"] for record in call("GET", f"{DATA}/query", params={"q": soql}).json()["records"]]


def codes(reply):
    return [(result["errors"] or [{"statusCode": None}])[0]["statusCode"] for result in reply.json()]


LOST = [("lost-request", [], 0), ("rolled-back", [], 200), ("lost-reply", ["A"], 200)]


@pytest.mark.parametrize(("fault", "there", "status"), LOST)
def test_a_reply_is_lost_before_or_after_the_write(org, call, fault, there, status):
    org.set_faults([{"fault": fault, "method": "POST"}])
    with pytest.raises(requests.ConnectionError):
        call("POST", MANY, json=accounts("A"))
    assert names(org) == there
    struck = org.requests()[-1]
    assert (struck.fault, struck.status) == (fault, status)
    assert [change.request for change in org.history()] == [struck.number] * len(there)
    assert call("POST", MANY, json=accounts("B")).status_code == 200
    assert names(org) == [*there, "B"]


def test_every_write_in_the_history_names_its_request(org, call):
    by_hand = org.create("Account", {"Name": "By hand"})
    call("POST", MANY, json=accounts("A", "B"))
    number = org.requests()[-1].number
    assert [(change.id == by_hand, change.request) for change in org.history()] == [
        (True, None),
        (False, number),
        (False, number),
    ]


def test_a_delayed_commit_is_seen_some_requests_later_stamped_when_it_commits(org, call):
    org.set_time(START)
    org.set_faults([{"fault": "delayed-commit", "method": "POST", "requests": 1}])
    with pytest.raises(requests.ConnectionError):
        call("POST", MANY, json=accounts("A"))
    org.set_time(START + timedelta(minutes=5))
    assert seen(call) == []
    assert seen(call) == ["A"]
    (record,) = org.records("Account")
    assert record["SystemModstamp"] == "2026-11-21T10:05:00.000+0000"


def test_a_late_commit_is_stamped_when_it_was_made_and_seen_when_its_time_has_come(org, call):
    org.set_time(START)
    org.set_faults([{"fault": "late-commit", "method": "POST", "seconds": 3600}])
    with pytest.raises(requests.ConnectionError):
        call("POST", MANY, json=accounts("A"))
    org.advance(timedelta(minutes=59))
    assert seen(call) == seen(call) == []
    org.advance(timedelta(minutes=1))
    assert seen(call) == ["A"]
    (record,) = org.records("Account")
    assert record["SystemModstamp"] == "2026-11-21T10:00:00.000+0000"


def test_what_would_be_refused_is_not_delayed(org, call):
    org.set_faults([{"fault": "delayed-commit"}])
    assert call("POST", f"{DATA}/sobjects/Account", json={"Nmae": "A"}).status_code == 400
    org.settle()
    assert names(org) == []


def test_a_long_transaction_of_a_person_locks_what_it_writes(org, call):
    org.set_time(START)
    account = org.seed("Account", [{"Name": "Acme"}])[0]
    org.in_a_long_transaction("edit", "Account", account, {"Name": "Acme Inc"}, requests=3)
    org.set_time(START + timedelta(hours=2))
    body = {"Account__c": account, "Overlap_Key__c": "k"}
    refused = call("POST", f"{DATA}/sobjects/Partner_Overlap__c", json=body)
    assert refused.json()[0]["errorCode"] == "UNABLE_TO_LOCK_ROW"
    assert account in refused.json()[0]["message"]
    with pytest.raises(RecordError, match="UNABLE_TO_LOCK_ROW"):
        org.edit("Account", account, {"Phone": "1"})
    span = {"start": (START - timedelta(hours=1)).isoformat(), "end": (START + timedelta(hours=1)).isoformat()}
    covered = call("GET", f"{DATA}/sobjects/Account/updated", params=span).json()["latestDateCovered"]
    assert covered == "2026-11-21T10:00:00.000+0000"
    assert seen(call) == ["Acme"]
    assert seen(call) == ["Acme Inc"]
    assert org.records("Account")[0]["SystemModstamp"] == "2026-11-21T10:00:00.000+0000"
    (by_hand,) = [change for change in org.history() if change.id == account]
    assert by_hand.request is None, "no request made it, though it was committed as one arrived"
    assert call("POST", f"{DATA}/sobjects/Partner_Overlap__c", json=body).status_code == 201


def test_of_two_writers_to_one_account_the_second_finds_it_locked(org, call, salesforce, token):
    account, other = org.seed("Account", [{"Name": "Acme"}, {"Name": "Globex"}])
    org.set_faults([{"fault": "hold", "method": "PATCH", "contains": "slow", "requests": 3}])

    def slowly():
        url = f"{salesforce.address.url}{DATA}/sobjects/Account/{account}"
        headers = {"Authorization": f"Bearer {token}"}
        ca_file = salesforce.address.ca_file
        return requests.patch(url, json={"Site": "slow"}, headers=headers, verify=ca_file, timeout=20)

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(slowly)
        while not org.faults()[0].reached:
            pass
        key = {"Overlap_Key__c": "k"}
        second = call(
            "PATCH", MANY, json={"records": [{"attributes": {"type": "Account"}, "Id": account, "Site": "x"}]}
        )
        child = call("POST", f"{DATA}/sobjects/Partner_Overlap__c", json={"Account__c": account, **key})
        assert not first.done()
        third = call("POST", f"{DATA}/sobjects/Partner_Overlap__c", json={"Account__c": other, **key})
        assert first.result().status_code == 204
    assert codes(second) == ["UNABLE_TO_LOCK_ROW"]
    assert (child.status_code, child.json()[0]["errorCode"], third.status_code) == (400, "UNABLE_TO_LOCK_ROW", 201)
    assert {record["Id"]: record["Site"] for record in org.records("Account")} == {account: "slow", other: None}


def test_a_reply_is_cut_in_the_middle(org, call):
    org.seed("Account", [{"Name": "A"}])
    org.set_faults([{"fault": "half-reply", "nth": 1}, {"fault": "half-reply", "nth": 2, "bytes": 0}])
    for _ in range(2):
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            seen(call)
    assert seen(call) == ["A"]


def test_a_reply_that_drips_arrives_whole(org, call):
    org.seed("Account", [{"Name": "A"}])
    org.set_faults([{"fault": "slow-drip", "bytes": 100, "pause_ms": 1}])
    assert seen(call) == ["A"]
    assert org.faults()[0].reached == 1


STATUSES = [
    ({}, 503, None, []),
    ({"status": 429, "retry_after_s": 7}, 429, "7", []),
    ({"status": 502, "after_commit": True}, 502, None, ["A"]),
    ({"status": 200, "body": "<html>please log in"}, 200, None, []),
]


@pytest.mark.parametrize(("values", "status", "wait", "there"), STATUSES)
def test_something_before_salesforce_answers_with_a_page(org, call, values, status, wait, there):
    org.set_faults([{"fault": "http", **values}])
    reply = call("POST", MANY, json=accounts("A"))
    assert (reply.status_code, reply.headers.get("Retry-After")) == (status, wait)
    assert reply.headers["Content-Type"].startswith("text/html")
    assert reply.text.startswith("<html>")
    assert names(org) == there


def test_tokens_expire_at_a_request(org, call):
    org.set_faults([{"fault": "expire-tokens", "nth": 2}])
    assert [call("GET", f"{DATA}/limits").status_code for _ in range(3)] == [200, 401, 401]


LIMITS = [
    ("total", "TotalRequests Limit exceeded."),
    ("concurrent", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."),
]


@pytest.mark.parametrize(("kind", "message"), LIMITS)
def test_both_limits_refuse_with_403_in_their_own_words(org, call, kind, message):
    org.set_faults([{"fault": "limit", "kind": kind}])
    reply = call("GET", f"{DATA}/limits")
    expected = [{"message": message, "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
    assert (reply.status_code, reply.json()) == (403, expected)
    assert "Sforce-Limit-Info" in reply.headers


def test_single_rows_are_locked_or_rejected(org, call):
    org.set_faults(
        [{"fault": "lock-rows", "rows": [1]}, {"fault": "reject-rows", "nth": 2, "rows": [0], "code": "OOPS"}]
    )
    assert codes(call("POST", MANY, json=accounts("A", "B", "C"))) == [None, "UNABLE_TO_LOCK_ROW", None]
    assert codes(call("POST", MANY, json=accounts("D", "E"))) == ["OOPS", None]
    assert codes(call("POST", MANY, json=accounts("F"))) == [None]
    assert names(org) == ["A", "C", "E", "F"]


def test_sharing_hides_rows_for_one_reply_or_for_good(org, call):
    kept, hidden = org.seed("Account", [{"Name": "A"}, {"Name": "B"}])
    org.set_faults([{"fault": "hide-rows", "object": "Account", "share": 1.0}])
    assert (seen(call), seen(call)) == ([], ["A", "B"])
    org.hide_record("Account", hidden)
    assert seen(call) == ["A"]
    assert call("GET", f"{DATA}/sobjects/Account/{hidden}").status_code == 404
    update = {"records": [{"attributes": {"type": "Account"}, "Id": row, "Site": "x"} for row in (kept, hidden)]}
    assert codes(call("PATCH", MANY, json=update)) == [None, "INSUFFICIENT_ACCESS_OR_READONLY"]
    child = {"Overlap_Key__c": "k", "Account__c": hidden}
    refused = call("POST", f"{DATA}/sobjects/Partner_Overlap__c", json=child).json()
    assert refused[0]["errorCode"] == "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"
    org.edit("Account", hidden, {"Site": "people still see it"})
    org.show_record(hidden)
    assert seen(call) == ["A", "B"]


def test_a_field_goes_and_the_clock_jumps_at_a_request(org, call):
    org.set_time(START)
    org.set_faults(
        [
            {"fault": "hide-field", "object": "Account", "field": "Website", "nth": 2},
            {"fault": "advance", "seconds": 90, "nth": 2, "contains": "Website"},
        ]
    )
    soql = {"q": "SELECT Website FROM Account"}
    replies = [call("GET", f"{DATA}/query", params=soql) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [200, 400]
    assert "No such column 'Website'" in replies[1].json()[0]["message"]
    assert [(counted.seen, counted.reached) for counted in org.faults()] == [(2, 1), (2, 0)], "the first rule wins"


def test_a_rule_counts_only_the_requests_that_it_is_about(org, call):
    rule = {"fault": "http", "method": "GET", "path": "query*", "contains": "FROM Account", "nth": 2, "times": 2}
    org.set_faults([rule])
    asked = ["Account", "User", "Account", "Account", "Account"]
    replies = [call("GET", f"{DATA}/query", params={"q": f"SELECT Id FROM {name}"}).status_code for name in asked]
    call("GET", f"{DATA}/limits")
    assert replies == [200, 200, 503, 503, 200]
    (counted,) = org.faults()
    assert (counted.seen, counted.reached) == (4, 2)
    assert {**counted.rule} == {**rule, "seed": 0}


def test_chance_comes_from_the_seed_alone(org):
    def struck(seed):
        org.set_faults({"seed": seed, "rules": [{"fault": "http", "probability": 0.3}]})
        return [faults.strike(org.database, "GET", f"{DATA}/limits", "") is not None for _ in range(200)]

    assert struck(1) == struck(1)
    assert struck(1) != struck(2)
    assert 35 <= sum(struck(3)) <= 85


WRONG = [
    ({"faults": []}, "a fault script is"),
    ([{"fault": "lost-replay"}], "rule 1: unknown fault 'lost-replay'; did you mean 'lost-reply'?"),
    ([{"fault": "lost-reply", "nht": 1}], "'lost-reply' has no 'nht'; did you mean 'nth'?"),
    ([{"fault": "lost-reply", "nth": "1"}], "nth '1' should be like 1"),
    ([{"fault": "http"}, {"fault": "http", "after_commit": 1}], "rule 2: after_commit 1 should be like true"),
    ([{"fault": "hide-field", "object": "Account"}], "'hide-field' needs 'field'"),
    ([{"fault": "hide-rows", "object": "Acount"}], "no object 'Acount'; did you mean 'Account'?"),
    ([{"fault": "hide-field", "object": "Account", "field": "Webste"}], "did you mean 'Website'?"),
    ({"rules": [], "sed": 1}, "unknown key 'sed'"),
    ({"rules": [], "seed": "x"}, "seed 'x' is not a whole number"),
    (["lost-reply"], "'lost-reply' is not an object"),
]


@pytest.mark.parametrize(("script", "says"), WRONG)
def test_a_wrong_script_is_refused_with_the_word_that_is_wrong(script, says):
    with pytest.raises(ConfigError) as refused:
        faults.read(script)
    assert says in str(refused.value)
