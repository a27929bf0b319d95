"""Two CRMs of ours that share companies: each gets its own records, a company counts once, one CRM decides.

Both are Salesforce orgs here; nothing hangs on what kind a CRM is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from connectors.sandbox.database import FILE_NAME
from connectors.sandbox.ids import record_id
from connectors.sandbox.server import in_a_thread
from connectors.sandbox.store import Store
from jobs import several_crms, steps, views
from jobs.connecting import check
from jobs.finding import match, pairs
from jobs.finding.match import MatchReport
from jobs.pulling.pull import UnfinishedPullError
from jobs.run import RunReport, UnfinishedRunError
from jobs.stores import judgements
from jobs.stores.entries import State
from jobs.writeback import plan, writing
from overlap.errors import GuardError, PausedError
from overlap.plan import SyncPlan
from tests.jobs.conftest import Org, assert_no_human_field_was_sent, new_world
from tests.jobs.world import COMPANIES, GLOBEX, SELLER, World, account_id, deal_id, listed
from tests.sandbox import SharedOrg, copy_database

LONG_AGO = {"CreatedDate": "2026-02-01T10:00:00.000+0000", "SystemModstamp": "2026-02-01T10:00:00.000+0000"}
MARKETER = record_id("User", 70)
#: In both CRMs, but only marketing knows the website, and Globex calls it by that alone.
QUARTZ, QUARTZ_THERE = record_id("Account", 30), record_id("Account", 130)
PLACE = {"BillingStreet": "12 rue Merciere", "BillingCity": "Lyon", "BillingCountry": "France", "Phone": "+33478421234"}
QUARTZ_ROW = {"Account ID": "X-Q", "Account Name": "QDS", "Website": "quartzdental.fr", "Country": "France"}
#: Only marketing has it.
LINDEN = record_id("Account", 131)
LINDEN_ROW = {"Account ID": "X-L", "Account Name": "Linden Kilns", "Website": "lindenkilns.de", "Country": "Germany"}
GLOBEX_THERE = record_id("Account", 190)
CRMS = ("salesforce", "marketing")

MARKETING = """
[crm.marketing]
type = "salesforce"
login_url = "{address.url}"
consumer_key = "file:other_key"
consumer_secret = "file:other_secret"
ca_file = "{address.ca_file}"
[crm.marketing.opportunity_fields]
twin = "NextStep"
"""
RULE = '\n[exclusions.legal-hold]\nids = ["{}"]\n'


def there(number: int) -> str:
    """The id that the company at place *number* of `COMPANIES` has in the other CRM."""
    return record_id("Account", 101 + number)


@dataclass
class Two:
    """The world of one CRM, and the other one beside it."""

    world: World
    marketing: Store

    def look(self) -> MatchReport:
        """Pull and match; nothing is written."""
        self.marketing.set_time(self.world.now)
        self.world.pull()
        return self.world.match()

    def run(self) -> RunReport:
        self.marketing.set_time(self.world.now)
        return self.world.run()

    def plan(self, crm: str) -> SyncPlan:
        with self.world.context() as context:
            return plan.plan(context, crm)

    def listed(self, **wanted: Any) -> dict[str, dict[str, Any]]:
        """The overlaps that people see, by account."""
        with self.world.context() as context:
            found = views.overlaps(context, **wanted)
        assert found["account_id"].is_unique().all()
        return {row["account_id"]: row for row in found.iter_rows(named=True)}

    def judge(self, ours: str, theirs: str, verdict: str) -> None:
        with self.world.context() as context:
            pairs.judge(context, ours, theirs, verdict)

    def judged(self) -> dict[str, str]:
        """The verdicts in force, by account."""
        with self.world.context() as context:
            return dict(judgements.in_force(context.ledger).select("ours_id", "verdict").iter_rows())

    def settle(self, more: str) -> None:
        path = self.world.folder / "overlap.toml"
        path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")


def records(store: Store) -> dict[str, dict[str, Any]]:
    """The overlap records with Globex in force, by account."""
    found = [one for one in store.records("Partner_Overlap__c") if one["Partner_Name__c"] == "Globex"]
    return {one["Account__c"]: one for one in found if one["Status__c"] == "Active" and not one["IsDeleted"]}


@pytest.fixture(scope="module")
def other_org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedOrg]:
    folder = tmp_path_factory.mktemp("marketing")
    with Store.open(folder) as store:
        store.set_org_id("00D000000000099AAA")
    with in_a_thread(folder) as address:
        blank = tmp_path_factory.mktemp("blank-marketing") / FILE_NAME
        copy_database(folder / FILE_NAME, blank)
        yield SharedOrg(address, folder, blank)


@pytest.fixture
def two(org: Org, store: Store, other_org: SharedOrg, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    """Marketing has four of the companies, the first as a customer; Quartz; and Linden, which nobody else has."""
    world = new_world(org, store, tmp_path_factory.mktemp("two") / "workspace")
    store.seed("Account", [{"Id": QUARTZ, "Name": "Quartz Dental Supplies", "OwnerId": SELLER} | PLACE | LONG_AGO])
    other_org.put_back()
    with Store.open(other_org.folder) as marketing:
        marketing.set_time(world.now)
        seed_marketing(marketing)
        for name in ("key", "secret"):
            (world.folder / f"other_{name}").write_text(getattr(other_org.address, f"consumer_{name}"))
        two = Two(world, marketing)
        two.settle(MARKETING.format(address=other_org.address))
        world.send(GLOBEX, [*listed(0, 1, 2), listed(0)[0] | QUARTZ_ROW, listed(0)[0] | LINDEN_ROW])
        yield two
        assert_no_human_field_was_sent(marketing)


def seed_marketing(store: Store) -> None:
    user = {"Id": MARKETER, "Name": "Mia", "LastName": "Mia", "Username": "mia@contoso.example", "IsActive": True}
    store.seed("User", [user | LONG_AGO])
    store.seed("User", [{"Id": one["Id"], **LONG_AGO} for one in store.records("User")])
    shared = [
        {"Id": there(at), "Name": f"{name} Ltd", "Website": f"www.{site}", "BillingCountry": country}
        for at, (name, site, country) in list(enumerate(COMPANIES))[:4]
    ]
    shared[0] |= {"Type": "Customer", "NumberOfEmployees": 700}
    alone = [
        {"Id": QUARTZ_THERE, "Name": "Quartz Dental Supplies SAS", "Website": "quartzdental.fr"} | PLACE,
        {"Id": LINDEN, "Name": "Linden Kilns", "Website": "lindenkilns.de", "BillingCountry": "Germany"},
        {"Id": GLOBEX_THERE, "Name": "Globex Corporation"},
    ]
    store.seed("Account", [one | {"OwnerId": MARKETER} | LONG_AGO for one in (*shared, *alone)])


def test_each_crm_gets_its_own_records_and_a_company_counts_once(two: Two) -> None:
    report = two.run()
    found = report.matched
    assert (found.in_several, found.population_from) == (6, "salesforce")
    ours, theirs = records(two.world.store), records(two.marketing)
    assert set(ours) == {*map(account_id, (0, 1, 2)), QUARTZ}
    assert set(theirs) == {*map(there, (0, 1, 2)), QUARTZ_THERE, LINDEN}
    assert {one["Overlap_Key__c"] for one in ours.values()}.isdisjoint(one["Overlap_Key__c"] for one in theirs.values())
    assert {one["OwnerId"] for one in theirs.values()} == {MARKETER}
    # Quartz is found by marketing's website alone, and both say so.
    assert ours[QUARTZ]["Match_Reason__c"].startswith("same company as Quartz Dental Supplies SAS in marketing; ")
    assert "same company" not in theirs[QUARTZ_THERE]["Match_Reason__c"]
    # What one CRM decides, both say.
    assert {one["Our_Population__c"] for one in (ours[account_id(0)], theirs[there(0)])} == {"Open Opportunities"}
    both = [{account: one["Priority__c"] for account, one in said.items()} for said in (ours, theirs)]
    assert [both[0][account_id(at)] for at in (0, 1, 2)] == [both[1][there(at)] for at in (0, 1, 2)]
    with two.world.context() as context:
        cells, companies = views.matrix(context, "globex"), views.reconciled(context, "globex")
        alone = views.reconciled(context, "globex", "marketing")
        status = views.status(context)
    assert cells["accounts"].sum() == companies["companies"][0] == companies["accounts"][0] == 5
    assert alone["companies"].to_list() == [5]
    assert set(two.listed(partner="globex")) == {*map(account_id, (0, 1, 2)), QUARTZ, LINDEN}
    assert set(two.listed(partner="globex", crm="marketing")) == set(theirs)
    assert two.listed(partner="globex")[QUARTZ]["crms"] == "marketing, salesforce"
    assert [(one.crm, one.shared) for one in status.crms] == [("salesforce", 6), ("marketing", 6)]
    # The partner's own account is found in the other CRM too.
    (partner,) = (one for one in two.marketing.records("Overlap_Partner__c") if one["Name"] == "Globex")
    assert partner["Partner_Account__c"] == GLOBEX_THERE
    two.world.wait(days=7)
    again = two.run()
    assert [made.changes for made in again.plans] == [(), ()]


def test_what_one_crm_has_locked_keeps_nothing_from_the_other(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_FIRST_WAIT_S", 0.0)
    two.world.store.lock_rows(4 * 2)  # both partners' records, each time
    with pytest.raises(UnfinishedRunError, match=r"Globex: UNABLE_TO_LOCK_ROW: .*'overlap apply 1' again") as told:
        two.run()
    ours, theirs = told.value.report.applied
    assert (ours.states[State.PENDING] > 0, theirs.states.keys()) == (True, {State.ACKNOWLEDGED})
    assert records(two.world.store) == {}
    assert set(records(two.marketing)) == {*map(there, (0, 1, 2)), QUARTZ_THERE, LINDEN}


def test_what_cannot_be_read_of_one_crm_keeps_neither_the_other_nor_the_lists_from_landing(two: Two) -> None:
    two.world.store.set_credentials_valid(False)
    with pytest.raises(UnfinishedRunError, match=r"^salesforce 'salesforce': sign-in refused") as told:
        two.run()
    report = told.value.report
    assert told.value.exit_code == 3
    assert [one.crm for one in report.pulled.crms] == ["marketing"]
    assert {one.partner: one.state for one in report.pulled.lists} == {"globex": "accepted", "initech": "accepted"}
    assert (report.matched, report.plans) == (None, ()), "who is excluded there, nobody knows"
    assert [(one.verb, one.state) for one in two.world.runs()] == [("run", "failed"), ("pull", "failed")]
    two.world.store.set_credentials_valid(True)
    again = two.run()
    assert again.pulled.crms[1].since is not None, "what landed is not read again"
    assert again.matched is not None and again.matched.in_several == 6
    two.world.store.set_credentials_valid(False)
    two.world.store.expire_tokens()
    with pytest.raises(UnfinishedPullError):
        two.world.pull()
    said = "could not read 'salesforce', whose rows are of 2026-03-02 09:0.*again, or say 'overlap match --old-rows'"
    with pytest.raises(GuardError, match=said):
        two.world.match()
    with two.world.context() as context:
        assert match.match(context, old_rows=True).behind == ("salesforce",)
    assert "could not be read by the last pull" in two.plan("marketing").notes[0]


def test_a_crm_that_shuts_us_out_while_it_is_written_keeps_nothing_from_the_other(two: Two) -> None:
    def shut_out(step: str) -> None:
        if step == "partner_overlap: marked sent":
            two.world.store.set_credentials_valid(False)
            two.world.store.expire_tokens()

    steps.listen(shut_out)
    try:
        with pytest.raises(UnfinishedRunError, match=r"^salesforce 'salesforce': sign-in refused") as told:
            two.run()
    finally:
        steps.listen(None)
    assert [done.crm for done in told.value.report.applied] == ["marketing"]
    assert (records(two.world.store), len(records(two.marketing))) == ({}, 5)


def test_what_was_left_unfinished_in_one_crm_and_cannot_be_finished_now_stops_no_other(two: Two) -> None:
    two.look()
    plans = [two.plan(crm) for crm in ("salesforce", "marketing")]

    def fails_at(name: str, error: Exception) -> None:
        def hook(step: str) -> None:
            if step == name:
                steps.listen(None)
                raise error

        steps.listen(hook)

    fails_at("overlap_partner: sent", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        two.world.apply(plans[0], approve=True)
    fails_at("read back: read", PausedError("paused"))
    with pytest.raises(UnfinishedRunError, match=r"^paused$") as told:
        two.run()
    assert [done.crm for done in told.value.report.applied] == ["marketing"]
    assert (records(two.world.store), len(records(two.marketing))) == ({}, 5)


def test_verdicts_exclusions_and_off_limits_of_one_crm_hold_in_the_other(two: Two) -> None:
    two.look()
    two.judge(there(1), "globex:X-1", "different")
    two.marketing.edit("Account", there(0), {"Partner_Engagement__c": "Off limits"})
    two.settle(RULE.format(QUARTZ_THERE))
    two.world.wait(days=1)
    report = two.look()
    assert report.excluded == {"legal-hold": 2}
    listed_now = two.listed(partner="globex")
    assert set(listed_now) == {account_id(0), account_id(2), LINDEN}
    assert set(two.listed(partner="globex", crm="marketing")) == {there(0), there(2), LINDEN}
    assert (listed_now[account_id(0)]["play"], listed_now[account_id(0)]["priority"]) == (None, 0)
    with two.world.context() as context:
        told = pairs.explain(context, "Birch Valves", "globex:X-1").match
        namesake = pairs.explain(context, "Globex Corporation", "globex:X-1").ours
    assert told["decision"] == "no match"
    assert told["reasons"].startswith(
        "judged different companies by ada on 2026-03-02, of Birch Valves Ltd in marketing;"
    )
    assert namesake["crm"] == "salesforce", "a name that both have means the one that speaks"
    two.judge(account_id(1), "globex:X-1", "same")
    two.judge(account_id(1), "globex:X-1", "undo")
    assert two.judged() == {there(1): "different"}, "what was said of the other account is not what was taken back"
    # Who says the contrary of the other account says that they are two companies: each keeps its verdict.
    two.judge(account_id(1), "globex:X-1", "same")
    report = two.world.match()
    assert report.in_several == 4
    assert set(two.listed(partner="globex")) == {account_id(0), account_id(1), account_id(2), LINDEN}
    assert set(two.listed(partner="globex", crm="marketing")) == {there(0), there(2), LINDEN}
    two.judge(account_id(1), "globex:X-1", "undo")
    two.world.match()
    two.judge(account_id(1), "globex:X-1", "undo")  # one company again: this is what marketing's was judged
    two.world.match()
    assert there(1) in two.listed(partner="globex", crm="marketing")


SETTLED = """
[companies]
population_from = "marketing"
same_deal = "twin"
[icp.headcount]
weight = 40
at_least = 500
[icp.industry]
weight = 60
values = ["Machinery"]
"""


def test_the_named_crm_decides_and_the_other_fills_what_it_left_empty(two: Two) -> None:
    two.world.store.edit("Account", account_id(0), {"Industry": "Machinery", "NumberOfEmployees": 3})
    deal = {"Name": "Alder Pumps", "StageName": "Qualification", "CloseDate": "2026-06-30", "OwnerId": MARKETER}
    twin = {"Id": record_id("Opportunity", 170), "AccountId": there(0), "NextStep": deal_id(0)}
    two.marketing.seed("Opportunity", [deal | twin | LONG_AGO])
    two.world.send(GLOBEX, listed(0, 1, **{"Partner Influence": "we introduced you", "Influence Date": "2026-02-20"}))
    report = two.look()
    assert (report.population_from, report.differing, report.suggestions) == ("salesforce", 3, 3)
    assert two.listed(partner="globex")[account_id(0)]["our_population"] == "Open Opportunities"
    with two.world.context() as context:
        (alder,) = several_crms.companies(context, differing=True, name="alder")
        (quartz,) = several_crms.companies(context, name="quartz")
    assert [(one.crm, one.id, one.population) for one in alder.accounts] == [
        ("salesforce", account_id(0), "Open Opportunities"),
        ("marketing", there(0), "Customers"),
    ]
    assert (quartz.name, quartz.differs) == ("Quartz Dental Supplies", False)
    two.settle(SETTLED)
    report = two.world.match()
    assert (report.population_from, report.differing) == ("marketing", 3)
    shown = two.listed(partner="globex")[there(0)]
    assert (shown["our_population"], shown["icp_fit"]) == ("Customers", 100)
    assert shown["icp_reasons"] == "industry Machinery fits; headcount 700 fits"
    same = two.listed(partner="globex", crm="salesforce")[account_id(0)]
    assert [same[name] for name in ("our_population", "icp_fit", "play")] == ["Customers", 100, shown["play"]]
    # The deal that both have is suggested once, where the CRM that decides has it; the other deal where it is.
    assert report.suggestions == 2
    made = {crm: [one for one in two.plan(crm).changes if one.object_name == "partner_influence"] for crm in CRMS}
    assert [change.new["opportunity"] for change in made["marketing"]] == [twin["Id"]]
    assert [change.new["opportunity"] for change in made["salesforce"]] == [deal_id(1)]
    with two.world.context() as context:
        assert views.status(context).next_step == f"overlap apply {views.status(context).crms[0].plan}"


def test_a_partners_own_account_may_be_in_one_crm_only(two: Two) -> None:
    with two.world.context() as context:
        found = [one for one in check.check(context) if one.subject == "partners.globex.account"]
        alone = [one for one in check.check(context, "marketing") if one.subject == "partners.globex.account"]
    assert [one.ok for one in found] == [True]
    assert alone == [], "another CRM, which was not looked at, may have it"
