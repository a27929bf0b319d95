"""A workspace with an org and a portal, restored: each is settled by itself, and nothing is written before."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import stamina

from connectors.sandbox.hubspot.database import FILE_NAME
from connectors.sandbox.hubspot.portal import Portal
from connectors.sandbox.store import Store
from jobs.connecting import setup_portal
from jobs.upkeep.backup import backup
from jobs.upkeep.restore import restore
from tests.jobs.conftest import Org, new_world
from tests.jobs.portals import CONNECTION, said_by, small_portal
from tests.jobs.upkeep.test_restore import differing
from tests.jobs.world import GLOBEX, INITECH, World, api_writes, listed, said
from tests.sandbox import copy_database

SECRETS = ("consumer_key", "consumer_secret", "token")


@dataclass
class Both(World):
    """A workspace, its org and its *portal*, which have the same companies."""

    portal: Portal | None = None

    def wait(self, **span: float) -> None:
        super().wait(**span)
        assert self.portal is not None
        self.portal.set_time(self.now)

    def a_week(self, listing: int, status: str) -> None:
        self.wait(days=8)
        self.send(GLOBEX, listed(*range(listing), Status=status))
        self.send(INITECH, listed(0, 1, Status="Prospect"))

    def says(self) -> dict[Any, Any]:
        """What both CRMs say."""
        assert self.portal is not None
        return {**said(self.store), **said_by(self.portal)}

    def writes_so_far(self) -> int:
        assert self.portal is not None
        return len(api_writes(self.store)) + sum(change.user == "api" for change in self.portal.history())

    def moved(self, folder: Path, now: datetime) -> Both:
        """This workspace as it is in *folder*, and what both CRMs are at *now*."""
        return Both(folder, self.store, now, self.portal)


@pytest.fixture
def both(org: Org, store: Store, tmp_path: Path) -> Iterator[Both]:
    world = new_world(org, store, tmp_path / "workspace")
    with (
        small_portal(tmp_path / "portal", "enterprise") as (portal, address),
        stamina.set_testing(True, attempts=2, cap=True),
    ):
        connection = CONNECTION.format(url=address.url, ca_file=address.ca_file, api="auto")
        world.change_settings("[partners.globex]", f"{connection}\n[partners.globex]")
        (world.folder / "token").write_text(address.access_token)
        with world.context() as context:
            setup_portal.apply(context, "hubspot", lambda _: None)
        yield Both(world.folder, store, world.now, portal)


def test_after_a_restore_each_crm_is_settled_by_itself_and_says_what_it_would_have(
    both: Both, org: Org, tmp_path: Path
) -> None:
    both.run()
    both.portal.edit("companies", "5", {"overlap_partner_count": "7"}, "Bob")
    both.store.edit("Account", both.account_id(5), {"Overlap_Partner_Count__c": 8}, user="Bob")
    both.a_week(6, "Customer")
    both.run()
    with both.context() as context:
        kept = Path(backup(context, tmp_path / "backups").path)
    both.a_week(8, "Prospect")
    both.run()
    shutil.copytree(both.folder / "inbox", tmp_path / "inbox")
    org_then, then = org.keep(both.folder, both.now), both.now
    copy_database(tmp_path / "portal" / FILE_NAME, tmp_path / "portal.sqlite")
    both.a_week(8, "Customer")
    both.run()
    wanted = both.says()
    assert wanted["companies", "5"]["overlap_partner_count"] == "7"
    assert wanted["Account", both.account_id(5)]["Overlap_Partner_Count__c"] == 8

    org.put_back(org_then.state)
    copy_database(tmp_path / "portal.sqlite", tmp_path / "portal" / FILE_NAME)
    restore(kept, tmp_path / "again", then)
    for name in SECRETS:
        shutil.copy(both.folder / name, tmp_path / "again")
    shutil.copytree(tmp_path / "inbox", tmp_path / "again" / "inbox", dirs_exist_ok=True)
    again = both.moved(tmp_path / "again", then)
    again.a_week(8, "Customer")
    before = again.writes_so_far()
    first = again.run(approve=False)
    assert {made.crm: "restored from a backup" in made.held[0] for made in first.plans} == {
        "salesforce": True,
        "hubspot": True,
    }
    assert again.writes_so_far() == before
    [of_org] = [made for made in first.plans if made.crm == "salesforce"]
    again.apply(of_org, approve=True)
    second = again.run(approve=False)
    assert [made.crm for made in second.held] == ["hubspot"], "what is settled in one CRM is not in the other"
    again.run()
    assert differing(again.says(), wanted) == {}
    before = again.writes_so_far()
    assert not again.run(approve=False).held
    assert again.writes_so_far() == before
