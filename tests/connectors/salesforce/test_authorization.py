"""A person says yes, or no, or something else comes back from the browser."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.base import Browser, Vault
from connectors.salesforce import authorize, revoke
from connectors.salesforce.authorization import challenge, code_of
from overlap.errors import AccessError, ConfigError
from tests.connectors.salesforce.flows import CALLBACK, REFRESH_TOKEN, Door, led_to
from tests.sandbox import Sandbox


@pytest.fixture
def door(salesforce: Sandbox) -> Door:
    door = Door(salesforce, REFRESH_TOKEN)
    door.tokens.kept.clear()
    return door


def visited(door: Door, visit, redirect_uri: str = CALLBACK) -> None:
    authorize("crm", door.settings, door.vault, Path("/"), Browser(redirect_uri, visit), lambda _: None)


def test_the_challenge_is_the_one_of_the_standard() -> None:
    # RFC 7636, appendix B
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_asks_for_no_more_than_the_api_and_a_token_and_never_twice_the_same(door: Door) -> None:
    asked = []

    def visit(url: str) -> str:
        asked.append({name: value for name, [value] in parse_qs(urlsplit(url).query).items()})
        return led_to(door.salesforce, url)

    visited(door, visit)
    visited(door, visit)
    assert [one["scope"] for one in asked] == ["api refresh_token"] * 2
    assert [one["code_challenge_method"] for one in asked] == ["S256"] * 2
    assert [one["prompt"] for one in asked] == ["login consent"] * 2, "never in the name of who is signed in already"
    for secret in ("state", "code_challenge"):
        assert asked[0][secret] != asked[1][secret]
        assert len(asked[0][secret]) >= 32


def test_the_org_is_looked_at_before_a_token_is_kept(door: Door) -> None:
    def accept(org_id: str) -> None:
        assert org_id == door.salesforce.store.org_id
        raise AccessError("not this one")

    with pytest.raises(AccessError, match="not this one"):
        door.authorize(accept)
    assert door.tokens.kept == {}


def test_the_org_of_the_environment_is_looked_at_too(door: Door) -> None:
    door.change(org_id="00D000000000099AAA")
    with pytest.raises(AccessError, match="org_id of this environment is 00D000000000099AAA"):
        door.authorize()
    assert door.tokens.kept == {}


def test_a_person_who_says_no_is_believed(door: Door) -> None:
    door.salesforce.store.deny_authorization(True)
    with pytest.raises(AccessError, match="not authorized: access_denied: end-user denied authorization; run"):
        door.authorize()
    assert door.sign_ins() == 1, "the one that the door was set up by"


def test_an_answer_to_another_question_is_refused(door: Door) -> None:
    other = "http://localhost:1717/callback?code=aPrx123&state=made-by-somebody-else"
    with pytest.raises(AccessError, match="belongs to another sign-in"):
        visited(door, lambda _: other)
    assert door.tokens.kept == {}
    assert door.sign_ins() == 1


@pytest.mark.parametrize("address", ["", "http://localhost/callback", "http://localhost/callback?code=x", "?state="])
def test_an_address_without_a_state_is_refused(address: str) -> None:
    with pytest.raises(AccessError, match="its state differs"):
        code_of(address, "the-state")


def test_a_callback_that_the_app_does_not_have_is_refused_on_the_page(door: Door) -> None:
    with pytest.raises(AssertionError, match="redirect_uri"):
        visited(door, lambda url: led_to(door.salesforce, url), "https://elsewhere.example/callback")


def test_an_app_without_the_scope_gives_no_token_and_the_remedy_is_named(door: Door) -> None:
    with pytest.raises(AccessError, match=r"add the scope .*refresh_token, offline_access"):
        visited(door, lambda url: led_to(door.salesforce, url.replace("api+refresh_token", "api")))
    assert door.tokens.kept == {}


def test_a_code_works_once(door: Door) -> None:
    answers = []

    def visit(url: str) -> str:
        answers.append(led_to(door.salesforce, url))
        used = door.settings.login_url, parse_qs(urlsplit(answers[0]).query)["code"][0]
        door.salesforce.store.database.rows("delete from code where code = ?", (used[1],))
        return answers[0]

    with pytest.raises(AccessError, match="expired authorization code"):
        visited(door, visit)


def test_without_a_key_nobody_is_asked(door: Door) -> None:
    vault = Vault(door.secrets.__getitem__, None)
    browser = Browser(CALLBACK, lambda url: pytest.fail(f"asked at {url}"))
    with pytest.raises(ConfigError):
        authorize("crm", door.settings, vault, Path("/"), browser, lambda _: None)


def test_revoking_ends_the_access_and_forgets_the_token(door: Door) -> None:
    door.authorize()
    with door.opened() as session:
        assert revoke("crm", door.settings, door.vault, Path("/"))
        assert door.tokens.kept == {}
        with pytest.raises(AccessError, match="overlap connect"):
            session.describe("Account")
    assert not revoke("crm", door.settings, door.vault, Path("/")), "there is none any more"


def test_a_token_that_was_revoked_elsewhere_is_forgotten_all_the_same(door: Door) -> None:
    door.authorize()
    door.salesforce.store.database.rows("delete from refresh_token")
    assert revoke("crm", door.settings, door.vault, Path("/"))
    assert door.tokens.kept == {}
