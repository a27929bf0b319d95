"""An admin brings overlap into a bare org at the terminal, and the weekly job works in it."""

from __future__ import annotations

from pathlib import Path

import pytest
import stamina

from tests.jobs.cli.terminal import Desk, overlap
from tests.jobs.world import api_writes

ME = "overlap@sandbox.example"


@pytest.fixture
def bare(fresh: Desk) -> Desk:
    """A workspace whose org has never heard of overlap, and whose user there sees what permission sets grant."""
    fresh.store.set_deployed(False)
    fresh.store.set_rights(profile_shows=False)
    return fresh


def test_a_bare_org_is_set_up_and_the_weekly_job_runs(bare: Desk):
    planned = bare.overlap("setup", "salesforce", "--exit-code")
    assert planned.code == 4
    assert "create Partner_Overlap__c Overlap_Key__c, Workspace__c" in planned.out
    assert bare.overlap("pull").code == 3, "nothing was deployed by looking"
    applied = bare.overlap("setup", "salesforce", "--apply", "--yes", "--assign", ME)
    assert applied.code == 0, applied.err
    assert f"Overlap_Integration is assigned to {ME}." in applied.out
    again = bare.overlap("setup", "salesforce", "--exit-code")
    assert (again.code, "The org has everything." in again.out) == (0, True)
    assert [line for line in bare.overlap("check").out.splitlines() if "✗" in line and "clock" not in line] == []
    assert bare.overlap("run", "--approve").code == 0
    assert len(bare.store.records("Partner_Overlap__c")) == 8
    assert api_writes(bare.store)


def test_without_an_assignment_it_says_whom_to_give_what_and_assigns_nothing(bare: Desk):
    applied = bare.overlap("setup", "salesforce", "--apply", "--yes")
    assert applied.code == 0
    assert "Nobody was given a permission set" in applied.out
    assert "Overlap_Integration: the user that overlap signs in as, and nobody else" in applied.out
    assert bare.store.database.setting("assigned") is None
    hidden = bare.overlap("setup", "salesforce")
    assert "hidden from this user" in hidden.out
    assert "next: overlap setup salesforce --apply --assign USERNAME" in hidden.out


def test_nothing_is_deployed_without_a_yes(bare: Desk):
    said = bare.overlap("setup", "salesforce", "--apply")
    assert said.code == 2
    assert "there is no terminal to ask at; say --yes" in said.err
    assert bare.store.database.setting("metadata") is None


def test_an_unknown_user_stops_it_before_anything_is_deployed(bare: Desk):
    said = bare.overlap("setup", "salesforce", "--apply", "--yes", "--assign", "reader=nobody@acme.example")
    assert said.code == 2
    assert "no active user 'nobody@acme.example'" in said.error
    assert bare.store.database.setting("metadata") is None


def test_a_user_who_may_not_deploy_is_shown_the_other_way(bare: Desk, tmp_path: Path):
    bare.store.set_rights(may_deploy=False)
    said = bare.overlap("setup", "salesforce", "--apply", "--yes")
    assert said.code == 3
    assert "deploy as an admin: 'overlap setup salesforce --write DIR'" in said.err
    (tmp_path / "sfdx-project.json").write_text("{}")
    written = bare.overlap("setup", "salesforce", "--write", tmp_path)
    assert written.code == 0
    assert "sf project deploy start" in written.out
    assert "sfdx-project.json was there and stays" in written.out
    assert (tmp_path / "sfdx-project.json").read_text() == "{}"
    assert "could not be asked" not in written.out


def test_the_source_has_what_an_admin_did_to_a_list_or_says_that_it_has_not(bare: Desk, tmp_path: Path):
    assert bare.overlap("setup", "salesforce", "--apply", "--yes", "--assign", ME).code == 0
    found = bare.store.database.setting("metadata")
    listed = found["CustomField"]["Overlap_Partner__c.Tier__c"]["valueSet"][0]["valueSetDefinition"][0]["value"]
    listed[0]["label"] = ["Most important"]
    bare.store.database.keep("metadata", found)
    path = tmp_path / "force-app/main/default/objects/Overlap_Partner__c/fields/Tier__c.field-meta.xml"
    assert bare.overlap("setup", "salesforce", "--write", tmp_path).code == 0
    assert "<label>Most important</label>" in path.read_text()
    bare.store.set_down(True)
    written = bare.overlap("setup", "salesforce", "--write", tmp_path)
    assert written.code == 0
    assert "The org could not be asked: salesforce 'salesforce': sign-in answers HTTP 503" in written.out
    assert "<label>Strategic</label>" in path.read_text()


