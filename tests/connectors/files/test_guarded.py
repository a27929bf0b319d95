"""Lists that break what reads them, or try to. Real processes, real limits."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from config.lists import ListsSettings
from config.partners import PartnerSettings
from connectors.files.guarded import Reader
from connectors.files.source import Hints, read_list
from overlap.errors import ConfigError, GuardError

Save = Callable[..., Path]
LIMITS = ListsSettings(memory_mb=600, cpu_s=20, wall_s=60, file_mb=50)
GLOBEX = PartnerSettings(name="Globex", files="lists/*")
#: Confines itself as the child does, and then tries what it must not be able to.
TRY = """
import json, sys
from connectors.files.confinement import confine, grant_cpu
confine(300)
grant_cpu(1)
{action}
"""


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader(LIMITS) as reader:
        yield reader


def confined(action: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", TRY.format(action=action)]
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def answering(*lines: bytes) -> tuple[str, ...]:
    """The command of a process that answers each request with the next of *lines*."""
    code = "import sys\nsys.stdin.buffer.readline()\n" + "".join(
        f"sys.stdin.buffer.readline(); sys.stdout.buffer.write({line!r}); sys.stdout.buffer.flush()\n" for line in lines
    )
    return (sys.executable, "-c", code)


def test_a_child_reads_what_this_process_reads(reader: Reader, save: Save) -> None:
    path = save("id;name;Since\n1;Acme;2025\n;Müller;\nshort\n1;Acme;\n")
    found, expected = reader.read_list(path, "globex", GLOBEX), read_list(path, "globex", GLOBEX)
    assert found.rows.equals(expected.rows)
    assert found.quarantine.equals(expected.quarantine)
    assert (found.rows_in, found.duplicates, found.headings, found.titles, found.notes) == (
        *(expected.rows_in, expected.duplicates, expected.headings, expected.titles),
        expected.notes,
    )


def test_a_child_says_why_a_list_is_held_and_which_setting_is_wrong(reader: Reader, save: Save) -> None:
    with pytest.raises(GuardError, match=r"^list.csv: HTML or XML"):
        reader.read_list(save("<html>"), "globex", GLOBEX)
    with pytest.raises(ConfigError, match=r"encoding 'cp9' is unknown"):
        reader.read_list(save("id,name\n1,x\n"), "globex", GLOBEX.model_copy(update={"encoding": "cp9"}))
    with pytest.raises(ConfigError, match="no such file"):
        reader.read_list(save("").with_name("none.csv"), "globex", GLOBEX)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows what a process holds")
def test_a_child_is_handed_nothing_of_ours(save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    monkeypatch.setenv("OVERLAP_SF_KEY", "secret")
    with save("mine", "mine").open() as mine, Reader(LIMITS) as fresh:
        os.set_inheritable(mine.fileno(), True)
        fresh.read_list(save("id,name\n1,x\n"), "globex", GLOBEX)
        process = Path(f"/proc/{fresh.pid}")
        environment = dict(pair.split("=", 1) for pair in (process / "environ").read_text().split("\0") if pair)
        assert set(environment) <= {
            *("HOME", "TMPDIR", "PYTHONPATH", "PYTHONUTF8", "RUST_BACKTRACE"),
            *("POLARS_MAX_THREADS", "OPENBLAS_NUM_THREADS"),
        }
        assert Path(environment["HOME"]).resolve() == (process / "cwd").resolve()
        opened = [str(link.readlink()) for link in (process / "fd").iterdir()]
        assert not [name for name in opened if name.startswith("socket:") or name.endswith("/mine")]
        folder = Path(environment["HOME"])
    assert not folder.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits memory")
def test_memory_ends_a_process_and_not_this_one() -> None:
    done = confined("x = bytearray(400_000_000)")
    assert "MemoryError" in done.stderr
    assert confined("x = bytearray(200_000_000)").returncode == 0


def test_a_file_that_a_process_writes_is_no_larger_than_its_memory(tmp_path: Path) -> None:
    path = tmp_path / "spill"
    assert "File too large" in confined(f"open({str(path)!r}, 'wb').truncate(301_000_000)").stderr
    assert confined(f"open({str(path)!r}, 'wb').truncate(299_000_000)").returncode == 0


def test_a_loop_ends_by_the_kernel() -> None:
    assert confined("while True: pass").returncode == -signal.SIGXCPU


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives a process a network of its own")
def test_nothing_of_this_machine_can_be_called() -> None:
    if subprocess.run(["unshare", "-rn", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this kernel lets nobody leave the network")
    with socket.create_server(("127.0.0.1", 0)) as server:
        call = f"import socket; socket.create_connection(('127.0.0.1', {server.getsockname()[1]}), 5)"
        assert "Network is unreachable" in confined(call).stderr


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits memory")
def test_a_list_that_takes_more_memory_than_it_may_is_held_and_the_next_one_is_read(save: Save) -> None:
    large = save("", "large.csv")
    os.truncate(large, 450_000_000)
    with Reader(LIMITS.model_copy(update={"memory_mb": 400, "file_mb": 500})) as reader:
        with pytest.raises(GuardError, match=r"^large.csv: .*more than 400 MB .* memory_mb in \[lists\]"):
            reader.read_list(large, "globex", GLOBEX)
        assert reader.pid is None
        assert reader.read_list(save("id,name\n1,x\n"), "globex", GLOBEX).rows.height == 1


@pytest.mark.parametrize("code", ["input(); input(); input()", "import signal; signal.pause()"])
def test_a_process_that_hangs_or_does_not_listen_is_ended(save: Save, code: str) -> None:
    path = save("id,name\n1,x\n")
    more_than_a_pipe_takes = Hints("list.csv", own_names=("x" * 1_000_000,))
    with (
        Reader(LIMITS.model_copy(update={"wall_s": 0.3}), (sys.executable, "-c", code)) as reader,
        pytest.raises(GuardError, match=r"not read within 0.3 s; .* wall_s in \[lists\]"),
    ):
        reader.read_list(path, "globex", GLOBEX, more_than_a_pipe_takes)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("import os; os.kill(os.getpid(), 11)", r"broke \(SIGSEGV\)"),
        ("import os; os.kill(os.getpid(), 9)", "more than 600 MB of memory"),
        ("import os; os.kill(os.getpid(), 24)", "more than 20 s of CPU"),
        ("raise MemoryError", "more than 600 MB of memory"),
        ("raise SystemExit(3)", r"broke \(exit code 3\)"),
    ],
)
def test_a_process_that_dies_holds_the_list(save: Save, code: str, says: str) -> None:
    with Reader(LIMITS, (sys.executable, "-c", code)) as reader, pytest.raises(GuardError, match=says):
        reader.read_list(save("id,name\n1,x\n"), "globex", GLOBEX)


GOOD: dict[str, Any] = {"rows_in": 0, "duplicates": 0, "headings": {}, "titles": [], "notes": []}


@pytest.mark.parametrize(
    "reply",
    [
        b"not json\n",
        b"[]\n",
        b"[" * 100_000 + b"\n",
        b'{"held": "\\ud800"}\n',
        b'{"held": 3}\n',
        b'{"held": "x", "more": 1}\n',
        json.dumps(GOOD).encode() + b"\n",  # and no tables
        json.dumps(GOOD | {"rows_in": -1}).encode() + b"\n",
        json.dumps(GOOD | {"notes": ["x"] * 2_000}).encode() + b"\n",
    ],
    ids=range(9),
)
def test_nonsense_is_not_believed(save: Save, reply: bytes) -> None:
    with Reader(LIMITS, answering(reply)) as reader, pytest.raises(GuardError, match="cannot be true"):
        reader.read_list(save("id,name\n1,x\n"), "globex", GLOBEX)


def test_what_a_process_says_cannot_steer_a_terminal(save: Save) -> None:
    reply = json.dumps({"held": "list.csv: \x1b[2J\x9bgone"}).encode() + b"\n"
    with pytest.raises(GuardError) as caught, Reader(LIMITS, answering(reply)) as reader:
        reader.read_list(save("id,name\n1,x\n"), "globex", GLOBEX)
    assert "\x1b" not in str(caught.value)
    assert "\x9b" not in str(caught.value)


def test_a_file_that_is_written_while_it_is_read_is_held(save: Save) -> None:
    path = save("id,name\n1,x\n")
    code = f"""
