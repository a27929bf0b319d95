"""Settings that changed since a step: the next one refuses where they would not count, and goes on where they do."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from datetime import timedelta
from functools import partial
from importlib import resources

import pytest

from jobs import fresh, steps, views
from jobs.context import Context
from jobs.finding import match, pairs, populations
from jobs.partners.partner_mapping import Correction, correct
from jobs.pulling.pulled import require_pulled
from jobs.stores import snapshot
from jobs.stores.warehouse import open_warehouse
from jobs.upkeep.reconciling import RESTORED_AT
from overlap.errors import ConfigError, OverlapError
from tests.jobs.test_exclusions import settle
from tests.jobs.world import GLOBEX, SELLER, World, account_id

CRM, PARTNER = 'type = "salesforce"', 'name = "Globex"'


def test_what_only_a_plan_asks_needs_no_new_run(written: World) -> None:
    written.change_settings(CRM, f'{CRM}\non_drift = "restore"\nfallback_owner = "{SELLER}"\nbulk_write_from = 5')
    written.change_settings(PARTNER, 'name = "Globex Inc."')
    written.change_settings("expected_every_days = 35\n\n", "expected_every_days = 30\n\n")
    settle(written, "[guards]\nupdates = 1\n")
    planned = written.plan()
    assert "Globex Inc." in {said for change in planned.changes for said in change.new.values()}


def test_a_run_of_an_earlier_version_holds_while_nothing_changed(written: World) -> None:
    with written.context() as context:
        published = context.ledger.pinned("published_run")
        path = context.workspace.runs / published / "manifest.json"
        path.write_text(json.dumps({**snapshot.manifest(context.workspace.runs, published), "found_by": None}))
    assert written.plan().changes == ()
    written.change_settings(PARTNER, 'name = "Globex Inc."')
    with pytest.raises(ConfigError, match=r"settings changed since run \d+ was matched; run 'overlap match' first"):
        written.plan()


def test_a_run_is_not_planned_after_a_newer_pull_or_a_verdict_or_a_day(written: World) -> None:
    with written.context() as context:
        match.match(replace(context, progress=partial(judged_meanwhile, context)))
    refused(written, r"pairs were judged since run \d+ was matched; run 'overlap match' first")
    written.match()
    assert "judged different" in {change.cause for change in written.plan().changes}
    planned = written.plan()
    with written.context() as context:
        correct(context, GLOBEX, Correction({}, ignore=["Country"]))
        (stale,) = fresh.why_stale(context, planned)
    assert stale == "how lists of 'globex' are read was corrected since"
    refused(written, rf"{stale} run \d+ was matched; run 'overlap pull' and 'overlap match' first")
    written.pull()
    written.match()
    cut_short_after_landing(written)
    refused(written, r"what was pulled since run \d+ is not matched yet; run 'overlap match' first")
    written.match()
    matched_at = written.now
    written.wait(hours=24)
    with written.context() as context, written.context(matched_at + timedelta(hours=24, seconds=1)) as later:
        assert [views.status(at).next_step for at in (context, later)] == ["overlap plan", "overlap pull"]
    written.plan()
    written.wait(seconds=1)
    refused(written, r"run \d+ is older than 24 hours; run 'overlap pull' and 'overlap match' first")


def test_a_run_that_came_back_from_a_backup_is_not_planned(written: World) -> None:
    with written.context() as context:
        context.ledger.pin(RESTORED_AT, (context.now + timedelta(seconds=1)).isoformat())
    refused(written, r"run \d+ came back from a backup, .*; run 'overlap pull' and 'overlap match' first")
    written.look()


def test_a_run_is_not_planned_after_its_model_was_edited(written: World) -> None:
    folder = written.folder / "models"
    folder.mkdir()
    shipped = resources.files("matching").joinpath("models/default.toml").read_text(encoding="utf-8")
    name = tomllib.loads(shipped)["name"]
    (folder / "ours.toml").write_text(shipped.replace(f'name = "{name}"', 'name = "ours"', 1), encoding="utf-8")
    settle(written, '[matching]\nmodel = "ours"\n')
    written.match()
    written.plan()
    edited = (folder / "ours.toml").read_text(encoding="utf-8")
    (folder / "ours.toml").write_text(edited.replace("margin = ", "margin = 1"), encoding="utf-8")
    refused(written, r"model 'ours' changed since run \d+ was matched; run 'overlap match' first")
    (folder / "ours.toml").unlink()
    assert "has no ours.toml" in next_step(written)
    with written.context() as context:
        (context.workspace.runs / str(context.ledger.pinned("published_run")) / "manifest.json").unlink()
    assert next_step(written).endswith("is missing; 'overlap match' makes a new run")


@pytest.mark.parametrize("name", ["manifest.json", "overlaps.parquet"])
def test_a_damaged_run_keeps_nobody_from_the_status_and_from_a_new_run(written: World, name: str) -> None:
    with written.context() as context:
        path = context.workspace.runs / str(context.ledger.pinned("published_run")) / name
        path.write_bytes(path.read_bytes()[:-10])
        assert views.status(context).lists[0].accounts == 6
        with pytest.raises(OverlapError, match="was changed after its run; 'overlap match' makes a new run"):
            views.overlaps(context)
    assert next_step(written) == f"{path} was changed after its run; 'overlap match' makes a new run"
    (written.folder / "warehouse.duckdb").unlink()
    written.wait(minutes=1)
    written.pull()
    written.match()
    assert next_step(written) == "overlap plan"


def next_step(world: World) -> str:
    with world.context() as context:
        return views.status(context).next_step


def cut_short_after_landing(world: World) -> None:
    """What has landed is there for the next match, whatever became of the rest of the pull."""

    def die(name: str) -> None:
        if name == "pull: committed":
            raise KeyboardInterrupt

    steps.listen(die)
    try:
        with pytest.raises(KeyboardInterrupt):
            world.pull()
    finally:
        steps.listen(None)


def judged_meanwhile(context: Context, message: str, share: float | None) -> None:
    """A person judges a pair that is matched already, before the run is published."""
    del share
    if message == "ranking overlaps":
        pairs.judge(context, account_id(0), "globex:X-0", "different")


def refused(world: World, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        world.plan()


MAPPED = """[crm.salesforce.account_fields]
place = "Site"

