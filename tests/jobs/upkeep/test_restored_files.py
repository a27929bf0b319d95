"""A restore believes no byte of a backup, loses nothing of what is there, and knows what was erased since."""

from __future__ import annotations

import hashlib
import json
import os
import signal
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from config.workspace import init, open_workspace
from jobs import steps
from jobs.erasing import stop_list
from jobs.service.turns import turn_lock
from jobs.stores import erasures, messages
from jobs.stores.lease import last, leased
from jobs.stores.messages import Draft
from jobs.telling.content import Content
from jobs.upkeep import archive
from jobs.upkeep.backup import backup
from jobs.upkeep.reconciling import erased_since
from jobs.upkeep.restore import restore
from overlap.errors import ConfigError, GuardError, OverlapError
from tests.jobs.cli.terminal import overlap
from tests.jobs.upkeep.archives import NOW, at_work, backed_up, held, made, repack


@pytest.fixture
def folder(tmp_path):
    return made(tmp_path / "workspace")


def test_a_restored_workspace_has_every_byte_and_knows_that_it_is_one(folder, tmp_path):
    path = backed_up(folder, tmp_path / "one.tar.gz")
    done = restore(path, tmp_path / "again", NOW + timedelta(days=7))
    there = {str(one.relative_to(tmp_path / "again")) for one in (tmp_path / "again").rglob("*") if one.is_file()}
    assert there == held(path).keys() - {archive.MANIFEST} | {".lock", ".serve.lock", ".messages.lock"}
    for name, content in held(path).items():
        if name not in ("ledger.sqlite", archive.MANIFEST):
            assert (tmp_path / "again" / name).read_bytes() == content
    with at_work(tmp_path / "again") as context:
        assert context.ledger.pins("restored:").keys() == {"salesforce"}
        assert (done.run, context.ledger.pinned("published_run")) == ("3", "3")


def listed(name, content, members):
    """The members of an archive whose list says that it has another file."""
    manifest = json.loads(members[archive.MANIFEST])
    manifest["files"][name] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return members | {archive.MANIFEST: json.dumps(manifest).encode()}


def without(name):
    return lambda members: {one: content for one, content in members.items() if one != name}


@pytest.mark.parametrize(
    "change",
    [
        lambda members: members | {"lists/abc.csv": b"else"},
        without("lists/abc.csv"),
        without(archive.MANIFEST),
        lambda members: {"../../outside": b"x"} | members,
        lambda members: {"../../outside": b"x"} | listed("../../outside", b"x", members),
        lambda members: {"extra": b"x"} | members,
        lambda members: members | {archive.MANIFEST: b"[]"},
        lambda members: members | {archive.MANIFEST: b"{"},
        lambda members: members | {archive.MANIFEST: members[archive.MANIFEST].replace(b'"format": 1', b'"format": 9')},
    ],
)
def test_a_backup_that_was_tampered_with_is_refused_and_nothing_is_in_place(folder, tmp_path, change):
    path = backed_up(folder, tmp_path / "one.tar.gz")
    repack(path, change)
    with pytest.raises(OverlapError):
        restore(path, tmp_path / "again", NOW)
    assert not (tmp_path / "again" / "overlap.toml").exists()
    assert not (tmp_path / "outside").exists()


def test_a_backup_that_is_cut_or_has_a_flipped_bit_is_refused(folder, tmp_path):
    whole = backed_up(folder, tmp_path / "one.tar.gz").read_bytes()
    for number in range(12):
        place = len(whole) * number // 12 + 7
        damaged = whole[:place] if number % 2 else whole[:place] + bytes([whole[place] ^ 16]) + whole[place + 1 :]
        (tmp_path / "bad.tar.gz").write_bytes(damaged)
        try:
            restore(tmp_path / "bad.tar.gz", tmp_path / f"again{number}", NOW)
        except OverlapError:
            continue
        assert held(tmp_path / "bad.tar.gz") == held(tmp_path / "one.tar.gz"), "a bit that says nothing"


def test_a_folder_that_is_not_empty_is_kept_aside_when_a_person_says_so_and_refused_otherwise(folder, tmp_path):
    path = backed_up(folder, tmp_path / "one.tar.gz")
    (folder / "lists" / "new.csv").write_text("came later")
    refused = overlap("restore", path, folder)
    assert (refused.code, "is not empty" in refused.error) == (2, True)
    assert overlap("restore", path, tmp_path / "third", "--json").json["run"] == "3"
    done = restore(path, folder, NOW, replace=True)
    assert (Path(done.aside) / "lists" / "new.csv").read_text() == "came later"
    assert (Path(done.aside) / "warehouse.duckdb").is_file()
    assert (folder / "inbox" / "secret").read_text() == "qqsecret99", "a secret is in no backup, and still needed"
    assert not (folder / "lists" / "new.csv").exists()
    init(tmp_path / "other", "Other")
    with at_work(tmp_path / "other"), pytest.raises(ConfigError, match="name a new folder"):
        restore(path, tmp_path / "other", NOW, replace=True)


