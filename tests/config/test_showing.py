"""Every setting that counts is shown with where it came from, and no secret."""

from __future__ import annotations

import json
import tomllib

import jsonschema
import pytest

from config.showing import effective, masked, schema
from config.workspace import init, open_workspace

CRM = """
[crm.salesforce]
type = "salesforce"
login_url = "https://acme.my.salesforce.com"
consumer_key = "file:key"
consumer_secret = "cmd:vault read --token=abc"
[partners.globex]
name = "Globex"
files = "sftp://host/x*"
[partners.globex.source]
username = "u"
host_key = "ssh-ed25519 AAAA"
password = "env:NO_SUCH_VARIABLE"
"""


@pytest.fixture
def folder(tmp_path):
    path = init(tmp_path / "workspace", "Contoso")
    path.write_text(path.read_text() + CRM)
    path.with_name("overlap.prod.toml").write_text("[guards]\ncreates = 5\n")
    (path.parent / "key").write_text("qqsecret")
    return path.parent


def test_each_value_says_where_it_came_from(folder, monkeypatch):
    monkeypatch.setenv("OVERLAP_GUARDS__UPDATES", "7")
    monkeypatch.setenv("OVERLAP_CRM__SALESFORCE__LOOK_BACK_HOURS", "9")
    said = {one.key: (one.value, one.origin) for one in effective(open_workspace(folder, "prod"))}
    assert said["guards.creates"] == (5, "overlap.prod.toml")
    assert said["guards.updates"] == (7, "OVERLAP_GUARDS__UPDATES")
    assert said["crm.salesforce.look_back_hours"] == (9, "OVERLAP_CRM__SALESFORCE__LOOK_BACK_HOURS")
    assert said["crm.salesforce.login_url"] == ("https://acme.my.salesforce.com", "overlap.toml")
    assert said["lists.file_mb"][1] == said["guards.retirements"][1] == "default"


def test_a_secret_is_shown_as_where_it_is_and_whether_it_is_there(folder):
    said = {one.key: one for one in effective(open_workspace(folder)) if one.resolves is not None}
    assert {key: (one.value, one.resolves) for key, one in said.items()} == {
        "crm.salesforce.consumer_key": ("file:key", True),
        "crm.salesforce.consumer_secret": ("cmd:vault ...", False),
        "partners.globex.source.password": ("env:NO_SUCH_VARIABLE", False),
    }
    assert "qqsecret" not in str(said) and "abc" not in str(said)
    assert masked("https://ada:pw@proxy.example/x") == "https://***@proxy.example/x"


def test_the_schema_takes_what_we_take_and_refuses_what_we_refuse(folder):
    check = jsonschema.Draft202012Validator(json.loads(json.dumps(schema())))
    settings = tomllib.loads((folder / "overlap.toml").read_text())
    assert list(check.iter_errors(settings)) == []
    assert [error.validator for error in check.iter_errors(settings | {"gards": {}})] == ["additionalProperties"]
    assert list(check.iter_errors({"guards": {"creates": "many"}})) != []
