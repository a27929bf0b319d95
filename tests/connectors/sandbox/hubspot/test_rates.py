"""How much an account may call."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.sandbox.hubspot.tiers import SEARCHES_PER_S, TIERS

COMPANIES = "/crm/v3/objects/companies"


@pytest.fixture
def limited(portal):
    """A portal that counts, by a clock that stands still."""
    portal.set_rate_limits(True)
    return portal


def told(reply):
    return {name.removeprefix("x-hubspot-ratelimit-"): v for name, v in reply.headers.items() if "ratelimit" in name}


def test_a_search_has_a_limit_of_its_own_and_says_nothing_of_it(limited, api):
    replies = [api.raw("POST", f"{COMPANIES}/search", json={}) for _ in range(SEARCHES_PER_S + 1)]
    assert [reply.status_code for reply in replies] == [200] * SEARCHES_PER_S + [429]
    said = replies[-1].json()
    assert (said["errorType"], said["policyName"]) == ("RATE_LIMIT", "SECONDLY")
    assert said["message"] == "You have reached your secondly limit."
    assert "category" not in said
    assert told(replies[0]) == {}
    assert told(api.raw("GET", COMPANIES))["remaining"] == "189"
    limited.set_search_rate(SEARCHES_PER_S + 1)
    assert [api.post(f"{COMPANIES}/search")[0] for _ in range(2)] == [200, 429]
    limited.advance(timedelta(seconds=1))
    assert api.post(f"{COMPANIES}/search")[0] == 200


@pytest.mark.parametrize("tier", ["free", "professional"])
def test_ten_seconds_hold_so_many_calls(limited, api, tier):
    limited.set_tier(tier)
    assert told(api.raw("GET", "/account-info/v3/details"))["remaining"] == str(TIERS[tier].calls_per_10_s - 1)
    most = TIERS[tier].calls_per_10_s - 2
    limited.database.many(
        "insert into call (at, search) select at, search from call where number = 1 and ?", [(1,)] * most
    )
    replies = [api.raw("GET", "/account-info/v3/details") for _ in range(2)]
    assert [(reply.status_code, told(reply)["remaining"]) for reply in replies] == [(200, "0"), (429, "0")]
    assert replies[-1].json()["policyName"] == "TEN_SECONDLY_ROLLING"
    limited.advance(timedelta(seconds=10))
    assert api.get("/account-info/v3/details")[0] == 200


def test_a_day_ends_and_another_begins(limited, api):
    limited.set_calls_today(TIERS["enterprise"].calls_per_day - 2)
    (usage,) = api.get("/account-info/2026-09/api-usage/daily/private-apps")[1]["results"]
    assert (usage["currentUsage"], usage["resetsAt"]) == (999_999, "2026-11-22T00:00:00.000Z")
    assert told(api.raw("GET", COMPANIES))["daily-remaining"] == "0"
    assert api.get(COMPANIES)[1]["policyName"] == "DAILY"
    limited.advance(timedelta(days=1))
    assert told(api.raw("GET", COMPANIES))["daily-remaining"] == "999999"


def test_an_app_is_not_told_of_the_accounts_day(limited, api):
    client_id, client_secret, refresh_token = limited.app
    form = {"grant_type": "refresh_token", "client_id": client_id, "client_secret": client_secret}
    token = api.raw("POST", "/oauth/v1/token", data={**form, "refresh_token": refresh_token}).json()["access_token"]
    reply = api.raw("GET", COMPANIES, headers={"Authorization": f"Bearer {token}"})
    assert told(reply).keys() == {"interval-milliseconds", "max", "remaining"}
