from __future__ import annotations

import sys
import traceback
from pathlib import Path

import pytest

from config.secrets import resolve
from overlap.errors import ConfigError

SECRET = "hunter2-3MVG9-secret"


def test_reads_an_environment_variable(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("SF_SECRET", f" {SECRET}\n")
    assert resolve("env:SF_SECRET", tmp_path) == SECRET


def test_a_relative_file_starts_at_the_workspace(tmp_path, monkeypatch) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n", encoding="utf-8")
    monkeypatch.chdir("/")
    assert resolve("file:secret", tmp_path) == SECRET
    assert resolve(f"file:{tmp_path / 'secret'}", Path("/")) == SECRET


def test_a_file_may_lie_in_the_home_folder(tmp_path, monkeypatch) -> None:
    (tmp_path / "secret").write_text(SECRET, encoding="utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert resolve("file:~/secret", Path("/")) == SECRET


def test_a_command_runs_in_the_workspace_and_its_output_is_the_secret(tmp_path) -> None:
    (tmp_path / "secret").write_text(SECRET, encoding="utf-8")
    assert resolve("cmd:cat secret", tmp_path) == SECRET


def test_a_command_sees_no_shell(tmp_path) -> None:
    assert resolve("cmd:echo $HOME; echo 'a b'", tmp_path) == "$HOME; echo a b"


def test_what_follows_the_first_colon_belongs_to_the_place(tmp_path) -> None:
    assert resolve("cmd:echo a:b", tmp_path) == "a:b"


MISSING = [  # reference, what the message says
    ("env:OVERLAP_TEST_NOT_SET", "the environment has no OVERLAP_TEST_NOT_SET; set it"),
    ("file:nowhere", "nowhere is missing or empty"),
    ("file:empty", "empty is missing or empty"),
    ("file:binary", "binary cannot be read: UnicodeDecodeError"),
    ("file:.", "is missing or empty"),
    ("cmd:true", "the command printed nothing"),
    ("cmd:sh -c 'exit 3'", "the command ended with exit code 3"),
    ("cmd:no-such-command-here", "the command did not run: FileNotFoundError"),
    ("cmd:echo 'unclosed", "the command did not run: ValueError"),
]


@pytest.mark.parametrize(("reference", "says"), MISSING)
def test_a_missing_secret_is_named_by_its_place(tmp_path, reference, says) -> None:
    (tmp_path / "empty").write_text(" \n", encoding="utf-8")
    (tmp_path / "binary").write_bytes(b"\xff\xfe" + SECRET.encode())
    with pytest.raises(ConfigError) as raised:
        resolve(reference, tmp_path)
    named = "cmd:sh ..." if "exit" in reference else "cmd:echo ..." if "unclosed" in reference else reference
    assert str(raised.value).startswith(f"secret '{named}': "), "arguments of a command may be secret"
    assert says in str(raised.value)


LEAKS = [
    f'print("{SECRET}"); raise SystemExit(1)',
    f'import sys; print("{SECRET}", file=sys.stderr); raise SystemExit(1)',
    f'import sys; sys.stdout.buffer.write(b"\\xff{SECRET}")',
]


@pytest.mark.parametrize("program", LEAKS)
def test_what_a_failing_command_printed_is_in_no_message(tmp_path, program) -> None:
    (tmp_path / "tell.py").write_text(program, encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        resolve(f"cmd:{sys.executable} tell.py", tmp_path)
    assert SECRET not in "".join(traceback.format_exception(raised.value))
