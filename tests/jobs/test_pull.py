"""What a pull makes of merges, undeletes, drift and leads; absences and crashes have files of their own."""

from __future__ import annotations

import json
import shutil

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sandbox.schema import visible
from jobs import views
from jobs.finding import pairs
from jobs.pulling.merges import follow, names_of, survivors
from jobs.pulling.pull import UnfinishedPullError
from jobs.sharing.sharing_policy import policy_of
from jobs.stores import intervals, judgements, snapshot
from jobs.stores.digest import digest
from jobs.stores.warehouse import open_warehouse
from overlap.errors import ConfigError
from overlap.keys import external_key
from tests.jobs.world import COMPANIES, GLOBEX, GLOBEX_ACCOUNT, LISTED, account_id, listed

LAST, FREE = LISTED[-1], 8  # FREE is on nobody's list

needs_leads = pytest.mark.skipif("lead" not in visible().entities, reason="this sandbox has no leads")


def stamp(world):
    return world.now.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def landed(world, stream="accounts"):
    with open_warehouse(world.folder / "warehouse.duckdb") as warehouse:
        return warehouse.frame(stream)


NAMED = """
[exclusions.legal-hold]
ids = ["{0}"]
[partners.globex.share]
never = {{ ids = ["{0}"] }}
[partners.globex.share.cells]
"our Prospects x their Customers" = "overlapping"
"""


def merge(world, loser, survivor):
    """What Salesforce does: the loser goes to the bin and names the survivor, lookups to it follow."""
    gone = {"Id": account_id(loser), "IsDeleted": True, "MasterRecordId": account_id(survivor)}
    world.store.seed("Account", [gone | {"SystemModstamp": stamp(world)}])
    children = (
        ("Partner_Overlap__c", "Account__c"),
        ("Partner_Influence__c", "Account__c"),
        ("Opportunity", "AccountId"),
    )
    for name, field in children:
        for record in world.store.records(name):
            if record[field] == account_id(loser):
                moved = {"Id": record["Id"], field: account_id(survivor), "SystemModstamp": stamp(world)}
                world.store.seed(name, [moved])


def test_a_partner_whose_key_was_changed_stops_the_pull(written):
    written.change_settings("[partners.globex]", "[partners.globex-inc]")
    says = r"\[partners\.globex-inc\] was \[partners\.globex\] before; .*: write it back, only the name may change"
    with pytest.raises(ConfigError, match=says):
        written.pull()
    written.change_settings("[partners.globex-inc]", "[partners.globex]")
    assert written.look().changes == ()


# --- merges and undeletes -------------------------------------------------------------------------------------------


def test_verdict_and_first_day_follow_the_account_that_a_merge_leaves(written):
    with written.context() as context:
        pairs.judge(context, COMPANIES[LAST][0], f"X-{LAST}", "same")
    record = written.overlap(LAST)["Id"]
    written.wait(days=20)
    merge(written, LAST, FREE)
    report = written.pull()
    assert report.crms[0].merged == 1
    written.match()
    planned = written.plan()
    new = external_key("contoso-1a2b3c", GLOBEX, account_id(FREE), "overlap")
    by_key = {change.key: change for change in planned.changes if change.object_name == "partner_overlap"}
    assert by_key[new].action == "create"
    assert str(by_key[new].new["first_seen"]) == "2026-03-02"
    with written.context() as context:
        [known] = intervals.read(context.ledger, [account_id(LAST), account_id(FREE)], GLOBEX).to_dicts()
    assert (known["account_id"], str(known["began_on"]), known["ended_on"]) == (account_id(FREE), "2026-03-02", None)
    [retired] = [change for key, change in by_key.items() if key != new]
    assert (retired.action, retired.record_id, retired.cause) == (
        "retire",
        record,
        "our account was merged into another one",
    )
    with written.context() as context:
        assert judgements.in_force(context.ledger)["ours_id"].to_list() == [account_id(FREE)]


