"""Plan and apply: what a script learns from the exit code, and what needs a person."""

from __future__ import annotations

import pytest

from tests.jobs.cli.terminal import Desk, at_a_terminal
from tests.jobs.world import GLOBEX, api_writes, listed


@pytest.fixture
def changed(desk: Desk) -> Desk:
    """Globex lists one more account; the run that found it is published."""
    desk.world.send(GLOBEX, listed(0, 1, 2, 3, 4, 5, 6))
    for verb in ("pull", "match"):
        assert desk.overlap(verb).code == 0
    return desk


def test_exit_code_tells_a_script_that_there_is_nothing_to_write(desk: Desk):
    said = desk.overlap("plan", "--exit-code")
    assert said.code == 0
    assert "The CRM says already what it should: nothing to write." in said.out


def test_exit_code_tells_a_script_that_changes_are_pending(changed: Desk):
    with changed.keeps_everything():
        said = changed.overlap("plan", "--exit-code")
        assert changed.overlap("plan").code == 0
    assert said.code == 4
    assert "create Globex: Ginkgo Textiles (new)" in said.out
    assert "next: overlap apply 2" in said.out


def test_an_update_shows_old_and_new(changed: Desk):
    changed.world.change_settings('type = "salesforce"', 'type = "salesforce"\non_drift = "restore"')
    changed.store.edit("Partner_Overlap__c", changed.world.overlap(3)["Id"], {"Partner_Record_Name__c": "Dogwod"})
    changed.pull()
    changed.overlap("match")
    assert "    partner_record_name: Dogwod → Dogwood Ceramics" in changed.overlap("plan", "--all").out


def test_a_first_plan_is_held_even_for_yes(fresh: Desk):
    for verb in ("pull", "match", "plan"):
        assert fresh.overlap(verb).code == 0
    with fresh.keeps_everything():
        said = fresh.overlap("apply", "1", "--yes")
    assert said.code == 6
    assert said.error == (
        "plan 1 is held: the first plan for 'salesforce'; look at it with 'overlap plan --show 1', "
        "then 'overlap apply 1 --approve'"
    )
    assert fresh.overlap("apply", "1", "--approve").code == 0
    assert fresh.world.overlap(3)["Status__c"] == "Active"


def test_a_first_run_is_held_and_says_how_to_go_on(fresh: Desk):
    said = fresh.overlap("run")
    assert said.code == 6
    assert "held: the first plan for 'salesforce'" in said.out
    assert "next: overlap apply 1 --approve" in said.out
    assert fresh.store.history() == []


def test_without_a_terminal_nothing_is_written_unless_yes_is_said(changed: Desk):
    changed.overlap("plan")
    with changed.keeps_everything():
        said = changed.overlap("apply", "latest")
    assert said.code == 2
    assert said.error == "there is no terminal to ask at; say --yes"
    assert changed.overlap("apply", "latest", "--yes").code == 0
    assert changed.world.overlap(6)["Status__c"] == "Active"


@pytest.mark.parametrize("answer", ["n\n", "\n", "\x04"], ids=["no", "return", "end of input"])
def test_at_a_terminal_all_but_yes_means_that_nothing_is_written(changed: Desk, answer):
    changed.overlap("plan")
    with changed.keeps_everything():
        said = at_a_terminal("apply", "latest", "--json", "--dir", changed.folder, answer=answer)
    assert said.code == 1
    assert "Write 3 records to 'salesforce'? [y/N]" in said.err
    assert "Nothing was written." in said.err
    assert said.out == "", "a question is no data"


def test_at_a_terminal_yes_writes(changed: Desk):
    changed.overlap("plan")
    said = at_a_terminal("apply", "latest", "--json", "--dir", changed.folder, answer="y\n")
    assert said.code == 0
    assert said.json["states"] == {"acknowledged": 3}  # the partner with the day of its list, an overlap, its account
    assert changed.world.overlap(6)["Status__c"] == "Active"


def test_a_plan_that_is_written_already_asks_and_writes_nothing(desk: Desk):
    with desk.keeps_everything():
        assert desk.overlap("apply", "1").code == 0


def test_a_plan_is_stale_when_another_run_was_published(changed: Desk):
    changed.overlap("plan")
    changed.overlap("match")
    with changed.keeps_everything():
        said = changed.overlap("apply", "latest", "--yes")
    assert said.code == 6
    assert said.error == "plan 2 is stale: another run was published since; run 'overlap plan' again"


def test_a_plan_is_stale_when_the_settings_changed(changed: Desk):
    changed.overlap("plan")
    changed.set_up('name = "Contoso"', 'name = "Contoso"\ntime_zone = "Europe/Berlin"')
    with changed.keeps_everything():
        said = changed.overlap("apply", "latest", "--approve")
    assert said.code == 6
    assert said.error == "plan 2 is stale: the settings changed since; run 'overlap plan' again"


def test_a_plan_that_retires_too_much_is_held_by_its_guard(desk: Desk):
    desk.set_up("[partners.globex]", "[guards]\nretirements = 0\nretirements_percent = 0\n\n[partners.globex]")
    desk.overlap("judge", "Cedar Robotics", "globex:X-2", "different")
    before = api_writes(desk.store)
    said = desk.overlap("run")
    assert api_writes(desk.store) == before
    assert said.code == 6
    assert "held: " in said.out
    assert "retirements and clears, more than 0 of" in said.out
    assert "--approve" in said.out
