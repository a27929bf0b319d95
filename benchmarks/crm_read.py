"""How fast an org is read, beside a bare client that only fetches the same pages; and what a later read costs.

Usage: python -m benchmarks.crm_read [--rows N] [--opportunities N] [--runs N]

The sandbox answers over HTTPS in a process of its own. Results of bulk jobs are rendered by a first pull, which is not
measured, and come from files after that: what is measured is the client. `overlap pull` is a whole process, from its
start to a warehouse on disk; so is the bare client.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks import report
from benchmarks.processes import Cost, Costs, run, summary
from benchmarks.sandboxes import salesforce
from connectors.sandbox.bulk_query import KEEP_RENDERED
from connectors.sandbox.ids import record_id
from connectors.sandbox.server import Address
from connectors.sandbox.store import Store

_NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
_LONG_AGO = "2026-01-01T00:00:00.000+0000"
_CHANGED_PERCENT, _LATER_RUNS = 1, 5
#: The goals: share of the bare client's rate, share of the first read's cost, MB.
_RATE, _AGAIN, _MEMORY = 0.7, 0.03, 1500
_SETTINGS = """
[workspace]
id = "bench-000000"
[crm.salesforce]
type = "salesforce"
login_url = "{url}"
consumer_key = "file:consumer_key"
consumer_secret = "file:consumer_secret"
ca_file = "{ca_file}"
"""


@dataclass(frozen=True, slots=True)
class Choice:
    """How much is read, and how often."""

    rows: int
    opportunities: int
    runs: int


def main() -> None:
    """Measure, print the report and save it."""
    choice = _choice()
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        with Store.open(folder / "org") as store, salesforce(folder / "org") as address:
            _fill(store, choice)
            _workspace(folder / "warm", address)
            _say("rendering pages")
            _pull(folder / "warm")
            (folder / "queries.json").write_text(json.dumps(_queries(store)), encoding="utf-8")
            taken: dict[str, list[Cost]] = {"bare client": [], "first read": []}
            for number in range(choice.runs):
                _say(f"run {number + 1} of {choice.runs}")
                taken["bare client"].append(_bare(folder, address))
                shutil.rmtree(folder / "first", ignore_errors=True)
                _workspace(folder / "first", address)
                taken["first read"].append(_pull(folder / "first"))
            calls = _calls(store)
            taken["nothing changed"] = [_pull_again(folder) for _ in range(_LATER_RUNS)]
            _change(store, choice)
            taken["1 % changed"] = [_pull_again(folder) for _ in range(_LATER_RUNS)]
            later = (_calls(store) - calls) // _LATER_RUNS
    costs = {name: summary(runs) for name, runs in taken.items()}
    found = {"rows": choice.rows, "opportunities": choice.opportunities, "calls_of_later_reads": later}
    found |= {"costs": {name: asdict(cost) for name, cost in costs.items()}}
    print(report.save("crm_read", _command(choice), found, _sections(choice, costs)))


def _fill(store: Store, choice: Choice) -> None:
    """Put companies and deals into the org; seeding checks every value, which a million rows do not need."""
    _say("filling the org")
    database = store.database
    owner = database.rows('select "Id" from "User" limit 1')[0][0]
    database.rows('update "User" set "SystemModstamp" = ?', (_LONG_AGO,))
    store.set_time(_NOW)
    database.keep(KEEP_RENDERED, True)
    accounts = "Id Name Website Phone BillingStreet BillingCity BillingPostalCode BillingCountry Industry Type OwnerId"
    deals = "Id Name AccountId StageName Amount CloseDate IsClosed IsWon OwnerId"
    with database.transaction():
        database.many(_insert("Account", accounts), _accounts(choice.rows, owner))
        database.many(_insert("Opportunity", deals), _deals(choice, owner))


def _insert(name: str, fields: str) -> str:
    names = fields.split()
    stamped = [*names, "CreatedDate", "LastModifiedDate", "SystemModstamp"]
    listed = ", ".join(f'"{field}"' for field in stamped)
    values = ", ".join(["?"] * len(names) + [f"'{_LONG_AGO}'"] * 3)
    return f'insert into "{name}" ({listed}) values ({values})'


def _accounts(rows: int, owner: str) -> Iterator[tuple[str, ...]]:
    for n in range(1, rows + 1):
        name = f"Company {n * 2_654_435_761 % 2**32:08x} {('Pumps', 'Robotics', 'Foods', 'Optics')[n % 4]} GmbH"
        site, street = f"https://www.company-{n}.example", f"Industriestraße {n % 300}"
        place = ("Hamburg", f"{n % 90_000 + 10_000}", "Germany")
        phone = f"+49 40 {n:07}"
        yield (record_id("Account", n), name, site, phone, street, *place, "Technology", "Prospect", owner)


def _deals(choice: Choice, owner: str) -> Iterator[tuple[str | float, ...]]:
    for n in range(1, choice.opportunities + 1):
        account = record_id("Account", n % choice.rows + 1)
        yield record_id("Opportunity", n), f"Deal {n}", account, "Qualification", n * 10.5, "2026-12-31", 0, 0, owner


def _change(store: Store, choice: Choice) -> None:
    """A day later, 1 % of the companies and deals have a new name."""
    at = _NOW + timedelta(days=1)
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    for name, rows in (("Account", choice.rows), ("Opportunity", choice.opportunities)):
        first = [record_id(name, n) for n in range(1, rows * _CHANGED_PERCENT // 100 + 1)]
        sql = f'update "{name}" set "Name" = "Name" || \' (new)\', "SystemModstamp" = ? where "Id" = ?'
        with store.database.transaction():
            store.database.many(sql, [(stamp, one) for one in first])
    store.set_time(at + timedelta(minutes=1))


def _queries(store: Store) -> list[str]:
    """Return the bulk queries that the pull asked, so that the bare client can ask them again."""
    return [json.loads(one.body)["query"] for one in store.requests() if one.path.endswith("jobs/query")]


def _calls(store: Store) -> int:
    return int(store.database.rows("select count(*) from request")[0][0])


def _workspace(folder: Path, address: Address) -> None:
    folder.mkdir()
    for name in ("consumer_key", "consumer_secret"):
        (folder / name).write_text(getattr(address, name))
    (folder / "overlap.toml").write_text(_SETTINGS.format(url=address.url, ca_file=address.ca_file), encoding="utf-8")


def _pull(folder: Path) -> Cost:
    return run([sys.executable, "-m", "jobs.cli.main", "pull", "--dir", str(folder)])


def _pull_again(folder: Path) -> Cost:
    """Pull into a copy of the workspace that the first read filled."""
    shutil.rmtree(folder / "later", ignore_errors=True)
    shutil.copytree(folder / "first", folder / "later")
    return _pull(folder / "later")


def _bare(folder: Path, address: Address) -> Cost:
    given = [address.url, address.ca_file, address.consumer_key, address.consumer_secret]
    return run([sys.executable, "-m", "benchmarks.peers.bare_client", *given, str(folder / "queries.json")])


def _sections(choice: Choice, costs: dict[str, Costs]) -> Iterator[str]:
    rows = choice.rows + choice.opportunities
    yield f"{choice.rows:,} accounts and {choice.opportunities:,} opportunities. Whole processes, taking turns.\n"
    head = ("what", "runs", "least s", "median s", "least CPU s", "peak MB", "CPU s per million rows")
    yield report.table(
        head,
        [
            (
                name,
                cost.runs,
                f"{cost.wall_s:.1f}",
                f"{cost.median_wall_s:.1f}",
                f"{cost.cpu_s:.1f}",
                f"{cost.peak_mb:,.0f}",
                f"{cost.cpu_s * 1e6 / rows:.1f}" if name in ("bare client", "first read") else "",
            )
            for name, cost in costs.items()
        ],
    )
    first, idle, again = costs["first read"], costs["nothing changed"], costs["1 % changed"]
    rate = costs["bare client"].wall_s / first.wall_s
    whole = again.cpu_s / first.cpu_s
    beyond = (again.cpu_s - idle.cpu_s) / first.cpu_s
    yield "## Goals\n"
    yield report.table(
        ("goal", "limit", "measured", ""),
        [
            ("rate beside the bare client", f">= {_RATE}", f"{rate:.2f}", _said(rate >= _RATE)),
            ("memory of the first read, MB", f"< {_MEMORY:,}", f"{first.peak_mb:,.0f}", _said(first.peak_mb < _MEMORY)),
            ("CPU of a read of 1 % changed, of the first", f"<= {_AGAIN}", f"{whole:.3f}", _said(whole <= _AGAIN)),
            ("... beyond a pull of nothing", f"<= {_AGAIN}", f"{beyond:.3f}", _said(beyond <= _AGAIN)),
        ],
    )


def _said(reached: bool) -> str:
    return "reached" if reached else "MISSED"


def _command(choice: Choice) -> str:
    return (
        f"python -m benchmarks.crm_read --rows {choice.rows} --opportunities {choice.opportunities} "
        f"--runs {choice.runs}"
    )


def _choice() -> Choice:
    parser = argparse.ArgumentParser(description="How fast an org is read, beside a bare HTTP client.")
    parser.add_argument("--rows", type=int, default=1_000_000, help="accounts")
    parser.add_argument("--opportunities", type=int, default=None, help="a fifth of the accounts without")
    parser.add_argument("--runs", type=int, default=2)
    given = parser.parse_args()
    deals = given.rows // 5 if given.opportunities is None else given.opportunities
    return Choice(given.rows, deals, given.runs)


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
