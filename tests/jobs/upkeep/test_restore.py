"""A restored workspace goes on as the lost one would have: nothing is written twice, what people wrote stays."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from jobs import views
from jobs.stores import audit, migrating
from jobs.upkeep.backup import LEDGER, backup
from jobs.upkeep.restore import restore
from overlap.errors import ConfigError
from tests.jobs.conftest import Org
from tests.jobs.upkeep.older import of_version
from tests.jobs.world import GLOBEX, INITECH, World, listed, said

#: The versions of a ledger before this one.
VERSIONS = [number for number, _ in migrating.steps_of()[:-1]]


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


def went_on(org: Org, store, weeks, backup_file: Path, to: Path) -> World:
    """Restore *backup_file* beside the org after the fourth week, and do the fifth."""
    folder, kept, _, _ = weeks
    org.put_back(kept.state)
    restored = restore(backup_file, to, kept.now)
    assert restored.aside is None
    for name in ("consumer_key", "consumer_secret"):
        shutil.copy(folder / "live" / "workspace" / name, to)
    shutil.copytree(folder / "inbox", to / "inbox", dirs_exist_ok=True)
    world = World(to, store, kept.now)
    world.wait(days=7)
    world.send(GLOBEX, listed(*range(8)))
    world.send(INITECH, listed(0, 1, Status="Prospect"))
    first = world.run(approve=False)
    assert "restored from a backup" in first.held[0].held[0], "a person looks at the first plan after it"
    world.run()
    return world


@pytest.mark.parametrize("which", ["old", "young"])
def test_after_a_restore_the_next_run_makes_of_the_crm_what_the_lost_workspace_would_have(
    org: Org, store, weeks, tmp_path, which
):
    _, _, backups, wanted = weeks
    world = went_on(org, store, weeks, Path(backups[which].path), tmp_path / "again")
    assert differing(said(store), wanted) == {}
    alive = [record for record in store.records("Partner_Overlap__c") if not record["IsDeleted"]]
    with world.context() as context:
        (overlaps,) = views.published(context, "overlaps")
    days = {key: str(day) for key, day in overlaps.select("key", "first_seen").iter_rows()}
    assert {one["Overlap_Key__c"]: one["First_Seen__c"] for one in alive}.items() <= days.items()
    assert not world.run(approve=False).held
    assert differing(said(store), wanted) == {}


@pytest.mark.parametrize("version", ["0008", pytest.param(VERSIONS[-1], marks=pytest.mark.campaign)])
def test_a_backup_of_an_earlier_version_goes_on_as_one_of_today_does(org: Org, store, weeks, tmp_path, version):
    _, _, backups, wanted = weeks
    older = of_version(Path(backups["young"].path), version, "contoso-1a2b3c", tmp_path)
    world = went_on(org, store, weeks, older, tmp_path / "again")
    assert differing(said(store), wanted) == {}
    with world.context() as context, context.ledger.engine.connect() as connection:
        audit.verify(connection)
    assert not world.run(approve=False).held


def test_a_backup_of_any_version_is_migrated_whole_and_leaves_no_copy_in_the_workspace(weeks, tmp_path):
    _, kept, backups, _ = weeks
    for version in VERSIONS:
        older = of_version(Path(backups["young"].path), version, "contoso-1a2b3c", tmp_path / version)
        done = restore(older, tmp_path / version / "again", kept.now)
        assert done.migrated == tuple(number for number in (*VERSIONS, migrating.HEAD) if number > version)
        ledger = tmp_path / version / "again" / LEDGER
        assert (migrating.version_at(ledger), migrating.copies(ledger)) == (migrating.HEAD, [])
        with closing(sqlite3.connect(ledger)) as now, closing(sqlite3.connect(tmp_path / version / LEDGER)) as then:
            for table in ("runs", "lists", "plans", "outbox"):
                count = f"select count(*) from {table}"
                assert now.execute(count).fetchone() == then.execute(count).fetchone() != (0,), (version, table)


def test_a_backup_of_a_newer_version_is_refused_and_what_is_there_stays(weeks, tmp_path):
    _, kept, backups, _ = weeks
    newer = of_version(Path(backups["young"].path), migrating.HEAD, "contoso-1a2b3c", tmp_path, says="0999")
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "overlap.toml").write_text("mine")
    with pytest.raises(ConfigError, match=r"is of version 0999.*a newer one wrote it"):
        restore(newer, tmp_path / "again", kept.now, replace=True)
    assert (tmp_path / "again" / "overlap.toml").read_text() == "mine"