def test_a_deployment_of_an_earlier_run_is_told_and_then_waited_for(bare: Desk):
    # A rehearsal and two looks, the deployment, and then nobody answers.
    bare.store.set_faults([{"fault": "http", "path": "*/Soap/*", "nth": 5, "times": 99}])
    with stamina.set_testing(True, attempts=2):
        cut_short = bare.overlap("setup", "salesforce", "--apply", "--yes", "--assign", ME)
    assert cut_short.code == 3
    assert "goes on in the org" in cut_short.err
    assert bare.store.database.setting("metadata") is None, "it has not come to its end"
    bare.store.set_faults([])
    assert "is still at work; --apply waits for it first" in bare.overlap("setup", "salesforce").out
    applied = bare.overlap("setup", "salesforce", "--apply", "--yes", "--assign", ME)
    assert "The org has everything: nothing to deploy." in applied.out


def test_a_field_of_the_orgs_own_with_our_name_stops_it(bare: Desk):
    assert bare.overlap("setup", "salesforce", "--apply", "--yes", "--assign", ME).code == 0
    found = bare.store.database.setting("metadata")
    found["CustomField"]["Account.Overlap_Best_Play__c"]["type"] = ["Text"]
    bare.store.database.keep("metadata", found)
    planned = bare.overlap("setup", "salesforce", "--exit-code")
    assert planned.code == 4
    assert "clash CustomField Account.Overlap_Best_Play__c: the org has a string of this name" in planned.out
    said = bare.overlap("setup", "salesforce", "--apply", "--yes")
    assert said.code == 2
    assert "Account.Overlap_Best_Play__c" in said.error
    assert "✗ Account.Overlap_Best_Play__c" in bare.overlap("check").out


def test_a_mapped_field_that_nobody_sees_is_named_before_the_org_refuses_it(bare: Desk):
    bare.store.set_rights(profile_shows=True)
    bare.set_up("[crm.salesforce]", '[crm.salesforce.account_fields]\nsegment = "Ratng"\n\n[crm.salesforce]')
    planned = bare.overlap("setup", "salesforce")
    assert "note [account_fields] segment = 'Ratng': Account has no field 'Ratng'" in planned.out
    assert "did you mean 'Rating'?" in planned.out
    applied = bare.overlap("setup", "salesforce", "--apply", "--yes")
    assert applied.code == 1
    assert "no CustomField named Account.Ratng found" in applied.err
    [rehearsal] = bare.store.database.setting("metadata_jobs").values()
    assert dict(rehearsal["ended"])["checkOnly"] == "true", "and nothing more was asked of the org"


def test_json_names_every_step_and_every_assignment(bare: Desk):
    planned = bare.overlap("setup", "salesforce", "--json").json
    assert planned["changes"] == len(planned["steps"]) == 81
    assert planned["steps"][0] == {
        "action": "create",
        "kind": "CustomObject",
        "name": "Overlap_Partner__c",
        "detail": "",
    }
    applied = bare.overlap("setup", "salesforce", "--apply", "--yes", "--assign", ME, "--json").json
    assert applied["assigned"] == [{"permission_set": "Overlap_Integration", "username": ME}]
    assert applied["failures"] == []


def test_a_layout_is_added_to_once_and_shown_first(bare: Desk):
    assert bare.overlap("setup", "salesforce", "--apply", "--yes", "--assign", ME).code == 0
    name = "Account-Account Layout"
    asked = bare.overlap("setup", "salesforce", "--layout", name)
    assert asked.code == 2
    assert "+                <field>Overlap_Best_Play__c</field>" in asked.out
    assert bare.store.database.setting("layouts", {}) == {}
    assert "has our section" in bare.overlap("setup", "salesforce", "--layout", name, "--yes").out
    assert "already" in bare.overlap("setup", "salesforce", "--layout", name, "--yes").out


MISTAKES = [
    (("--plan", "--apply"), 2, "choose one of --plan, --apply, --write and --layout"),
    (("--assign", ME), 2, "--assign goes with --apply"),
    (("--apply", "--exit-code"), 2, "--exit-code goes with --plan"),
    (("--apply", "--yes", "--assign", "boss=anna"), 2, "known: integration, reader, editor"),
    (("salesfroce",), 2, "did you mean 'salesforce'?"),
]


@pytest.mark.parametrize(("words", "code", "says"), MISTAKES)
def test_a_mistake_is_named(fresh: Desk, words, code, says):
    said = fresh.overlap("setup", "salesforce", *words)
    assert said.code == code
    assert says in said.err


def test_setup_alone_says_what_there_is():
    assert "salesforce" in overlap("setup", "--help").out
