"""What is left of a value once a partner, or a person, is erased."""

from __future__ import annotations

from datetime import date

import pytest

from overlap.erasing import Person, emptied_record, mark_of, mentions, redacted, without_partner
from overlap.fields import SUGGESTED, TICKED

TODAY, NAMES = date(2026, 3, 2), {"Globex", "Globex Old"}


def test_confirmed_influence_keeps_its_evidence_and_the_partner_its_name():
    influence = {"origin": "Engine", "evidence_summary": "partner says: x", "suggestion_state": "Current"}
    partner = {"name": "Globex", "partner_account": "001", "list_as_of": None, "feed_status": "Late"}
    assert emptied_record("partner_influence", influence, NAMES, TODAY, is_confirmed=True) == {}
    assert emptied_record("overlap_partner", partner, NAMES, TODAY, is_confirmed=True) == {
        "partner_account": None,
        "feed_status": None,
    }
    assert emptied_record("overlap_partner", partner, NAMES, TODAY, is_confirmed=False)["name"] == "Erased"


def test_a_suggestion_is_withdrawn_and_what_a_person_made_is_only_emptied():
    said = {"origin": "Engine", "evidence_summary": "partner says: x", "suggestion_state": "Current"}
    wanted = {"evidence_summary": None, "suggestion_state": "Withdrawn"}
    assert emptied_record("partner_influence", said, NAMES, TODAY, is_confirmed=False) == wanted
    said["origin"] = "Person"
    assert emptied_record("partner_influence", said, NAMES, TODAY, is_confirmed=False) == {"evidence_summary": None}


def test_flat_fields_lose_the_partner_and_keep_another_ones():
    said = {
        "overlap_customer_of": "Globex;Globex East;Initech",
        "overlap_prospect_of": "Globex Old",
        "overlap_best_partner": "Initech",
        "overlap_best_reason": "Customers of Initech",
        "overlap_partner_contact": "Jane",
        "overlap_confirmed_partners": "Globex",
        "overlap_changed_on": None,
    }
    changed = {
        "overlap_customer_of": "Globex East;Initech",
        "overlap_prospect_of": None,
        "overlap_changed_on": TODAY,
    }
    assert emptied_record("opportunity", said, NAMES, TODAY, is_confirmed=False) == changed
    said["overlap_best_partner"] = "Globex"
    best = dict.fromkeys(("overlap_best_partner", "overlap_best_reason", "overlap_partner_contact"))
    assert emptied_record("opportunity", said, NAMES, TODAY, is_confirmed=False) == changed | best
    assert (
        emptied_record("opportunity", said | {"overlap_customer_of": None}, {"nobody"}, TODAY, is_confirmed=False) == {}
    )


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ({SUGGESTED: "Globex", TICKED: True}, "as it is"),
        ({SUGGESTED: "Globex", TICKED: False}, None),
        ({SUGGESTED: "Globex;Initech", TICKED: True}, "Initech"),  # a tick that confirms nobody
    ],
)
def test_what_a_tick_confirmed_stays_on_the_deal(said, left):
    said |= {"overlap_confirmed_partners": "Globex"}
    assert emptied_record("opportunity", said, NAMES, TODAY, False).get(SUGGESTED, "as it is") == left


def test_an_account_that_no_partner_is_left_of_says_nothing_at_all():
    said = {
        "overlap_customer_of": "Globex",
        "overlap_partner_count": 1.0,
        "overlap_icp_fit": 90.0,
        "overlap_icp_tier": "A",
    }
    assert emptied_record("account", said, NAMES, TODAY, is_confirmed=False) == dict.fromkeys(said)


def test_an_image_loses_the_contact_of_a_partner_that_was_the_best_by_then():
    said = {"overlap_partner_contact": "Jane", "overlap_partner_count": 2.0}
    assert without_partner(said, NAMES, "Globex") == {"overlap_partner_count": 2.0}
    assert without_partner(said, NAMES, "Initech") == said


@pytest.mark.parametrize(
    ("text", "told"),
    [("Globex: Acme", True), ("the list 'GLOBEX-2026.csv'", True), ("Globexia", False), ("", False)],
)
def test_a_name_is_told_where_it_stands_by_itself(text, told):
    assert mentions({"Globex"})(text) is told
    assert mentions(set())(text) is False


def test_a_crm_that_is_called_like_the_partner_stays_what_it_is():
    told = mentions({"acme", "Acme Inc"})
    said = {"crm": "acme", "partner": "acme", "records": {"acme": 2}, "crms": [{"crm": "acme", "note": "to acme"}]}
    assert redacted(said, told, lambda _: "-", crms={"acme"}) == {
        "crm": "acme",
        "partner": "-",
        "records": {"acme": 2},
        "crms": [{"crm": "acme", "note": "-"}],
    }
    assert redacted(said, told, lambda _: "-")["crm"] == "-"


def test_a_mark_knows_no_case_and_differs_between_workspaces():
    assert mark_of("a", "Jane@x.example ") == mark_of("a", "jane@x.example") != mark_of("b", "jane@x.example")


def test_a_person_leaves_owner_contact_and_evidence_and_a_namesake_stays():
    jane = Person("jane@x.example", frozenset({"Jane Doe"}))
    overlap = {"partner_owner_name": "Jane Doe", "partner_owner_email": "jane@x.example", "changed_on": TODAY}
    assert jane.emptied("partner_overlap", overlap, TODAY) == {"partner_owner_name": None, "partner_owner_email": None}
    assert jane.emptied("partner_overlap", overlap | {"partner_owner_email": "doe@y.example"}, TODAY) == {}
    flat = {"overlap_partner_contact": "Jane Doe, Jane@X.example", "overlap_changed_on": TODAY}
    assert jane.emptied("account", flat, TODAY) == {"overlap_partner_contact": None}
    assert jane.emptied("account", flat | {"overlap_partner_contact": "mary-jane@x.example"}, TODAY) == {}
    evidence = {"evidence_summary": "partner says: Jane Doe ran it"}
    assert jane.emptied("partner_influence", evidence, TODAY) == {"evidence_summary": "partner says:  ran it"}
