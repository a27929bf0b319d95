"""What people do in the CRM counts, and stays as they wrote it."""

from __future__ import annotations

import pytest

from jobs.stores import judgements
from tests.jobs.world import GLOBEX, GLOBEX_ACCOUNT, INITECH, LISTED, OTHER_SELLER, deal_id, listed

CLAIM = {"Partner Influence": "introduced the CIO", "Influence Date": "20/02/2026"}
CONFIRMATION = {
    "Status__c": "Confirmed",
    "Influence_Type__c": "Active in sale;Endorsement",
    "Involvement__c": "Back channel",
    "Sourced__c": True,
    "Influenced_On__c": "2026-02-21",
    "Evidence__c": "Müller called:\n\n\t“take  them” <3",
}
FEEDBACK = {"Feedback__c": "Working it", "Feedback_Note__c": "é  \u2028 ok"}


@pytest.fixture
def claimed(world):
    """Globex claims to have helped with the first deal; the suggestion is in the CRM."""
    world.send(GLOBEX, [*listed(0, **CLAIM), *listed(*LISTED[1:])])
    world.run()
    assert world.influence(0)["Status__c"] == "Suggested"
    assert world.influence(0)["Evidence_Summary__c"] == "partner says: introduced the CIO (2026-02-20)"
    return world


def globex_record(world):
    return next(record for record in world.store.records("Overlap_Partner__c") if record["Name"] == "Globex")


def handmade(world, number=1, **values):
    """A person presses New and fills in what the form asks for."""
    record = {"Opportunity__c": deal_id(number), "Partner__c": globex_record(world)["Id"], "Status__c": "Proposed"}
    return world.store.create("Partner_Influence__c", record | values, user="Ada")


def influences(world):
    return [record for record in world.store.records("Partner_Influence__c") if not record["IsDeleted"]]


# --- what they wrote stays ------------------------------------------------------------------------------------------


def test_keeps_what_people_wrote_through_every_kind_of_run(claimed):
    world = claimed
    influence, overlap, partner = world.influence(0)["Id"], world.overlap(0)["Id"], globex_record(world)["Id"]
    written = {
        ("Partner_Influence__c", influence): CONFIRMATION,
        ("Partner_Overlap__c", overlap): FEEDBACK,
        ("Overlap_Partner__c", partner): {"Tier__c": "Strategic", "Partner_Manager__c": OTHER_SELLER},
    }
    for (name, record_id), values in written.items():
        world.store.edit(name, record_id, values, user="Ada")

    def kept():
        found = {(name, r["Id"]): r for name in {n for n, _ in written} for r in world.store.records(name)}
        return {place: {field: found[place][field] for field in values} for place, values in written.items()}

    assert kept() == written
    world.wait(days=7)
    world.send(GLOBEX, [*listed(0, **CLAIM), *listed(*LISTED[1:])])
    world.run()
    assert kept() == written, "after the same list with a newer date"

    world.wait(days=7)
    changed = {**CLAIM, "Partner Influence": "wrote the business case", "Status": "Opportunity"}
    world.send(GLOBEX, [*listed(0, **changed), *listed(*LISTED[1:])])
    world.run()
    assert world.overlap(0)["Partner_Population__c"] == "Open Opportunities"
    assert kept() == written, "after a changed list"

    for _ in range(2):
        world.wait(days=7)
        world.send(GLOBEX, listed(*LISTED[1:]))
        world.run(lists=[GLOBEX])
    assert world.overlap(0)["Status__c"] == "Retired"
    assert world.influence(0)["Suggestion_State__c"] == "Withdrawn"
    assert kept() == written, "after its overlap retired and its evidence went"


def test_withdraws_a_suggestion_without_touching_its_status(claimed):
    claimed.store.edit("Partner_Influence__c", claimed.influence(0)["Id"], {"Status__c": "Rejected"})
    claimed.wait(days=1)
    claimed.send(GLOBEX, listed(*LISTED))
    claimed.run()
    assert claimed.influence(0)["Suggestion_State__c"] == "Withdrawn"
    assert claimed.influence(0)["Status__c"] == "Rejected"


def test_an_account_that_is_off_limits_loses_its_play_and_keeps_its_mark(written):
    assert written.overlap(3)["Play__c"] == "Ask for an introduction"
    written.store.edit("Account", written.account(3)["Id"], {"Partner_Engagement__c": "Off limits"}, user="Ada")
    written.wait(days=1)
    written.run()
    assert written.overlap(3)["Play__c"] is None
    assert written.account(3)["Overlap_Best_Play__c"] is None
    assert written.account(3)["Partner_Engagement__c"] == "Off limits"


# --- influence that people enter ------------------------------------------------------------------------------------


