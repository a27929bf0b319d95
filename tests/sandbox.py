"""A sandbox in a process of its own, as a user would run it, for tests of anything that talks to a CRM."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from requests.adapters import HTTPAdapter

import connectors
from connectors.sandbox.database import FILE_NAME
from connectors.sandbox.direct import URL, DirectAdapter
from connectors.sandbox.server import Address
from connectors.sandbox.store import Store

#: Texts, lists of texts, and moments, as they stand in a query.
_LITERALS = re.compile(r"'(?:[^'\\]|\\.)*'(?:,\s*'(?:[^'\\]|\\.)*')*|\d{4}-\d\d-\d\dT[\d:.]+Z")
_START = "from connectors.sandbox.server import main; import sys; main(sys.argv[1], int(sys.argv[2]))"


@dataclass(frozen=True)
class Sandbox:
    """A running org: *address* is how to reach it, *store* what a person sees of it, *folder* where it lives."""

    address: Address
    store: Store
    folder: Path


@contextmanager
def running_sandbox(folder: Path, port: int = 0) -> Iterator[Address]:
    """Start the sandbox in *folder*, yield its address once it listens, and stop it."""
    command = [sys.executable, "-P", "-c", _START, str(folder), str(port)]
    # The child finds the same packages as this test, installed or not.
    environment = {**os.environ, "PYTHONPATH": str(Path(connectors.__file__).parents[1])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            line = process.stdout.readline()
            assert line, f"the sandbox did not start: exit code {process.wait()}"
            yield Address(**json.loads(line))
        finally:
            process.terminate()
            assert process.wait(10) == 0


@dataclass(frozen=True)
class SharedOrg:
    """A running sandbox that many tests share, and the state that each of them starts from.

    *asked* keeps what our connector asked of it, a query of every shape.
    """

    address: Address
    folder: Path
    blank: Path
    asked: dict[str, str] = field(default_factory=dict)

    def put_back(self, state: Path | None = None) -> None:
        """Make the org what it was when *state* was kept, by default empty: milliseconds, not a start."""
        self.hear()
        for folder in filter(Path.is_dir, self.folder.iterdir()):  # results of queries, named by the ids of jobs
            shutil.rmtree(folder)
        copy_database(state or self.blank, self.folder / FILE_NAME)

    def hear(self) -> None:
        """Take in what our connector has asked since it was put back."""
        with closing(sqlite3.connect(self.folder / FILE_NAME)) as database:
            heard = database.execute("select path, query, body from request where user_agent = 'overlap'").fetchall()
        for path, query, body in heard:
            if path.endswith("/jobs/query") and body:
                query = json.loads(body)["query"]
            elif not path.rstrip("/").endswith(("/query", "/queryAll")):
                continue
            self.asked.setdefault(_LITERALS.sub("'x'", query), query)


def copy_database(source: Path, target: Path) -> None:
    """Make the SQLite file *target* say what *source* says, also while others have it open."""
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target, timeout=10)) as new:
        old.backup(new)


@contextmanager
def answered_directly(store: Store) -> Iterator[Address]:
    """Answer every requests session of this process from *store*, whatever it mounts, without sockets."""
    adapter, send = DirectAdapter(store), HTTPAdapter.send
    HTTPAdapter.send = lambda _, request, *args, **kwargs: adapter.send(request, *args, **kwargs)
    try:
        yield Address(URL, "", *store.credentials)
    finally:
        HTTPAdapter.send = send
