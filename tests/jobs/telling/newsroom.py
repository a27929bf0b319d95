"""A workspace with a published run of a test's own making: no CRM, and no lists. Its people read real mail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl

from config.workspace import Workspace, open_workspace
from jobs.context import Context
from jobs.stores import snapshot
from jobs.stores.ledger import open_ledger
from overlap.fields import INFLUENCE
from overlap.model import Influence, Match, Opportunity, Overlap, PartnerAccount, User
from tests.overlap.frames import MOMENT, frame, rated_accounts, said

SETTINGS = """
[workspace]
id = "contoso-1a2b3c"
name = "Contoso"
[crm.salesforce]
type = "salesforce"
login_url = "https://contoso.my.salesforce.com"
consumer_key = "env:K"
consumer_secret = "env:S"
[partners.globex]
name = "Globex"
files = "inbox/globex*"
[partners.initech]
name = "Initech"
files = "inbox/initech*"
[telling]
owners = "mail"
most = 2
partner_managers = { "mail:pam@contoso.example" = ["*"] }
alerts_to = ["mail:ops@contoso.example"]
[telling.channels.mail]
type = "email"
host = "127.0.0.1"
port = PORT
security = "none"
sender = "overlap@contoso.example"
timeout_s = 5
"""
UMA, PAM, OPS = "uma@contoso.example", "pam@contoso.example", "ops@contoso.example"
Row = dict[str, Any]


def row(name: str, **changed: Any) -> Row:
    """An overlap of its own with Globex; Uma owns the account."""
    return {"key": name, "account_id": name, "account_name": name, "theirs_id": f"G-{name}"} | changed


@dataclass
class Newsroom:
    """*day* is how many days have passed; *run* the number of the published one."""

    folder: Path
    run: int = 0
    day: int = 0

    @property
    def workspace(self) -> Workspace:
        return open_workspace(self.folder)

    @contextmanager
    def context(self) -> Iterator[Context]:
        workspace = self.workspace
        with open_ledger(workspace.ledger_file, workspace.settings.workspace.id) as ledger:
            yield Context(workspace, ledger, MOMENT + timedelta(days=self.day), "ada")

    def set_up(self, old: str, new: str) -> None:
        path = self.folder / "overlap.toml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def publish(self, *overlaps: Row, **frames: pl.DataFrame) -> None:
        """A week later, a run finds just *overlaps*; *frames* take the place of those that follow from them."""
        self.run, self.day = self.run + 1, self.day + 7
        found = frame(Overlap, *overlaps)
        rows = found.to_dicts()
        ours = [{"crm": one["crm"], "id": one["account_id"], "name": one["account_name"]} for one in rows]
        known = [(one["crm"], one["id"], at, True, False) for at, one in enumerate({i["id"]: i for i in ours}.values())]
        names = ("crm", "id", "company", "speaks", "in_several")
        theirs = [{"partner": one["partner"], "id": one["theirs_id"], "name": one["theirs_name"]} for one in rows]
        made = {
            "overlaps": found,
            "accounts": rated_accounts(*({one["id"]: one for one in ours}.values())),
            "partner_accounts": frame(PartnerAccount, *theirs),
            "companies": pl.DataFrame(known, schema=names, orient="row") if known else _no_companies(),
            "opportunities": frame(Opportunity),
            "matches": frame(Match),
            "influences": frame(Influence),
            "users": frame(User, {"email": UMA}, {"id": "005L", "name": "Lee", "email": "lee@x", "is_active": False}),
            "record_partner_influence": said(INFLUENCE),
        }
        at = MOMENT + timedelta(days=self.day)
        snapshot.publish(self.workspace.runs, self.run, made | frames, {"made_at": at.isoformat()})
        with self.context() as context:
            context.ledger.pin("published_run", str(self.run))


def _no_companies() -> pl.DataFrame:
    schema = {"crm": pl.String, "id": pl.String, "company": pl.Int64, "speaks": pl.Boolean, "in_several": pl.Boolean}
    return pl.DataFrame(schema=schema)


def make(folder: Path, port: int) -> Newsroom:
    (folder / "runs").mkdir(parents=True)
    (folder / "overlap.toml").write_text(SETTINGS.replace("PORT", str(port)))
    return Newsroom(folder)
