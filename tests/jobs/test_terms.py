"""Terms in a whole workspace: what may not be written goes, is held like any mass of retirements, and comes back."""

from __future__ import annotations

import pytest

from jobs import views
from jobs.connecting import check
from jobs.partners.terms import warnings
from jobs.writeback import plan
from jobs.writeback.undo import undo_plans
from overlap.errors import StalePlanError
from tests.jobs.world import GLOBEX, LISTED, listed


def set_terms(world, terms):
    world.change_settings('name = "Initech"', f'name = "Initech"\nterms = {{ {terms} }}')


def initech(world):
    names = ("Name", "Status__c", "Partner_Owner_Email__c", "Partner_Record_Website__c", "Match_Reason__c")
    return [
        tuple(one[name] for name in names)
        for one in world.store.records("Partner_Overlap__c")
        if one["Name"].startswith("Initech")
    ]


def test_expired_terms_retire_after_a_person_approved_read_no_list_and_renewed_ones_bring_all_back(written):
    set_terms(written, "expires = 2026-03-05")
    with written.context() as context:
        assert views.status(context).terms == warnings(context) == {"initech": "expires in 3 days"}
    report = written.run(approve=False)
    assert report.plans[0].changes == ()
    assert report.plans[0].notes == ("Initech: its terms: expires in 3 days; then everything of it retires",)
    written.wait(days=4)
    written.send("initech", listed(0, 1, 2, Status="Prospect"))
    report = written.run(approve=False)
    (made,) = report.plans
    assert {change.cause for change in made.changes if change.action == "retire"} == {"its terms expired on 2026-03-05"}
    assert "2 of 2 overlaps with 'initech' would retire" in made.held
    taken = {one.partner: one for one in report.pulled.lists}
    assert taken["initech"].state == "unchanged"
    assert {status for _, status, *_ in initech(written)} == {"Active"}, "held"
    written.run()
    assert {status for _, status, *_ in initech(written)} == {"Retired"}
    with written.context() as context:
        assert {
            partner for found in views.published(context, "matches", "overlaps") for partner in found["partner"]
        } == {GLOBEX}, "it is not even looked at"
    written.change_settings("expires = 2026-03-05", "expires = 2027-03-05")
    written.run()
    assert {status for _, status, *_ in initech(written)} == {"Active"}
    assert len(initech(written)) == 3


def overlaps(world):
    with world.context() as context:
        return views.overlaps(context).to_dicts()


def test_a_list_for_analysis_only_is_seen_by_us_and_no_record_says_anything_of_it(written):
    set_terms(written, 'uses = ["analysis"]')
    partners = written.store.records("Overlap_Partner__c")
    written.wait(days=7)
    written.send("initech", listed(0, 1, Status="Prospect"))
    written.run()
    assert written.store.records("Overlap_Partner__c") == partners, "not even the day of its list"
    assert {status for _, status, *_ in initech(written)} == {"Retired"}
    assert {one["partner"] for one in overlaps(written)} == {"globex", "initech"}
    flat = " ".join(str(written.account(number)) + str(written.deal(number)) for number in (0, 1))
    assert "Initech" not in flat
    assert {written.overlap(number)["Status__c"] for number in LISTED} == {"Active"}
    assert written.run().plans[0].changes == ()


def test_hidden_fields_are_emptied_in_the_crm_and_shown_to_us(written):
    set_terms(written, 'fields = ["name", "population"]')
    before = initech(written)
    assert all(site for *_, site, _ in before)
    written.run()
    assert {(site, reason) for *_, site, reason in initech(written)} == {
        (None, "matched by facts that the partner does not let us show here")
    }
    assert all("website" in one["reasons"] for one in overlaps(written) if one["partner"] == "initech")


def test_an_undo_that_would_put_back_what_terms_do_not_allow_is_held_and_says_so(written):
    set_terms(written, 'fields = ["name"]')
    written.run()
    with written.context() as context:
        (made,) = undo_plans(context, "latest")
    assert "it may put back what the terms of 'initech' do not allow" in made.plan.held
    assert not [reason for reason in made.plan.held if "globex" in reason]


def test_a_plan_is_stale_once_terms_that_it_counts_on_are_over(written):
    set_terms(written, "expires = 2026-03-02")
    written.wait(days=0.1)
    written.send(GLOBEX, [*listed(*LISTED), *listed(8)])
    planned = written.look()
    assert planned.changes
    written.wait(hours=22)
    with pytest.raises(StalePlanError, match="the terms of a partner expired since"):
        written.apply(planned, approve=True)


def test_check_says_what_is_over_and_does_not_look_at_the_list(written):
    set_terms(written, "expires = 2026-03-01")
    for file in written.folder.glob("inbox/globex*"):
        file.unlink()
    with written.context() as context:
        found = {one.subject: one for one in check.check(context)}
    assert not found["partners.initech.terms"].ok
    assert found["partners.initech.terms"].detail == "expired on 2026-03-01"
    assert "initech" not in found
    assert found["globex"].ok, "its last list is in force, wherever that came from"


def test_a_late_list_makes_its_overlaps_unknown_wherever_they_are_shown_and_retires_none(written):
    written.wait(days=60)
    report = written.run()
    assert {change.action for change in report.plans[0].changes} == {"update"}
    assert any(note.startswith("Globex: its list is of 2026-03-02, and late") for note in report.plans[0].notes)
    assert all(one["late"] for one in overlaps(written))
    with written.context() as context:
        assert set(views.late_lists(context)) == {"globex", "initech"}
        found, _ = plan.read_findings(context, "salesforce", context.ledger.pinned("published_run"))
    assert found.partners["late"].all()
