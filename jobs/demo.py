"""The demo: two sandbox CRMs full of companies, two partners' lists, and the whole weekly job on them, three times.

Sales has its accounts and deals in Salesforce, marketing its prospects in HubSpot: most of these are in both.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from config.workspace import Workspace, init, open_workspace
from connectors.sandbox.demo import DemoData, load
from connectors.sandbox.hubspot.demo import fill_companies, numbers
from connectors.sandbox.hubspot.portal import Portal
from connectors.sandbox.hubspot.server import Address as PortalAddress
from connectors.sandbox.hubspot.writes import API
from connectors.sandbox.journal import Change
from connectors.sandbox.server import Address
from connectors.sandbox.store import Store
from jobs.connecting import setup_portal
from jobs.context import Report, open_context
from jobs.finding.match import MatchReport
from jobs.run import RunReport, run
from jobs.stores import snapshot
from overlap.errors import ConfigError, OverlapError
from overlap.model import SAME

FICTION: Final = "The companies are real; all relationships and people are fictional."
_SALES: Final = "salesforce"
_MARKETING: Final = "hubspot"
_SERVE: Final = {
    _SALES: "import sys; from connectors.sandbox.server import main; main(sys.argv[1])",
    _MARKETING: (
        "import sys; from connectors.sandbox.server import main; "
        "from connectors.sandbox.hubspot.server import HUBSPOT; main(sys.argv[1], 0, HUBSPOT)"
    ),
}
#: Of the prospects that sales has no deal with, every so manieth is not in its CRM yet.
_EVERY: Final = 3


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What the demo did; *found* is what its first run matched. Precision and recall are a smoke test.

    What was written, by CRM, is counted by the sandboxes, not by us: records at first, every change from then on.
    """

    folder: Path
    first: RunReport
    found: MatchReport
    precision: float
    recall: float
    written: Mapping[str, int]
    second_run_writes: Mapping[str, int]
    second_run_writes_redated: Mapping[str, int]


def demo(folder: Path, progress: Report) -> DemoReport:
    """Make a workspace in *folder* with sandboxes of its own and run the weekly job on it.

    It runs once for real, once on the very same lists, and once on the same lists with a newer date. The sandboxes'
    plans are approved without asking; a real CRM's never are.

    Raises:
        ConfigError: *folder* is in use.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(f"{folder} is not empty; choose another folder for the demo")
    today = date.today()
    data = load(today)
    with (
        Store.open(folder / _SALES) as store,
        Portal.open(folder / _MARKETING) as portal,
        _sandbox(folder / _SALES, Address) as org,
        _sandbox(folder / _MARKETING, PortalAddress) as site,
    ):
        _fill(store, portal, data)
        workspace = _workspace(folder, org, site, data)
        with open_context(workspace, progress) as context:
            setup_portal.apply(context, _MARKETING, lambda _: None)
        written = _Written(store, portal)
        _send_lists(workspace, data, today - timedelta(days=14))
        first = _run(workspace, progress)
        records = {crm: len({*map(_record, changes)}) for crm, changes in written.since_last().items()}
        _run(workspace, progress)
        second = written.since_last()
        _send_lists(workspace, data, today - timedelta(days=7))
        _run(workspace, progress)
        third = written.since_last()
    assert first.matched is not None, "what a demo cannot read, it raises"
    precision, recall = _quality(workspace, first.matched.run_id, data)
    return DemoReport(folder, first, first.matched, precision, recall, records, _counted(second), _counted(third))


def _fill(store: Store, portal: Portal, data: DemoData) -> None:
    """Give sales all accounts but some prospects, and marketing all prospects, without deals."""
    with_deals = {row["AccountId"] for row in data.records["Opportunity"]}
    parents = {row["ParentId"] for row in data.records["Account"]}
    prospects = [row["Id"] for row in data.records["Account"] if row["Type"] == "Prospect"]
    unknown = {*[one for one in prospects if one not in with_deals | parents][::_EVERY]}
    for name, rows in data.records.items():
        store.seed(name, [row for row in rows if row["Id"] not in unknown])
    portal.set_rate_limits(False)  # a week of calls in some seconds
    fill_companies(portal, data, prospects)


@contextmanager
def _sandbox(folder: Path, kind: Callable[..., Any]) -> Iterator[Any]:
    """Serve what lies in *folder*, named as its connection, and yield its address, of that *kind*."""
    command = [sys.executable, "-P", "-c", _SERVE[folder.name], str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None, "asked for a pipe"
            line = process.stdout.readline()
            if not line:
                raise OverlapError(f"the sandbox did not start (exit code {process.wait()})")
            yield kind(**json.loads(line))
        finally:
            process.terminate()
            process.wait()


def _workspace(folder: Path, org: Address, site: PortalAddress, data: DemoData) -> Workspace:
    path = init(folder, "Contoso Industries")
    secrets = {
        f"{_SALES}/consumer_key": org.consumer_key,
        f"{_SALES}/consumer_secret": org.consumer_secret,
        f"{_MARKETING}/token": site.access_token,
    }
    for name, secret in secrets.items():
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(secret, encoding="utf-8")
    tables: dict[str, Mapping[str, Any]] = {
        f"crm.{_SALES}": {
            "type": "salesforce",
            "login_url": org.url,
            "consumer_key": f"file:{_SALES}/consumer_key",
            "consumer_secret": f"file:{_SALES}/consumer_secret",
            "ca_file": f"{_SALES}/ca.pem",
            "fallback_owner": data.records["User"][0]["Id"],
        },
        f"crm.{_MARKETING}": {
            "type": "hubspot",
            "token": f"file:{_MARKETING}/token",
            "api_url": site.url,
            "ca_file": f"{_MARKETING}/ca.pem",
        },
        "companies": {"population_from": _SALES},
        "guards": {"list_quiet_s": 0},  # its lists are complete: no run of it need wait
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


class _Written:
    """What the engine has written into both sandboxes from now on."""

    def __init__(self, store: Store, portal: Portal) -> None:
        self._crms: dict[str, tuple[Store | Portal, str]] = {
            _SALES: (store, store.api_user),
            _MARKETING: (portal, API),
        }
        self._seen = {crm: len(place.history()) for crm, (place, _) in self._crms.items()}

    def since_last(self) -> dict[str, list[Change]]:
        """Return by CRM what was written since this was asked last."""
        found = {}
        for crm, (place, user) in self._crms.items():
            lines = place.history()
            found[crm] = [change for change in lines[self._seen[crm] :] if change.user == user]
            self._seen[crm] = len(lines)
        return found


def _record(change: Change) -> tuple[str, str]:
    """Return the record that was changed: of an association, the one that it begins at."""
    if change.object_name != "associations":
        return change.object_name, change.id
    start, record, *_ = change.id.split("/")
    return start, record


def _counted(changes: Mapping[str, list[Change]]) -> dict[str, int]:
    return {crm: len(lines) for crm, lines in changes.items()}


def _quality(workspace: Workspace, run_id: str, data: DemoData) -> tuple[float, float]:
    """Return precision and recall of the pairs called the same company, against the demo's own truth.

    A pair of which both CRMs have our side counts once.
    """
    (matches,) = snapshot.read(workspace.runs, run_id, "matches")
    sure = matches.filter((matches["decision"] == "match") & (matches["relation"] == SAME))
    accounts = {number: account for account, number in numbers(data).items()}
    pairs = sure.select("ours_id", "partner", "theirs_id").iter_rows()
    found = {(accounts.get(ours, ours), partner, theirs) for ours, partner, theirs in pairs}
    right = len(found & data.truth)
    return right / len(found), right / len(data.truth)
