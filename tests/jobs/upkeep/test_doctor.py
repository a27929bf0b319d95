"""Doctor looks at everything, whatever is broken, and each finding that is not well has its remedy."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest

from config.workspace import init
from jobs.past.logs import Journal
from jobs.stores.ledger import open_ledger
from jobs.upkeep.diagnosis import Level
from jobs.upkeep.doctor import doctor
from jobs.upkeep.machine import fits

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path):
    return init(tmp_path / "workspace", "Contoso").parent


def found(folder, now=NOW):
    said = doctor(folder, None, now, offline=True)
    assert all(one.remedy for one in said if one.level is not Level.OK), said
    assert all(not one.remedy for one in said if one.level is Level.OK), said
    return {one.subject: one for one in said if one.level is not Level.OK}


def opened(folder):
    said = (folder / "overlap.toml").read_text()
    return open_ledger(folder / "ledger.sqlite", said.partition('id = "')[2].partition('"')[0])


def test_a_new_workspace_is_well(folder):
    assert found(folder) == {}


def test_wrong_settings_are_told_line_by_line_and_the_rest_is_looked_at(folder):
    (folder / "overlap.toml").write_text("[workspace]\nid = 'contoso'\nnam = 'x'\n[guards]\ncreates = 'many'\n")
    (folder / "ledger.sqlite").write_bytes(b"no database at all" * 100)
    said = doctor(folder, None, NOW, offline=True)
    assert [one.subject for one in said if one.level is Level.FAIL] == ["settings", "settings", "ledger"]


def test_a_damaged_ledger_and_warehouse_are_told_with_what_helps(folder):
    with opened(folder) as ledger:
        ledger.pin("big", "x" * 50_000)
    content = bytearray((folder / "ledger.sqlite").read_bytes())
    content[20_000:60_000] = bytes(40_000)
    (folder / "ledger.sqlite").write_bytes(content)
    (folder / "warehouse.duckdb").write_bytes(b"x" * 20_000)
    said = found(folder)
    assert (said["ledger"].remedy, said["warehouse"].level) == ("overlap restore BACKUP DIR", Level.FAIL)


def test_a_run_whose_process_is_gone_was_cut_short_and_one_at_work_was_not(folder):
    with opened(folder) as ledger:
        ledger.start_run("pull", NOW)
    journal = Journal()
    journal.begin(folder / "logs", 1)
    assert "pull" not in found(folder)
    journal.end()
    assert "its process is gone" in found(folder)["pull"].detail


def test_backups_and_runs_that_are_overdue_are_told(folder):
    with opened(folder) as ledger:
        ledger.finish_run(ledger.start_run("match", NOW), "done", NOW, {})
    assert found(folder).keys() == {"backup"}
    assert found(folder, NOW + timedelta(days=9)).keys() == {"backup", "weekly job"}


def test_what_was_left_half_made_is_told_after_a_day(folder):
    (folder / "runs" / ".7.partial").mkdir()
    at = (NOW - timedelta(hours=30)).timestamp()
    os.utime(folder / "runs" / ".7.partial", (at, at))
    assert found(folder)["half made"].remedy == "delete them"


def test_secrets_that_others_can_read_and_a_key_beside_what_it_locks_are_told(folder):
    text = (folder / "overlap.toml").read_text()
    (folder / "overlap.toml").write_text(text.replace("[workspace]", '[workspace]\ntoken_key = "file:key"', 1))
    assert found(folder)["workspace.token_key"].level is Level.FAIL
    (folder / "key").write_text("k" * 44)
    (folder / "key").chmod(0o644)
    assert "beside what it locks" in found(folder)["workspace.token_key"].detail


def test_a_ledger_of_before_is_told_and_left_as_it_is(folder, monkeypatch):
    monkeypatch.setattr("jobs.stores.migrating.HEAD", "0008")
    with opened(folder):
        pass
    monkeypatch.undo()
    assert "overlap migrate" in found(folder)["ledger"].remedy
    assert found(folder)["ledger"].level is Level.WARN


@pytest.mark.parametrize(
    ("has", "wanted", "is_fit"),
    [
        ("2.0.0", ">=2.0,<3", True),
        ("3.0", ">=2.0,<3", False),
        ("1.9.9", ">=2.0,<3", False),
        ("2", "<3,>=2.0", True),
        ("10.1", ">=9.2", True),
        ("2.1.0rc1", ">=2.0,<3", True),
    ],
)
def test_a_version_fits_between_its_bounds(has, wanted, is_fit):
    assert fits(has, wanted) is is_fit
