"""What it takes to read a large HubSpot portal, to read it again, and to write to it: calls, CPU and memory.

Usage: python -m benchmarks.crm_hubspot [--companies N] [--equal N] [--listed N]

A sandbox portal of Enterprise, served over HTTPS by a process of its own; every command of the weekly job is a process
too, and what is measured is that one. The portal limits no calls per second, as the sandbox's own speed is in the way
already; how long HubSpot's limits alone would take is said beside. A partner lists some of the companies: an overlap
and the properties of a company are to be written for each.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from benchmarks import made_up, report
from benchmarks.processes import Cost, run
from benchmarks.sandboxes import hubspot, peak_mb
from config.workspace import open_workspace
from connectors.hubspot.columns import STANDARD
from connectors.sandbox.hubspot.errors import instant
from connectors.sandbox.hubspot.portal import Portal
from connectors.sandbox.hubspot.schema import COMPANIES
from connectors.sandbox.hubspot.server import Address
from connectors.sandbox.hubspot.tiers import SEARCHES_PER_S
from jobs.stores.warehouse import open_warehouse
from overlap.fields import BY_NAME

_CHANGED_PERCENT: Final = 1
#: Records per call: of a list and of a batch, and of a search.
_BATCH, _FOUND = 100, 200
#: What HubSpot allows a private app of Professional or Enterprise: calls of any kind in ten seconds.
_CALLS_PER_10_S: Final = 190
_SWEEP_DAYS: Final = 7
#: How the phone number of a company begins that was edited.
_PHONE: Final = "+33 1 "
#: What a call is for, by its method and path.
_KINDS: Final = {
    r"/search$": "searches",
    r"/associations/": "associations",
    r"/objects/.*/batch/read$": "looks",
    r"/objects/.*/batch/": "writes",
    r"GET .*/objects/": "lists",
    "": "definitions and the like",
}
#: What the history calls records.
_RECORDS: Final = frozenset({*STANDARD.values(), *BY_NAME})


@dataclass(frozen=True, slots=True)
class Choice:
    """How many companies there are, how many of them were changed in one millisecond, and how many a partner lists."""

    companies: int
    equal: int
    listed: int

    @property
    def changed(self) -> int:
        """How many companies change one by one."""
        return self.companies * _CHANGED_PERCENT // 100

    @property
    def command(self) -> str:
        """What to type to get this again."""
        numbers = f"--companies {self.companies} --equal {self.equal} --listed {self.listed}"
        return f"python -m benchmarks.crm_hubspot {numbers}"


@dataclass(frozen=True, slots=True)
class Step:
    """What one command took. *records*: read or written; *least*: the calls that these take at full pages."""

    name: str
    records: int
    calls: Mapping[str, int]
    least: int
    writes: int
    cost: Cost

    @property
    def total(self) -> int:
        """How many calls it made."""
        return sum(self.calls.values())

    @property
    def least_s(self) -> float:
        """How many seconds it takes at HubSpot's limits, if nothing else takes time."""
        return max(self.total * 10 / _CALLS_PER_10_S, self.calls.get("searches", 0) / SEARCHES_PER_S)


class Bench:
    """A portal, a workspace, and what each step so far took."""

    def __init__(self, portal: Portal, folder: Path) -> None:
        self.portal = portal
        self.folder = folder
        self.steps: list[Step] = []

    def step(self, name: str, *words: str, read: int = 0, page: int = _FOUND) -> None:
        """Run ``overlap`` with *words* and keep what it took; it must *read* so many records, *page* in a call.

        What it writes is looked at before: two calls for each batch.
        """
        print(name, file=sys.stderr, flush=True)
        calls, lines = self._last("request"), self.lines()
        cost = run([sys.executable, "-m", "jobs.cli.main", *words, "--dir", str(self.folder)])
        written = self._written(lines)
        least = _pages(read, page) + 2 * sum(_pages(records, _BATCH) for records in written.values())
        writes = sum(written.values())
        self.steps.append(Step(name, read + writes, self._calls(calls), least, writes, cost))

    def days_later(self, days: int) -> None:
        """Let the portal's clock run on: what is behind is behind the look-back of the next read too."""
        self.portal.advance(timedelta(days=days))

    def edit(self, first: int, last: int) -> None:
        """Give the companies from *first* to *last* another phone number, all of them in one millisecond."""
        sql = f'update "{COMPANIES.type_id}" set p_phone = ? || id, p_hs_lastmodifieddate = ? where id between ? and ?'
        self.portal.database.rows(sql, (_PHONE, instant(self.portal.database.now()), first, last))
        self.portal.advance(timedelta(minutes=1))

    def lines(self) -> int:
        """Return how many lines the portal's history has: every change, of associations too."""
        return self._last("history")

    def _last(self, table: str) -> int:
        return int(self.portal.database.rows(f"select coalesce(max(number), 0) from {table}")[0][0])

    def _calls(self, since: int) -> dict[str, int]:
        rows = self.portal.database.rows("select method || ' ' || path from request where number > ?", (since,))
        kinds = (next(kind for pattern, kind in _KINDS.items() if re.search(pattern, said)) for (said,) in rows)
        return dict(Counter(kinds).most_common())

    def _written(self, since: int) -> dict[str, int]:
        sql = "select object, count(*) from history where number > ? and user = 'api' group by object"
        return {name: records for name, records in self.portal.database.rows(sql, (since,)) if name in _RECORDS}


