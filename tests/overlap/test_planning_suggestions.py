"""Suggested influence: the part of `overlap.planning` that minds what people entered, deleted and closed off."""

from __future__ import annotations

import polars as pl
import pytest

from overlap.fields import INFLUENCE
from overlap.model import Opportunity
from overlap.plan import Action
from overlap.planning import Intent
from overlap.records import Findings
from tests.overlap.frames import findings, frame, partners, said
from tests.overlap.planned import GLOBEX, INFLUENCE_KEY, of, planned, reasons, suggestion_now, suggestions

PEOPLE = [{"partner": name, "name": name.title()} for name in ("globex", "initech", "umbrella", "hooli")]


def with_suggestions(found: pl.DataFrame, *now: dict, deal: dict | None = None, **given) -> Findings:
    return findings(
        partners=partners(*PEOPLE),
        influences=found,
        opportunities=frame(Opportunity, deal or {}),
        current={"partner_influence": said(INFLUENCE, *now)},
        **given,
    )


def test_a_suggestion_whose_evidence_is_gone_is_withdrawn_and_its_status_left_to_people() -> None:
    now = suggestion_now(status="Confirmed", sourced=True)
    (change,) = of(INFLUENCE, planned(with_suggestions(suggestions(), now)))
    assert (change.action, change.cause) == (Action.RETIRE, "its evidence is gone")
    assert change.new == {"suggestion_state": "Withdrawn"}


def test_evidence_that_is_back_makes_a_suggestion_current_again() -> None:
    withdrawn = suggestion_now(suggestion_state="Withdrawn")
    (change,) = of(INFLUENCE, planned(with_suggestions(suggestions("globex"), withdrawn)))
    assert (change.action, change.new) == (Action.UPDATE, {"suggestion_state": "Current"})


def test_evidence_that_may_not_suggest_makes_nothing_current() -> None:
    old = suggestions("globex", suggest=False)
    withdrawn = suggestion_now(suggestion_state="Withdrawn")
    assert of(INFLUENCE, planned(with_suggestions(old))) == ()
    assert of(INFLUENCE, planned(with_suggestions(old, withdrawn))) == ()


def test_closing_a_deal_withdraws_nothing() -> None:
    kept = suggestions("globex", suggest=False)
    made = planned(with_suggestions(kept, suggestion_now(), deal={"is_closed": True}))
    assert of(INFLUENCE, made) == ()
    assert made.unchanged["partner_influence"] == 1


@pytest.mark.parametrize(("deal", "account"), [({"engagement": "Off limits"}, {}), ({}, {"engagement": "Off limits"})])
def test_off_limits_withdraws_a_suggestion_and_makes_none(deal, account) -> None:
    why = reasons(accounts=(account,))
    (change,) = of(INFLUENCE, planned(with_suggestions(suggestions("globex"), suggestion_now(), deal=deal), why))
    assert (change.new, change.cause) == ({"suggestion_state": "Withdrawn"}, "it is off limits now")
    assert of(INFLUENCE, planned(with_suggestions(suggestions("globex"), deal=deal), why)) == ()


def test_a_deal_without_account_may_have_a_suggestion() -> None:
    found = suggestions("globex").with_columns(account_id=pl.lit(None, pl.String))
    (change,) = of(INFLUENCE, planned(with_suggestions(found, deal={"account_id": None})))
    assert change.action is Action.CREATE


def partners_suggested(made: Intent) -> list[str]:
    return [change.partner for change in of(INFLUENCE, made) if change.new.get("suggestion_state") == "Current"]


def test_new_suggestions_take_only_the_places_that_are_free() -> None:
    everybody = suggestions("initech", "umbrella", "hooli", "globex")
    assert partners_suggested(planned(with_suggestions(everybody))) == ["initech", "umbrella", "hooli"]
    standing = [suggestion_now("globex")]
    assert partners_suggested(planned(with_suggestions(everybody, *standing))) == ["initech", "umbrella"]
    standing.append(suggestion_now("hooli", suggestion_state="Withdrawn"))
    assert partners_suggested(planned(with_suggestions(everybody, *standing))) == ["initech", "umbrella"]


def test_more_suggestions_than_allowed_stay_and_let_no_other_in() -> None:
    standing = [suggestion_now(partner) for partner in ("globex", "initech", "umbrella")]
    found = suggestions("globex", "initech", "umbrella", "hooli")
    assert of(INFLUENCE, planned(with_suggestions(found, *standing, most_suggestions=1))) == ()


def test_what_people_entered_takes_no_place() -> None:
    others = ["initech", "umbrella", "hooli"]
    by_hand = suggestion_now("globex", origin="Person")
    for order in (["globex", *others], [*others, "globex"]):
        assert partners_suggested(planned(with_suggestions(suggestions(*order), by_hand))) == others


def test_a_suggestion_that_a_person_deleted_is_not_made_again() -> None:
    made = planned(with_suggestions(suggestions("globex"), suggestion_now(is_deleted=True)))
    assert of(INFLUENCE, made) == ()
    assert made.notes == ("Globex: Acme renewal: deleted in the CRM by a person; it is not made again",)


def by_hand(**fields) -> dict:
    return {"id": "h1", "origin": "Person", "opportunity": "006A", "partner": GLOBEX, "owner_id": "005H"} | fields


def test_a_record_made_by_hand_is_adopted_instead_of_doubled() -> None:
    (change,) = of(INFLUENCE, planned(with_suggestions(suggestions("globex"), by_hand(status="Confirmed"))))
    assert (change.action, change.record_id, change.key) == (Action.ADOPT, "h1", INFLUENCE_KEY)
    assert change.label == "Globex: Acme renewal"
    assert not {"origin", "owner_id", "opportunity", "partner"} & change.new.keys()


def test_an_adopted_record_is_never_withdrawn() -> None:
    adopted = suggestion_now(id="h1", origin="Person")
    assert of(INFLUENCE, planned(with_suggestions(suggestions(), adopted))) == ()


def test_the_oldest_of_two_hand_made_records_is_adopted_and_the_other_reported() -> None:
    made = planned(with_suggestions(suggestions(), by_hand(id="h2"), by_hand()))
    assert [change.record_id for change in of(INFLUENCE, made)] == ["h1"]
    assert made.notes == ("Globex: Acme renewal: h2 is a duplicate influence record",)


def test_a_record_made_by_hand_beside_ours_is_reported_and_left_alone() -> None:
    made = planned(with_suggestions(suggestions("globex"), suggestion_now(), by_hand()))
    assert of(INFLUENCE, made) == ()
    assert made.notes == ("Globex: Acme renewal: h1 is a duplicate influence record",)


@pytest.mark.parametrize(
    "unfinished", [{"opportunity": None}, {"partner": None}, {"partner": "pi1-of-another-workspace"}]
)
def test_a_record_that_says_not_whom_it_is_about_is_left_to_its_person(unfinished) -> None:
    assert of(INFLUENCE, planned(with_suggestions(suggestions(), by_hand(**unfinished)))) == ()
