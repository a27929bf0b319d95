"""HubSpot has a bad day, by the same script as Salesforce."""

from __future__ import annotations

from datetime import timedelta

import pytest
import requests

from overlap.errors import ConfigError

COMPANIES = "/crm/v3/objects/companies"
NEW = {"properties": {"name": "A"}}


def names(portal):
    return [one["name"] for one in portal.records("companies")]


@pytest.mark.parametrize(
    ("fault", "kept"), [("lost-request", []), ("rolled-back", []), ("lost-reply", ["A"]), ("half-reply", ["A"])]
)
def test_a_lost_answer_says_nothing_of_what_was_written(portal, api, fault, kept):
    portal.set_faults([{"fault": fault, "method": "POST"}])
    with pytest.raises(requests.RequestException):
        api.post(COMPANIES, NEW)
    assert names(portal) == kept
    assert [one.fault for one in portal.requests()] == [fault]
    assert [(one.seen, one.reached) for one in portal.faults()] == [(1, 1)]


@pytest.mark.parametrize(("fault", "at"), [("delayed-commit", "10:01"), ("late-commit", "10:00")])
def test_a_write_arrives_when_its_answer_is_long_lost(portal, api, fault, at):
    portal.set_faults([{"fault": fault, "method": "POST", "seconds": 30}])
    with pytest.raises(requests.RequestException):
        api.post(COMPANIES, NEW)
    portal.advance(timedelta(seconds=10))
    assert api.get(COMPANIES)[1]["results"] == []
    portal.advance(timedelta(seconds=50))
    assert [one["createdAt"][11:16] for one in api.get(COMPANIES)[1]["results"]] == [at]
    assert [change.request for change in portal.history()] == [1]


@pytest.mark.parametrize(
    ("status", "category"), [(423, "LOCKED"), (477, "MIGRATION_IN_PROGRESS"), (500, "INTERNAL_ERROR"), (502, None)]
)
def test_a_status_comes_in_hubspots_words_or_as_a_page(portal, api, status, category):
    portal.set_faults([{"fault": "http", "status": status, "retry_after_s": 7, "after_commit": True}])
    reply = api.raw("POST", COMPANIES, json=NEW)
    assert (reply.status_code, reply.headers["Retry-After"]) == (status, "7")
    assert (reply.json()["category"] if category else None) == category
    assert names(portal) == ["A"]


@pytest.mark.parametrize(
    ("kind", "policy"), [("total", "DAILY"), ("concurrent", "TEN_SECONDLY_ROLLING"), ("search", "SECONDLY")]
)
def test_a_limit_is_reached(portal, api, kind, policy):
    portal.set_faults([{"fault": "limit", "kind": kind}])
    assert api.post(f"{COMPANIES}/search")[1]["policyName"] == policy
    assert api.post(f"{COMPANIES}/search")[0] == 200


@pytest.mark.parametrize(
    ("fault", "status", "category"), [("reject-rows", 400, "VALIDATION_ERROR"), ("lock-rows", 423, "LOCKED")]
)
def test_rows_are_refused_one_by_one_where_they_can_be_told_apart(portal, api, fault, status, category):
    rule = {"fault": fault, "path": "*/batch/*", "rows": [1], "times": 9}
    portal.set_faults([rule])
    inputs = [{"properties": {"name": name}} for name in "ABC"]
    assert api.post(f"{COMPANIES}/batch/create", {"inputs": inputs})[0] == status
    assert names(portal) == []
    traced = [{**one, "objectWriteTraceId": one["properties"]["name"]} for one in inputs]
    code, body = api.post(f"{COMPANIES}/batch/create", {"inputs": traced})
    assert (code, [row["category"] for row in body["errors"]]) == (207, [category])
    assert body["errors"][0]["context"] == {"objectWriteTraceId": ["B"]}
    assert names(portal) == ["A", "C"]


def test_hidden_rows_are_missing_from_one_reply(portal, api):
    portal.seed("companies", [{"id": n, "name": "A"} for n in (1, 2, 3)])
    ids = {"fault": "hide-rows", "object": "companies", "ids": ["2"]}
    for call in (lambda: api.get(COMPANIES), lambda: api.post(f"{COMPANIES}/search")):
        portal.set_faults([ids])
        assert [one["id"] for one in call()[1]["results"]] == ["1", "3"]
        assert [one["id"] for one in call()[1]["results"]] == ["1", "2", "3"]
    portal.set_faults([{**ids, "method": "POST"}])
    assert api.post(f"{COMPANIES}/batch/read", {"inputs": [{"id": "2"}]})[1]["errors"][0]["context"] == {"ids": ["2"]}


def test_tokens_of_the_app_expire_and_the_key_does_not(portal, api):
    client_id, client_secret, refresh_token = portal.app
    form = {"grant_type": "refresh_token", "client_id": client_id, "client_secret": client_secret}
    token = api.raw("POST", "/oauth/v1/token", data={**form, "refresh_token": refresh_token}).json()["access_token"]
    portal.set_faults([{"fault": "expire-tokens"}])
    refused = api.raw("GET", COMPANIES, headers={"Authorization": f"Bearer {token}"})
    assert refused.json()["category"] == "EXPIRED_AUTHENTICATION"
    assert api.get(COMPANIES)[0] == 200


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"fault": "hold"}, "unknown fault 'hold'"),
        ({"fault": "hide-rows", "object": "Account"}, "no object 'Account'"),
        ({"fault": "limit", "kind": 1}, "kind 1 should be like"),
    ],
)
def test_a_script_has_hubspots_words(portal, rule, said):
    with pytest.raises(ConfigError, match=said):
        portal.set_faults([rule])
