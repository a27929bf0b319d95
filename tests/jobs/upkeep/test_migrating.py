"""A ledger of any version is brought to this one or left as it was, and what it was lies beside it."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing

import pytest

from jobs import steps
from jobs.stores import migrating
from jobs.stores.ledger import open_ledger
from overlap.errors import ConfigError, OverlapError

VERSIONS = [number for number, _ in migrating.steps_of()[:-1]]


def of_version(path, version, monkeypatch):
    monkeypatch.setattr(migrating, "HEAD", version)
    with open_ledger(path, "contoso") as ledger:
        ledger.pin("published_run", "7")
    monkeypatch.undo()
    return path


def tables(path):
    with closing(sqlite3.connect(path)) as connection:
        return sorted(sql for (sql,) in connection.execute("select sql from sqlite_master where sql is not null"))


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_is_brought_to_this_one_and_what_it_was_lies_beside_it(tmp_path, monkeypatch, version):
    path = of_version(tmp_path / "ledger.sqlite", version, monkeypatch)
    before = tables(path)
    with open_ledger(path, "contoso") as ledger:
        assert ledger.pinned("published_run") == "7"
    assert migrating.version_at(path) == migrating.HEAD
    (copy,) = migrating.copies(path)
    assert (copy.name, migrating.version_at(copy)) == (f"ledger.before-{migrating.HEAD}.sqlite", version)
    assert tables(copy) == before


@pytest.mark.parametrize("place", ["migrate: copied", "migrate: commit", "migrate: committed"])
def test_a_kill_in_the_middle_leaves_the_old_ledger_or_the_new_one(tmp_path, monkeypatch, place):
    path = of_version(tmp_path / "ledger.sqlite", "0008", monkeypatch)
    before = tables(path)
    child = os.fork()
    if child == 0:
        steps.listen(lambda name: os.kill(os.getpid(), signal.SIGKILL) if name == place else None)
        with open_ledger(path, "contoso"):
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    is_new = place == "migrate: committed"
    assert migrating.version_at(path) == (migrating.HEAD if is_new else "0008")
    assert (tables(path) == before) is not is_new
    with open_ledger(path, "contoso") as ledger:
        assert ledger.pinned("published_run") == "7"


def test_a_ledger_of_a_newer_version_is_refused_with_its_remedy_and_left_alone(tmp_path):
    path = tmp_path / "ledger.sqlite"
    with open_ledger(path, "contoso"):
        pass
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("update alembic_version set version_num = '0999'")
        connection.commit()
    with (
        pytest.raises(ConfigError, match=r"is of version 0999.*a newer one wrote it; install"),
        open_ledger(path, "contoso"),
    ):
        pass
    assert (migrating.version_at(path), migrating.copies(path)) == ("0999", [])


def test_two_copies_are_kept_and_older_ones_go(tmp_path, monkeypatch):
    path = of_version(tmp_path / "ledger.sqlite", "0008", monkeypatch)
    for number in ("0002", "0005", "0007"):
        (tmp_path / f"ledger.before-{number}.sqlite").write_bytes(b"")
    with open_ledger(path, "contoso"):
        pass
    assert [copy.name[14:18] for copy in migrating.copies(path)] == ["0007", migrating.HEAD]


def no_page(content: bytes) -> bytes:
    return content[:20_000] + bytes(40_000) + content[60_000:]


def another_key_in_the_index(content: bytes) -> bytes:
    """It can be read: only a look at the whole finds that its index has a key that its table has not."""
    assert content.count(b"of all keys") == 2
    return content.replace(b"of all keys", b"or all keys", 1)


@pytest.mark.parametrize("damage", [no_page, another_key_in_the_index])
def test_a_damaged_ledger_is_not_copied(tmp_path, damage):
    path = tmp_path / "ledger.sqlite"
    with open_ledger(path, "contoso") as ledger:
        ledger.pin("of all keys", "x" * 50_000)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(OverlapError, match="put a backup"):
        migrating.copy(path, tmp_path / "copy.sqlite")
    assert not list(tmp_path.glob("*copy*"))
