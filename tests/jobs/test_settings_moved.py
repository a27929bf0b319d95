"""Settings that changed since a step: the next one refuses where they would not count, and goes on where they do."""

from __future__ import annotations

import json

import pytest

from jobs import populations
from jobs.pulled import require_pulled
from jobs.stores import snapshot
from jobs.stores.warehouse import open_warehouse
from overlap.errors import ConfigError
from tests.jobs.test_exclusions import settle
from tests.jobs.world import SELLER, World

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