def test_adopts_a_hand_made_record_and_fills_its_empty_fields_only(written):
    made = handmade(written, 1, Evidence_Summary__c="I was there", Evidence__c="They vouched for us.")
    before = written.influence(1)
    written.wait(days=1)
    written.send(GLOBEX, [*listed(1, **CLAIM), *listed(0, 2, 3, 4, 5)])
    report = written.run()
    after = written.influence(1)
    assert [record["Id"] for record in influences(written)] == [made], "adopted, not duplicated"
    assert [change.action for change in report.plans[0].changes if change.object_name == "partner_influence"] == [
        "adopt"
    ]
    moved = {name for name in after if after[name] != before[name] and name.endswith("__c")}
    assert moved == {"Influence_Key__c", "Workspace__c", "Account__c", "Overlap__c", "Suggestion_State__c"}
    assert (after["Origin__c"], after["Evidence_Summary__c"]) == ("Person", "I was there")
    assert after["Overlap__c"] == written.overlap(1)["Id"]


def test_adopts_a_hand_made_record_that_no_evidence_supports(written):
    made = handmade(written, 2)
    written.wait(days=1)
    written.run()
    assert written.influence(2)["Influence_Key__c"] is not None
    assert [record["Id"] for record in influences(written)] == [made]
    written.wait(days=1)
    assert written.run().plans[0].changes == (), "adopting is done once"


def test_reports_a_second_hand_made_record_of_one_pair_and_leaves_it_alone(written):
    first, second = handmade(written, 1), handmade(written, 1)
    written.wait(days=1)
    report = written.run()
    assert [note for note in report.plans[0].notes if second in note and "duplicate" in note]
    assert not [note for note in report.plans[0].notes if first in note]
    keys = {record["Id"]: record["Influence_Key__c"] for record in influences(written)}
    assert keys[first] is not None
    assert keys[second] is None


def test_reports_a_hand_made_record_beside_a_suggestion(claimed):
    second = handmade(claimed, 0)
    claimed.wait(days=1)
    report = claimed.run()
    assert [note for note in report.plans[0].notes if second in note and "duplicate" in note]
    assert [r["Influence_Key__c"] for r in influences(claimed) if r["Id"] == second] == [None]


def test_a_confirmed_influence_shows_on_its_deal_until_it_is_confirmed_no_more(claimed):
    world, rejection = claimed, {"Status__c": "Rejected", "Sourced__c": False}
    assert world.deal(0)["Overlap_Confirmed_Partners__c"] is None
    world.store.edit("Partner_Influence__c", world.influence(0)["Id"], CONFIRMATION, user="Bob")
    by_hand = handmade(world, 1, **CONFIRMATION)
    world.wait(days=1)
    world.run()
    said = ("Overlap_Confirmed_Partners__c", "Overlap_Sourced_By__c")
    assert [[world.deal(at)[name] for name in said] for at in (0, 1)] == [["Globex", "Globex"]] * 2
    world.store.edit("Partner_Influence__c", world.influence(0)["Id"], rejection)
    world.store.delete("Partner_Influence__c", by_hand, user="Ada")
    world.wait(days=1)
    world.run()
    assert [[world.deal(at)[name] for name in said] for at in (0, 1)] == [[None, None]] * 2


def test_a_confirmed_influence_shows_though_somebody_deleted_the_partner(claimed):
    world = claimed
    world.store.edit("Partner_Influence__c", world.influence(0)["Id"], CONFIRMATION, user="Bob")
    world.store.delete("Overlap_Partner__c", globex_record(world)["Id"], user="Ada")
    world.wait(days=1)
    world.run()
    assert world.deal(0)["Overlap_Confirmed_Partners__c"] == world.deal(0)["Overlap_Sourced_By__c"] == "Globex"
    world.wait(days=1)
    assert world.run().plans[0].changes == ()


def test_confirmed_without_sourced_names_no_source(written):
    handmade(written, 1, **{**CONFIRMATION, "Sourced__c": False})
    written.wait(days=1)
    written.run()
    assert written.deal(1)["Overlap_Confirmed_Partners__c"] == "Globex"
    assert written.deal(1)["Overlap_Sourced_By__c"] is None


def test_a_partner_entered_on_the_deal_is_evidence(world):
    row = {"OpportunityId": deal_id(2), "AccountToId": GLOBEX_ACCOUNT, "Role": "Consultant"}
    world.store.seed("OpportunityPartner", [row | {"SystemModstamp": "2026-03-01T10:00:00.000+0000"}])
    world.run()
    assert world.influence(2)["Evidence_Summary__c"] == "entered as partner on the opportunity (Consultant)"


# --- feedback on overlaps -------------------------------------------------------------------------------------------