from pathlib import Path
from connectors.files import child
first = child.answer
def answer(request):
    said = first(request)
    Path({str(path)!r}).write_text("id,name\\n1,y\\n")
    return said
child.answer = answer
child.main()
"""
    held = pytest.raises(GuardError, match="changed while it was read")
    with held, Reader(LIMITS, (sys.executable, "-P", "-c", code)) as reader:
        reader.read_list(path, "globex", GLOBEX)


def test_a_large_file_is_refused_by_its_size(reader: Reader, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    with path.open("wb") as file:
        file.truncate(2_000_000_000)
    with pytest.raises(GuardError, match=r"2,000 MB, over the 50 MB .* file_mb"):
        reader.read_list(path, "globex", GLOBEX)


def test_a_folder_and_a_pipe_are_no_lists_and_nobody_waits_for_them(reader: Reader, tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    for name in ("folder.csv", "pipe.csv"):
        with pytest.raises(GuardError, match=f"{name}: no file but"):
            reader.read_list(tmp_path / name, "globex", GLOBEX)


def test_accounts_for_a_match_by_hand_come_the_same_way(reader: Reader, save: Save) -> None:
    found = reader.read_accounts(save("nr;firma\n7;Acme\n;Hooli\n"), "nr")
    assert (found.rows["id"].to_list(), found.dropped, found.columns["name"]) == (["7"], 1, "firma")
    assert found.rows.schema["headcount"] == pl.Int64


def test_corrections_are_put_back_in_the_same_process(reader: Reader, save: Save, tmp_path: Path) -> None:
    path = save("id,name\n1,Acme\n2,\n")
    bad = save("Row,Column,Value,Reason,Remedy,id,name\n3,name,,no company name,write it,2,Globex\n", "bad.csv")
    assert reader.correct(path, bad, GLOBEX, tmp_path / "again.csv") == 1
    assert read_list(tmp_path / "again.csv", "globex", GLOBEX).rows["name"].to_list() == ["Acme", "Globex"]
    with pytest.raises(ConfigError, match="no file of bad rows"):
        reader.correct(path, path, GLOBEX, tmp_path / "never.csv")
    assert not (tmp_path / "never.csv").exists()
