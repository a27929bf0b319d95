"""A restored workspace goes on as the lost one would have: nothing is written twice, what people wrote stays."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from jobs import views
from jobs.upkeep.backup import backup
from jobs.upkeep.restore import restore
from tests.jobs.conftest import Org
from tests.jobs.world import GLOBEX, INITECH, World, listed, said


def backed_up(world: World, to: Path, **options):
    with world.context() as context:
        return backup(context, to, **options)


def differing(found, wanted):
    """What differs, by record and field."""
    assert found.keys() == wanted.keys(), "no record twice, none made again"
    return {
        place: {name: (values[name], wanted[place][name]) for name in values if values[name] != wanted[place][name]}
        for place, values in found.items()
        if values != wanted[place]
    }


def a_week(world: World, listing: int, status: str) -> None:
    """Globex lists so many companies, all with that status; people approve what that does."""
    world.wait(days=7)
    world.send(GLOBEX, listed(*range(listing), Status=status))
    world.send(INITECH, listed(0, 1, Status="Prospect"))
    assert not world.run().pulled.held


@pytest.fixture(scope="module")
def weeks(org: Org, first_run, tmp_path_factory):
    """Backups of the first and the third week; what the org is after the fourth, and what it says after the fifth."""
    from connectors.sandbox.store import Store

    folder = tmp_path_factory.mktemp("weeks")
    with Store.open(org.folder) as store:
        world = World(org.again(first_run, folder / "live"), store, first_run.now)
        store.edit("Partner_Overlap__c", world.overlap(0, "Initech")["Id"], {"Play__c": "Ask Ada"}, user="Bob")
        a_week(world, 6, "Customer")
        old = backed_up(world, folder / "backups")
        a_week(world, 8, "Prospect")
        a_week(world, 8, "Customer")
        young = backed_up(world, folder / "backups", keep=2)
        deleted = world.overlap(6)["Id"]
        store.delete("Partner_Overlap__c", deleted)
        a_week(world, 8, "Prospect")
        shutil.copytree(world.folder / "inbox", folder / "inbox")
        kept = org.keep(world.folder, world.now)
        a_week(world, 8, "Customer")
        return folder, kept, {"old": old, "young": young}, said(store)


@pytest.mark.parametrize("which", ["old", "young"])
def test_after_a_restore_the_next_run_makes_of_the_crm_what_the_lost_workspace_would_have(
    org: Org, store, weeks, tmp_path, which
):
    folder, kept, backups, wanted = weeks
    org.put_back(kept.state)
    restored = restore(Path(backups[which].path), tmp_path / "again", kept.now)
    for name in ("consumer_key", "consumer_secret"):
        shutil.copy(folder / "live" / "workspace" / name, tmp_path / "again")
    shutil.copytree(folder / "inbox", tmp_path / "again" / "inbox", dirs_exist_ok=True)
    world = World(tmp_path / "again", store, kept.now)
    world.wait(days=7)
    world.send(GLOBEX, listed(*range(8)))
    assert restored.aside is None
    world.send(INITECH, listed(0, 1, Status="Prospect"))
    first = world.run(approve=False)
    assert "restored from a backup" in first.held[0].held[0], "a person looks at the first plan after it"
    world.run()
    assert differing(said(store), wanted) == {}
    alive = [record for record in store.records("Partner_Overlap__c") if not record["IsDeleted"]]
    with world.context() as context:
        (overlaps,) = views.published(context, "overlaps")
    days = {key: str(day) for key, day in overlaps.select("key", "first_seen").iter_rows()}
    assert {one["Overlap_Key__c"]: one["First_Seen__c"] for one in alive}.items() <= days.items()
    assert not world.run(approve=False).held
    assert differing(said(store), wanted) == {}
