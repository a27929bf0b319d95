from __future__ import annotations

import pytest

from connectors.base import Vault
from connectors.hubspot.errors import MovingError, RefusedError, ScopeError
from overlap.errors import AccessError, ConfigError, TransientError
from tests.connectors.contract import START
from tests.connectors.hubspot.bench import Site, connected


@pytest.fixture
def session(hubspot: Site):
    with connected(hubspot) as connection:
        yield connection.session


def strikes(hubspot: Site, **rule) -> None:
    hubspot.portal.set_faults({"seed": 1, "rules": [rule]})


def test_the_newest_family_that_the_portal_answers_is_used(hubspot) -> None:
    with connected(hubspot) as connection:
        assert connection.session.paths.family == "2026-09"
    hubspot.portal.set_version("2026-09", "gone")
    with connected(hubspot) as connection:
        assert connection.session.paths.family == "2026-03"


@pytest.mark.parametrize("status", [404, 410])
def test_a_family_that_ends_in_the_middle_is_named_with_its_setting(hubspot, status) -> None:
    with connected(hubspot, api="v3") as connection:
        strikes(hubspot, fault="http", status=status, path="/crm/v3/*", times=99)
        with pytest.raises(AccessError, match=r'HubSpot has ended these paths: set api = "auto"'):
            list(connection.source.pages(None, START))


def test_an_account_that_answers_no_family_is_refused(hubspot) -> None:
    for version in ("v3", "2026-03", "2026-09"):
        hubspot.portal.set_version(version, "gone")
    with pytest.raises(AccessError, match="none of the APIs 2026-09, 2026-03, v3 is answered"), connected(hubspot):
        pass


TIERS = [("free", False, False), ("professional", False, True), ("enterprise", True, True)]


@pytest.mark.parametrize(("tier", "custom_objects", "labels"), TIERS)
def test_a_tier_is_known_by_what_it_has_room_for(hubspot, tier, custom_objects, labels) -> None:
    hubspot.portal.set_tier(tier)
    with connected(hubspot) as connection:
        portal = connection.session.portal
    assert (portal.custom_objects, portal.labels, dict(portal.type_ids)) == (custom_objects, labels, {})
    assert (portal.org_id, portal.currency, portal.time_zone) == (
        str(hubspot.address.portal_id),
        "EUR",
        "Europe/Berlin",
    )


PASSING = [
    {"fault": "http", "status": 423},
    {"fault": "http", "status": 423, "retry_after_s": 3},
    {"fault": "http", "status": 502},
    {"fault": "http", "status": 524, "body": "<html>Gr\u00fc\u00dfe</html>"},
    {"fault": "http", "status": 200, "body": "<html>maintenance</html>"},
    {"fault": "limit", "kind": "concurrent"},
    {"fault": "limit", "kind": "search"},
    {"fault": "lost-reply"},
    {"fault": "half-reply", "bytes": 20},
]


def test_a_read_outlives_what_passes(hubspot, session) -> None:
    body = {"filterGroups": [], "sorts": [], "properties": [], "limit": 1, "after": "0"}
    for rule in PASSING:
        strikes(hubspot, path="*/search", times=2, **rule)
        assert session.read("search", "companies", body=body)["results"] == []
        assert hubspot.portal.faults()[0].reached == 2


def test_a_write_is_sent_again_only_if_hubspot_did_not_look_at_it(hubspot, session) -> None:
    body = {"inputs": [{"properties": {"name": "Acme"}, "associations": []}]}
    for rule in ({"fault": "http", "status": 423}, {"fault": "limit", "kind": "concurrent"}):
        strikes(hubspot, path="*/batch/create", times=2, **rule)
        status, answer = session.send("POST", "batch", "companies", "create", body=body)
        assert (status, len(answer["results"])) == (201, 1)
    for rule in ({"fault": "http", "status": 502, "after_commit": True}, {"fault": "lost-reply"}):
        strikes(hubspot, path="*/batch/create", **rule)
        with pytest.raises(TransientError, match="unknown whether the records were taken"):
            session.send("POST", "batch", "companies", "create", body=body)
    assert len(hubspot.portal.records("companies")) == 4


def test_an_account_that_is_being_moved_is_not_waited_for(hubspot, session) -> None:
    strikes(hubspot, fault="http", status=477, retry_after_s=7200, path="*/objects/*")
    with pytest.raises(MovingError, match="moving this account to another place: try again in 120 minutes") as raised:
        session.read("objects", "companies")
    assert raised.value.retry_after_s == 7200
    strikes(hubspot, fault="http", status=477, path="*/objects/*", times=9)
    before = len(hubspot.portal.requests())
    with pytest.raises(MovingError, match="try again in some hours"):
        session.read("objects", "companies")
    assert len(hubspot.portal.requests()) == before + 1


def test_a_day_without_calls_left_stops(hubspot, session) -> None:
    strikes(hubspot, fault="limit", kind="total", path="*/objects/*")
    with pytest.raises(AccessError, match=r"DAILY: .* the day's API calls are used up"):
        session.read("objects", "companies")
    assert hubspot.portal.faults()[0].seen == 1


def test_a_missing_scope_names_the_feature_that_it_switches_off(hubspot) -> None:
    hubspot.portal.set_scopes("crm.objects.companies.read", "crm.schemas.companies.read")
    says = r"lacks scope .*owners.read, and with it reading companies"
    with connected(hubspot) as connection, pytest.raises(ScopeError, match=says) as raised:
        connection.session.read("owners")
    assert raised.value.scopes == ("crm.objects.owners.read",)


def test_a_refusal_keeps_the_words_of_hubspot(session) -> None:
    with pytest.raises(RefusedError, match="VALIDATION_ERROR: limit must be") as raised:
        session.read("objects", "companies", query=[("limit", "101")])
    assert (raised.value.status, raised.value.category) == (400, "VALIDATION_ERROR")


def test_a_replaced_key_is_looked_up_again_where_it_lies(hubspot) -> None:
    kept = {"env:TOKEN": hubspot.address.access_token}
    with connected(hubspot, Vault(kept.__getitem__)) as connection:
        kept["env:TOKEN"] = hubspot.portal.replace_key()
        assert connection.session.read("owners")["results"] == []


def test_a_key_that_is_refused_says_where_to_look(hubspot) -> None:
    vault = Vault({"env:TOKEN": "pat-eu1-nonsense"}.__getitem__)
    with (
        pytest.raises(AccessError, match="the token is not accepted: look at it in HubSpot"),
        connected(hubspot, vault),
    ):
        pass


def test_another_portal_than_the_environments_is_refused(hubspot) -> None:
    says = f"signed in to portal {hubspot.address.portal_id}, but org_id of this environment is 42"
    with pytest.raises(AccessError, match=says), connected(hubspot, org_id=42):
        pass


def test_a_certificate_that_nobody_knows_is_not_trusted(hubspot) -> None:
    with pytest.raises(AccessError, match="certificate is not trusted; set ca_file"), connected(hubspot, ca_file=None):
        pass


def test_a_ca_file_that_is_not_there_is_named(hubspot) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.pem is not there"), connected(hubspot, ca_file="nowhere.pem"):
        pass


def test_the_days_calls_are_those_of_the_last_answer(hubspot) -> None:
    hubspot.portal.set_rate_limits(True)
    with connected(hubspot) as connection:
        made, (used, allowed) = connection.api_calls_made(), connection.api_calls_left()
    assert (used, allowed) == (made, 625_000)
