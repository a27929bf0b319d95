"""A workspace of files with a ledger, and what a backup of it holds."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from config.workspace import init, open_workspace
from jobs.context import Context
from jobs.stores import snapshot
from jobs.stores.ledger import open_ledger
from jobs.upkeep.backup import backup

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
CRM = """
[crm.salesforce]
type = "salesforce"
login_url = "https://acme.my.salesforce.com"
consumer_key = "env:NO_SUCH_KEY"
consumer_secret = "file:inbox/secret"

[matching]"""


def made(folder: Path) -> Path:
    """A workspace with a file of every kind, a secret, and two runs."""
    path = init(folder, "Contoso")
    path.write_text(path.read_text().replace("\n[matching]", CRM))
    kept = ("lists/abc.csv", "stats/abc.parquet", "models/own.toml", "tokens/salesforce.enc", "inbox/globex.csv")
    not_kept = ("warehouse.duckdb", "pull/x/1", "shares/x/1.parquet", "inbox/.fetched/x", "notes.txt")
    files = dict.fromkeys((*kept, "quarantine/globex.csv", "shared/x/a.csv", *not_kept), "text")
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


def backed_up(folder: Path, to: Path, now: datetime = NOW, **options: int) -> Path:
    with at_work(folder, now) as context:
        return Path(backup(context, to, **options).path)


def held(path: Path) -> dict[str, bytes]:
    """The members of an archive."""
    with tarfile.open(path) as packed:
        return {member.name: packed.extractfile(member).read() for member in packed}


def repack(path: Path, change: Callable[[dict[str, bytes]], dict[str, bytes]]) -> None:
    """Leave an archive with its members as *change* returns them."""
    members = change(held(path))
    with tarfile.open(path, "w:gz") as packed:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            packed.addfile(info, io.BytesIO(content))
