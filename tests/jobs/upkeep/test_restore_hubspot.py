"""A restored workspace on HubSpot goes on as the lost one would have: records, links, labels and ticks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import stamina

from connectors.sandbox.hubspot.database import FILE_NAME
from jobs.upkeep.backup import backup
from jobs.upkeep.restore import restore
from overlap.fields import TICKED
from tests.jobs.portals import CLAIM, GLOBEX_COMPANY, PortalWorld, portal_world, said_by
from tests.jobs.upkeep.test_restore import differing
from tests.jobs.world import GLOBEX, INITECH, listed
from tests.sandbox import copy_database

SENT = (GLOBEX, INITECH)


@dataclass
class Weeks:
    """A backup of the second week; the *portal* and the inbox after the fourth; what the former said a week later."""

    world: PortalWorld
    backup: Path
    portal: Path
    inbox: Path
    wanted: dict[tuple[str, str], dict[str, Any]]


def send(world: PortalWorld, listing: int, status: str) -> None:
    """Eight days later, since labels leave no stamp and the sweep finds them, the partners send new lists."""
    world.wait(days=8)
    claims = [row | (CLAIM if row["Account ID"] == "X-1" else {}) for row in listed(*range(listing), Status=status)]
    world.send(GLOBEX, claims)
    world.send(INITECH, listed(0, 1, Status="Prospect"))


def a_week(world: PortalWorld, listing: int, status: str) -> None:
    send(world, listing, status)
    assert not world.run(lists=SENT).pulled.held


def of_people_before(world: PortalWorld, tier: str) -> None:
    """What people did that the backup knows: they wrote over what is ours."""
    world.portal.edit("companies", "5", {"overlap_partner_count": "7"}, "Bob")
    if tier == "enterprise":
        world.portal.edit("partner_overlap", with_initech(world)["id"], {"match_reason": "Bob knows"}, "Bob")


def of_people_after(world: PortalWorld, tier: str) -> None:
    """What people did that the backup does not know: influence is confirmed, a record that came later deleted."""
    if tier == "free":
        world.portal.edit("deals", "2", {TICKED: True}, "Bob")
    elif tier == "professional":
        world.portal.label("2", GLOBEX_COMPANY, "Sourced by")
    else:
        [overlap] = [one for one in world.portal.records("partner_overlap") if "Ginkgo" in one["name"]]
        world.portal.archive("partner_overlap", overlap["id"])
        by_hand = world.portal.create("partner_influence", {"status": "Confirmed", "sourced": True})
        for end in (("deals", "3"), ("overlap_partner", world.record("overlap_partner", name="Globex")["id"])):
            world.portal.associate(("partner_influence", by_hand), end)


def with_initech(world: PortalWorld) -> dict[str, Any]:
    return next(one for one in world.portal.records("partner_overlap") if "Initech: Alder" in one["name"])


@contextmanager
def weeks_on(tier: str, folder: Path) -> Iterator[Weeks]:
    with portal_world(folder, tier) as world, stamina.set_testing(True, attempts=2, cap=True):
        world.set_up()
        a_week(world, 6, "Customer")
        of_people_before(world, tier)
        a_week(world, 6, "Customer")
        with world.context() as context:
            kept = Path(backup(context, folder / "backups").path)
        a_week(world, 8, "Prospect")
        of_people_after(world, tier)
        a_week(world, 8, "Customer")
        shutil.copytree(world.folder / "inbox", folder / "inbox")
        copy_database(folder / "portal" / FILE_NAME, folder / "kept.sqlite")
        then = world.now
        a_week(world, 8, "Prospect")
        weeks = Weeks(world, kept, folder / "kept.sqlite", folder / "inbox", said_by(world.portal))
        world.now = then
        yield weeks


@pytest.fixture(params=["enterprise", "professional", pytest.param("free", marks=pytest.mark.campaign)])
def tier(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def weeks(tier: str, tmp_path: Path) -> Iterator[Weeks]:
    with weeks_on(tier, tmp_path) as made:
        yield made


def test_after_a_restore_the_next_run_makes_of_the_portal_what_the_lost_workspace_would_have(
    weeks: Weeks, tier: str, tmp_path: Path
) -> None:
    assert weeks.wanted["companies", "5"]["overlap_partner_count"] == "7", "a person's edit stays"
    confirmed = weeks.wanted["deals", "3" if tier == "enterprise" else "2"]
    assert confirmed["overlap_confirmed_partners"] == "Globex"
    live = weeks.world
    copy_database(weeks.portal, tmp_path / "portal" / FILE_NAME)
    restore(weeks.backup, tmp_path / "again", live.now)
    shutil.copy(live.folder / "token", tmp_path / "again")
    shutil.copytree(weeks.inbox, tmp_path / "again" / "inbox", dirs_exist_ok=True)
    world = PortalWorld(tmp_path / "again", live.portal, live.now)
    send(world, 8, "Prospect")
    line = len(world.portal.history())
    first = world.run(approve=False, lists=SENT)
    assert "restored from a backup" in first.held[0].held[0], "a person looks at the first plan after it"
    assert world.writes_since(line) == []
    world.run()
    assert differing(said_by(world.portal), weeks.wanted) == {}
    if tier == "enterprise":
        assert with_initech(world)["match_reason"] == "Bob knows"
    line = len(world.portal.history())
    assert not world.run(approve=False).held
    assert world.writes_since(line) == []
