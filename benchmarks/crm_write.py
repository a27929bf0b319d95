"""How many API calls it takes to write many records to a CRM, beside the least possible; and again with nothing new.

Usage: python -m benchmarks.crm_write [--rows N]

A sandbox org gets N/2 made-up accounts, a partner lists all of them: N records are to be written (an overlap and the
fields of an account each). The whole weekly job runs on it, twice. Seconds say as much about the sandbox, a Python
server on the same machine, as about us; calls are what a real org counts.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic

from benchmarks import made_up, report
from benchmarks.sandboxes import salesforce
from config.workspace import Workspace, open_workspace
from connectors.sandbox.server import Address
from connectors.sandbox.store import Request, Store
from jobs.context import open_context
from jobs.finding.match import match
from jobs.pulling.pull import pull
from jobs.run import run
from jobs.writeback.apply import apply
from jobs.writeback.plan import plan

#: Records on a page of a query's answer, and calls of a bulk job: open, upload, close, a look, three results.
_PAGE, _CALLS_OF_A_JOB = 2_000, 6


@dataclass(frozen=True, slots=True)
class Step:
    """What one step of the work took. *read*: calls that only read; *write*: all others, sign-in left out."""

    name: str
    records: int
    read: int
    write: int
    seconds: float


def main() -> None:
    """Measure, print the report and save it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000, help="records to write")
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as work:
        steps, least, objects = measure(rows, Path(work))
    write = steps[2]
    ratio = (write.read + write.write) / least
    found = {"rows": rows, "least_calls": least, "ratio": round(ratio, 3), "records": objects}
    found |= {"steps": [asdict(step) for step in steps]}
    print(report.save("crm_write", f"python -m benchmarks.crm_write --rows {rows}", found, _sections(steps, least)))


def measure(rows: int, work: Path) -> tuple[list[Step], int, dict[str, int]]:
    """Return what each step took, the least calls that the writing can take, and its records by object."""
    steps = []
    with salesforce(work / "org") as address, Store.open(work / "org") as store:
        workspace = _workspace(work / "workspace", address, store, rows // 2)
        with open_context(workspace) as context, _counted(store, steps, "pull and match"):
            pull(context)
            match(context)
        with open_context(workspace) as context, _counted(store, steps, "plan"):
            planned = plan(context, "salesforce")
        with open_context(workspace) as context, _counted(store, steps, "apply"):
            done = apply(context, planned.id, approve=True)
        assert done.written == len(planned.changes), done.states
        with open_context(workspace) as context, _counted(store, steps, "second run, nothing new"):
            again = run(context)
        assert again.plans[0].changes == ()
    objects = Counter(change.object_name for change in planned.changes)
    return steps, _least(objects), dict(objects)


def _least(objects: Counter[str]) -> int:
    """Return the fewest calls: ask for the org, describe each object, look at each record, write it.

    New records are looked for with one query that finds none, records of the CRM's own by pages. Few records take one
    call to write, many a job.
    """
    calls = 1
    for name, records in objects.items():
        look = -(-records // _PAGE) if name in ("account", "opportunity") else 1
        calls += 1 + look + (_CALLS_OF_A_JOB if records >= _PAGE else -(-records // 200))
    return calls


@contextmanager
def _counted(store: Store, steps: list[Step], name: str) -> Iterator[None]:
    before, writes, began = len(store.requests()), len(store.history()), monotonic()
    yield
    seconds = monotonic() - began
    made = [request for request in store.requests()[before:] if not request.path.endswith("/oauth2/token")]
    write = sum(map(_is_writing, made))
    steps.append(Step(name, len(store.history()) - writes, len(made) - write, write, round(seconds, 1)))


def _is_writing(request: Request) -> bool:
    if "/jobs/query" in request.path:  # a bulk job that reads is opened by a POST
        return False
    return request.method in ("POST", "PATCH", "PUT", "DELETE") or "/jobs/ingest" in request.path


def _workspace(folder: Path, address: Address, store: Store, companies: int) -> Workspace:
    long_ago = {"CreatedDate": "2020-01-01T10:00:00.000+0000", "SystemModstamp": "2020-01-01T10:00:00.000+0000"}
    rows = (
        {"Name": made_up.name(at).title(), "Website": f"www.{made_up.domain(at)}", "BillingCountry": made_up.COUNTRY}
        for at in range(companies)
    )
    store.seed("Account", [row | long_ago for row in rows])
    crm = {"type": "salesforce", "login_url": address.url, "ca_file": address.ca_file}
    crm |= {"consumer_key": "file:consumer_key", "consumer_secret": "file:consumer_secret"}
    secrets = {"consumer_key": address.consumer_key, "consumer_secret": address.consumer_secret}
    made_up.workspace(folder, crm, secrets, range(companies))
    return open_workspace(folder)


def _sections(steps: list[Step], least: int) -> Iterator[str]:
    rows = [(step.name, f"{step.records:,}", step.read, step.write, f"{step.seconds:,.1f}") for step in steps]
    yield report.table(("step", "records written", "reading calls", "writing calls", "s"), rows)
    made = steps[2].read + steps[2].write
    yield (
        f"\nApply made {made:,} calls; the least possible is {least:,} (ask for the org, describe each object, look at "
        f"every record at 2,000 to the page, and one bulk job per object): ratio {made / least:.3f}.\n"
    )


if __name__ == "__main__":
    main()