def test_a_suggestion_stays_the_same_record_when_its_account_is_merged(world):
    claim = {"Partner Influence": "introduced the CIO", "Influence Date": "2026-02-20"}
    world.send(GLOBEX, [*listed(0, **claim), *listed(*LISTED[1:])])
    world.run()
    record = world.influence(0)["Id"]
    with world.context() as context:
        pairs.judge(context, COMPANIES[0][0], f"{GLOBEX}:X-0", "same")
    world.wait(days=1)
    merge(world, 0, FREE)
    world.run()
    influence = world.influence(0)
    assert (influence["Id"], influence["Suggestion_State__c"]) == (record, "Current")
    assert influence["Account__c"] == account_id(FREE)
    of_globex = [one for one in world.store.records("Partner_Overlap__c") if one["Partner_Name__c"] == "Globex"]
    states = {one["Id"]: one["Status__c"] for one in of_globex if one["Account__c"] == account_id(FREE)}
    assert sorted(states.values()) == ["Active", "Retired"]
    assert states[influence["Overlap__c"]] == "Active"


def test_a_partners_own_account_that_was_merged_is_named(written):
    written.wait(days=1)
    gone = {"Id": GLOBEX_ACCOUNT, "IsDeleted": True, "MasterRecordId": account_id(FREE)}
    written.store.seed("Account", [gone | {"SystemModstamp": stamp(written)}])
    assert written.pull().crms[0].drift == (
        f"partners.globex.account was merged into {account_id(FREE)}: write that into overlap.toml",
    )
    with written.context() as context, open_warehouse(context.workspace.warehouse_file) as warehouse:
        follow(context, warehouse, "salesforce", {account_id(FREE): account_id(LAST)})
        names = names_of(context, "salesforce", GLOBEX_ACCOUNT)
    assert names == (GLOBEX_ACCOUNT, account_id(FREE), account_id(LAST)), "until then it counts as the partner's"


def test_who_is_excluded_or_never_shared_is_so_under_the_id_that_a_merge_leaves(written):
    with (written.folder / "overlap.toml").open("a") as settings:
        settings.write(NAMED.format(account_id(LAST)))
    written.wait(days=1)
    merge(written, LAST, FREE)
    report = written.pull()
    places = (f"{place}.ids: {account_id(LAST)}" for place in ("partners.globex.share.never", "exclusions.legal-hold"))
    told = tuple(f"{place} was merged into {account_id(FREE)}: write that into overlap.toml" for place in places)
    assert report.crms[0].drift == told
    assert report.excluded == {"legal-hold": 1}, "the one that is left"
    with written.context() as context:
        never = policy_of(context, GLOBEX).never
    assert never is not None
    assert never.ids == (account_id(LAST), account_id(FREE))


def test_a_merge_that_is_told_again_changes_nothing(written):
    with written.context() as context:
        pairs.judge(context, COMPANIES[LAST][0], f"X-{LAST}", "same")
    written.wait(days=1)
    merge(written, LAST, FREE)
    written.pull()
    audit = written.audit()
    assert audit[-1][1] == "followed merges"
    written.wait(hours=1)
    assert written.pull().crms[0].merged == 1, "the look-back shows it again"
    assert written.audit() == audit


@given(st.dictionaries(st.integers(0, 12), st.integers(0, 12)))
def test_a_loser_becomes_who_is_left_at_the_end_of_its_chain(merged):
    told = {str(loser): str(survivor) for loser, survivor in merged.items()}
    found = survivors(told)
    for loser in told:
        at, steps = loser, 0
        while at in told and steps <= len(told):
            at, steps = told[at], steps + 1
        assert found.get(loser) == (None if at in told else at)


def test_an_account_that_comes_back_from_the_bin_is_as_if_it_had_never_gone(written):
    kept = {name: value for name, value in written.account(LAST).items() if name.startswith("Overlap_")}
    written.store.delete("Account", account_id(LAST))
    written.wait(hours=1)
    written.pull()
    assert account_id(LAST) not in landed(written)["id"]
    back = {"Id": account_id(LAST), "IsDeleted": False, "SystemModstamp": stamp(written)}
    written.store.seed("Account", [back | kept])
    for record in written.store.records("Partner_Overlap__c"):  # undeleting restores lookups
        if record["Account__c"] is None:
            lookup = {"Id": record["Id"], "Account__c": account_id(LAST), "SystemModstamp": stamp(written)}
            written.store.seed("Partner_Overlap__c", [lookup])
    written.wait(hours=1)
    assert written.look().changes == ()


