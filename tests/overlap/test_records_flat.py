"""Flat fields of accounts and opportunities: the part of `overlap.records` that fills the CRM's own objects."""

from __future__ import annotations

import pytest

from connectors.base import Write
from connectors.salesforce.payload import body
from overlap.errors import RecordError
from overlap.fields import ACCOUNT, OPPORTUNITY, PARTNER
from overlap.model import Opportunity, Overlap
from overlap.records import account_records, opportunity_records
from tests.overlap.agreed import key_by_hand
from tests.overlap.frames import WORKSPACE, confirmed, findings, frame, partners, said

GLOBEX, INITECH = ({"partner": "globex", "name": "Globex"}, {"partner": "initech", "name": "Initech"})


def flat(*overlaps: dict, people=(GLOBEX, INITECH)) -> dict:
    found = findings(overlaps=frame(Overlap, *overlaps), partners=partners(*people))
    (record,) = account_records(found).to_dicts()
    return record


def flat_deals(*deals: dict, overlaps=({},), now=(), won_by=(), people=(GLOBEX, INITECH)) -> dict[str, dict]:
    found = findings(
        overlaps=frame(Overlap, *overlaps),
        partners=partners(*people),
        opportunities=frame(Opportunity, *(deals or ({},))),
        confirmed=confirmed(*won_by),
        current={"opportunity": said(OPPORTUNITY, *now)},
    )
    return {row["key"]: row for row in opportunity_records(found).iter_rows(named=True)}


def test_lists_of_partners_are_sorted_names_by_their_population() -> None:
    people = [{"partner": key, "name": key.title()} for key in "dbca"]
    record = flat(
        {"partner": "d"},
        {"partner": "b"},
        {"partner": "c", "partner_population": "Open Opportunities"},
        {"partner": "a", "partner_population": "Prospects"},
        people=people,
    )
    assert (record["overlap_customer_of"], record["overlap_open_opportunity_of"]) == ("B;D", "C")
    assert (record["overlap_prospect_of"], record["overlap_family_of"]) == ("A", None)
    assert record["overlap_partner_count"] == 4


def test_only_the_company_itself_fills_the_lists_and_relatives_are_family() -> None:
    record = flat({}, {"partner": "initech", "relation": "Sibling", "priority": 100})
    assert (record["overlap_customer_of"], record["overlap_family_of"]) == ("Globex", "Initech")
    assert (record["overlap_partner_count"], record["overlap_best_partner"]) == (1, "Globex")


def test_an_account_with_relatives_only_has_family_and_no_best_partner() -> None:
    record = flat({"relation": "Theirs is our parent"})
    values = {field.name: record[field.name] for field in ACCOUNT.engine_fields}
    assert values == dict.fromkeys(values) | {"overlap_partner_count": 0, "overlap_family_of": "Globex"}


def test_a_population_outside_the_matrix_counts_and_stands_in_no_list() -> None:
    record = flat({"partner_population": "Other", "play": None})
    assert record["overlap_partner_count"] == 1
    assert record["overlap_customer_of"] is record["overlap_best_play"] is None


def test_a_list_longer_than_a_picklist_allows_is_an_error_and_never_a_cut() -> None:
    people = [{"partner": f"p{n}", "name": f"{n:03}" + "x" * 37} for n in range(101)]
    record = flat(*({"partner": person["partner"]} for person in people), people=people)
    whole = record["overlap_customer_of"]
    assert whole.split(";") == [person["name"] for person in people]
    with pytest.raises(RecordError, match="Overlap_Customer_Of__c"):
        body(ACCOUNT, Write("001A", "001A", {"overlap_customer_of": tuple(whole.split(";"))}))


def test_the_best_partner_is_the_one_with_the_highest_priority_and_says_why() -> None:
    record = flat(
        {"priority": 60},
        {
            "partner": "initech",
            "priority": 80,
            "play": "Co-sell",
            "partner_population": "Open Opportunities",
            "theirs_owner_name": "Ann",
            "theirs_owner_email": "ann@initech.example",
            "icp_fit": 70,
            "icp_tier": "A",
        },
    )
    assert record["overlap_best_partner"] == "Initech"
    assert record["overlap_best_play"] == "Co-sell"
    assert record["overlap_best_reason"] == "Open Opportunities of Initech; same domain"
    assert record["overlap_partner_contact"] == "Ann, ann@initech.example"
    assert (record["overlap_icp_fit"], record["overlap_icp_tier"]) == (70, "A")


def test_a_contact_that_is_not_shared_is_left_empty() -> None:
    assert flat({})["overlap_partner_contact"] is None
    assert flat({"theirs_owner_email": "ann@globex.example"})["overlap_partner_contact"] == "ann@globex.example"


def test_equal_partners_are_told_apart_by_probability_then_key() -> None:
    assert flat({"partner": "initech"}, {})["overlap_best_partner"] == "Globex"
    assert flat({"partner": "initech", "probability": 1.0}, {})["overlap_best_partner"] == "Initech"


