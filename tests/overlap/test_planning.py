from __future__ import annotations

from datetime import date

import pytest

from overlap.fields import ACCOUNT, INFLUENCE, OBJECTS, OPPORTUNITY, OVERLAP, PARTNER
from overlap.model import Opportunity, Overlap
from overlap.plan import Action, Change
from overlap.planning import Reasons, intent, live_records
from tests.overlap.agreed import key_by_hand
from tests.overlap.frames import TODAY, WORKSPACE, confirmed, findings, frame, partners, said
from tests.overlap.planned import GLOBEX, INFLUENCE_KEY, of, planned, reasons, suggestion_now, suggestions

OVERLAP_KEY = key_by_hand(WORKSPACE, "globex", "001A", "overlap")


def overlap_now(**fields) -> dict:
    plain = {"id": "a01", "overlap_key": OVERLAP_KEY, "workspace": WORKSPACE, "status": "Active", "partner": GLOBEX}
    return plain | {"account": "001A", "name": "Globex: Acme", "partner_record_name": "ACME Inc"} | fields


def retired(why: Reasons | None = None, partners_=({"partner": "globex", "name": "Globex"},), **now) -> Change:
    found = findings(partners=partners(*partners_), current={"partner_overlap": said(OVERLAP, overlap_now(**now))})
    (change,) = of(OVERLAP, planned(found, why))
    return change


def test_a_first_plan_creates_what_was_found_partners_first() -> None:
    found = findings(
        overlaps=frame(Overlap, {"key": OVERLAP_KEY}),
        influences=suggestions("globex"),
        opportunities=frame(Opportunity, {}),
        current={"account": said(ACCOUNT, {"id": "001A"}), "opportunity": said(OPPORTUNITY, {"id": "006A"})},
    )
    made = planned(found)
    assert [(change.object_name, change.action) for change in made.changes] == [
        ("overlap_partner", Action.CREATE),
        ("partner_overlap", Action.CREATE),
        ("partner_influence", Action.CREATE),
        ("account", Action.UPDATE),
        ("opportunity", Action.UPDATE),
    ]
    assert [change.key for change in made.changes] == [GLOBEX, OVERLAP_KEY, INFLUENCE_KEY, "001A", "006A"]


def test_flat_fields_stay_untouched_where_another_workspace_owns_them() -> None:
    found = findings(
        overlaps=frame(Overlap, {"key": OVERLAP_KEY}),
        current={"account": said(ACCOUNT, {"id": "001A"}, {"id": "001B", "overlap_customer_of": "Theirs"})},
    )
    made = planned(found, flat_fields=False)
    assert {change.object_name for change in made.changes} == {"overlap_partner", "partner_overlap"}


def test_an_empty_run_against_an_empty_crm_is_no_change() -> None:
    made = planned(findings(partners=partners()), reasons((), (), ()))
    assert (made.changes, made.notes) == ((), ())
    assert made.unchanged == dict.fromkeys((thing.name for thing in OBJECTS), 0)


def test_a_partner_record_that_a_person_deleted_is_made_again_since_others_point_to_it() -> None:
    now = said(PARTNER, {"id": "a00", "partner_key": GLOBEX, "is_deleted": True})
    made = planned(findings(current={"overlap_partner": now}))
    assert [(change.object_name, change.action) for change in made.changes] == [("overlap_partner", Action.CREATE)]
    assert made.notes == ()


def test_the_overlaps_of_a_removed_partner_are_still_called_by_its_name() -> None:
    record = said(PARTNER, {"id": "a00", "partner_key": GLOBEX, "name": "Globex"})
    now = {"overlap_partner": record, "partner_overlap": said(OVERLAP, overlap_now())}
    (change,) = planned(findings(partners=partners(), current=now)).changes
    assert (change.partner, change.cause) == ("Globex", "the partner was removed")


def test_a_partner_that_is_gone_keeps_its_record() -> None:
    now = said(PARTNER, {"id": "a00", "partner_key": GLOBEX, "workspace": WORKSPACE, "name": "Globex"})
    assert planned(findings(partners=partners(), current={"overlap_partner": now})).changes == ()


CAUSES = [  # what explains it, the cause that is told
    ({"partners_": ()}, "the partner was removed"),
    ({"why": reasons(accounts=())}, "our account is gone"),
    ({"account": None}, "our account is gone"),
    (
        {"why": reasons(matches=({"decision": "no match", "reasons": "judged different companies by ann"},))},
        "judged different",
    ),
    ({"why": reasons(theirs=())}, "not in the partner's list any more"),
    ({"why": reasons(theirs=({"name": "Zenith"},))}, "not in the partner's list any more"),
    ({}, "no longer a match"),
    ({"why": reasons(rules_changed=True)}, "no longer a match since the settings or the model changed"),
    ({"why": reasons(statistics_changed=True)}, "no longer a match by the new word statistics"),
    (
        {"why": reasons(rules_changed=True, statistics_changed=True)},
        "no longer a match since the settings or the model changed",
    ),
]


@pytest.mark.parametrize(("given", "cause"), CAUSES)
def test_an_overlap_that_is_gone_retires_and_says_why(given, cause) -> None:
    change = retired(**given)
    assert (change.action, change.record_id, change.cause) == (Action.RETIRE, "a01", cause)
    assert change.new == {"status": "Retired", "changed_on": TODAY}
    assert (change.label, change.account_id) == ("Globex: Acme", given.get("account", "001A"))


