"""The demo: a sandbox CRM full of companies, two partners' lists, and the whole weekly job on them, three times."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from config.workspace import Workspace, init, open_workspace
from connectors.sandbox.demo import DemoData, load
from connectors.sandbox.server import Address
from connectors.sandbox.store import Store
from jobs.context import Report, open_context
from jobs.run import RunReport, run
from jobs.stores import snapshot
from overlap.errors import ConfigError, OverlapError
from overlap.model import SAME

FICTION: Final = "The companies are real; all relationships and people are fictional."
_SANDBOX: Final = "salesforce"
_SERVE: Final = "import sys; from connectors.sandbox.server import main; main(sys.argv[1])"


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What the demo did. Writes are counted by the sandbox, not by us; precision and recall are a smoke test."""

    folder: Path
    first: RunReport
    precision: float
    recall: float
    written: int
    second_run_writes: int
    second_run_writes_redated: int


def demo(folder: Path, progress: Report) -> DemoReport:
    """Make a workspace in *folder* with its own sandbox Salesforce and run the weekly job on it.

    It runs once for real, once on the very same lists, and once on the same lists with a newer date. The sandbox's
    plans are approved without asking; a real CRM's never are.

    Raises:
        ConfigError: *folder* is in use.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(f"{folder} is not empty; choose another folder for the demo")
    today = date.today()
    data = load(today)
    org = folder / _SANDBOX
    with Store.open(org) as store:
        for name, rows in data.records.items():
            store.seed(name, rows)
    with _sandbox(org) as address, Store.open(org) as store:
        workspace = _workspace(folder, address, data)
        _send_lists(workspace, data, today - timedelta(days=14))
        first = _run(workspace, progress)
        written = _writes(store)
        _run(workspace, progress)
        second = _writes(store)
        _send_lists(workspace, data, today - timedelta(days=7))
        _run(workspace, progress)
        third = _writes(store)
    precision, recall = _quality(workspace, first.matched.run_id, data)
    return DemoReport(folder, first, precision, recall, written, second - written, third - second)


@contextmanager
def _sandbox(folder: Path) -> Iterator[Address]:
    command = [sys.executable, "-P", "-c", _SERVE, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None, "asked for a pipe"
            line = process.stdout.readline()
            if not line:
                raise OverlapError(f"the sandbox did not start (exit code {process.wait()})")
            yield Address(**json.loads(line))
        finally:
            process.terminate()
            process.wait()


def _workspace(folder: Path, address: Address, data: DemoData) -> Workspace:
    path = init(folder, "Contoso Industries")
    for name in ("consumer_key", "consumer_secret"):
        secret = folder / _SANDBOX / name
        secret.touch(mode=0o600)
        secret.write_text(getattr(address, name), encoding="utf-8")
    tables: dict[str, Mapping[str, Any]] = {
        "crm.salesforce": {
            "type": "salesforce",
            "login_url": address.url,
            "consumer_key": f"file:{_SANDBOX}/consumer_key",
            "consumer_secret": f"file:{_SANDBOX}/consumer_secret",
            "ca_file": f"{_SANDBOX}/ca.pem",
            "fallback_owner": data.records["User"][0]["Id"],
        }
    }
    for sent in data.lists:
        tables[f"partners.{sent.partner}"] = {
            "name": sent.name,
            "files": f"inbox/{sent.partner}*",
            "account": sent.account_id,
        }
        tables[f"partners.{sent.partner}.populations"] = sent.populations
    tables |= {f"icp.{criterion}": settings for criterion, settings in data.icp.items()}
    with path.open("a", encoding="utf-8") as file:
        file.write("\n# ── Filled in by the demo " + "─" * 93 + "\n")
        file.writelines(_table(name, values) for name, values in tables.items())
    return open_workspace(folder)


def _table(name: str, values: Mapping[str, Any]) -> str:
    """Write one TOML table; JSON's texts, numbers and lists are TOML's too."""
    lines = (
        f"{json.dumps(key, ensure_ascii=False)} = {json.dumps(value, ensure_ascii=False)}"
        for key, value in values.items()
    )
    return "\n".join((f"[{name}]", *lines, "", ""))


def _send_lists(workspace: Workspace, data: DemoData, day: date) -> None:
    """Put the partners' files into the inbox as of *day*; their bytes do not depend on it."""
    for sent in data.lists:
        name = Path(sent.file_name)
        sent.write(workspace.folder / "inbox" / f"{name.stem}-{day}{name.suffix}")


def _run(workspace: Workspace, progress: Report) -> RunReport:
    with open_context(workspace, progress) as context:
        return run(context, approve=True)


def _writes(store: Store) -> int:
    return len([change for change in store.history() if change.user == store.api_user])


def _quality(workspace: Workspace, run_id: str, data: DemoData) -> tuple[float, float]:
    """Return precision and recall of the pairs called the same company, against the demo's own truth."""
    (matches,) = snapshot.read(workspace.runs, run_id, "matches")
    sure = matches.filter((matches["decision"] == "match") & (matches["relation"] == SAME))
    found = set(sure.select("ours_id", "partner", "theirs_id").iter_rows())
    right = len(found & data.truth)
    return right / len(found), right / len(data.truth)
