"""A backup was read back, holds what cannot be pulled again, and no secret; a restore believes no byte of it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from jobs import steps
from jobs.stores import backups, erasures
from jobs.upkeep import archive
from overlap.errors import ConfigError, GuardError, OverlapError
from tests.jobs.upkeep.archives import NOW, at_work, backed_up, held, made, repack


@pytest.fixture
def folder(tmp_path):
    return made(tmp_path / "workspace")


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


@pytest.fixture
def once_written():
    """Hand it a function, and it is called once a backup is written, before it has its name."""
    yield lambda happens: steps.listen(lambda name: happens() if name == "backup: written" else None)
    steps.listen(None)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-40]),
        lambda path: repack(path, lambda members: members | {"lists/abc.csv": b"else"}),
    ],
)
def test_a_backup_that_is_not_what_was_to_be_written_is_noticed_and_not_kept(folder, tmp_path, once_written, damage):
    once_written(lambda: damage(next(tmp_path.glob(".*.partial"))))
    with pytest.raises(OverlapError, match="damaged"):
        backed_up(folder, tmp_path / "one.tar.gz")
    assert [one.name for one in tmp_path.iterdir()] == ["workspace"]


def test_a_backup_that_an_erasure_met_is_thrown_away(folder, tmp_path, once_written):
    def erase() -> None:
        with at_work(folder) as context:
            number = erasures.begin(context.ledger, "person", "m4rk", NOW)
            erasures.end(context.ledger, number, context.workspace.ledger_file, NOW)

    once_written(erase)
    with pytest.raises(GuardError, match="something was erased while one"):
        backed_up(folder, tmp_path / "one.tar.gz")
    assert [one.name for one in tmp_path.iterdir()] == ["workspace"]


def test_a_list_that_a_run_takes_away_meanwhile_is_left_out(folder, tmp_path):
    there, gone = folder / "inbox" / "globex.csv", folder / "inbox" / "gone.csv"
    found = archive.write(tmp_path / "a.tar.gz", {"inbox/x": there, "inbox/y": gone}, {}, ("inbox/",))
    assert list(found["files"]) == ["inbox/x"]
    with pytest.raises(OverlapError, match="cannot be written"):
        archive.write(tmp_path / "b.tar.gz", {"lists/y": gone}, {}, ("inbox/",))