def test_a_retired_record_and_one_of_another_workspace_are_left_alone() -> None:
    others = overlap_now(id="a02", overlap_key="pi1-theirs", workspace="fabrikam-9f9f9f")
    now = said(OVERLAP, overlap_now(status="Retired"), others, overlap_now(id="a03", is_deleted=True))
    assert of(OVERLAP, planned(findings(current={"partner_overlap": now}))) == ()


def test_flat_fields_are_cleared_when_the_last_overlap_is_gone() -> None:
    now = {"id": "001A", "overlap_customer_of": "Globex", "overlap_partner_count": 1.0, "partner_engagement": "Open"}
    (change,) = of(ACCOUNT, planned(findings(current={"account": said(ACCOUNT, now)})))
    assert (change.action, change.label, change.cause) == (Action.CLEAR, "Acme", "no overlap any more")
    assert change.new == {"overlap_customer_of": None, "overlap_partner_count": None, "overlap_changed_on": TODAY}


def test_an_account_that_was_cleared_is_left_alone() -> None:
    now = {"id": "001A", "overlap_changed_on": date(2026, 1, 5), "partner_engagement": "Ask me first"}
    assert of(ACCOUNT, planned(findings(current={"account": said(ACCOUNT, now)}))) == ()


def test_an_open_deal_is_cleared_and_told_by_its_name_and_account() -> None:
    now = {"opportunity": said(OPPORTUNITY, {"id": "006A", "overlap_customer_of": "Globex"})}
    (change,) = of(OPPORTUNITY, planned(findings(opportunities=frame(Opportunity, {}), current=now)))
    assert (change.action, change.label, change.account_id) == (Action.CLEAR, "Acme renewal", "001A")


def test_a_closed_deal_keeps_what_it_said_when_the_overlap_is_gone() -> None:
    now = {"opportunity": said(OPPORTUNITY, {"id": "006A", "overlap_customer_of": "Initech;Globex"})}
    found = findings(opportunities=frame(Opportunity, {"is_closed": True}), current=now)
    assert of(OPPORTUNITY, planned(found)) == ()


def test_a_confirmation_reaches_a_closed_deal_and_goes_when_it_is_taken_back() -> None:
    now = {"opportunity": said(OPPORTUNITY, {"id": "006A", "overlap_customer_of": "Globex"})}
    yes = {"partner": GLOBEX, "opportunity_id": "006A", "sourced": True}
    deal = frame(Opportunity, {"is_closed": True})
    (change,) = of(OPPORTUNITY, planned(findings(opportunities=deal, confirmed=confirmed(yes), current=now)))
    told = {"overlap_confirmed_partners": "Globex", "overlap_sourced_by": "Globex"}
    assert change.new == told | {"overlap_changed_on": TODAY}
    now = {"opportunity": said(OPPORTUNITY, {"id": "006A"} | told)}
    (change,) = of(OPPORTUNITY, planned(findings(opportunities=deal, current=now)))
    assert (change.action, change.new) == (Action.CLEAR, dict.fromkeys(told) | {"overlap_changed_on": TODAY})


def test_a_list_that_was_sent_again_costs_one_write() -> None:
    now = {"id": "a00", "name": "Globex", "partner_key": GLOBEX, "workspace": WORKSPACE, "feed_status": "Late"}
    found = findings(current={"overlap_partner": said(PARTNER, now)})
    (change,) = planned(found).changes
    assert (change.object_name, set(change.new)) == ("overlap_partner", {"list_as_of", "feed_status"})


def test_records_in_force_are_ours_active_and_filled() -> None:
    found = findings(
        current={
            "partner_overlap": said(
                OVERLAP,
                overlap_now(),
                overlap_now(id="a02", status="Retired"),
                overlap_now(id="a03", workspace="fabrikam-9f9f9f"),
                overlap_now(id="a04", is_deleted=True),
            ),
            "partner_influence": said(
                INFLUENCE,
                suggestion_now(),
                suggestion_now(id="a06", suggestion_state="Withdrawn"),
                suggestion_now(id="a07", origin="Person"),
            ),
            "account": said(
                ACCOUNT,
                {"id": "001A", "overlap_family_of": "Globex"},
                {"id": "001B", "overlap_changed_on": TODAY, "partner_engagement": "Open"},
            ),
        }
    )
    live = live_records(found)
    assert {name: frame_["id"].to_list() for name, frame_ in live.items()} == {
        "partner_overlap": ["a01"],
        "partner_influence": ["a-globex"],
        "account": ["001A"],
        "opportunity": [],
    }
    assert live["partner_overlap"].select("about_partner", "about_account").row(0) == ("globex", "001A")


def test_a_late_list_is_said_on_accounts_and_deals_only_where_no_record_of_the_partner_says_it() -> None:
    found = findings(
        partners=partners({"partner": "globex", "name": "Globex", "late": True}),
        overlaps=frame(Overlap, {}),
        opportunities=frame(Opportunity, {}),
        current={"account": said(ACCOUNT, {"id": "001A"}), "opportunity": said(OPPORTUNITY, {"id": "006A"})},
    )
    for holds, says in ((OBJECTS, False), (tuple(one for one in OBJECTS if one.key is None), True)):
        made = intent(found, reasons(), TODAY, True, holds)
        told = [change.new["overlap_best_reason"] for change in made.changes if "overlap_best_reason" in change.new]
        assert ["unknown by now: its list is late" in one for one in told] == [says] * 2
