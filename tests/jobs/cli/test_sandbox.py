"""The sandbox's verbs: a person's hand in the org, from the command line."""

from __future__ import annotations

import json
import signal
import subprocess

import pytest

from connectors.sandbox.server import read_address
from tests.jobs.cli.terminal import SCRIPT, Desk, overlap
from tests.jobs.conftest import Org
from tests.jobs.world import account_id, deal_id

#: Only a confirmed influence can have sourced a deal, and confirming takes these.
CONFIRMED = (
    "Status__c=Confirmed",
    "Influence_Type__c=Endorsement",
    "Influenced_On__c=2026-02-20",
    "Evidence__c=They said so",
)


def test_edits_a_record_as_a_person(desk: Desk, org: Org):
    overlap_id = desk.world.overlap(3)["Overlap_Key__c"]
    edited = overlap("sandbox", "edit", "Partner_Overlap__c", overlap_id, "Feedback__c=Not now", "--dir", org.folder)
    assert edited.code == 0
    assert f"Partner_Overlap__c {desk.world.overlap(3)['Id']} is edited." in edited.out
    assert desk.world.overlap(3)["Feedback__c"] == "Not now"
    last = overlap("sandbox", "history", "--dir", org.folder).json["history"][-1]
    assert last["user"] != desk.store.api_user
    assert last["changed"] == {"Feedback__c": [None, "Not now"]}


def test_an_empty_value_clears_and_true_ticks_a_box(desk: Desk, org: Org):
    name = desk.store.records("Overlap_Partner__c")[0]["Id"]
    values = (
        f"Opportunity__c={deal_id(0)}",
        f"Account__c={account_id(0)}",
        f"Partner__c={name}",
        *CONFIRMED,
        "Sourced__c=true",
    )
    made = overlap("sandbox", "create", "Partner_Influence__c", *values, "--dir", org.folder)
    assert made.code == 0
    (record,) = overlap("sandbox", "records", "Partner_Influence__c", "--dir", org.folder).json["records"]
    assert f"Partner_Influence__c {record['Id']} is made." in made.out
    assert (record["Sourced__c"], record["Account__c"]) == (True, account_id(0))
    overlap("sandbox", "edit", "Partner_Influence__c", record["Id"], "Account__c=", "--dir", org.folder)
    assert desk.world.influence(0)["Account__c"] is None


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("records", "Partner_Overlap"), 5, "the sandbox has no object 'Partner_Overlap'; write its API name"),
        (("edit", "Account", "nobody", "Name=x"), 5, "Account has no record 'nobody'; give its id or its external id"),
        (("edit", "Account", account_id(0), "Nmae=x"), 5, "No such column 'Nmae'"),
        (("edit", "Account", account_id(0), "NumberOfEmployees=many"), 5, "many"),
        (("create", "Account", "Website=x.example"), 5, "Required fields are missing: [Name]"),
        (("edit", "Account", account_id(0), "Name"), 2, "'Name' is not FIELD=VALUE"),
    ],
)
def test_what_salesforce_would_refuse_is_refused(desk: Desk, org: Org, words, code, says):
    before = desk.store.history()
    said = overlap("sandbox", *words, "--dir", org.folder)
    assert said.code == code
    assert says in said.err
    assert desk.store.history() == before


@pytest.mark.parametrize("words", [("records", "Account"), ("history",), ("create", "Account", "Name=x")])
def test_a_misspelt_folder_founds_no_org(tmp_path, words):
    said = overlap("sandbox", *words, "--dir", tmp_path / "nowhere")
    assert said.code == 2
    assert "start one with 'overlap sandbox salesforce --dir'" in said.error
    assert not (tmp_path / "nowhere").exists()


def test_serves_until_ctrl_c_and_tells_its_address_as_one_line_of_json(tmp_path):
    command = [str(SCRIPT), "sandbox", "salesforce", "--dir", str(tmp_path / "org")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        address = json.loads(process.stdout.readline())
        assert address["url"] == read_address(tmp_path / "org").url
        assert overlap("sandbox", "records", "User", "--dir", tmp_path / "org").json["records"]
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, "")
    assert "Ctrl-C stops it" in err
    assert "Traceback" not in err


def test_a_second_server_in_one_folder_is_refused(org: Org):
    said = overlap("sandbox", "salesforce", "--dir", org.folder)
    assert said.code == 2
    assert "a sandbox already runs in" in said.err


# --- faults ---------------------------------------------------------------------------------------------------------


def test_faults_are_set_from_a_file_or_as_they_are_counted_and_ended(desk: Desk, org: Org, tmp_path):
    script = tmp_path / "faults.json"
    script.write_text('{"seed": 7, "rules": [{"fault": "http", "path": "limits", "status": 500}]}', encoding="utf-8")
    put = overlap("sandbox", "fault", script, "--dir", org.folder)
    assert [rule["reached"] for rule in put.json["faults"]] == [0]
    assert overlap("sandbox", "fault", '[{"fault": "limit", "nth": 2}]', "--dir", org.folder).code == 0
    failed = overlap("pull", "--dir", desk.folder)
    assert (failed.code, "TotalRequests Limit exceeded" in failed.err) == (3, True)
    (rule,) = overlap("sandbox", "fault", "--dir", org.folder).json["faults"]
    assert (rule["rule"]["fault"], rule["seen"], rule["reached"]) == ("limit", 2, 1)
    assert overlap("sandbox", "fault", "--clear", "--dir", org.folder).json["faults"] == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (('[{"fault": "lost-replay"}]',), "did you mean 'lost-reply'?"),
        (('[{"fault": ',), "give a JSON file or JSON"),
        (("nowhere.json",), "give a JSON file or JSON"),
        (("[]", "--clear"), "give a script or --clear, not both"),
    ],
)
def test_a_wrong_fault_script_changes_nothing(desk: Desk, org: Org, words, says):
    said = overlap("sandbox", "fault", *words, "--dir", org.folder)
    assert said.code == 2
    assert says in said.err
    assert desk.store.faults() == []
