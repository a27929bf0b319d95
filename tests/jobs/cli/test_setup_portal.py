"""An admin brings overlap into a HubSpot portal at the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.jobs.cli.terminal import overlap
from tests.jobs.portals import PortalWorld, portal_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PortalWorld]:
    with portal_world(tmp_path, "free") as made:
        yield made


def test_a_portal_is_looked_at_and_then_set_up(world: PortalWorld) -> None:
    here = ("--dir", world.folder)
    planned = overlap("setup", "hubspot", "--exit-code", *here)
    assert planned.code == 4
    assert "create property of companies overlap_partner_count, overlap_customer_of" in planned.out
    assert "leave out companies.overlap_icp_fit: no room for more custom properties" in planned.out
    assert "next: overlap setup hubspot --apply" in planned.out
    unsaid = overlap("setup", "hubspot", "--apply", *here)
    assert (unsaid.code, "say --yes" in unsaid.err) == (2, True)
    assert world.portal.history() == []
    applied = overlap("setup", "hubspot", "--apply", "--yes", *here)
    assert applied.code == 0, applied.err
    assert "Made 22 changes in portal" in applied.out
    again = overlap("setup", "hubspot", "--exit-code", *here)
    assert (again.code, "The portal has everything" in again.out) == (0, True)
    said = overlap("setup", "hubspot", "--json", *here).json
    assert (said["changes"], said["tier"]) == (0, "flat properties")
    lines = overlap("check", *here).out.splitlines()
    assert [line for line in lines if "✗" in line and "clock" not in line] == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("hubspot", "--plan", "--apply"), "choose one of --plan and --apply"),
        (("hubspot", "--apply", "--exit-code"), "--exit-code goes with --plan"),
        (("hubspot", "hubspit"), "did you mean 'hubspot'"),
        (("salesforce", "hubspot"), "crm 'hubspot' is no Salesforce org; run 'overlap setup hubspot hubspot'"),
    ],
)
def test_mistakes_are_told_with_their_remedy(world: PortalWorld, words: tuple[str, ...], says: str) -> None:
    said = overlap("setup", *words, "--dir", world.folder)
    assert said.code == 2
    assert says in " ".join(said.err.replace("│", " ").split())
    assert world.portal.requests() == []