def killing_after(steps_left):
    left = iter(range(steps_left))

    def step(_: str) -> None:
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    return step


def test_a_kill_at_any_step_leaves_no_workspace_and_the_same_command_finishes(folder, tmp_path):
    path = backed_up(folder, tmp_path / "one.tar.gz")
    before = {one.name for one in folder.iterdir()}
    for at in range(40):
        child = os.fork()
        if child == 0:
            steps.listen(killing_after(at))
            restore(path, folder, NOW, replace=True)
            os._exit(0)
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0:
            break
        is_workspace = (folder / "overlap.toml").exists()
        everywhere = {one.name for one in folder.iterdir()} | {one.name for one in folder.glob(".before-restore-*/*")}
        assert before <= everywhere, "nothing is lost"
        assert not is_workspace or (folder / "ledger.sqlite").exists()
    else:
        pytest.fail("it never came to its end")
    assert at > 10
    with at_work(folder) as context:
        assert context.ledger.pinned("published_run") == "3"


def test_what_was_erased_after_the_backup_is_told_until_it_is_erased_again_and_lists_stay_clean(folder, tmp_path):
    path = backed_up(folder, tmp_path / "one.tar.gz")
    later = NOW + timedelta(days=3)
    with at_work(folder, later) as context:
        number = erasures.begin(context.ledger, "person", "m4rk", later)
        erasures.end(context.ledger, number, context.workspace.ledger_file, later)
        stop_list.add(context.ledger, "m4rk", later)
    child = os.fork()
    if child == 0:
        steps.listen(lambda name: os.kill(os.getpid(), signal.SIGKILL) if name == "restore: moved aside" else None)
        restore(path, folder, NOW + timedelta(days=6), replace=True)
    os.waitpid(child, 0)
    done = restore(path, folder, NOW + timedelta(days=7), replace=True)
    assert done.erase_again == (("person", "m4rk", "2026-03-05"),)
    with at_work(folder) as context:
        assert stop_list.erased(context).marks == {"m4rk"}
        assert erased_since(context) == [("person", "m4rk", "2026-03-05")]
        again = NOW + timedelta(days=8)
        number = erasures.begin(context.ledger, "person", "m4rk", again)
        erasures.end(context.ledger, number, context.workspace.ledger_file, again)
        assert erased_since(replace(context, now=again)) == []


def test_lists_come_back_as_old_as_they_were_and_what_was_to_be_sent_is_not_sent_again(folder, tmp_path):
    os.utime(folder / "inbox" / "globex.csv", (1_600_000_000, 1_600_000_000))
    with at_work(folder) as context:
        draft = Draft("alert", "mail", "ops@x.example", "1", "A run failed", Content("text"))
        messages.note_alerts(context.ledger, messages.Turn({"run:x": None}, (), ()), [draft], NOW)
    path = backed_up(folder, tmp_path / "one.tar.gz")
    restore(path, tmp_path / "new", NOW)
    assert (tmp_path / "new" / "inbox" / "globex.csv").stat().st_mtime == 1_600_000_000
    with at_work(tmp_path / "new") as context:
        assert [one.state for one in messages.last(context.ledger, 9)] == ["expired"]
        assert messages.open_alerts(context.ledger) == [], "what is wrong still is told anew"


def test_who_held_the_workspace_when_it_was_copied_does_not_hold_the_copy(folder, tmp_path):
    with at_work(folder) as context, leased(context.ledger.engine, "its lock file"):
        path = Path(backup(context, tmp_path / "one.tar.gz").path)
        holding = last(context.ledger.engine)
    assert holding is not None and holding.released_at is None, "it was copied while somebody held it"
    restore(path, tmp_path / "new", NOW)
    with at_work(tmp_path / "new") as context:
        engine = context.ledger.engine
        assert last(engine) is None
        with leased(engine, "another lock file"):
            taken = last(engine)
            assert taken is not None and taken.released_at is None


def test_nothing_is_put_back_under_a_service_that_is_at_work(folder, tmp_path):
    path = backed_up(folder, tmp_path / "one.tar.gz")
    with turn_lock(open_workspace(folder)), pytest.raises(GuardError, match="stop 'overlap serve'"):
        restore(path, folder, NOW, replace=True)
    assert (folder / "overlap.toml").exists()


@pytest.mark.parametrize("replace", [False, True])
def test_a_restore_that_was_cut_short_is_finished_by_the_same_command_secrets_too(replace, folder, tmp_path):
    path = backed_up(folder, tmp_path / "one.tar.gz")
    target = folder if replace else tmp_path / "new"
    child = os.fork()
    if child == 0:
        steps.listen(lambda name: os.kill(os.getpid(), signal.SIGKILL) if name == "restore: placed" else None)
        restore(path, target, NOW, replace)
    os.waitpid(child, 0)
    restore(path, target, NOW, replace)
    with at_work(target) as context:
        assert context.ledger.pinned("published_run") == "3"
    assert (target / "inbox" / "secret").exists() is replace
