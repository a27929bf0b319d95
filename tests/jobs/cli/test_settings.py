"""A wrong word in the settings or on the command line: the sentence says where it stands and what was meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.settings import load
from tests.jobs.cli.terminal import Desk, overlap, script

WRONG_SETTINGS = {
    "key": ('name = "Contoso"', 'nmae = "Contoso"', "workspace.nmae: unknown key; did you mean 'name'?"),
    "section": ("[partners.initech]", "[partner.initech]", "partner: unknown key; did you mean 'partners'?"),
    "partner's key": ("expected_every_days = 35\n\n", "every = 3\n\n", "partners.globex.every: unknown key; "),
    "time zone": ("[workspace]", '[workspace]\ntime_zone = "Berlin"', "'Berlin' is no time zone; write one like"),
    "population": ('name = "Initech"', 'name = "Initech"\npopulation = "Clients"', "partners.initech.population: "),
    "address": ('login_url = "https', 'login_url = "http', "crm.salesforce.login_url: "),
    "number": ("expected_every_days = 35\n\n", "expected_every_days = 0\n\n", "greater than or equal to 1"),
    "missing": ('id = "contoso-1a2b3c"\n', "", "workspace.id: missing; add it"),
    "syntax": ("[workspace]", "[workspace", "not valid TOML"),
    "id": ("contoso-1a2b3c", "contoso-2", "write 'contoso-1a2b3c' back"),
}


@pytest.mark.parametrize(("old", "new", "says"), WRONG_SETTINGS.values(), ids=WRONG_SETTINGS)
def test_a_wrong_setting_is_named_with_its_remedy(desk: Desk, old, new, says):
    before = desk.in_force()
    desk.set_up(old, new)
    said = desk.overlap("run")
    assert said.code == 2
    assert said.error.startswith(f"{desk.folder / 'overlap.toml'}: ")
    assert says in said.error
    assert desk.in_force() == before


def test_every_wrong_setting_is_named_at_once(desk: Desk):
    desk.set_up('name = "Contoso"', 'nmae = "Contoso"')
    desk.set_up('name = "Globex"', 'nam = "Globex"')
    said = desk.overlap("status")
    assert said.code == 2
    for place in ("workspace.nmae", "partners.globex.nam", "partners.globex.name: missing"):
        assert place in said.err


@pytest.mark.parametrize("verb", ["check", "pull", "match", "plan", "run", "matrix", "reviews", "status"])
def test_a_folder_that_is_no_workspace_is_left_as_it_is(tmp_path, verb):
    said = overlap(verb, "--dir", tmp_path)
    assert said.code == 2
    assert said.error.startswith(f"{tmp_path} is no workspace: it has no overlap.toml; ")
    assert "make one with 'overlap init DIR'" in said.error
    assert not list(tmp_path.iterdir())


def test_init_makes_a_workspace_that_loads_and_says_what_to_do_next(tmp_path):
    said = overlap("init", tmp_path / "new", "--name", "Contoso", "--time-zone", "Europe/Berlin")
    assert said.code == 0
    assert f"next: fill it in, then: overlap check --dir {tmp_path / 'new'}" in said.out
    assert load(tmp_path / "new/overlap.toml").workspace.name == "Contoso"


def test_init_changes_nothing_in_a_workspace(desk: Desk):
    settings = (desk.folder / "overlap.toml").read_bytes()
    with desk.keeps_everything():
        said = overlap("init", desk.folder)
    assert said.code == 2
    assert said.error == f"{desk.folder / 'overlap.toml'} is there already; nothing was changed"
    assert (desk.folder / "overlap.toml").read_bytes() == settings


def test_init_refuses_a_time_zone_that_no_later_verb_would_take(tmp_path):
    said = overlap("init", tmp_path / "new", "--time-zone", "Europe/Berln")
    assert said.code == 2
    assert said.error == "there is no time zone 'Europe/Berln'; did you mean 'Europe/Berlin'?"
    assert not (tmp_path / "new").exists()


def test_init_refuses_a_place_that_is_a_file(tmp_path):
    (tmp_path / "file").touch()
    said = overlap("init", tmp_path / "file")
    assert said.code == 2
    assert said.error == f"{tmp_path / 'file'} cannot be made a workspace: Not a directory"


@pytest.mark.parametrize("verb", ["check", "pull", "plan", "run"])
def test_a_new_workspace_says_that_its_crm_is_missing(tmp_path: Path, verb):
    overlap("init", tmp_path)
    said = overlap(verb, "--dir", tmp_path)
    assert said.code == 2
    assert f"{tmp_path / 'overlap.toml'}: there is no CRM; fill in [crm.salesforce]" in said.error


@pytest.mark.parametrize("verb", ["matrix", "overlaps", "reviews", "greenfield"])
def test_looking_before_the_first_match_says_what_to_run(fresh: Desk, verb):
    said = fresh.overlap(verb)
    assert said.code == 2
    assert said.error == "nothing has been matched yet; run 'overlap pull' and 'overlap match' first"


def test_matching_before_the_first_pull_publishes_no_empty_run(fresh: Desk):
    said = fresh.overlap("match")
    assert said.code == 2
    assert said.error == "nothing has been pulled from 'salesforce' yet; run 'overlap pull' first"
    assert fresh.overlap("status", "--json").json["published_run"] is None


@pytest.mark.parametrize("verb", ["matrix", "overlaps", "reviews", "greenfield"])
def test_an_unknown_partner_is_named_with_the_known_ones(desk: Desk, verb):
    said = desk.overlap(verb, "--partner", "globx")
    assert said.code == 2
    assert said.error == "there is no partner 'globx'; known: globex, initech"


@pytest.mark.parametrize("call", [("check", "salesfroce"), ("plan", "--crm", "salesfroce")])
def test_an_unknown_connection_is_named_with_the_nearest(desk: Desk, call):
    with desk.keeps_everything():
        said = desk.overlap(*call)
    assert said.code == 2
    assert said.error == "there is no CRM connection 'salesfroce'; did you mean 'salesforce'?"


@pytest.mark.parametrize("call", [("apply", "99", "--yes"), ("apply", "first", "--yes"), ("plan", "--show", "99")])
def test_a_plan_that_does_not_exist_says_where_plans_come_from(desk: Desk, call):
    with desk.keeps_everything():
        said = desk.overlap(*call)
    assert said.code == 2
    assert f"there is no plan '{[word for word in call if not word.startswith('-')][1]}'" in said.error
    assert "'overlap plan' makes one and prints its number" in said.error


def test_a_folder_that_the_machine_refuses_is_named_in_one_sentence(desk: Desk):
    (desk.folder / "runs").rename(desk.folder / "moved")
    (desk.folder / "runs").touch()
    said = desk.overlap("match")
    assert said.code == 1
    assert said.error.startswith(f"{desk.folder / 'runs'}")
    assert said.error.endswith(": Not a directory")


def test_a_misspelt_verb_is_answered_with_the_nearest():
    said = script("plna")
    assert said.code == 2
    assert "Did you mean 'plan'?" in said.err
    assert said.out == ""


def test_an_environment_variable_names_the_workspace(desk: Desk, tmp_path):
    said = script("status", "--json", folder=tmp_path, OVERLAP_DIR=str(desk.folder))
    assert said.code == 0
    assert said.json["workspace"] == "contoso-1a2b3c"
