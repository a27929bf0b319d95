from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from connectors.base import Browser, Vault
from connectors.hubspot import authorize, revoke
from connectors.hubspot.scopes import OPTIONAL, REQUIRED
from overlap.errors import AccessError, TransientError
from tests.connectors.hubspot.bench import HubSpotBench, Site, connected, settings_for

CALLBACK = "http://localhost:1717/callback"
FLOW = {"auth": "oauth", "token": None, "client_id": "env:ID", "client_secret": "env:SECRET"}


class Tokens:
    """A `connectors.base.TokenStore`, and its one place, in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def ready(self) -> None:
        pass

    @contextmanager
    def locked(self, name: str):
        assert name == "crm"
        yield self

    def read(self) -> str | None:
        return self.kept.get("crm")

    def write(self, token: str) -> None:
        self.kept["crm"] = token

    def forget(self) -> None:
        self.kept.pop("crm", None)


class Person:
    """Somebody with a browser, at the door of a portal."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.tokens = Tokens()
        self.asked: dict[str, list[str]] = {}
        secrets = {"env:ID": site.address.client_id, "env:SECRET": site.address.client_secret}
        self.vault = Vault(secrets.__getitem__, self.tokens)
        self.settings = settings_for(site.address, **FLOW)

    def says_yes(self, accept=lambda _: None) -> None:
        authorize("crm", self.settings, self.vault, Path("/"), Browser(CALLBACK, self.visit), accept)

    def visit(self, url: str) -> str:
        self.asked = parse_qs(urlsplit(url).query)
        with requests.Session() as session:
            session.trust_env = False
            reply = session.get(url, verify=self.site.address.ca_file, allow_redirects=False)
        assert reply.status_code == 302, reply.text
        return reply.headers["Location"]

    def connected(self, **changed):
        return connected(self.site, self.vault, **FLOW, **changed)


@pytest.fixture
def person(hubspot: Site) -> Person:
    made = Person(hubspot)
    made.says_yes()
    return made


def test_a_person_says_yes_and_the_token_is_kept_for_that_host(hubspot) -> None:
    person, accepted = Person(hubspot), []
    person.says_yes(accepted.append)
    assert accepted == [str(hubspot.address.portal_id)]
    host, _, token = person.tokens.kept["crm"].partition(" ")
    assert (host, token[:4]) == (hubspot.address.url, "na1-")
    assert person.asked["scope"] == [" ".join(("oauth", *REQUIRED))]
    assert person.asked["optional_scope"] == [" ".join(OPTIONAL)]
    with person.connected() as connection:
        assert connection.org_id == str(hubspot.address.portal_id)


def test_nothing_is_kept_of_the_wrong_portal(hubspot) -> None:
    person = Person(hubspot)

    def refuse(org_id: str) -> None:
        raise AccessError(org_id)

    with pytest.raises(AccessError):
        person.says_yes(refuse)
    assert person.tokens.kept == {}


def test_a_token_that_ends_in_the_middle_of_a_read_is_renewed(person, hubspot) -> None:
    hubspot.portal.crowd(250)
    with person.connected() as connection:
        hubspot.portal.set_faults({"seed": 1, "rules": [{"fault": "expire-tokens", "path": "*/companies", "nth": 2}]})
        bench = HubSpotBench(connection, hubspot.portal)
        pages = list(connection.source.pages(None, bench.time))
        assert hubspot.portal.faults()[0].reached == 1
    assert sum(page.rows.height for page in pages if page.stream == "accounts") == 250


def test_a_token_is_renewed_before_it_ends(person, hubspot, monkeypatch) -> None:
    with person.connected() as connection:
        before = sum("/oauth/" in request.path for request in hubspot.portal.requests())
        monkeypatch.setattr("connectors.hubspot.signin.monotonic", lambda: 1e12)
        connection.session.read("owners")
    after = [request for request in hubspot.portal.requests() if "/oauth/" in request.path]
    assert len(after) == before + 1
    assert not any(request.status == 401 for request in hubspot.portal.requests())


def test_a_renewed_token_for_another_portal_ends_the_work(person, hubspot) -> None:
    with person.connected() as connection:
        hubspot.portal.set_portal_id(999)
        hubspot.portal.expire_tokens()
        asked = len(hubspot.portal.requests())
        with pytest.raises(AccessError, match=r"renewed token is for portal 999, .* 'overlap connect crm'"):
            connection.session.read("owners")
        after = [request.path for request in hubspot.portal.requests()[asked:]]
    assert [path for path in after if "/oauth/" not in path] == ["/crm/owners/2026-09"], "and nothing with the new one"


def test_a_revoked_token_needs_a_person_again(person) -> None:
    assert revoke("crm", person.settings, person.vault, Path("/"))
    assert not revoke("crm", person.settings, person.vault, Path("/"))
    said = f"no refresh token for {person.settings.api_url}; run 'overlap connect crm'"
    with pytest.raises(AccessError, match=re.escape(said)), person.connected():
        pass


def test_a_token_that_the_portal_forgot_says_what_to_do(person, hubspot) -> None:
    person.tokens.kept["crm"] = f"{hubspot.address.url} na1-nonsense"
    with (
        pytest.raises(AccessError, match=r"BAD_REFRESH_TOKEN|invalid_grant.*'overlap connect crm'"),
        person.connected(),
    ):
        pass


def test_a_sign_in_that_is_out_of_service_is_no_refusal(person, hubspot) -> None:
    hubspot.portal.set_faults({"seed": 1, "rules": [{"fault": "http", "status": 503, "path": "*/token", "times": 9}]})
    with pytest.raises(TransientError, match="sign-in answers HTTP 503"), person.connected():
        pass
