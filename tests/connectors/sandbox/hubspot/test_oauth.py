"""Who may call, and what."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.sandbox.direct import URL
from connectors.sandbox.hubspot.oauth import SCOPES

COMPANIES = "/crm/v3/objects/companies"
BACK = "http://localhost:9999/callback"


def form(portal, grant_type="refresh_token", **given):
    client_id, client_secret, refresh_token = portal.app
    app = {"grant_type": grant_type, "client_id": client_id, "client_secret": client_secret}
    return {**app, **({"refresh_token": refresh_token} if grant_type == "refresh_token" else {}), **given}


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("path", ["/oauth/v1/token", "/oauth/v3/token", "/oauth/2026-03/token"])
def test_an_access_token_lives_for_half_an_hour(portal, api, path):
    told = api.raw("POST", path, data=form(portal)).json()
    assert (told["expires_in"], told["hub_id"], told["refresh_token"]) == (
        1800,
        portal.database.portal_id,
        portal.app[2],
    )
    signed_in = bearer(told["access_token"])
    portal.advance(timedelta(seconds=1799))
    assert api.raw("GET", COMPANIES, headers=signed_in).status_code == 200
    portal.advance(timedelta(seconds=31))
    refused = api.raw("GET", COMPANIES, headers=signed_in)
    assert (refused.status_code, refused.json()["category"]) == (401, "EXPIRED_AUTHENTICATION")
    assert refused.json()["message"] == "The OAuth token used to make this call expired 30 second(s) ago."
    assert refused.json()["context"] == {"expire time": ["2026-11-21T10:30:00.000Z"]}


def test_only_the_old_endpoint_reads_the_query(portal, api):
    assert api.raw("POST", "/oauth/v1/token", params=form(portal)).status_code == 200
    refused = api.session.post(f"{URL}/oauth/2026-03/token", params=form(portal))
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
    assert portal.app[1] not in str([(one.query, one.body) for one in portal.requests()])


@pytest.mark.parametrize(
    ("given", "error", "status"),
    [
        ({"refresh_token": "x"}, "invalid_grant", "BAD_REFRESH_TOKEN"),
        ({"client_id": "x"}, "invalid_client", "BAD_CLIENT_ID"),
        ({"client_secret": "x"}, "invalid_client", "BAD_CLIENT_SECRET"),
        ({"grant_type": "password"}, "unsupported_grant_type", "BAD_GRANT_TYPE"),
        ({"grant_type": "authorization_code", "code": "x"}, "invalid_grant", "BAD_AUTH_CODE"),
    ],
)
def test_a_wrong_sign_in_is_told_in_both_languages(portal, api, given, error, status):
    refused = api.raw("POST", "/oauth/2026-03/token", data=form(portal, **given))
    assert refused.status_code == 400
    assert (refused.json()["error"], refused.json()["status"]) == (error, status)


def test_a_person_says_yes_once(portal, api):
    asked = {"client_id": portal.app[0], "redirect_uri": BACK, "scope": "crm.objects.deals.read", "state": "s"}
    sent = api.session.get(f"{URL}/oauth/authorize", params=asked, allow_redirects=False)
    answer = parse_qs(urlsplit(sent.headers["Location"]).query)
    assert (sent.status_code, answer["state"]) == (302, ["s"])
    code = form(portal, "authorization_code", code=answer["code"][0], redirect_uri=BACK)
    token = api.raw("POST", "/oauth/2026-03/token", data=code).json()["refresh_token"]
    assert api.raw("POST", "/oauth/2026-03/token", data=code).json()["status"] == "BAD_AUTH_CODE"
    assert api.raw("POST", "/oauth/2026-03/token", data=form(portal, refresh_token=token)).status_code == 200
    for changed in ({"client_id": "x"}, {"redirect_uri": "http://elsewhere.example/"}):
        assert api.session.get(f"{URL}/oauth/authorize", params={**asked, **changed}).status_code == 400


def test_a_token_that_is_taken_back_takes_its_access_tokens_along(portal, api):
    told = api.raw("POST", "/oauth/2026-03/token", data=form(portal)).json()
    for token, use in ((told["access_token"], "access_token"), (portal.app[2], "refresh_token")):
        asked = form(portal, token=token)
        said = api.raw("POST", "/oauth/2026-03/token/introspect", data=asked).json()
        assert (said["token_use"], said["hub_id"], said["active"]) == (use, portal.database.portal_id, True)
    assert api.raw("GET", f"/oauth/v1/access-tokens/{told['access_token']}").json()["expires_in"] == 1800
    assert api.raw("POST", "/oauth/2026-03/token/revoke", data=form(portal, token=portal.app[2])).status_code == 200
    assert api.raw("GET", COMPANIES, headers=bearer(told["access_token"])).status_code == 401
    assert api.raw("POST", "/oauth/2026-03/token", data=form(portal)).status_code == 400


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic eDp5"])
def test_who_has_no_token_is_told_where_to_get_one(api, header):
    refused = api.raw("GET", COMPANIES, headers={"Authorization": header})
    assert (refused.status_code, refused.json()["category"]) == (401, "INVALID_AUTHENTICATION")


def test_a_key_that_was_replaced_is_refused(portal, api):
    key = portal.replace_key()
    assert api.get(COMPANIES)[0] == 401
    assert api.raw("GET", COMPANIES, headers=bearer(key)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "needed"),
    [
        ("GET", COMPANIES, None, ["crm.objects.companies.read"]),
        ("POST", f"{COMPANIES}/search", {}, ["crm.objects.companies.read"]),
        ("POST", f"{COMPANIES}/batch/read", {"inputs": [{"id": "1"}]}, ["crm.objects.companies.read"]),
        ("POST", COMPANIES, {"properties": {"name": "A"}}, ["crm.objects.companies.write"]),
        ("POST", "/crm/v3/objects/deals/batch/update", {"inputs": [{"id": "1"}]}, ["crm.objects.deals.write"]),
        ("GET", "/crm/v3/owners", None, ["crm.objects.owners.read"]),
        ("GET", "/crm/v3/properties/deals", None, ["crm.schemas.deals.read", "crm.objects.deals.read"]),
        ("POST", "/crm/v3/properties/deals", {}, ["crm.schemas.deals.write"]),
        ("GET", "/crm-object-schemas/v3/schemas", None, ["crm.schemas.custom.read"]),
        ("GET", "/crm/v3/pipelines/deals", None, ["crm.schemas.deals.read", "crm.objects.deals.read"]),
        ("POST", "/crm/v4/associations/deals/companies/batch/read", {"inputs": []}, ["crm.objects.companies.read"]),
    ],
)
def test_a_call_without_its_scope_names_those_that_would_do(portal, api, method, path, body, needed):
    portal.set_scopes(*(scope for scope in SCOPES if scope not in needed))
    status, said = api(method, path, body)
    assert (status, said["category"]) == (403, "MISSING_SCOPES")
    assert said["errors"][0]["context"] == {"requiredGranularScopes": needed}
    portal.set_scopes(*SCOPES)
    assert api(method, path, body)[0] != 403
