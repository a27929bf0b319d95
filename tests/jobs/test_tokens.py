"""Refresh tokens on disk: encrypted, for one reader at a time, and whole after a crash."""

from __future__ import annotations

import base64
import errno
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest

from jobs.stores.tokens import FileTokens
from overlap.errors import ConfigError

KEY = base64.b64encode(bytes(range(220, 252))).decode()  # as openssl writes it, with + and /
TOKEN = "https://acme.my.salesforce.com 5Aep861-a-refresh-token"


@pytest.fixture
def tokens(tmp_path: Path) -> FileTokens:
    return FileTokens(tmp_path / "tokens", lambda: KEY)


def kept(folder: Path, key: str = KEY) -> str | None:
    with FileTokens(folder / "tokens", lambda: key).locked("crm") as held:
        return held.read()


def written(tokens: FileTokens, token: str = TOKEN) -> None:
    with tokens.locked("crm") as held:
        held.write(token)


def forgotten(tokens: FileTokens) -> None:
    with tokens.locked("crm") as held:
        held.forget()


def test_what_is_written_is_read_by_the_next_process(tokens: FileTokens, tmp_path: Path) -> None:
    assert kept(tmp_path) is None
    written(tokens)
    assert kept(tmp_path) == TOKEN
    written(tokens, "another")
    assert kept(tmp_path) == "another"
    forgotten(tokens)
    forgotten(tokens)
    assert kept(tmp_path) is None


def test_no_byte_of_a_token_is_on_disk_and_nobody_else_may_read(tokens: FileTokens, tmp_path: Path) -> None:
    written(tokens)
    files = [path for path in (tmp_path / "tokens").iterdir() if path.is_file()]
    assert files
    for path in files:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert b"5Aep" not in path.read_bytes()
    assert stat.S_IMODE((tmp_path / "tokens").stat().st_mode) == 0o700


def test_either_alphabet_of_base64_will_do(tokens: FileTokens, tmp_path: Path) -> None:
    assert {"+", "/"} & set(KEY)
    written(tokens)
    other = KEY.replace("+", "-").replace("/", "_")
    assert kept(tmp_path, other) == TOKEN


@pytest.mark.parametrize("key", ["words", KEY[:-4], KEY[:-4] + KEY, "ä" * 44])
def test_what_is_no_key_is_refused_before_anything_is_asked(tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigError, match="no key of 32 bytes in base64; make one with 'openssl rand") as caught:
        FileTokens(tmp_path / "tokens", lambda: key).ready()
    assert key not in str(caught.value)


@pytest.mark.parametrize("damage", ["another key", "cut"])
def test_a_file_that_cannot_be_read_names_the_remedy(tokens: FileTokens, tmp_path: Path, damage: str) -> None:
    written(tokens)
    path = tmp_path / "tokens" / "crm.enc"
    key = KEY if damage == "cut" else base64.b64encode(bytes(32)).decode()
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ConfigError, match=r"put that key back, or run 'overlap connect crm'"):
        kept(tmp_path, key)


def test_a_key_that_goes_away_during_an_exchange_loses_no_token(tmp_path: Path) -> None:
    keys = iter([KEY])  # a second look at the secret raises
    with FileTokens(tmp_path / "tokens", lambda: next(keys)).locked("crm") as held:
        assert held.read() is None
        held.write(TOKEN)
    assert kept(tmp_path) == TOKEN


WRITE = """
import os, signal, sys
from pathlib import Path
from jobs import steps
from jobs.stores.tokens import FileTokens
steps.listen(lambda step: os.kill(os.getpid(), signal.SIGKILL) if step == sys.argv[3] else None)
tokens = FileTokens(Path(sys.argv[1]), lambda: sys.argv[2])
with tokens.locked("crm") as held:
    held.write("the new one")
"""


@pytest.mark.parametrize(("step", "left"), [("token: received", TOKEN), ("token: kept", "the new one")])
def test_a_crash_leaves_the_old_token_or_the_new_one_and_no_lock(
    tokens: FileTokens, tmp_path: Path, step: str, left: str
) -> None:
    written(tokens)
    arguments = [str(tmp_path / "tokens"), KEY, step]
    done = subprocess.run([sys.executable, "-c", WRITE, *arguments], cwd=Path.cwd(), check=False, env=os.environ)
    assert done.returncode == -signal.SIGKILL
    assert kept(tmp_path) == left
    written(tokens, "and on")
    assert kept(tmp_path) == "and on"


def test_a_token_that_a_full_disk_does_not_take_leaves_the_one_before(
    tokens: FileTokens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tokens)
    monkeypatch.setattr("os.fsync", Mock(side_effect=OSError(errno.ENOSPC, "no space left")))
    with pytest.raises(OSError, match="no space left"), tokens.locked("crm") as held:
        held.write("the new one")
    assert kept(tmp_path) == TOKEN


COUNT = """
import sys
from pathlib import Path
from jobs.stores.tokens import FileTokens
tokens = FileTokens(Path(sys.argv[1]), lambda: sys.argv[2])
for _ in range(20):
    with tokens.locked("crm") as held:
        held.write(str(int(held.read()) + 1))
"""


def test_processes_take_turns(tokens: FileTokens, tmp_path: Path) -> None:
    written(tokens, "0")
    command = [sys.executable, "-c", COUNT, str(tmp_path / "tokens"), KEY]
    running = [subprocess.Popen(command, cwd=Path.cwd()) for _ in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert kept(tmp_path) == "60"
