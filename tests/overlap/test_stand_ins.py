"""Influence where a CRM has no records of it: a list of suggestions on the deal, and a person's tick."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from overlap.fields import (
    ACCOUNT,
    INFLUENCE,
    OBJECTS,
    OPPORTUNITY,
    SUGGESTED,
    TICKED,
    Owner,
    held,
)
from overlap.model import Opportunity, Overlap
from overlap.plan import Action
from overlap.planning import Intent, intent
from overlap.records import Findings
from overlap.stand_ins import confirmed_by_ticks
from tests.overlap.frames import TODAY, confirmed, findings, frame, partners, said
from tests.overlap.planned import GLOBEX, of, reasons, suggestions

PEOPLE = [{"partner": name, "name": name.title()} for name in ("globex", "hooli", "initech", "umbrella")]
FLAT = held(records=False)
LABELS = held(records=False, labels=True)


def deal_with(*suggested: str, now: dict[str, Any] | None = None, **deal: Any) -> Findings:
    """One deal on which there is evidence for the partners *suggested*, and what the CRM says of it *now*."""
    return findings(
        partners=partners(*PEOPLE),
        influences=suggestions(*suggested),
        opportunities=frame(Opportunity, deal),
        current={"opportunity": said(OPPORTUNITY, {"id": "006A", **(now or {})})},
    )


def planned(found: Findings, holds=FLAT, **why: Any) -> Intent:
    return intent(found, reasons(**why), TODAY, True, holds)


def listed(found: Findings, holds=FLAT) -> Any:
    """What would be written into the list of suggestions; None if nothing would be."""
    changes = of(OPPORTUNITY, planned(found, holds))
    return [change.new.get(SUGGESTED, "as it is") for change in changes]


def test_a_crm_without_our_records_gets_flat_fields_and_nothing_else() -> None:
    found = findings(
        overlaps=frame(Overlap, {}),
        influences=suggestions("globex"),
        opportunities=frame(Opportunity, {}),
        current={"account": said(ACCOUNT, {"id": "001A"}), "opportunity": said(OPPORTUNITY, {"id": "006A"})},
    )
    assert {change.object_name for change in planned(found).changes} == {"account", "opportunity"}
    everything = intent(found, reasons(), TODAY, True)
    assert {change.object_name for change in everything.changes} == {thing.name for thing in OBJECTS}
    assert not any(SUGGESTED in change.new for change in everything.changes)


def test_suggestions_stand_on_the_deal_as_names_in_order() -> None:
    assert listed(deal_with("initech", "globex")) == ["Globex;Initech"]
    assert listed(deal_with("initech", "globex"), LABELS) == ["Globex;Initech"]


def test_a_deal_has_no_more_suggestions_than_it_may_and_the_standing_ones_come_first() -> None:
    assert listed(deal_with("initech", "globex", "umbrella", "hooli")) == ["Globex;Initech;Umbrella"]
    assert listed(deal_with("initech", "globex", "umbrella", "hooli", now={SUGGESTED: "Hooli"})) == [
        "Globex;Hooli;Initech"
    ]


def test_a_partner_of_another_name_is_suggested_already_and_gets_its_new_name() -> None:
    found = deal_with("initech", "globex", "umbrella", "hooli", now={SUGGESTED: "Hooli & Sons"})
    assert listed(found) == ["Globex;Initech;Umbrella"], "nobody knows that name"
    assert listed(replace(found, former_names={"Hooli & Sons": "Hooli"})) == ["Globex;Hooli;Initech"]


def test_a_suggestion_goes_with_its_evidence_and_the_rest_is_left_alone() -> None:
    assert listed(deal_with(now={SUGGESTED: "Globex"})) == [None]
    assert listed(deal_with("globex", now={SUGGESTED: "Globex"})) == []


def test_old_evidence_keeps_a_suggestion_and_makes_none() -> None:
    def old(now: dict[str, Any]) -> Findings:
        return replace(deal_with(now=now), influences=suggestions("globex", suggest=False))

    assert listed(old({SUGGESTED: "Globex"})) == []
    assert listed(old({})) == []


@pytest.mark.parametrize("kept", [{"is_closed": True}, {"now": {TICKED: True}}])
def test_what_is_closed_or_ticked_keeps_its_list(kept: dict) -> None:
    now = {SUGGESTED: "Globex", **kept.pop("now", {})}
    changes = of(OPPORTUNITY, planned(deal_with("initech", now=now, **kept)))
    assert not any(SUGGESTED in change.new for change in changes)


def test_a_crm_that_has_records_by_now_keeps_what_was_ticked_and_suggests_nobody_on_the_deal() -> None:
    risen = [*OBJECTS[:-1], OPPORTUNITY.holding(OPPORTUNITY.by_name)]

    def left(**now: Any) -> Any:
        changes = of(OPPORTUNITY, planned(deal_with("globex", now=now), risen))
        return [change.new.get(SUGGESTED, "as it is") for change in changes]

    assert left(**{SUGGESTED: "Globex"}) == [None]
    assert left(**{SUGGESTED: "Globex", TICKED: True}) == []
    assert left() == []


def test_off_limits_suggests_nobody() -> None:
    assert listed(deal_with("globex", engagement="Off limits")) == []


CONFIRMED = {"overlap_confirmed_partners": "Erased Inc;Globex", "overlap_sourced_by": "Erased Inc"}


@pytest.mark.parametrize(
    ("now", "left"),
    [
        ({SUGGESTED: "Erased Inc", TICKED: True}, ("Erased Inc", "as it is")),
        ({}, ("Erased Inc", "as it is")),  # by a label, which says no name
        ({TICKED: False}, (None, None)),
    ],
)
def test_what_people_confirmed_of_a_partner_that_nobody_knows_any_more_stays_where_nothing_else_names_it(now, left):
    (change,) = of(OPPORTUNITY, planned(deal_with(now=CONFIRMED | now)))
    assert (change.new["overlap_confirmed_partners"], change.new.get("overlap_sourced_by", "as it is")) == left
    known = replace(deal_with(now=CONFIRMED | now), former_names={"Erased Inc": "Hooli"})
    assert [one.new["overlap_confirmed_partners"] for one in of(OPPORTUNITY, planned(known))] == [None]
    removed = replace(deal_with(now=CONFIRMED | now), ever={"pi1-x": "Erased Inc"}, removed=frozenset({"Erased Inc"}))
    assert planned(removed).changes == (change,)


def test_a_tick_confirms_the_one_partner_that_was_suggested() -> None:
    deals = said(
        OPPORTUNITY,
        {"id": "one", SUGGESTED: "Globex", TICKED: True},
        {"id": "two", SUGGESTED: "Globex;Initech", TICKED: True},
        {"id": "none", TICKED: True},
        {"id": "unticked", SUGGESTED: "Globex", TICKED: False},
        {"id": "deleted", SUGGESTED: "Globex", TICKED: True, "is_deleted": True},
    )
    assert confirmed_by_ticks(deals, {"Globex": "k1", "Initech": "k2"}).rows() == [("k1", False, "one")]


def test_a_confirmed_partner_is_named_on_the_deal() -> None:
    found = deal_with("globex", now={SUGGESTED: "Globex", TICKED: True})
    told = replace(found, confirmed=confirmed({"opportunity_id": "006A", "partner": GLOBEX}))
    (change,) = of(OPPORTUNITY, planned(told))
    assert change.new["overlap_confirmed_partners"] == "Globex"


def test_a_tick_that_does_not_say_whose_is_named_in_the_notes() -> None:
    several = planned(deal_with("globex", "initech", now={SUGGESTED: "Globex;Initech", TICKED: True}))
    assert [note for note in several.notes if "Acme renewal" in note and "Globex, Initech" in note]
    nobody = planned(deal_with(now={TICKED: True}))
    assert [note for note in nobody.notes if "no partner is suggested" in note]
    assert planned(deal_with("globex", now={SUGGESTED: "Globex", TICKED: True})).notes == ()
    assert planned(deal_with(now={TICKED: True}), LABELS).notes == ()


def test_a_deal_whose_last_suggestion_is_gone_is_cleared_with_what_the_crm_has() -> None:
    found = deal_with(now={SUGGESTED: "Globex", "overlap_customer_of": "Globex"})
    (change,) = of(OPPORTUNITY, planned(found))
    assert (change.action, change.new[SUGGESTED], change.new["overlap_customer_of"]) == (Action.CLEAR, None, None)
    few = (ACCOUNT, OPPORTUNITY.holding({"overlap_customer_of"}))
    (change,) = of(OPPORTUNITY, planned(found, few))
    assert change.new == {"overlap_customer_of": None}


def test_labels_need_no_checkbox_and_records_neither() -> None:
    names = {tuple(one.name for one in thing.fields) for thing in LABELS} | {
        tuple(one.name for one in thing.fields) for thing in held(records=True)
    }
    assert not any(TICKED in fields for fields in names)
    (opportunity,) = [thing for thing in FLAT if thing.name == OPPORTUNITY.name]
    assert {one.name for one in opportunity.human_fields} == {
        "partner_engagement",
        TICKED,
        "partner_influence_evidence",
    }
    assert SUGGESTED in {one.name for one in opportunity.engine_fields}


def test_stand_ins_are_no_fields_of_a_crm_that_has_records() -> None:
    assert held(records=True) == OBJECTS
    assert INFLUENCE.stand_ins == ()
    assert not {one.name for one in OPPORTUNITY.stand_ins} & {one.name for one in OPPORTUNITY.fields}
    assert {one.owner for one in OPPORTUNITY.stand_ins} == {Owner.ENGINE, Owner.HUMAN}


def test_where_nothing_can_be_held_a_note_says_so() -> None:
    made = intent(deal_with("globex"), reasons(), TODAY, False, FLAT)
    assert made.changes == ()
    assert "nothing to write" in made.notes[0]
