from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from config.workspace import init, open_workspace
from overlap.errors import ConfigError


def test_what_init_writes_can_be_opened(tmp_path) -> None:
    path = init(tmp_path / "ours", "Contoso", "Europe/Berlin")
    workspace = open_workspace(tmp_path / "ours")
    assert path == tmp_path / "ours" / "overlap.toml"
    assert workspace.settings.workspace.name == "Contoso"
    assert workspace.zone.key == "Europe/Berlin"
    assert (workspace.settings.crm, workspace.settings.partners) == ({}, {})


def test_init_makes_the_folders_that_people_and_runs_need(tmp_path) -> None:
    init(tmp_path / "deep" / "ours")
    folders = {path.name for path in (tmp_path / "deep" / "ours").iterdir() if path.is_dir()}
    assert folders == {"inbox", "lists", "quarantine", "runs"}


def test_a_workspace_is_called_like_its_folder_by_default(tmp_path) -> None:
    init(tmp_path / "contoso")
    assert open_workspace(tmp_path / "contoso").settings.workspace.name == "contoso"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(name='\x7f "quoted" \\n {braces} \t')
@given(name=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30).filter(str.strip))
def test_any_name_is_written_so_that_it_is_read_again(tmp_path, name) -> None:
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    init(folder, name)
    made = open_workspace(folder).settings.workspace
    assert made.name == name
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,24}-[0-9a-f]{6}", made.id)


def test_init_twice_changes_nothing_and_says_so(tmp_path) -> None:
    path = init(tmp_path, "Contoso")
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="is there already; nothing was changed"):
        init(tmp_path, "Fabrikam")
    assert path.read_bytes() == before


def test_init_keeps_what_is_in_the_folder(tmp_path) -> None:
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "globex.csv").write_text("name\nAcme\n", encoding="utf-8")
    init(tmp_path)
    assert (tmp_path / "inbox" / "globex.csv").read_text(encoding="utf-8") == "name\nAcme\n"


def test_two_workspaces_of_one_name_have_different_ids_that_stay(tmp_path) -> None:
    for folder in ("one", "two"):
        init(tmp_path / folder, "Contoso")
    one, two = (open_workspace(tmp_path / folder).settings.workspace.id for folder in ("one", "two"))
    assert one != two
    assert open_workspace(tmp_path / "one").settings.workspace.id == one
    assert one.startswith("contoso-")


def test_renaming_a_workspace_keeps_its_id(tmp_path) -> None:
    path = init(tmp_path, "Contoso")
    before = open_workspace(tmp_path).settings.workspace.id
    path.write_text(path.read_text(encoding="utf-8").replace('"Contoso"', '"Fabrikam"'), encoding="utf-8")
    after = open_workspace(tmp_path).settings.workspace
    assert (after.name, after.id) == ("Fabrikam", before)


def test_a_time_zone_that_does_not_exist_makes_no_workspace(tmp_path) -> None:
    with pytest.raises(ConfigError, match="'Mars/Base' is no time zone; write one like 'Europe/Berlin'"):
        init(tmp_path / "ours", "Contoso", "Mars/Base")
    assert not (tmp_path / "ours").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="file cannot be made a workspace"):
        init(tmp_path / "file")


def test_a_folder_without_settings_is_no_workspace_and_the_remedy_is_named(tmp_path) -> None:
    with pytest.raises(ConfigError, match=r"is no workspace: .* --dir, or make one with 'overlap init DIR'"):
        open_workspace(tmp_path)


def test_everything_of_a_workspace_lies_in_its_folder(tmp_path, monkeypatch) -> None:
    init(tmp_path)
    monkeypatch.chdir(tmp_path)
    made = open_workspace(Path())
    places = (made.ledger_file, made.warehouse_file, made.lists, made.quarantine, made.runs, made.lock_file)
    assert {place.parent for place in places} == {tmp_path.resolve()}
    assert len(set(places)) == 6


def test_every_remark_in_the_template_is_a_working_setting(tmp_path) -> None:
    path = init(tmp_path, "Contoso")
    text = re.sub(r"^# (?=\[|\w+ = )", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    path.write_text(text, encoding="utf-8")
    made = open_workspace(tmp_path).settings
    assert made.crm["salesforce"].login_url == "https://acme.my.salesforce.com"
    assert made.partners["globex"].populations["Kunde"] == "Customers"
    assert (made.icp.industry.weight, made.icp.headcount.weight, made.icp.country.weight) == (40, 35, 25)
