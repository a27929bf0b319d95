"""A HubSpot portal, pulled as every CRM is: through the warehouse, merges and sweeps included."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from config.workspace import init, open_workspace
from connectors.sandbox.hubspot.portal import Portal
from connectors.sandbox.hubspot.server import HUBSPOT
from connectors.sandbox.server import in_a_thread
from jobs.context import open_context
from jobs.pulling.pull import CrmReport, pull
from jobs.stores.warehouse import open_warehouse
from tests.connectors.contract import START

SETTINGS = """
[crm.hubspot]
type = "hubspot"
token = "file:token"
api_url = "{url}"
ca_file = "{ca_file}"
look_back_hours = 0
"""


class Week:
    """A workspace and its portal; the portal's clock moves by a minute with each pull."""

    def __init__(self, folder: Path, portal: Portal) -> None:
        self.folder = folder
        self.portal = portal
        self.time = START

    def pull(self, full: bool = False) -> CrmReport:
        self.wait(60)
        with open_context(open_workspace(self.folder)) as context:
            [report] = pull(context, full).crms
        self.wait(60)
        return report

    def wait(self, seconds: int) -> None:
        self.time += timedelta(seconds=seconds)
        self.portal.set_time(self.time)

    def known(self, stream: str) -> pl.DataFrame:
        with open_warehouse(self.folder / "warehouse.duckdb") as warehouse:
            return warehouse.frame(stream)


@pytest.fixture
def week(tmp_path: Path):
    site = tmp_path / "hubspot"
    with Portal.open(site) as portal, in_a_thread(site, HUBSPOT) as address:
        portal.set_time(START)
        portal.set_tier("professional")
        portal.set_rate_limits(False)
        folder = tmp_path / "workspace"
        settings = init(folder)
        settings.write_text(settings.read_text() + SETTINGS.format(url=address.url, ca_file=address.ca_file))
        (folder / "token").write_text(address.access_token)
        yield Week(folder, portal)


def test_a_portal_is_read_whole_and_then_by_what_changed(week) -> None:
    first, second, third = (week.portal.create("companies", {"name": name}) for name in ("Acme", "Globex", "Initech"))
    deal = week.portal.create("deals", {"dealname": "D", "dealstage": "closedwon", "pipeline": "default"})
    week.portal.associate(("deals", deal), ("companies", second))
    whole = week.pull()
    assert (whole.since, whole.rows["accounts"], whole.swept, whole.unreadable) == (None, 3, True, ())
    assert week.known("opportunities").select("account_id", "is_won").rows() == [(second, True)]

    week.portal.archive("companies", third)
    survivor = week.portal.merge("companies", first, second)
    changed = week.pull()
    assert changed.rows["accounts"] == 1
    assert (changed.deleted["accounts"], changed.merged, changed.swept) == (3, 2, False)
    assert week.known("accounts").select("id", "name").rows() == [(survivor, "Acme")]
    assert week.known("opportunities")["account_id"].to_list() == [survivor], "a deal does not change by a merge"

    quiet = week.pull()
    assert "accounts" not in quiet.rows
    assert quiet.drift == ()


def test_what_no_search_shows_is_found_by_the_sweep(week) -> None:
    acme = week.portal.create("companies", {"name": "Acme"})
    deal = week.portal.create("deals", {"dealname": "D", "dealstage": "closedwon", "pipeline": "default"})
    still = week.portal.create("deals", {"dealname": "E", "dealstage": "closedwon", "pipeline": "default"})
    week.portal.associate(("deals", still), ("companies", acme))
    week.pull()
    week.portal.associate(("deals", deal), ("companies", acme))  # that changes no deal
    week.portal.set_index_lag(10**9)  # an index that never catches up
    late = week.portal.create("companies", {"name": "Late"})
    assert week.pull().rows.get("accounts", 0) == 0
    week.wait(8 * 24 * 3600)
    found = week.pull()
    assert (found.swept, found.overlooked) == (True, 2)
    assert week.known("opportunities").select("id", "account_id").rows() == [(deal, acme), (still, acme)]
    assert late in week.known("accounts")["id"]
