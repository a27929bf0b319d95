"""A small world: an org with ten companies, two partners that send lists, and a calendar that tests turn by hand."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from config.workspace import Workspace, open_workspace
from connectors.sandbox.ids import record_id
from connectors.sandbox.server import Address
from connectors.sandbox.store import Store
from jobs import run
from jobs.context import Context
from jobs.finding import match
from jobs.finding.match import MatchReport
from jobs.pulling import pull
from jobs.pulling.pull import PullReport
from jobs.run import RunReport
from jobs.stores import schema
from jobs.stores.ledger import RunRecord, open_ledger
from jobs.writeback import apply, plan
from jobs.writeback.apply import ApplyReport
from overlap.plan import SyncPlan

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
COMPANIES = (  # number is the place, from 1
    ("Alder Pumps", "alderpumps.com", "Germany"),
    ("Birch Valves", "birchvalves.com", "Germany"),
    ("Cedar Robotics", "cedarrobotics.com", "Germany"),
    ("Dogwood Ceramics", "dogwoodceramics.com", "France"),
    ("Elm Logistics", "elmlogistics.com", "France"),
    ("Fir Optics", "firoptics.com", "France"),
    ("Ginkgo Textiles", "ginkgotextiles.com", "Spain"),
    ("Hazel Foundry", "hazelfoundry.com", "Spain"),
    ("Iris Turbines", "iristurbines.com", "Spain"),
    ("Juniper Castings", "junipercastings.com", "Spain"),
)
GLOBEX, INITECH = "globex", "initech"
LISTED = (0, 1, 2, 3, 4, 5)  # whom Globex lists; Initech lists the first two
SELLER, OTHER_SELLER, LEFT = (record_id("User", number) for number in (1, 2, 3))
GLOBEX_ACCOUNT = record_id("Account", 90)
OURS = ("Overlap_Partner__c", "Partner_Overlap__c", "Partner_Influence__c")
FLAT = ("Account", "Opportunity")

SETTINGS = """
[workspace]
id = "contoso-1a2b3c"
name = "Contoso"

[lists]
separate_process = false  # as they are read in tests/connectors/files, hundreds of times quicker

[crm.salesforce]
type = "salesforce"
login_url = "{url}"
consumer_key = "file:consumer_key"
consumer_secret = "file:consumer_secret"
ca_file = "{ca_file}"

[partners.globex]
name = "Globex"
files = "inbox/globex*"
account = "{globex_account}"
expected_every_days = 35

[partners.initech]
name = "Initech"
files = "inbox/initech*"
expected_every_days = 35
"""

Row = dict[str, Any]


def account_id(number: int) -> str:
    """The id of the company at place *number* of `COMPANIES`."""
    return record_id("Account", number + 1)


def deal_id(number: int) -> str:
    """The id of the open deal with that company."""
    return record_id("Opportunity", number + 1)


def listed(*numbers: int, **changed: Any) -> list[Row]:
    """Rows of a partner's list on these companies; *changed* goes into each."""
    return [
        {
            "Account ID": f"X-{number}",
            "Account Name": COMPANIES[number][0],
            "Website": COMPANIES[number][1],
            "Country": COMPANIES[number][2],
            "Status": "Customer",
            "Partner Influence": "",
            "Influence Date": "",
        }
        | changed
        for number in numbers
    ]


def seed(store: Store) -> None:
    """Put users, companies and deals into the org, none of them touched for a month."""
    long_ago = {"CreatedDate": "2026-02-01T10:00:00.000+0000", "SystemModstamp": "2026-02-01T10:00:00.000+0000"}
    people = ((SELLER, "Ada", True), (OTHER_SELLER, "Bob", True), (LEFT, "Cyd", False))
    store.seed(
        "User",
        [
            {"Id": number, "Name": name, "LastName": name, "Username": f"{name}@contoso.example", "IsActive": active}
            | long_ago
            for number, name, active in people
        ],
    )
    # The org's own users too: a stamp of the wall clock lies in this world's future, and nothing would ever read it.
    store.seed("User", [{"Id": user["Id"], **long_ago} for user in store.records("User")])
    companies = [
        {"Id": account_id(at), "Name": name, "Website": site, "BillingCountry": country, "OwnerId": SELLER}
        for at, (name, site, country) in enumerate(COMPANIES)
    ]
    companies.append({"Id": GLOBEX_ACCOUNT, "Name": "Globex Corporation", "OwnerId": SELLER})
    store.seed("Account", [company | long_ago for company in companies])
    deals = [
        {
            "Id": deal_id(at),
            "AccountId": account_id(at),
            "Name": f"{COMPANIES[at][0]} 2026",
            "StageName": "Qualification",
            "CloseDate": "2026-06-30",
            "OwnerId": SELLER,
        }
        for at in (0, 1, 2)
    ]
    store.seed("Opportunity", [deal | long_ago for deal in deals])


def make_workspace(folder: Path, address: Address, settings: str) -> None:
    """Make *folder* a workspace that knows the sandbox at *address*."""
    for part in ("inbox", "lists", "quarantine", "runs"):
        (folder / part).mkdir(parents=True)
    for name in ("consumer_key", "consumer_secret"):
        (folder / name).write_text(getattr(address, name))
    (folder / "overlap.toml").write_text(settings, encoding="utf-8")


