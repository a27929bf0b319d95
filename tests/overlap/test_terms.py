"""What a partner does not allow reaches no record, and what it allows does as before."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from overlap.fields import ACCOUNT, INFLUENCE, OVERLAP, PARTNER
from overlap.model import Influence, Opportunity, Overlap
from overlap.records import account_records, influence_records, opportunity_records, overlap_records
from overlap.terms import (
    FIELDS,
    USES,
    Terms,
    in_words,
    refusals,
    withdrawn,
    writable_influences,
    writable_overlaps,
)
from tests.overlap.agreed import key_by_hand
from tests.overlap.frames import TODAY, WORKSPACE, findings, frame, partners, said
from tests.overlap.planned import of, planned, suggestion_now

#: A row of Globex whose every shown value is like no other text, and where it may be found in a record.
SHOWN = {
    "theirs_name": "ZZNAME",
    "theirs_website": "zzsite.example",
    "theirs_owner_name": "ZZOWNER",
    "theirs_owner_email": "zz@mail.example",
    "partner_population": "Open Opportunities",
    "partner_populations": "Open Opportunities",
    "reasons": "same website zzsite.example; same phone",
    "priority": 80,
    "play": "Time it together",
}
VALUES = {
    "name": ["ZZNAME"],
    "website": ["zzsite.example"],
    "phone": ["same phone"],
    "address": [],
    "population": ["Open Opportunities", "Time it together"],
    "owner_name": ["ZZOWNER"],
    "owner_email": ["zz@mail.example"],
    "claim": ["ZZCLAIM"],
}


def without(*fields: str) -> dict[str, Terms]:
    return {"globex": Terms(fields=frozenset(FIELDS) - {*fields})}


def everything_written(terms: dict[str, Terms]) -> str:
    """All cells of all records, of a run with one overlap, one claim and one open deal, as one text."""
    found = findings(
        overlaps=writable_overlaps(frame(Overlap, SHOWN), terms, TODAY),
        influences=writable_influences(frame(Influence, {"evidence": "partner says: ZZCLAIM"}), terms, TODAY),
        opportunities=frame(Opportunity, {}),
    )
    made = (overlap_records(found), influence_records(found), account_records(found), opportunity_records(found))
    # Our own deal is in 'Open Opportunities' by its play; what counts is what the partner's row says.
    columns = [one.drop("overlap_best_play", strict=False) if at == 3 else one for at, one in enumerate(made)]
    return "\n".join(str(row) for one in columns for row in one.iter_rows())


@pytest.mark.parametrize("field", FIELDS)
def test_a_hidden_field_is_in_no_record_and_in_no_reason_and_the_others_are(field: str) -> None:
    text = everything_written(without(field))
    assert [value for value in VALUES[field] if value in text] == []
    of_reasons = {"name", "website", "phone", "address"}
    for other in set(FIELDS) - {field}:
        if not (field in of_reasons and other == "phone"):  # a reason goes as a whole
            assert all(value in text for value in VALUES[other]), other


def test_with_everything_allowed_nothing_changes() -> None:
    overlaps = frame(Overlap, SHOWN)
    assert writable_overlaps(overlaps, {"globex": Terms()}, TODAY).equals(overlaps)


def test_priority_does_not_tell_a_hidden_population() -> None:
    rows = [{**SHOWN, "partner_population": name, "priority": n} for n, name in enumerate(("Customers", "Prospects"))]
    shown = writable_overlaps(frame(Overlap, *rows), without("population"), TODAY)
    assert shown["priority"].n_unique() == 1
    assert shown["priority"][0] % 5 == 0


def test_what_we_entered_ourselves_is_told_though_claims_are_hidden() -> None:
    ours = "entered as partner on the opportunity (Reseller)"
    found = writable_influences(frame(Influence, {"evidence": ours}), without("claim"), TODAY)
    assert found["evidence"].to_list() == [ours]


def test_one_partner_s_terms_say_nothing_of_another() -> None:
    rows = frame(Overlap, SHOWN, {**SHOWN, "partner": "initech"})
    terms = {"globex": Terms(uses=frozenset({"analysis"})), "initech": Terms()}
    assert writable_overlaps(rows, terms, TODAY).rows() == rows.filter(partner="initech").rows()


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        (Terms(uses=frozenset({"analysis"})), "its terms do not allow 'crm'"),
        (Terms(uses=frozenset()), "its terms do not allow 'analysis'"),
        (Terms(expires=TODAY - timedelta(days=1)), "its terms expired on 2026-03-01"),
        (Terms(expires=TODAY), None),
        (Terms(), None),
    ],
)
def test_terms_hold_through_their_last_day_and_for_their_uses_only(terms: Terms, why: str | None) -> None:
    assert refusals({"globex": terms}, "crm", TODAY).get("globex") == why
    assert writable_overlaps(frame(Overlap, SHOWN), {"globex": terms}, TODAY).height == (why is None)


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        (Terms(), ""),
        (Terms(expires=TODAY + timedelta(days=12)), "expires in 12 days"),
        (Terms(expires=TODAY + timedelta(days=1)), "expires in 1 day"),
        (Terms(expires=TODAY), "expires today"),
        (Terms(expires=date(2026, 2, 1)), "expired on 2026-02-01"),
        (Terms(frozenset(USES) - {"crm"}, frozenset(FIELDS) - {"owner_email"}), "not for crm; without owner email"),
    ],
)
def test_terms_are_told_in_words(terms: Terms, words: str) -> None:
    assert in_words(terms, TODAY) == words


def test_a_plan_retires_and_withdraws_what_may_not_be_written_any_more_says_why_and_touches_nothing_else() -> None:
    globex = key_by_hand(WORKSPACE, "globex", "", "partner")
    overlap = {
        "id": "a01",
        "overlap_key": key_by_hand(WORKSPACE, "globex", "001A", "overlap"),
        "workspace": WORKSPACE,
        "account": "001A",
        "partner": globex,
        "name": "Globex: Acme",
        "status": "Active",
        "partner_record_name": "ZZNAME",
    }
    current = {
        "partner_overlap": said(OVERLAP, overlap),
        "partner_influence": said(INFLUENCE, suggestion_now(), {**suggestion_now("hers"), "status": "Confirmed"}),
        "overlap_partner": said(PARTNER, {"id": "a00", "partner_key": globex, "name": "Globex"}),
        "account": said(ACCOUNT, {"id": "001A", "overlap_customer_of": "Globex", "overlap_partner_count": 1.0}),
    }
    why = "its terms expired on 2026-03-01"
    made = planned(findings(partners=partners(), current=current, withheld={"globex": why}))
    (retired,) = of(OVERLAP, made)
    assert (retired.action, retired.cause, retired.partner) == ("retire", why, "globex")
    assert {change.cause for change in of(INFLUENCE, made) if change.key == suggestion_now()["influence_key"]} == {why}
    assert {field for change in of(INFLUENCE, made) for field in change.new} == {"suggestion_state"}
    assert of(PARTNER, made) == ()
    assert [change.action for change in of(ACCOUNT, made)] == ["clear"]


@pytest.mark.parametrize(
    ("needs", "why"),
    [
        ({"globex": ["digest", "name", "phone"]}, {}),
        ({"globex": []}, {}),
        ({"globex": ["owner_name", "name", "claim"]}, {"globex": "its terms do not allow claim, owner_name any more"}),
        ({"initech": ["digest", "name"]}, {"initech": "its terms do not allow digest any more"}),
        ({"initech": ["name"]}, {}),
        ({"hooli": [], "globex": ["name"]}, {"hooli": "it is no partner any more"}),
    ],
)
def test_what_was_allowed_once_is_withdrawn_when_a_field_a_use_or_the_partner_is_gone(needs, why) -> None:
    over = Terms(expires=TODAY - timedelta(days=1))
    assert withdrawn(needs, without("claim", "owner_name") | {"initech": over}, TODAY) == why