# --- mapped fields and drift ----------------------------------------------------------------------------------------


def with_fields(world, text):
    world.change_settings("\n[partners.globex]", f"\n[crm.salesforce.account_fields]\n{text}\n[partners.globex]")


def test_mapped_fields_are_read_for_every_row_at_once(written):
    written.store.seed("Account", [{"Id": account_id(1), "Site": "Kiel", "Fax": "fax.example", "AnnualRevenue": 7e6}])
    with_fields(written, 'place = "Site"\nturnover = "AnnualRevenue"\nwebsite = "Fax"\nboss = "Owner.Name"')
    written.wait(days=1)
    report = written.pull()
    assert report.crms[0].since is None, "old rows were read by other fields"
    assert "accounts.place is read now: Site, string(80)" in report.crms[0].drift
    assert "accounts.website was Website, url(255), is Fax, phone(40)" in report.crms[0].drift
    row = landed(written).row(by_predicate=pl.col("id") == account_id(1), named=True)
    assert json.loads(row["custom"]) == {"place": "Kiel", "turnover": 7e6, "boss": "Ada"}
    assert row["website"] == "fax.example"
    with written.context() as context:
        assert f"salesforce: {report.crms[0].drift[0]}" in views.status(context).drift
    written.wait(days=1)
    later = written.pull().crms[0]
    assert (later.drift, later.since is None) == ((), False)


@pytest.mark.parametrize(
    ("mapped", "said"),
    [
        ('place = "Sitte"', r"\[crm.salesforce.account_fields\] place = 'Sitte': Account has no field 'Sitte'.*'Site'"),
        ('boss = "Ownr.Name"', r"Account has no parent 'Ownr'.*did you mean 'Owner'"),
        ('boss = "Owner.Nam"', r"User has no field 'Nam'.*did you mean 'Name'"),
    ],
)
def test_a_mapped_field_that_is_not_there_stops_the_pull_before_it_reads(written, mapped, said):
    with_fields(written, mapped)
    before = landed(written)
    with pytest.raises(ConfigError, match=said):
        written.pull()
    assert landed(written).equals(before)


def test_a_mapped_field_of_a_wrong_type_stops_the_pull(written):
    with_fields(written, 'headcount = "Site"')
    with pytest.raises(UnfinishedPullError, match="Site of Account is string, but 'headcount' needs a number"):
        written.pull()


def test_a_mapped_field_that_is_hidden_later_stops_the_pull(written):
    with_fields(written, 'place = "Site"')
    written.pull()
    written.store.hide_field("Account", "Site")
    with pytest.raises(ConfigError, match="no field 'Site', or it is hidden"):
        written.pull()


def test_an_optional_field_that_is_hidden_stops_the_pull_until_a_person_reads_in_full(written):
    written.store.hide_field("Account", "Website")
    with pytest.raises(UnfinishedPullError, match=r"Account\.Website could be read before.*pull --full"):
        written.pull()
    report = written.pull(full=True)
    assert "accounts.website is not read any more, it was Website, url(255)" in report.crms[0].drift
    written.store.show_field("Account", "Website")
    assert written.pull().crms[0].since is None
    assert landed(written)["website"].drop_nulls().len() == len(COMPANIES)


# --- leads ----------------------------------------------------------------------------------------------------------