[crm.salesforce.opportunity_fields]
kind = "Type"

[partners.globex]"""


def test_what_was_read_by_other_settings_is_not_matched_before_it_is_read_anew(written: World) -> None:
    written.change_settings(CRM, f"{CRM}\nperson_accounts = true\nread_leads = true")
    written.change_settings(PARTNER, f'{PARTNER}\npopulations = {{ "Customer" = "Prospects" }}')
    written.change_settings("[partners.globex]", MAPPED)
    with pytest.raises(ConfigError) as raised:
        written.match()
    assert str(raised.value) == (
        f"{written.workspace.settings_files}: crm.salesforce.account_fields, crm.salesforce.opportunity_fields, "
        "crm.salesforce.person_accounts, crm.salesforce.read_leads, partners.globex.populations changed since the last "
        "pull; run 'overlap pull' first"
    )
    with written.context() as context, pytest.raises(ConfigError, match="changed since the last pull"):
        populations.show(context)
    written.pull()
    with open_warehouse(written.folder / "warehouse.duckdb") as warehouse:
        with written.context() as context:
            require_pulled(context, warehouse)
        warehouse.connection.execute("delete from marks where name like 'reading:%'").fetchall()
    written.match()  # as an earlier version left it


def test_who_was_removed_is_not_matched_before_a_pull_forgot_what_came_from_there(written: World) -> None:
    settings = (written.folder / "overlap.toml").read_text(encoding="utf-8")
    only = settings.replace("[partners.initech]", "[partners.umbrella]").replace("Initech", "Umbrella")
    (written.folder / "overlap.toml").write_text(only.replace("[crm.salesforce]", "[crm.sf]"), encoding="utf-8")
    with open_warehouse(written.folder / "warehouse.duckdb") as warehouse:
        warehouse.set_mark("watermark:sf", "2026-03-02T09:00:00+00:00")
    with pytest.raises(
        ConfigError, match=r": crm\.salesforce, partners\.initech changed since the last pull; run 'over"
    ):
        written.match()
