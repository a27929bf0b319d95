"""A backup was read back, holds what cannot be pulled again, and no secret; a restore believes no byte of it."""

from __future__ import annotations

import io
import json
import os
import signal
import tarfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from config.workspace import init, open_workspace
from jobs import steps
from jobs.context import Context
from jobs.erasing import stop_list
from jobs.service.turns import turn_lock
from jobs.stores import backups, erasures, messages, snapshot
from jobs.stores.ledger import open_ledger
from jobs.stores.messages import Draft
from jobs.telling.content import Content
from jobs.upkeep import archive
from jobs.upkeep.backup import backup
from jobs.upkeep.reconciling import erased_since
from jobs.upkeep.restore import restore
from overlap.errors import ConfigError, GuardError, OverlapError
from tests.jobs.cli.terminal import overlap

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
CRM = """
[crm.salesforce]
type = "salesforce"
login_url = "https://acme.my.salesforce.com"
consumer_key = "env:NO_SUCH_KEY"
consumer_secret = "file:inbox/secret"

[matching]"""


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "workspace"
    path = init(folder, "Contoso")
    path.write_text(path.read_text().replace("\n[matching]", CRM))
    kept = ("lists/abc.csv", "stats/abc.parquet", "models/own.toml", "tokens/salesforce.enc", "inbox/globex.csv")
    made = ("warehouse.duckdb", "pull/x/1", "shares/x/1.parquet", "inbox/.fetched/x", "notes.txt")
    files = dict.fromkeys((*kept, "quarantine/globex.csv", "shared/x/a.csv", *made), "text")
    files["inbox/secret"] = "qqsecret99"
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    with at_work(folder) as context:
        snapshot.publish(context.workspace.runs, 3, {"matches": pl.DataFrame({"id": ["a"]})}, {"made_at": str(NOW)})
        snapshot.publish(context.workspace.runs, 2, {"matches": pl.DataFrame({"id": ["b"]})}, {"made_at": str(NOW)})
        context.ledger.pin("published_run", "3")
    return folder


class at_work:  # noqa: N801  # reads as a phrase
    def __init__(self, folder: Path, now: datetime = NOW) -> None:
        workspace = open_workspace(folder)
        self._ledger = open_ledger(workspace.ledger_file, workspace.settings.workspace.id)
        self._made = lambda ledger: Context(workspace, ledger, now, "ada")

    def __enter__(self) -> Context:
        return self._made(self._ledger.__enter__())

    def __exit__(self, *error: object) -> None:
        self._ledger.__exit__(*error)


def backed_up(folder, to, now=NOW, **options):
    with at_work(folder, now) as context:
        return Path(backup(context, to, **options).path)


def held(path):
    with tarfile.open(path) as packed:
        return {member.name: packed.extractfile(member).read() for member in packed}


def test_a_backup_holds_what_cannot_be_pulled_again_and_no_secret(folder, tmp_path):
    path = backed_up(folder, tmp_path / "backups")
    found = held(path)
    wanted = {"ledger.sqlite", "overlap.toml", "lists/abc.csv", "stats/abc.parquet", "models/own.toml"}
    wanted |= {"tokens/salesforce.enc", "inbox/globex.csv", "quarantine/globex.csv", "shared/x/a.csv"}
    assert found.keys() == wanted | {"runs/3/matches.parquet", "runs/3/manifest.json", archive.MANIFEST}
    assert all(b"qqsecret99" not in content for content in found.values())
    assert json.loads(found[archive.MANIFEST])["needs"] == [
        "crm.salesforce.consumer_key = env:NO_SUCH_KEY",
        "crm.salesforce.consumer_secret = file:inbox/secret",
    ]
    assert path.stat().st_mode & 0o077 == 0


def test_a_backup_is_known_to_the_ledger_and_of_its_folder_so_many_are_kept(folder, tmp_path):
    to = tmp_path / "backups"
    made = [backed_up(folder, to, NOW + timedelta(days=day), keep=2) for day in range(4)]
    (to / "overlap-another-20260101T000000Z.tar.gz").write_bytes(b"")
    assert backed_up(folder, to, NOW + timedelta(days=5), keep=2) is not None
    assert sorted(path.name for path in to.iterdir())[0] == "overlap-another-20260101T000000Z.tar.gz"
    with at_work(folder) as context:
        assert [one.path for one in backups.known(context.ledger)] == sorted(to.glob("overlap-contoso*"))
        assert made[-1] == backups.known(context.ledger)[0].path


def test_a_backup_is_never_overwritten_and_none_is_made_while_something_is_erased(folder, tmp_path):
    path = backed_up(folder, tmp_path / "one.tar.gz")
    with pytest.raises(ConfigError, match="never overwritten"):
        backed_up(folder, path)
    with at_work(folder) as context:
        erasures.begin(context.ledger, "partner", "globex", NOW)
    with pytest.raises(GuardError, match="an erasure was begun"):
        backed_up(folder, tmp_path / "two.tar.gz")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["one.tar.gz", "workspace"]


def test_a_list_that_changes_while_it_is_packed_is_noticed_and_nothing_is_kept(folder, tmp_path):
    def cut(name: str) -> None:
        if name == "backup: written":
            partial = next(tmp_path.glob(".*.partial"))
            partial.write_bytes(partial.read_bytes()[:-40])

    steps.listen(cut)
    try:
        with pytest.raises(OverlapError, match="damaged"):
            backed_up(folder, tmp_path / "one.tar.gz")
    finally:
        steps.listen(None)
    assert [one.name for one in tmp_path.iterdir()] == ["workspace"]


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


def repacked(path, change):
    """The archive with its members as *change* leaves them."""
    members = change(held(path))
    with tarfile.open(path, "w:gz") as packed:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            packed.addfile(info, io.BytesIO(content))


def without(name):
    return lambda members: {one: content for one, content in members.items() if one != name}


@pytest.mark.parametrize(
    "change",
    [
        lambda members: members | {"lists/abc.csv": b"else"},
        without("lists/abc.csv"),
        without(archive.MANIFEST),
        lambda members: {"../outside": b"x"} | members,
        lambda members: {"extra": b"x"} | members,
        lambda members: members | {archive.MANIFEST: b"[]"},
        lambda members: members | {archive.MANIFEST: b"{"},
        lambda members: members | {archive.MANIFEST: members[archive.MANIFEST].replace(b'"format": 1', b'"format": 9')},
    ],
)
def test_a_backup_that_was_tampered_with_is_refused_and_nothing_is_in_place(folder, tmp_path, change):
    path = backed_up(folder, tmp_path / "one.tar.gz")
    repacked(path, change)
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


def test_a_list_that_a_run_takes_away_meanwhile_is_left_out(folder, tmp_path):
    there, gone = folder / "inbox" / "globex.csv", folder / "inbox" / "gone.csv"
    found = archive.write(tmp_path / "a.tar.gz", {"inbox/x": there, "inbox/y": gone}, {}, ("inbox/",))
    assert list(found["files"]) == ["inbox/x"]
    with pytest.raises(OverlapError, match="cannot be written"):
        archive.write(tmp_path / "b.tar.gz", {"lists/y": gone}, {}, ("inbox/",))
