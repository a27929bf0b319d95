from __future__ import annotations

import traceback

import pytest

from overlap.errors import ConfigError
from tests.config.test_settings import SECRET, WHOLE, read, refused

SECRETLESS = WHOLE.replace('consumer_secret = "env:SF_SECRET"\n', "")
JWT = SECRETLESS.replace("[partners", 'auth = "jwt"\nusername = "ops@contoso.com"\nprivate_key = "env:PEM"\n[partners')
REFRESH = SECRETLESS.replace("[partners", 'auth = "refresh-token"\n[partners')

WELL = {
    "client-credentials": WHOLE,
    "jwt": JWT,
    "jwt, GovCloud": JWT.replace("[partners", 'audience = "https://login.salesforce.com"\n[partners'),
    "refresh-token": REFRESH,
    "refresh-token with a secret": REFRESH.replace("[partners", 'consumer_secret = "env:S"\n[partners'),
}


@pytest.mark.parametrize("text", WELL.values(), ids=WELL)
def test_each_flow_has_the_keys_that_it_needs(tmp_path, text) -> None:
    assert read(tmp_path, text).crm["salesforce"].auth in text or text == WHOLE


WRONG = {
    "no secret": (SECRETLESS, "auth = 'client-credentials' needs consumer_secret, which is missing; add it, or set"),
    "no user": (JWT.replace('username = "ops@contoso.com"\n', ""), "auth = 'jwt' needs username, which is missing"),
    "no key": (JWT.replace('private_key = "env:PEM"\n', ""), "auth = 'jwt' needs private_key, which is missing"),
    "neither": (
        SECRETLESS.replace("[partners", 'auth = "jwt"\n[partners'),
        "needs username and private_key, which are",
    ),
    "secret with jwt": (
        JWT.replace("[partners", 'consumer_secret = "env:S"\n[partners'),
        "consumer_secret belongs to auth = 'client-credentials' or 'refresh-token', and auth is 'jwt'; remove it",
    ),
    "user without jwt": (
        WHOLE.replace("[partners", 'username = "ops@contoso.com"\n[partners'),
        "username belongs to auth = 'jwt', and auth is 'client-credentials'",
    ),
    "audience without jwt": (
        WHOLE.replace("[partners", 'audience = "https://login.salesforce.com"\n[partners'),
        "audience belongs to auth = 'jwt'",
    ),
    "unknown flow": (WHOLE.replace("[partners", 'auth = "oauth"\n[partners'), "'client-credentials', 'jwt' or"),
}


@pytest.mark.parametrize(("text", "says"), WRONG.values(), ids=WRONG)
def test_a_key_that_is_missing_or_of_another_flow_is_named(tmp_path, text, says) -> None:
    message = refused(tmp_path, text)
    assert message.startswith(f"{tmp_path / 'overlap.toml'}: crm.salesforce")
    assert says in message


PASSWORDS = [
    f'username = "ops@contoso.com"\npassword = "{SECRET}"\n',
    f'security_token = "{SECRET}"\n',
    'auth = "password"\n',
    'auth = "username-password"\n',
]


@pytest.mark.parametrize("lines", PASSWORDS)
def test_a_password_is_refused_with_the_reason_and_the_way_out(tmp_path, lines) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, WHOLE.replace("[partners.globex]", lines + "[partners.globex]"))
    message = str(caught.value)
    assert "crm.salesforce: signing in with user name and password is not supported: Salesforce blocks" in message
    assert "use auth = 'client-credentials', 'jwt' or 'refresh-token'" in message
    assert SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://login.salesforce.com", "write the org's My Domain"),
        ("https://test.salesforce.com", "https://acme--test.sandbox.my.salesforce.com for a sandbox"),
        ("https://contoso.lightning.force.com", "write https://contoso.my.salesforce.com"),
    ],
)
def test_a_host_that_is_no_my_domain_is_refused(tmp_path, url, says) -> None:
    message = refused(tmp_path, WHOLE.replace("https://contoso.my.salesforce.com", url))
    assert "crm.salesforce.login_url: " in message
    assert says in message


@pytest.mark.parametrize("url", ["https://acme--sbx.sandbox.my.salesforce.com", "https://localhost:8443"])
def test_a_sandbox_has_a_my_domain_too(tmp_path, url) -> None:
    text = WHOLE.replace("https://contoso.my.salesforce.com", url)
    assert read(tmp_path, text).crm["salesforce"].login_url == url


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ('"v62.0"', 'write it as api_version = "62.0"'),
        ('"62"', 'write it as api_version = "62.0"'),
        ("62", 'write it as api_version = "62.0"'),
        ("62.0", 'write it as api_version = "62.0"'),
        ('"40.0"', "version 40.0 is retired"),
        ('"31"', "version 31.0 is retired"),
        ('"latest"', 'write it as in api_version = "62.0"'),
        ('""', 'write it as in api_version = "62.0"'),
    ],
)
def test_a_version_is_spelled_one_way_and_not_retired(tmp_path, written, says) -> None:
    message = refused(tmp_path, WHOLE.replace("[partners", f"api_version = {written}\n[partners"))
    assert "crm.salesforce.api_version: " in message
    assert says in message


@pytest.mark.parametrize("version", ["41.0", "62.0", "68.0", "102.0"])
def test_any_version_in_service_may_be_pinned(tmp_path, version) -> None:
    text = WHOLE.replace("[partners", f'api_version = "{version}"\n[partners')
    assert read(tmp_path, text).crm["salesforce"].api_version == version


def test_the_key_of_tokens_is_a_reference_and_changes_no_result(tmp_path) -> None:
    with_key = WHOLE.replace("[crm.salesforce]", 'token_key = "env:OVERLAP_TOKEN_KEY"\n[crm.salesforce]')
    assert read(tmp_path, with_key).fingerprint() == read(tmp_path, WHOLE).fingerprint()
    message = refused(tmp_path, with_key.replace("env:OVERLAP_TOKEN_KEY", SECRET))
    assert "workspace.token_key: write where the secret is, not the secret" in message
    assert SECRET not in message
