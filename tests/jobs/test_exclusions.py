"""An account that the settings exclude: nothing is matched or written for it, and what was written is taken back."""

from __future__ import annotations

import pytest

from jobs.finding import pairs
from overlap.errors import ConfigError
from tests.jobs.world import GLOBEX, World, account_id, listed

RULE = """
[exclusions.legal-hold]
domains = ["https://www.alderpumps.com/en"]
"""


def settle(world: World, more: str) -> None:
    path = world.folder / "overlap.toml"
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")


def test_what_was_written_is_taken_back_and_comes_again_when_the_rule_goes(written: World) -> None:
    assert written.overlap(0)["Status__c"] == "Active"
    settings = (written.folder / "overlap.toml").read_text(encoding="utf-8")
    settle(written, RULE)
    stale = r"overlap\.toml: \[exclusions\] changed since run \d+ was matched; run 'overlap match' first"
    with pytest.raises(ConfigError, match=stale):
        written.plan()
    planned = written.look()
    about = {change.cause for change in planned.changes if account_id(0) in (change.account_id, change.key)}
    assert about == {"excluded: legal-hold"}
    assert len(planned.changes) == len([change for change in planned.changes if change.cause == "excluded: legal-hold"])
    written.apply(planned, approve=True)
    assert written.overlap(0)["Status__c"] == "Retired"
    assert written.account(0)["Overlap_Customer_Of__c"] is None
    assert written.deal(0)["Overlap_Customer_Of__c"] is None
    assert written.overlap(1)["Status__c"] == "Active"
    assert written.look().changes == (), "an excluded account is not written twice"
    (written.folder / "overlap.toml").write_text(settings, encoding="utf-8")
    written.apply(written.look(), approve=True)
    assert written.overlap(0)["Status__c"] == "Active"
    assert written.account(0)["Overlap_Customer_Of__c"] == "Globex"


def test_it_is_counted_by_its_rule_and_is_no_greenfield(world: World) -> None:
    settle(world, RULE + "[exclusions.rich]\nfilter = \"currency = 'EUR' and revenue > 1e6\"\n")
    world.change_settings('type = "salesforce"', 'type = "salesforce"\ncurrency = "EUR"')
    world.store.edit("Account", account_id(0), {"Website": "alderpumps.de; alderpumps.com"})
    world.store.edit("Account", account_id(3), {"AnnualRevenue": 2e6})
    other_name = {"Account Name": "Alder Group", "Website": "alder.example www.alderpumps.com"}
    world.send(GLOBEX, [listed(0)[0] | other_name, *listed(1)])
    assert world.pull().excluded == {"legal-hold": 1, "rich": 1}
    report = world.match()
    assert report.excluded == {"legal-hold": 1, "rich": 1}
    assert (report.accounts, report.greenfield) == (9, 0)


def test_what_is_judged_to_be_an_excluded_account_is_no_greenfield(world: World) -> None:
    other = {"Account Name": "Zyx Holding", "Website": "zyx.example"}
    world.send(GLOBEX, [listed(0)[0] | other])
    world.pull()
    assert world.match().greenfield == 1
    with world.context() as context:
        pairs.judge(context, account_id(0), "globex:X-0", "same")
    settle(world, RULE)
    assert world.match().greenfield == 0


def test_a_pull_counts_whom_each_rule_takes_by_what_it_read(world: World) -> None:
    settle(world, RULE + '[exclusions.in-talks]\nfilter = "any_opportunity()"\n[exclusions.none]\nids = ["x"]\n')
    report = world.pull()
    assert (report.excluded, report.uncounted) == ({"legal-hold": 1, "in-talks": 2, "none": 0}, None)
    [run] = world.runs()
    assert run.summary["excluded"] == report.excluded


def test_a_domain_that_is_none_is_named(world: World) -> None:
    settle(world, '[exclusions.tests]\ndomains = ["no domain"]\n')
    said = world.pull()
    assert (said.excluded, said.crms[0].rows["accounts"]) == ({}, 11), "what was read stands"
    assert said.uncounted == (
        "exclusions.tests.domains: 'no domain' is no domain of a company; write it like 'acme.com'"
    )
    with pytest.raises(ConfigError, match=r"exclusions\.tests\.domains: 'no domain' is no domain of a company"):
        world.match()


def test_the_partners_own_account_is_still_linked_when_it_is_excluded(written: World) -> None:
    settle(written, "[exclusions.partners]\nfilter = \"name like 'globex%'\"\n")
    assert written.look().changes == ()


def test_custom_populations_are_written_with_the_others(world: World) -> None:
    settle(world, '[populations.custom."In talks"]\nfilter = "any_opportunity(stage = \'Qualification\')"\n')
    world.run()
    assert world.overlap(0)["Our_Populations__c"] == "Open Opportunities, In talks"
    assert world.overlap(0)["Our_Population__c"] == "Open Opportunities"
    assert world.overlap(3)["Our_Populations__c"] == "Prospects"
