"""The sandbox HubSpot from the command line: served, and with a person's hand in it."""

from __future__ import annotations

import json
import signal
import subprocess

import pytest
import requests

from connectors.sandbox.hubspot.portal import Portal
from tests.jobs.cli.terminal import SCRIPT, overlap


def test_serves_a_portal_of_a_tier_that_people_edit_meanwhile(tmp_path):
    folder = tmp_path / "portal"
    command = [str(SCRIPT), "sandbox", "hubspot", "--dir", str(folder), "--tier", "free", "--api", "v3=gone"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        address = json.loads(process.stdout.readline())
        made = overlap("sandbox", "create", "companies", "name=Acme", "is_public=true", "--dir", folder)
        assert made.code == 0, made
        bearer = {"Authorization": f"Bearer {address['access_token']}"}
        with requests.Session() as session:
            session.trust_env = False
            statuses = [
                session.get(address["url"] + path, headers=bearer, verify=address["ca_file"], timeout=20).status_code
                for path in ("/crm/v3/objects/companies", "/crm-object-schemas/2026-03/schemas")
            ]
        assert statuses == [410, 403]
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, "")
    assert "Traceback" not in err
    (record,) = overlap("sandbox", "records", "companies", "--dir", folder).json["records"]
    assert (record["name"], record["is_public"]) == ("Acme", "true")
    assert overlap("sandbox", "edit", "companies", record["id"], "name=", "domain=a.example", "--dir", folder).code == 0
    assert len(overlap("sandbox", "history", "--dir", folder).json["history"]) == 2
    (rule,) = overlap("sandbox", "fault", '[{"fault": "limit", "kind": "search"}]', "--dir", folder).json["faults"]
    assert rule["reached"] == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("hubspot", "--tier", "gold"), "HubSpot has no tier 'gold'; take free"),
        (("hubspot", "--api", "v3"), "take served, deprecated or gone"),
        (("hubspot", "--api", "v9=gone"), "no API version 'v9'"),
        (("edit", "companies", "7", "city=Ulm"), "companies has no record '7'"),
        (("edit", "Account", "7", "city=Ulm"), "it has companies, deals"),
        (("salesforce",), "holds a sandbox of hubspot: choose another folder"),
        (("salesforce", "--bare"), "holds a sandbox of hubspot: choose another folder"),
    ],
)
def test_a_wrong_word_is_told_and_changes_nothing(tmp_path, words, says):
    with Portal.open(tmp_path) as portal:
        said = overlap("sandbox", *words, "--dir", tmp_path)
        assert said.code != 0
        assert says in said.err
        assert portal.history() == []
    assert [path.name for path in tmp_path.glob("*.sqlite")] == ["hubspot.sqlite"]