def test_wrong_company_retires_the_overlap_and_clearing_it_brings_it_back(written):
    written.store.edit("Partner_Overlap__c", written.overlap(4)["Id"], {"Feedback__c": "Wrong company"}, user="Ada")
    written.wait(hours=1)
    report = written.run(approve=False)
    assert not report.held
    assert written.overlap(4)["Status__c"] == "Retired"
    assert written.account(4)["Overlap_Partner_Count__c"] is None
    assert next(c.cause for c in report.plans[0].changes if c.action == "retire") == "judged different"

    written.wait(days=7)
    written.send(GLOBEX, listed(*LISTED))
    written.run()
    assert written.overlap(4)["Status__c"] == "Retired", "the verdict sticks"

    written.store.edit("Partner_Overlap__c", written.overlap(4)["Id"], {"Feedback__c": None}, user="Ada")
    written.wait(hours=1)
    written.run()
    assert written.overlap(4)["Status__c"] == "Active"
    assert written.account(4)["Overlap_Customer_Of__c"] == "Globex"


def test_feedback_on_one_partner_says_nothing_about_another(written):
    written.store.edit("Partner_Overlap__c", written.overlap(0)["Id"], {"Feedback__c": "Wrong company"})
    written.wait(hours=1)
    written.run()
    assert written.overlap(0)["Status__c"] == "Retired"
    assert written.overlap(0, "Initech")["Status__c"] == "Active"
    assert written.account(0)["Overlap_Customer_Of__c"] is None
    assert written.account(0)["Overlap_Prospect_Of__c"] == "Initech"


def test_right_company_keeps_a_pair_that_the_engine_would_let_go(written):
    written.store.edit("Partner_Overlap__c", written.overlap(5)["Id"], {"Feedback__c": "Right company"}, user="Ada")
    written.wait(hours=1)
    written.run()
    unlike = {"Website": "", "Country": "France"}
    written.wait(days=7)
    written.send(GLOBEX, [*listed(*LISTED[:5]), *listed(5, **unlike)])
    written.store.edit("Account", written.account(5)["Id"], {"Website": "other-domain.com", "BillingCountry": "Chile"})
    written.run()
    assert written.overlap(5)["Status__c"] == "Active"
    assert "judged the same company" in written.overlap(5)["Match_Reason__c"]


@pytest.mark.parametrize(
    ("first", "then", "in_force"),
    [
        ("Right company", "Working it", [("same", "Bob", "crm")]),
        ("Wrong company", "Not now", []),
        ("Wrong company", "Right company", [("same", "Bob", "crm")]),
    ],
)
def test_a_verdict_bears_who_gave_it_and_only_what_speaks_of_the_company_changes_it(written, first, then, in_force):
    said = written.store.edit
    said("Partner_Overlap__c", written.overlap(5)["Id"], {"Feedback__c": first}, user=OTHER_SELLER)
    written.wait(hours=1)
    written.run()
    said("Partner_Overlap__c", written.overlap(5)["Id"], {"Feedback__c": then}, user=OTHER_SELLER)
    written.wait(hours=1)
    given_at = written.now
    written.wait(hours=1)
    written.look()
    with written.context() as context:
        kept = [one.said for one in judgements.every(context.ledger) if one.undone_at is None]
    assert [(one.verdict, one.judged_by, one.source) for one in kept] == in_force
    assert all(one.judged_at < given_at for one in kept)


def test_feedback_on_a_retired_record_speaks_of_the_pair_that_is_written_on_it(written):
    written.wait(days=7)
    moved = {"Website": "other-domain.com", "BillingCountry": "Chile", "Name": "Quite Another"}
    written.store.edit("Account", written.account(5)["Id"], moved)
    written.run()
    assert written.overlap(5)["Status__c"] == "Retired"
    written.store.edit("Partner_Overlap__c", written.overlap(5)["Id"], {"Feedback__c": "Right company"}, user="Ada")
    written.wait(hours=1)
    written.run()
    assert written.overlap(5)["Status__c"] == "Active"
    assert "judged the same company by Ada" in written.overlap(5)["Match_Reason__c"]


def test_other_feedback_is_no_verdict(written):
    for number, feedback in ((2, "Not now"), (3, "Working it")):
        written.store.edit("Partner_Overlap__c", written.overlap(number)["Id"], {"Feedback__c": feedback})
    written.wait(hours=1)
    assert written.run().matched.judgements == 0


# --- ownership ------------------------------------------------------------------------------------------------------


def test_every_owner_field_follows_the_account_and_never_an_inactive_person(written):
    written.store.edit("Account", written.account(3)["Id"], {"OwnerId": OTHER_SELLER})
    written.wait(days=1)
    written.run()
    assert written.overlap(3)["OwnerId"] == OTHER_SELLER
    written.store.edit("User", OTHER_SELLER, {"IsActive": False})
    written.wait(days=1)
    written.run()
    assert written.overlap(3)["OwnerId"] == OTHER_SELLER, "nobody better is known, so nothing is written"


def test_no_partner_is_mentioned_where_none_sent_a_list(world):
    (world.folder / "inbox" / f"{INITECH}-{world.now:%Y-%m-%d}.csv").unlink()
    world.run()
    assert [record["Name"] for record in world.store.records("Overlap_Partner__c")] == ["Globex"]
