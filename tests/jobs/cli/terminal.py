"""What a person at a terminal does: call `overlap`, and read what it says and the exit code that it ends with."""

from __future__ import annotations

import json
import os
import pty
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from connectors.sandbox.store import Store
from jobs.cli.main import app
from tests.jobs.world import World, api_writes

#: Where the console script of this very environment is.
SCRIPT = Path(sys.executable).with_name("overlap")


@dataclass(frozen=True)
class Said:
    """How a call ended. *out* is data, *err* is everything else."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.out)

    @property
    def error(self) -> str:
        """The one sentence that a failed call says, without its `error:`."""
        label, _, sentence = self.err.strip().partition(" ")
        assert label == "error:", self.err
        assert "\n" not in sentence, self.err
        return sentence


def overlap(*words: object) -> Said:
    """Call the command line in this process: no start-up to wait for, and warnings are errors."""
    done = CliRunner().invoke(app, [str(word) for word in words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Said(done.exit_code, done.stdout, done.stderr)


def script(*words: object, folder: Path | None = None, **environment: str) -> Said:
    """Call the console script in a process of its own, without a terminal."""
    command = [str(SCRIPT), *map(str, words)]
    done = subprocess.run(
        command, cwd=folder, env=os.environ | environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    return Said(done.returncode, done.stdout, done.stderr)


def at_a_terminal(*words: object, answer: str = "", **environment: str) -> Said:
    """Call the console script with keyboard and errors at a terminal of 100 columns, and data in a pipe."""
    screen, keyboard = pty.openpty()
    settings = {"TERM": "xterm-256color", "COLUMNS": "100"} | environment
    command = [str(SCRIPT), *map(str, words)]
    with subprocess.Popen(
        command, stdin=keyboard, stdout=subprocess.PIPE, stderr=keyboard, text=True, env=os.environ | settings
    ) as process:
        os.close(keyboard)
        os.write(screen, answer.encode())
        shown = b"".join(_until_hung_up(screen))
        out = process.stdout.read()
    os.close(screen)
    return Said(process.returncode, out, shown.decode())


def on_a_screen(*words: object, **environment: str) -> str:
    """Return what the console script shows, codes for colours included, where even its data goes to a terminal."""
    screen, terminal = pty.openpty()
    settings = {"TERM": "xterm-256color", "COLUMNS": "100"} | environment
    command = [str(SCRIPT), *map(str, words)]
    with subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, env=os.environ | settings):
        os.close(terminal)
        shown = b"".join(_until_hung_up(screen))
    os.close(screen)
    return shown.decode()


def interrupted_at(step: str, *words: object, by: signal.Signals = signal.SIGINT) -> Said:
    """Call the command line in a process of its own and press Ctrl-C (or send another signal) at *step* of its work."""
    code = "\n".join(
        (
            "import os",
            "from jobs import steps",
            "from jobs.cli.main import main",
            f"steps.listen(lambda step: os.kill(os.getpid(), {by.value}) if step == {step!r} else None)",
            "main()",
        )
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    return Said(done.returncode, done.stdout, done.stderr)


def _until_hung_up(screen: int) -> Iterator[bytes]:
    while True:
        try:
            chunk = os.read(screen, 4096)
        except OSError:  # how Linux says that the other side has closed
            return
        if not chunk:
            return
        yield chunk


@dataclass
class Desk:
    """A person at a workspace, with the CRM behind it."""

    world: World

    @property
    def folder(self) -> Path:
        return self.world.folder

    @property
    def store(self) -> Store:
        return self.world.store

    def overlap(self, *words: object) -> Said:
        return overlap(*words, "--dir", self.folder)

    def pull(self) -> None:
        """Pull a minute later by the CRM's clock: what was stamped in the last two seconds is not read yet."""
        self.store.set_time(datetime.now(UTC) + timedelta(minutes=1))
        assert self.overlap("pull").code == 0
        self.store.set_time(None)

    def set_up(self, old: str, new: str) -> None:
        self.world.change_settings(old, new)

    def in_force(self) -> tuple[object, ...]:
        """What counts in this workspace and in its CRM: the published run, the lists, the verdicts, every write."""
        path = self.folder / "ledger.sqlite"
        with closing(sqlite3.connect(path)) as ledger:
            run = ledger.execute("select value from pins where name = 'published_run'").fetchall()
            lists = ledger.execute("select partner, as_of, sha256 from lists order by id").fetchall()
            verdicts = ledger.execute("select ours_id, theirs_id, verdict, undone_at from judgements").fetchall()
        sent = [request for request in self.store.requests() if request.method in ("PATCH", "POST")]
        sent = [request for request in sent if "/composite/" in request.path]
        return run, lists, verdicts, len(sent), len(api_writes(self.store))

    @contextmanager
    def keeps_everything(self) -> Iterator[None]:
        """Whatever goes wrong inside: nothing is written to the CRM, and what was in force stays in force."""
        before = self.in_force()
        yield
        assert self.in_force() == before
        assert self.overlap("matrix").code == 0
