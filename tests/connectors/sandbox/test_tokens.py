"""The sandbox's door, as plain requests see it: what Salesforce refuses, it refuses, in Salesforce's words."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
import trustme

from connectors.sandbox.store import Store
from overlap.errors import RecordError
from tests.connectors.salesforce.flows import USER, key_pair
from tests.sandbox import Sandbox

BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
CALLBACK = "http://localhost:1717/callback"
VERIFIER = "a-verifier-of-forty-three-characters-at-least"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


class Client:
    """An app that knows its key, and asks what it likes."""

    def __init__(self, salesforce: Sandbox, session: requests.Session) -> None:
        self.url = salesforce.address.url
        self.store: Store = salesforce.store
        self.key = salesforce.address.consumer_key
        self.session = session

    def token(self, **form: str) -> tuple[int, dict]:
        reply = self.session.post(f"{self.url}/services/oauth2/token", form)
        return reply.status_code, reply.json()

    def assertion(self, private: str | None = None, algorithm: str = "RS256", **changed: object) -> str:
        expires_at = datetime.now(UTC) + timedelta(minutes=3)
        claims = {"iss": self.key, "sub": USER, "aud": self.url, "exp": int(expires_at.timestamp())} | changed
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, private or key_pair()[0], algorithm=algorithm)

    def page(self, **changed: str) -> requests.Response:
        asked = {
            "response_type": "code",
            "client_id": self.key,
            "redirect_uri": CALLBACK,
            "scope": "api refresh_token",
            "state": "the state & more",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        url = f"{self.url}/services/oauth2/authorize"
        return self.session.get(url, params=asked | changed, allow_redirects=False)

    def answer(self, **changed: str) -> dict[str, str]:
        place = self.page(**changed).headers["Location"]
        assert place.startswith(CALLBACK + "?")
        return {name: value for name, [value] in parse_qs(urlsplit(place).query).items()}

    def exchange(self, code: str, /, **changed: str) -> tuple[int, dict]:
        form = {"grant_type": "authorization_code", "code": code, "client_id": self.key}
        return self.token(**{**form, "redirect_uri": CALLBACK, "code_verifier": VERIFIER, **changed})

    def refresh(self, token: str) -> tuple[int, dict]:
        return self.token(grant_type="refresh_token", refresh_token=token, client_id=self.key)

    def lets_in(self, token: str) -> bool:
        headers = {"Authorization": f"Bearer {token}"}
        return self.session.get(f"{self.url}/services/data/v62.0/limits", headers=headers).ok


@pytest.fixture
def client(salesforce: Sandbox, session: requests.Session) -> Client:
    salesforce.store.register_key(key_pair()[1])
    return Client(salesforce, session)


def test_an_assertion_gets_a_token_that_works(client: Client) -> None:
    status, body = client.token(grant_type=BEARER, assertion=client.assertion())
    assert status == 200
    assert client.lets_in(body["access_token"])
    assert "refresh_token" not in body


def soon(minutes: float) -> Callable[[], int]:
    """A time from the moment of the test on: a list of cases is made minutes before its last one runs."""
    return lambda: int((datetime.now(UTC) + timedelta(minutes=minutes)).timestamp())


ASSERTIONS = {
    "another key": ({"private": key_pair(1)[0]}, "invalid_grant", "invalid assertion"),
    "a secret for a key": ({"private": "x" * 64, "algorithm": "HS256"}, "invalid_grant", "invalid assertion"),
    "another app": ({"iss": "3MVG9other"}, "app_not_found", "External client app is not installed in this org"),
    "no app": ({"iss": None}, "app_not_found", "External client app is not installed in this org"),
    "test.salesforce.com": ({"aud": "https://test.salesforce.com"}, "invalid_grant", "audience is invalid"),
    "no audience": ({"aud": None}, "invalid_grant", "audience is invalid"),
    "another user": ({"sub": "admin@sandbox.example"}, "invalid_grant", "user hasn't approved this consumer"),
    "no user": ({"sub": None}, "invalid_grant", "user hasn't approved this consumer"),
    "no end": ({"exp": None}, "invalid_grant", "invalid assertion"),
    "past": ({"exp": soon(-0.1)}, "invalid_grant", "expired authorization code"),
    "too late": ({"exp": soon(9)}, "invalid_grant", "expired authorization code"),
    "milliseconds": ({"exp": lambda: soon(3)() * 1000}, "invalid_grant", "invalid assertion"),
}


@pytest.mark.parametrize(("claims", "error", "description"), ASSERTIONS.values(), ids=ASSERTIONS)
def test_an_assertion_is_verified(client: Client, claims: dict, error: str, description: str) -> None:
    now = {name: value() if callable(value) else value for name, value in claims.items()}
    answer = client.token(grant_type=BEARER, assertion=client.assertion(**now))
    assert answer == (400, {"error": error, "error_description": description})


@pytest.mark.parametrize("assertion", ["", "x", "a.b.c", "e30.e30."])
def test_what_is_no_assertion_is_refused(client: Client, assertion: str) -> None:
    assert client.token(grant_type=BEARER, assertion=assertion)[0] == 400


def test_without_a_certificate_no_assertion_is_good(client: Client) -> None:
    client.store.database.keep("app_key", None)
    answer = client.token(grant_type=BEARER, assertion=client.assertion())
    assert answer[1]["error_description"] == "invalid assertion"


def test_only_a_certificate_or_public_rsa_key_is_taken(client: Client) -> None:
    client.store.register_key(trustme.CA(key_type=trustme.KeyType.RSA).cert_pem.bytes().decode())
    for pem in ("words", key_pair()[0], "", trustme.CA().cert_pem.bytes().decode()):
        with pytest.raises(RecordError):
            client.store.register_key(pem)


def test_a_code_gets_both_tokens(client: Client) -> None:
    answer = client.answer()
    assert answer["state"] == "the state & more"
    status, body = client.exchange(answer["code"])
    assert status == 200
    assert client.lets_in(body["access_token"])
    assert client.lets_in(client.refresh(body["refresh_token"])[1]["access_token"])


CODES = [
    ({"code_verifier": "another-verifier-of-enough-characters-but-wrong"}, "invalid_grant", "invalid code verifier"),
    ({"code_verifier": ""}, "invalid_grant", "invalid code verifier"),
    ({"redirect_uri": CALLBACK + "/"}, "redirect_uri_mismatch", "redirect_uri must match configuration"),
    ({"client_id": "3MVG9other"}, "invalid_client", "invalid client credentials"),
    ({"client_secret": "wrong"}, "invalid_client", "invalid client credentials"),
    ({"code": "aPrxother"}, "invalid_grant", "expired authorization code"),
]


@pytest.mark.parametrize(("form", "error", "description"), CODES)
def test_a_code_is_for_whoever_asked_for_it(client: Client, form: dict, error: str, description: str) -> None:
    answer = client.exchange(client.answer()["code"], **form)
    assert answer == (400, {"error": error, "error_description": description})


def test_a_code_works_once_and_for_fifteen_minutes(client: Client) -> None:
    code = client.answer()["code"]
    assert client.exchange(code)[0] == 200
    assert client.exchange(code)[1]["error_description"] == "expired authorization code"
    code = client.answer()["code"]
    client.store.set_time(datetime.now(UTC) + timedelta(minutes=16))
    assert client.exchange(code)[1]["error_description"] == "expired authorization code"


def test_without_its_scope_there_is_no_refresh_token(client: Client) -> None:
    assert "refresh_token" not in client.exchange(client.answer(scope="api")["code"])[1]


def test_the_page_leads_back_with_a_reason_or_nowhere_at_all(client: Client) -> None:
    assert client.answer(code_challenge="")["error"] == "invalid_request"
    assert client.answer(code_challenge_method="plain")["error"] == "invalid_request"
    assert client.answer(prompt="login please")["error"] == "invalid_request"
    assert client.answer(response_type="token")["error"] == "unsupported_response_type"
    for strange in ({"client_id": "x"}, {"redirect_uri": "https://elsewhere.example/"}, {"redirect_uri": ""}):
        reply = client.page(**strange)
        assert (reply.status_code, "Location" in reply.headers) == (400, False)


def test_a_rotated_token_used_twice_ends_them_all(client: Client) -> None:
    client.store.rotate_refresh_tokens(True)
    first = client.exchange(client.answer()["code"])[1]["refresh_token"]
    body = client.refresh(first)[1]
    assert body["refresh_token"] != first
    expired = {"error": "invalid_grant", "error_description": "expired access/refresh token"}
    assert client.refresh(first) == (400, expired)
    assert client.refresh(body["refresh_token"]) == (400, expired)
    assert not client.lets_in(body["access_token"])


def test_revoking_a_refresh_token_ends_its_access_tokens(client: Client) -> None:
    body = client.exchange(client.answer()["code"])[1]
    url = f"{client.url}/services/oauth2/revoke"
    assert client.session.post(url, {"token": body["refresh_token"]}).status_code == 200
    assert not client.lets_in(body["access_token"])
    assert client.refresh(body["refresh_token"])[0] == 400
    assert client.session.post(url, {"token": body["refresh_token"]}).status_code == 400


def test_tokens_end_at_the_call_that_was_chosen(client: Client) -> None:
    token = client.token(grant_type=BEARER, assertion=client.assertion())[1]["access_token"]
    client.store.expire_tokens_at(3)
    assert [client.lets_in(token) for _ in range(4)] == [True, True, False, False]


def test_another_host_of_the_org_may_be_named(client: Client) -> None:
    client.store.set_instance_url("https://elsewhere.example")
    body = client.token(grant_type=BEARER, assertion=client.assertion())[1]
    assert body["instance_url"] == "https://elsewhere.example"


def test_no_secret_of_the_door_is_in_the_log(client: Client) -> None:
    assertion = client.assertion()
    client.token(grant_type=BEARER, assertion=assertion)
    code = client.answer()["code"]
    body = client.exchange(code)[1]
    client.refresh(body["refresh_token"])
    client.session.post(f"{client.url}/services/oauth2/revoke", {"token": body["refresh_token"]})
    log = repr(client.store.requests())
    for secret in (assertion, code, VERIFIER, CHALLENGE, body["refresh_token"], body["access_token"]):
        assert secret not in log


def test_there_is_nothing_else_behind_the_door(client: Client) -> None:
    for path in ("", "introspect", "token/x"):
        assert client.session.get(f"{client.url}/services/oauth2/{path}").status_code == 404