def test_accounts_of_one_name_stay_apart() -> None:
    found = findings(overlaps=frame(Overlap, {}, {"account_id": "001B"}))
    assert sorted(account_records(found)["key"]) == ["001A", "001B"]


def test_an_open_deal_says_what_its_account_says_in_the_row_open_opportunities() -> None:
    deal = flat_deals(overlaps=({}, {"partner": "initech", "partner_population": "Open Opportunities"}))["006A"]
    assert (deal["overlap_partner_count"], deal["overlap_customer_of"]) == (2, "Globex")
    assert deal["overlap_open_opportunity_of"] == "Initech"
    assert deal["overlap_best_play"] == "Ask for a reference or endorsement"


@pytest.mark.parametrize(
    ("population", "play"),
    [
        ("Customers", "Ask for a reference or endorsement"),
        ("Open Opportunities", "Co-sell"),
        ("Prospects", "Bring the partner in"),
        ("Other", None),
    ],
)
def test_a_deals_play_is_of_the_row_open_opportunities_whatever_the_accounts_cell(population, play) -> None:
    overlap = {"partner_population": population, "our_population": "Customers", "play": "Give a reference"}
    assert flat_deals(overlaps=(overlap,))["006A"]["overlap_best_play"] == play


def test_a_deals_best_partner_has_the_strongest_cell_of_its_row() -> None:
    overlaps = ({"partner_population": "Prospects", "priority": 100}, {"partner": "initech", "priority": 5})
    assert flat_deals(overlaps=overlaps)["006A"]["overlap_best_partner"] == "Initech"


def test_off_limits_takes_the_play_of_a_deal_away() -> None:
    assert flat_deals(overlaps=({"engagement": "Off limits"},))["006A"]["overlap_best_play"] is None


def test_a_deal_that_is_off_limits_itself_has_no_play() -> None:
    deal = flat_deals({"engagement": "Off limits"})["006A"]
    assert (deal["overlap_best_play"], deal["overlap_customer_of"]) == (None, "Globex")


def test_a_deal_of_a_relative_or_of_nobody_says_nothing() -> None:
    assert flat_deals(overlaps=({"relation": "Sibling"},)) == {}
    assert flat_deals({"account_id": None}) == {}


def test_a_closed_deal_keeps_what_it_said() -> None:
    now = {"id": "006A", "overlap_customer_of": "Oldco", "overlap_partner_count": 3.0, "overlap_best_play": "Co-sell"}
    deal = flat_deals({"is_closed": True}, now=(now,))["006A"]
    assert {name: deal[name] for name in now if name != "id"} == {name: now[name] for name in now if name != "id"}
    assert deal["overlap_best_partner"] is None


def test_a_closed_deal_that_said_nothing_stays_silent() -> None:
    assert flat_deals({"is_closed": True}, now=({"id": "006A"},)) == {}


@pytest.mark.parametrize("is_closed", [True, False])
def test_confirmed_partners_stand_on_open_and_closed_deals(is_closed) -> None:
    keys = [key_by_hand(WORKSPACE, partner, "", "partner") for partner in ("initech", "globex")]
    said_yes = [{"partner": key, "opportunity_id": "006A"} for key in keys]
    deal = flat_deals({"is_closed": is_closed}, won_by=said_yes, overlaps=())["006A"]
    assert (deal["overlap_confirmed_partners"], deal["overlap_sourced_by"]) == ("Globex;Initech", None)


def test_the_partner_that_sourced_a_deal_is_named_and_only_one() -> None:
    keys = [key_by_hand(WORKSPACE, partner, "", "partner") for partner in ("initech", "globex")]
    one = [
        {"partner": keys[0], "opportunity_id": "006A", "sourced": True},
        {"partner": keys[1], "opportunity_id": "006A"},
    ]
    both = [row | {"sourced": True} for row in one]
    assert flat_deals(won_by=one)["006A"]["overlap_sourced_by"] == "Initech"
    assert flat_deals(won_by=both)["006A"]["overlap_sourced_by"] == "Globex"


def test_a_removed_partner_keeps_its_part_in_deals() -> None:
    found = findings(
        partners=partners(),
        opportunities=frame(Opportunity, {"is_closed": True}),
        confirmed=confirmed({"partner": "pi1-removed", "opportunity_id": "006A", "sourced": True}),
        current={"overlap_partner": said(PARTNER, {"id": "a00", "partner_key": "pi1-removed", "name": "Oldco"})},
    )
    (deal,) = opportunity_records(found).to_dicts()
    assert deal["overlap_confirmed_partners"] == deal["overlap_sourced_by"] == "Oldco"


def test_confirmed_influence_of_an_unknown_partner_names_nobody() -> None:
    assert flat_deals(won_by=({"partner": "pi1-stranger", "opportunity_id": "006A"},), overlaps=()) == {}
