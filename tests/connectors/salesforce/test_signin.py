"""The flows, each over real TLS against the sandbox, which verifies signatures, codes and tokens."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from overlap.errors import AccessError, ConfigError, OverlapError
from tests.connectors.salesforce.flows import CLIENT_CREDENTIALS, FLOWS, JWT, REFRESH_TOKEN, Door, key_pair
from tests.sandbox import Sandbox


@pytest.fixture(params=FLOWS)
def door(request: pytest.FixtureRequest, salesforce: Sandbox) -> Door:
    return Door(salesforce, request.param)


def refused(door: Door) -> OverlapError:
    with pytest.raises(OverlapError) as caught, door.opened():
        pass
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    secrets = [*door.secrets.values(), *(token.split()[1] for token in door.tokens.kept.values())]
    assert not [secret for secret in secrets if secret in shown], "a secret is shown"
    return caught.value


def test_each_flow_signs_in_and_reads(door: Door) -> None:
    with door.opened() as session:
        assert session.org_id == door.salesforce.store.org_id
        assert next(session.query("SELECT Id FROM Organization"))["Id"] == session.org_id


def test_each_flow_renews_an_expired_token(door: Door) -> None:
    with door.opened() as session:
        for _ in range(3):
            door.salesforce.store.expire_tokens()
            assert session.describe("Account")
    assert door.calls().count(401) == 3


def test_each_flow_refuses_the_org_that_is_not_the_one_of_its_environment(door: Door) -> None:
    door.change(org_id="00D000000000099AAA")
    error = refused(door)
    assert isinstance(error, AccessError)
    assert f"signed in to org {door.salesforce.store.org_id}, but org_id of this environment is 00D000000000099" in str(
        error
    )
    assert [request.query for request in door.salesforce.store.requests() if "/query" in request.path] == [
        "SELECT Id FROM Organization"
    ]


def test_each_flow_takes_the_org_of_its_environment(door: Door) -> None:
    door.change(org_id=door.salesforce.store.org_id)
    with door.opened():
        pass


def test_each_flow_says_what_to_look_at_when_the_app_is_refused(door: Door) -> None:
    door.salesforce.store.set_credentials_valid(False)
    error = refused(door)
    assert isinstance(error, AccessError)
    assert "salesforce 'crm': sign-in refused: " in str(error)
    assert "consumer_key" in str(error)


def test_a_version_that_the_org_does_not_have_is_named(salesforce: Sandbox) -> None:
    door = Door(salesforce, CLIENT_CREDENTIALS)
    door.change(api_version="99.0")
    assert "has no API version 99.0; set api_version" in str(refused(door))


# --- JWT -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def by_jwt(salesforce: Sandbox) -> Door:
    return Door(salesforce, JWT)


@pytest.mark.parametrize("ahead_s", [-110, 170])
def test_an_assertion_stands_a_clock_that_differs_by_minutes(by_jwt: Door, ahead_s: int) -> None:
    """Salesforce takes at most five minutes ahead of its clock: a JWT that holds for three leaves two."""
    by_jwt.salesforce.store.set_time(datetime.now(UTC) + timedelta(seconds=ahead_s))
    with by_jwt.opened():
        pass


@pytest.mark.parametrize(("ahead_s", "says"), [(-600, "600 s ahead of"), (600, "600 s behind")])
def test_a_clock_that_differs_too_much_is_named(by_jwt: Door, ahead_s: int, says: str) -> None:
    by_jwt.salesforce.store.set_time(datetime.now(UTC) + timedelta(seconds=ahead_s))
    message = str(refused(by_jwt)).replace("599 s", "600 s").replace("601 s", "600 s")
    assert "expired authorization code" in message
    assert f"this machine's clock is {says} Salesforce's: set it" in message


JWT_REFUSALS = [
    ({"audience": "https://login.salesforce.com"}, "invalid_grant: audience is invalid", "must be the My Domain"),
    ({"username": "ada@sandbox.example"}, "invalid_grant: user hasn't approved this consumer", "pre-authorize"),
]


@pytest.mark.parametrize(("settings", "said", "remedy"), JWT_REFUSALS)
def test_a_refused_assertion_says_what_to_do(by_jwt: Door, settings: dict, said: str, remedy: str) -> None:
    by_jwt.change(**settings)
    message = str(refused(by_jwt))
    assert f"sign-in refused: {said}; " in message
    assert remedy in message


def test_a_key_that_is_not_the_one_of_the_certificate_is_refused(by_jwt: Door) -> None:
    by_jwt.salesforce.store.register_key(key_pair(1)[1])
    assert "invalid assertion; the certificate in the app must belong to private_key" in str(refused(by_jwt))


def test_an_app_of_another_org_is_named(by_jwt: Door) -> None:
    by_jwt.secrets["env:KEY"] = "3MVG9-of-another-org"
    message = str(refused(by_jwt))
    assert "app_not_found: External client app is not installed in this org; login_url must be the My Domain" in message
    assert "never test.salesforce.com" in message


def test_a_cloud_of_its_own_may_name_its_audience(by_jwt: Door) -> None:
    by_jwt.change(audience=by_jwt.settings.login_url)
    with by_jwt.opened():
        pass


def test_a_key_in_one_line_of_the_environment_will_do(by_jwt: Door) -> None:
    by_jwt.secrets["env:PEM"] = by_jwt.secrets["env:PEM"].replace("\n", "\\n")
    with by_jwt.opened():
        pass


def curve() -> str:
    """A key of another kind."""
    key = ec.generate_private_key(ec.SECP256R1())
    kinds = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*kinds).decode()


NO_KEYS = {
    "words": lambda: "a-secret-that-is-no-key",
    "public": lambda: key_pair()[1],
    "cut": lambda: key_pair()[0][:400],
    "curve": curve,
}


@pytest.mark.parametrize("key", NO_KEYS.values(), ids=NO_KEYS)
def test_what_is_no_key_is_named_by_its_place_and_not_shown(by_jwt: Door, key: Callable[[], str]) -> None:
    by_jwt.secrets["env:PEM"] = key()
    error = refused(by_jwt)
    assert isinstance(error, ConfigError)
    assert "secret 'env:PEM' is no RSA private key in PEM" in str(error)


# --- refresh token ---------------------------------------------------------------------------------------------------


@pytest.fixture
def by_refresh(salesforce: Sandbox) -> Door:
    return Door(salesforce, REFRESH_TOKEN)


def test_without_a_token_the_remedy_is_to_connect(by_refresh: Door) -> None:
    by_refresh.tokens.kept.clear()
    assert "there is no refresh token for https://localhost" in str(refused(by_refresh))
    assert "run 'overlap connect crm'" in str(refused(by_refresh))
    assert by_refresh.calls() == []


def test_a_token_is_not_shown_to_another_host(by_refresh: Door) -> None:
    by_refresh.change(login_url=by_refresh.settings.login_url.replace("localhost", "127.0.0.1"))
    before = by_refresh.sign_ins()
    assert "run 'overlap connect crm'" in str(refused(by_refresh))
    assert by_refresh.sign_ins() == before


def test_an_app_may_ask_for_its_secret_too(by_refresh: Door) -> None:
    by_refresh.change(consumer_secret="env:SECRET")
    with by_refresh.opened():
        pass
    by_refresh.secrets["env:SECRET"] = "a-wrong-consumer-secret"
    assert "invalid_client" in str(refused(by_refresh))


def test_a_rotated_token_is_the_one_that_is_used_next(by_refresh: Door) -> None:
    by_refresh.salesforce.store.rotate_refresh_tokens(True)
    seen = {by_refresh.tokens.kept["crm"]}
    for _ in range(3):
        with by_refresh.opened():
            seen.add(by_refresh.tokens.kept["crm"])
    assert len(seen) == 4


def test_a_token_without_rotation_stays(by_refresh: Door) -> None:
    before = by_refresh.tokens.kept["crm"]
    with by_refresh.opened():
        assert by_refresh.tokens.kept["crm"] == before


def test_a_rotated_token_is_kept_before_its_access_token_is_used(by_refresh: Door) -> None:
    by_refresh.salesforce.store.rotate_refresh_tokens(True)
    by_refresh.tokens.crash = "after"
    with pytest.raises(KeyboardInterrupt), by_refresh.opened():
        pass
    assert by_refresh.calls() == [], "nothing was asked with the new access token"
    by_refresh.tokens.crash = None
    with by_refresh.opened():
        pass


def test_a_token_that_was_used_by_somebody_else_ends_with_the_remedy(by_refresh: Door) -> None:
    by_refresh.salesforce.store.rotate_refresh_tokens(True)
    stolen = by_refresh.tokens.kept["crm"]
    with by_refresh.opened():
        pass
    by_refresh.tokens.kept["crm"] = stolen
    message = str(refused(by_refresh))
    assert "invalid_grant: expired access/refresh token" in message
    assert "sign in again: 'overlap connect crm'" in message
