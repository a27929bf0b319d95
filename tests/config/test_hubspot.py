from __future__ import annotations

import pytest

from tests.config.test_settings import SECRET, WHOLE, read, refused

TABLE = '[crm.portal]\ntype = "hubspot"\ntoken = "env:TOKEN"\n'
BOTH = WHOLE.replace("[partners.globex]", f"{TABLE}\n[partners.globex]")
OAUTH = BOTH.replace('token = "env:TOKEN"', 'auth = "oauth"\nclient_id = "env:ID"\nclient_secret = "env:SECRET"')


def test_a_workspace_may_have_crms_of_two_kinds(tmp_path) -> None:
    crms = read(tmp_path, BOTH).crm
    assert [(name, crm.type) for name, crm in crms.items()] == [("salesforce", "salesforce"), ("portal", "hubspot")]
    assert (crms["portal"].api, crms["portal"].auth) == ("auto", "service-key")
    assert not crms["portal"].asks_a_person
    assert read(tmp_path, OAUTH).crm["portal"].asks_a_person


WRONG = [  # what is written instead of what, the key that is named, what is said of it
    ('token = "env:TOKEN"', "", "crm.portal", "auth = 'service-key' needs token"),
    ('token = "env:TOKEN"', 'auth = "oauth"', "crm.portal", "auth = 'oauth' needs client_id and client_secret"),
    (
        'token = "env:TOKEN"',
        'token = "env:T"\nclient_id = "env:I"',
        "crm.portal",
        "client_id belongs to auth = 'oauth'",
    ),
    ('token = "env:TOKEN"', 'tokn = "env:TOKEN"', "crm.portal.tokn", "did you mean 'token'?"),
    ('token = "env:TOKEN"', f'token = "{SECRET}"', "crm.portal.token", "write where the secret is"),
    ('type = "hubspot"', 'type = "hubspt"', "crm.portal.type", "write 'salesforce' or 'hubspot'"),
    ('type = "hubspot"\n', "", "crm.portal.type", "write 'salesforce' or 'hubspot'"),
    ('token = "env:TOKEN"', 'token = "env:T"\napi = "v2"', "crm.portal.api", "'auto', '2026-09', '2026-03' or 'v3'"),
    ('token = "env:TOKEN"', 'token = "env:T"\norg_id = 1', "crm.portal.org_id", "not here"),
    (
        'token = "env:TOKEN"',
        'token = "env:T"\naccount_fields = { segment = "Owner.Region" }',
        "crm.portal.account_fields.segment",
        "must match",
    ),
]


@pytest.mark.parametrize(("right", "wrong", "key", "says"), WRONG)
def test_a_wrong_key_or_value_is_named_with_its_remedy(tmp_path, right, wrong, key, says) -> None:
    message = refused(tmp_path, BOTH.replace(TABLE, TABLE.replace(right, wrong)))
    assert f"{tmp_path / 'overlap.toml'}: {key}" in message
    assert says in message
    assert SECRET not in message


def test_what_a_customer_is_changes_the_fingerprint_and_how_to_sign_in_does_not(tmp_path) -> None:
    before = read(tmp_path, BOTH).fingerprint()
    assert read(tmp_path, OAUTH).fingerprint() == before
    changed = BOTH.replace('type = "hubspot"', 'type = "hubspot"\ncustomer_stages = ["evangelist"]')
    assert read(tmp_path, changed).fingerprint() != before