@dataclass
class World:
    """A workspace, its org, and the time that both live in."""

    folder: Path
    store: Store
    now: datetime = START

    @property
    def workspace(self) -> Workspace:
        return open_workspace(self.folder)

    def account_id(self, number: int) -> str:
        """The id of the company at place *number* of `COMPANIES`."""
        return account_id(number)

    def deal_id(self, number: int) -> str:
        """The id of the open deal with that company."""
        return deal_id(number)

    # --- time, lists and settings -----------------------------------------------------------------------------------

    def wait(self, **span: float) -> None:
        self.now += timedelta(**span)
        self.store.set_time(self.now)

    def send(self, partner: str, rows: Collection[Row]) -> None:
        """The partner sends *rows* as of today; a second list of one day replaces the first."""
        path = self.folder / "inbox" / f"{partner}-{self.now:%Y-%m-%d}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, listed(0)[0])
            writer.writeheader()
            writer.writerows(rows)

    def change_settings(self, old: str, new: str) -> None:
        path = self.folder / "overlap.toml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    # --- the jobs ---------------------------------------------------------------------------------------------------

    @contextmanager
    def context(self, now: datetime | None = None) -> Iterator[Context]:
        workspace = self.workspace
        with open_ledger(workspace.ledger_file, workspace.settings.workspace.id) as ledger:
            yield Context(workspace, ledger, now or self.now, "ada")

    def run(self, approve: bool = True, lists: Collection[str] = ()) -> RunReport:
        self.wait(minutes=1)  # a pull reads up to two seconds ago, and time stands still between the jobs of a test
        with self.context() as context:
            return run.run(context, approve, lists)

    def pull(self, full: bool = False, approve: Collection[str] = ()) -> PullReport:
        self.wait(minutes=1)
        with self.context() as context:
            return pull.pull(context, full, approve)

    def match(self) -> MatchReport:
        with self.context() as context:
            return match.match(context)

    def plan(self) -> SyncPlan:
        with self.context() as context:
            return plan.plan(context, "salesforce")

    def apply(self, planned: SyncPlan, approve: bool = False, gone: str | None = None) -> ApplyReport:
        with self.context() as context:
            return apply.apply(context, planned.id, approve, gone)

    def look(self) -> SyncPlan:
        """Pull, match and plan, and write nothing."""
        self.pull()
        self.match()
        return self.plan()

    def runs(self) -> list[RunRecord]:
        with self.context() as context:
            return context.ledger.last_runs()

    def audit(self) -> list[tuple[str, str, Row]]:
        """Who did what to what, from the first line on."""
        with self.context() as context, context.ledger.engine.connect() as connection:
            return [(row.who, row.did, json.loads(row.what)) for row in connection.execute(select(schema.audit))]

    # --- what the org says ------------------------------------------------------------------------------------------

    def overlap(self, number: int, partner: str = "Globex") -> Row | None:
        """The record of the overlap of one company with *partner*, None if there is none."""
        return self._one("Partner_Overlap__c", Account__c=account_id(number), Partner_Name__c=partner)

    def influence(self, number: int) -> Row | None:
        """The record of influence on the deal with one company."""
        return self._one("Partner_Influence__c", Opportunity__c=deal_id(number))

    def account(self, number: int) -> Row:
        found = self._one("Account", Id=account_id(number))
        assert found is not None
        return found

    def deal(self, number: int) -> Row:
        found = self._one("Opportunity", Id=deal_id(number))
        assert found is not None
        return found

    def _one(self, object_name: str, **wanted: Any) -> Row | None:
        alive = (record for record in self.store.records(object_name) if not record["IsDeleted"])
        found = [record for record in alive if wanted.items() <= record.items()]
        assert len(found) <= 1, found
        return found[0] if found else None

    # --- what went over the wire ------------------------------------------------------------------------------------

    def writes(self) -> list[Row]:
        """Every record that was sent to the org, as it stood in its request."""
        return sent_records(self.store)


def sent_records(store: Store) -> list[Row]:
    """Every record that the API was sent, as it stood in its request, or in its row of a bulk job's file."""
    records: list[Row] = []
    for request in store.requests():
        if request.method == "PUT":
            job = request.path.split("/")[-2]
            rows = csv.DictReader(io.StringIO(request.body, newline=""))
            filled = ({name: cell for name, cell in row.items() if cell} for row in rows)
            records += [{"attributes": {"type": bulk_objects(store)[job]}, **row} for row in filled]
        elif request.method in ("POST", "PATCH") and request.body.startswith("{"):
            records += json.loads(request.body).get("records", [])
    return records


def bulk_objects(store: Store) -> dict[str, str]:
    """The object of each bulk job that writes, by the job's id."""
    jobs = (json.loads(job) for (job,) in store.database.rows("select job from ingest_job"))
    return {job["id"]: job["object"] for job in jobs}


def api_writes(store: Store) -> list[Any]:
    """Every write of the API user that the org took, with or without effect."""
    return [change for change in store.history() if change.user == store.api_user]


def said(store: Store) -> dict[tuple[str, str], Mapping[str, Any]]:
    """What the org says in our objects and flat fields, by object and key: no ids of ours, no time stamps."""
    keys = {record["Id"]: record[_key(name)] for name in OURS for record in store.records(name)}
    everything: dict[tuple[str, str], Mapping[str, Any]] = {}
    for name in (*OURS, *FLAT):
        for record in store.records(name):
            kept = {field: keys.get(value, value) for field, value in record.items() if _is_fact(name, field)}
            everything[name, str(keys.get(record["Id"], record["Id"]))] = kept
    return everything


def _key(object_name: str) -> str:
    return {
        "Overlap_Partner__c": "Partner_Key__c",
        "Partner_Overlap__c": "Overlap_Key__c",
        "Partner_Influence__c": "Influence_Key__c",
    }[object_name]


def _is_fact(object_name: str, name: str) -> bool:
    if name.endswith("__c") or name == "IsDeleted":
        return True
    return object_name in OURS and (name == "OwnerId" or (name == "Name" and "Influence" not in object_name))
