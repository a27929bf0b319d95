"""Schedules as a person makes, sees and pauses them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.workspace import init, open_workspace
from jobs.service.turns import turn_lock
from jobs.stores import slots
from jobs.stores.ledger import open_ledger
from jobs.stores.lock import workspace_lock
from tests.jobs.cli.terminal import Said, overlap


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    init(tmp_path / "acme", "Acme", "Europe/Berlin")
    return tmp_path / "acme"


def at(folder: Path, *words: object) -> Said:
    return overlap(*words, "--dir", folder)


def ledger_of(folder: Path) -> tuple[Path, str]:
    (found,) = re.findall(r'(?m)^id = "(.*?)"', (folder / "overlap.toml").read_text())
    return folder / "ledger.sqlite", found


def test_a_schedule_is_written_and_told_in_words_with_its_next_five_times(folder: Path):
    said = at(folder, "schedule", "add", "weekly", "0 7 * * MON")
    assert said.code == 0, said
    assert "weekly: At 07:00, only on Monday (Europe/Berlin), does 'run'" in said.out
    days = re.findall(r"next (Mon \d{4}-\d\d-\d\d 07:00)", said.out)
    assert len(days) == 5
    assert at(folder, "schedule", "list").out.count("next Mon") == 5
    (told,) = at(folder, "schedule", "list", "--json").json["schedules"]
    assert (told["cron"], told["zone"], len(told["next"])) == ("0 7 * * mon", "Europe/Berlin", 5)


MISTAKES = {
    "weekday": (("add", "weekly", "0 7 * * 1"), "schedules.weekly.cron: weekday '1': 0, 1 and 7 are other days"),
    "zone": (("add", "weekly", "0 7 * * mon", "--zone", "Berlin"), "schedules.weekly.zone: 'Berlin' is no time zone"),
    "work": (("add", "weekly", "0 7 * * mon", "--does", "walk"), "schedules.weekly.does: "),
    "name": (("add", "Weekly run", "0 7 * * mon"), "'Weekly run' is no name"),
    "unknown": (("pause", "dayly"), "there is no schedule 'dayly'; did you mean 'daily'?"),
    "taken": (("add", "daily", "0 7 * * *"), "there is a schedule 'daily' already"),
}


@pytest.mark.parametrize(("words", "says"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_with_its_remedy_and_changes_nothing(folder: Path, words: tuple[str, ...], says: str):
    assert at(folder, "schedule", "add", "daily", "0 6 * * *").code == 0
    before = (folder / "overlap.toml").read_bytes()
    said = at(folder, "schedule", *words)
    assert said.code == 2
    assert says in said.error
    assert (folder / "overlap.toml").read_bytes() == before


def test_a_pause_is_told_and_survives_whoever_made_it(folder: Path):
    at(folder, "schedule", "add", "daily", "* * * * *")
    assert "paused since" in at(folder, "schedule", "pause", "daily").out
    listed = at(folder, "schedule", "list").out
    assert "paused since" in listed
    assert "next" not in listed
    assert "Nothing is due." in at(folder, "run", "--once").out
    assert "next" in at(folder, "schedule", "resume", "daily").out


def test_what_is_due_is_done_once_and_its_exit_code_is_told(folder: Path):
    """This workspace has no CRM yet, so its runs end with 2."""
    with open_ledger(*ledger_of(folder)) as ledger:
        slots.see(ledger, {"daily": ("0 0 * * *", "Europe/Berlin", datetime.now(UTC) - timedelta(days=2))})
    at(folder, "schedule", "add", "daily", "0 0 * * *")
    said = at(folder, "run", "--once", "--json")
    assert said.code == 2
    (done,) = said.json["slots"]
    assert (done["state"], done["code"]) == ("failed", 2)
    assert at(folder, "run", "--once", "--json").json["slots"] == []
    listed = at(folder, "schedule", "list").out
    assert "failed: " in listed
    assert "there is no CRM" in listed


def test_a_call_that_finds_the_workspace_in_use_leaves_the_slot_to_the_next(folder: Path):
    path = folder / "overlap.toml"
    path.write_text(path.read_text() + '\n[crm.hubspot]\ntype = "hubspot"\ntoken = "env:NONE"\n')
    at(folder, "schedule", "add", "daily", "0 0 * * *")
    with workspace_lock(folder / ".lock"):
        said = at(folder, "schedule", "run", "daily", "--json")
    (found,) = said.json["slots"]
    assert (found["state"], found["code"]) == ("interrupted", 6)


def test_one_process_at_a_time_takes_turns(folder: Path):
    at(folder, "schedule", "add", "daily", "0 0 * * *")
    with turn_lock(open_workspace(folder)):
        said = at(folder, "run", "--once")
    assert said.code == 6
    assert "is served already" in said.err


def test_nothing_is_served_without_a_schedule_or_to_others_unless_it_is_said(folder: Path):
    assert "there is no schedule; make one" in at(folder, "serve").err
    path = folder / "overlap.toml"
    path.write_text(path.read_text() + '\n[service]\nhost = "0.0.0.0"\n')
    said = at(folder, "serve")
    assert said.code == 2
    assert "service: host = '0.0.0.0': others could read it" in said.err


def test_a_call_from_cron_approves_nothing(folder: Path):
    said = at(folder, "run", "--once", "--approve")
    assert said.code == 2
    assert "approves and accepts nothing" in said.err