def _pages(records: int, page: int) -> int:
    return -(-records // page)


def main() -> None:
    """Measure, print the report and save it."""
    choice, load = _choice(), _load()
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        with Portal.open(folder / "portal") as portal, hubspot(folder / "portal") as (address, process):
            _fill(portal, choice)
            _workspace(folder / "workspace", address, choice)
            bench = Bench(portal, folder / "workspace")
            _measure(bench, choice)
            server_mb = round(peak_mb(process))
        _require_landed(folder / "workspace", choice)
    load = f"{load} at the beginning, {_load()} at the end"
    found = {"companies": choice.companies, "equal": choice.equal, "listed": choice.listed}
    found |= {"load": load, "sandbox_peak_mb": server_mb, "steps": [asdict(step) for step in bench.steps]}
    print(report.save("crm_hubspot", choice.command, found, _sections(choice, bench.steps, server_mb, load)))


def _fill(portal: Portal, choice: Choice) -> None:
    """Found the crowd, and give each company a name that is like no other's."""
    portal.set_rate_limits(False)
    portal.crowd(choice.companies, choice.equal)
    names = (
        (made_up.name(number).title(), made_up.domain(number), made_up.COUNTRY, number)
        for number in range(1, choice.companies + 1)
    )
    sql = f'update "{COMPANIES.type_id}" set p_name = ?, p_domain = ?, p_country = ? where id = ?'
    with portal.database.transaction():
        portal.database.many(sql, names)


def _workspace(folder: Path, address: Address, choice: Choice) -> None:
    crm = {"type": "hubspot", "token": "file:token", "api_url": address.url, "ca_file": address.ca_file}
    made_up.workspace(folder, crm, {"token": address.access_token}, range(1, choice.listed + 1))


def _measure(bench: Bench, choice: Choice) -> None:
    """Live through a week: what is read, matched and written, and what a second run finds to do."""
    everything = choice.companies
    bench.step("setup", "setup", "hubspot", "--apply", "--yes")
    bench.step("first read", "pull", read=everything, page=_BATCH)
    bench.days_later(2)
    bench.step("nothing changed", "pull")
    bench.edit(1, choice.equal)
    bench.step(f"{choice.equal:,} changed in one moment", "pull", read=choice.equal)
    bench.days_later(2)
    bench.step("nothing changed since, but the look-back", "pull", read=choice.equal)
    bench.edit(everything - choice.changed + 1, everything)
    bench.step(f"{_CHANGED_PERCENT} % changed", "pull", read=choice.changed)
    bench.step("match", "match")
    bench.step("plan", "plan")
    bench.step("apply", "apply", "1", "--approve")
    written, lines = bench.steps[-1].writes, bench.lines()
    bench.step("second run, nothing new", "run", read=choice.changed + written)
    if bench.lines() != lines:
        raise SystemExit("the second run wrote into the portal, and there was nothing new")
    bench.days_later(_SWEEP_DAYS)
    bench.step("a week later: every id compared", "pull", read=everything + written - choice.listed, page=_BATCH)


def _require_landed(folder: Path, choice: Choice) -> None:
    """Make sure that every company is there, as it was edited last: what takes few calls must not take fewer rows."""
    with open_warehouse(open_workspace(folder).warehouse_file) as warehouse:
        phones = warehouse.frame("accounts")["phone"]
    edited = int(phones.str.starts_with(_PHONE).sum())
    if (phones.len(), edited) != (choice.companies, choice.equal + choice.changed):
        raise SystemExit(f"of {choice.companies:,} companies {phones.len():,} were landed, {edited:,} as edited")


def _sections(choice: Choice, steps: Sequence[Step], server_mb: int, load: str) -> Iterator[str]:
    yield (
        f"{choice.companies:,} companies, {choice.equal:,} of them changed in one millisecond; a partner lists "
        f"{choice.listed:,}. Each line is one command, a process of its own.\n"
    )
    head = (
        "what",
        "records",
        "calls",
        "least",
        "ratio",
        "records written",
        "s",
        "CPU s",
        "peak MB",
        "s by HubSpot's limit",
    )
    yield report.table(head, [_row(step) for step in steps])
    yield (
        "\nLeast: full pages of the records alone (100 of a list or a batch, 200 of a search), and for what is written "
        "a look and a write of each batch. What the other calls were:\n"
    )
    kinds = list(dict.fromkeys(_KINDS.values()))
    yield report.table(
        ("what", *kinds), [(step.name, *(f"{step.calls.get(kind, 0):,}" for kind in kinds)) for step in steps]
    )
    yield (
        f"\nBy HubSpot's limits, {_CALLS_PER_10_S} calls in ten seconds and {SEARCHES_PER_S} searches in one, it "
        "takes at least the last column of the first table. The second run begins within a minute of the apply, and "
        f"looks at what that wrote once more. The sandbox held {server_mb:,} MB at most, and shares the machine: trust "
        f"CPU s more than seconds. Load of the machine, of which others have a part: {load}.\n"
    )


def _row(step: Step) -> tuple[object, ...]:
    cost = step.cost
    figures = (f"{cost.wall_s:,.1f}", f"{cost.cpu_s:,.1f}", f"{cost.peak_mb:,.0f}")
    ratio = f"{step.total / step.least:.2f}" if step.least else ""
    counts = (f"{step.records:,}", f"{step.total:,}", f"{step.least:,}", ratio, f"{step.writes:,}")
    return (step.name, *counts, *figures, f"{step.least_s:,.0f}")


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


def _choice() -> Choice:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--companies", type=int, default=250_000)
    parser.add_argument("--equal", type=int, default=None, help="changed in one millisecond; 24 %% without")
    parser.add_argument("--listed", type=int, default=None, help="listed by the partner; 4 %% without")
    given = parser.parse_args()
    equal = given.companies * 24 // 100 if given.equal is None else given.equal
    listed = given.companies * 4 // 100 if given.listed is None else given.listed
    return Choice(given.companies, equal, listed)


if __name__ == "__main__":
    main()