@needs_leads
def test_a_lead_is_matched_and_never_written_to(written):
    name, site, country = COMPANIES[FREE]
    lead = {"Company": name, "LastName": "Lea", "Website": site, "Country": country, "IsConverted": False}
    [lead_id] = written.store.seed("Lead", [lead])
    written.store.seed("Account", [{"Id": account_id(FREE), "Name": "Something else", "Website": None}])
    written.change_settings("[partners.globex]", "read_leads = true\n[partners.globex]")
    written.wait(days=7)
    written.send(GLOBEX, listed(*LISTED, FREE))
    planned = written.look()
    with written.context() as context:
        assert lead_id in views.overlaps(context)["account_id"]
    assert lead_id not in {value for change in planned.changes for value in change.new.values()}
    assert lead_id not in {change.account_id for change in planned.changes}
    written.store.seed("Lead", [{"Id": lead_id, "IsConverted": True, "SystemModstamp": stamp(written)}])
    written.wait(hours=1)
    written.pull()
    assert lead_id not in landed(written)["id"]


@needs_leads
@pytest.mark.parametrize("read", ["in full", "into a new warehouse"])
def test_what_stopped_to_be_ours_to_read_is_gone_after_everything_was_read(written, read):
    """A lead that was converted and an account that became a person: nobody deleted them, and no row shows them."""
    written.store.set_features("person-accounts")
    written.change_settings("[partners.globex]", "read_leads = true\n[partners.globex]")
    [lead] = written.store.seed("Lead", [{"Company": "Kiwi Kilns", "LastName": "Lea", "IsConverted": False}])
    written.look()
    assert {lead, account_id(LAST)} <= set(landed(written)["id"])
    written.wait(days=3)
    written.store.convert_lead(lead, account_id(FREE))
    person = {"Id": account_id(LAST), "IsPersonAccount": True, "SystemModstamp": stamp(written)}
    written.store.seed("Account", [person])
    written.wait(hours=1)
    if read == "in full":
        written.pull(full=True)
    else:
        written.workspace.warehouse_file.unlink()
        written.pull()
    ids = set(landed(written)["id"])
    assert len(ids) == len(COMPANIES)
    assert not ids & {lead, account_id(LAST)}


@needs_leads
def test_leads_that_the_settings_do_not_want_any_more_are_not_in_a_new_warehouse(written):
    written.change_settings("[partners.globex]", "read_leads = true\n[partners.globex]")
    [lead] = written.store.seed("Lead", [{"Company": "Kiwi Kilns", "LastName": "Lea", "IsConverted": False}])
    written.look()
    written.change_settings("read_leads = true", "read_leads = false")
    written.workspace.warehouse_file.unlink()
    written.pull()
    assert lead not in landed(written)["id"]


# --- runs of an earlier version -------------------------------------------------------------------------------------


def test_a_run_from_before_the_newest_columns_keeps_its_second_chances(written):
    """The file is rewritten as an earlier version wrote it."""
    with written.context() as context:
        run = written.folder / "runs" / context.ledger.pinned("published_run")
    old = pl.read_parquet(run / "accounts.parquet").drop("is_lead", "custom", "revenue", "currency", "record_type")
    old.write_parquet(run / "accounts.parquet")
    manifest = snapshot.manifest(run.parent, run.name)
    manifest["files"]["accounts.parquet"]["sha256"] = digest(run / "accounts.parquet")
    (run / "manifest.json").write_text(json.dumps(manifest))
    written.store.database.rows('delete from "Account" where "Id" = ?', (account_id(LAST),))
    written.workspace.warehouse_file.unlink()
    written.wait(hours=1)
    assert written.plan().changes == (), "an old run can be planned"
    assert not [change for change in written.look().changes if change.action == "retire"]
    row = landed(written).row(by_predicate=pl.col("id") == account_id(LAST), named=True)
    assert (row["is_lead"], row["custom"]) == (False, None)


def test_a_workspace_restored_without_its_runs_and_warehouse_is_pulled_and_matched_anew(written):
    written.store.edit("Partner_Overlap__c", written.overlap(0)["Id"], {"Feedback__c": "Right company"}, user="Ada")
    shutil.rmtree(written.folder / "runs")
    (written.folder / "warehouse.duckdb").unlink()
    written.pull()
    assert written.match().overlaps == 8
    changes = written.plan().changes
    assert {(change.action, change.account_id) for change in changes} == {("update", account_id(0))}, "what Ada judged"
