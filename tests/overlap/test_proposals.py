from __future__ import annotations

from datetime import date, timedelta

from overlap.filter_rows import Rows
from overlap.filters import fields
from overlap.model import Account, Opportunity
from overlap.proposals import Proposal, profile, proposals
from tests.overlap.frames import TODAY, frame

SOON = TODAY + timedelta(days=30)


def proposed(accounts: list[dict], deals: list[dict] = (), own: dict[str, str] | None = None) -> dict[str, Proposal]:
    whole = [{"id": f"001{number}"} | account for number, account in enumerate(accounts)]
    rows = Rows(frame(Account, *whole), frame(Opportunity, *deals), TODAY)
    return {one.place: one for one in proposals(rows, fields(), own or {})}


def test_an_org_that_says_nothing_gets_no_proposal() -> None:
    assert proposed([{"account_type": "Prospect"}, {"account_type": None}]) == {}
    assert proposed([]) == {}


def test_types_that_say_customer_and_won_deals_make_customers_but_not_those_that_say_it_is_over() -> None:
    accounts = [
        {"account_type": kind} for kind in ("Customer - Direct", "Kunde", "Former Customer", "Prospect", "Prospect")
    ]
    found = proposed(accounts, [{"account_id": "0013", "is_won": True, "is_closed": True}])
    customers = found["populations.customers"]
    assert customers.filter == (
        "(account_type in ('Customer - Direct', 'Kunde') or any_opportunity(is_won)) "
        "and account_type not in ('Former Customer')"
    )
    assert customers.accounts == 3
    assert "1 deals are won" in customers.reason
    assert found["populations.custom.Former customers"].accounts == 1


def test_an_open_renewal_is_no_chance_to_win_a_customer() -> None:
    deals = [
        {"id": "006A", "account_id": "0010", "name": "Acme Renewal 2026", "close_date": SOON},
        {"id": "006B", "account_id": "0011", "name": "Birch", "deal_type": "RENEWAL", "close_date": date(2027, 1, 1)},
        {"id": "006C", "account_id": "0012", "name": "Cedar new"},
    ]
    found = proposed([{}, {}, {}], deals)
    assert found["populations.open_opportunities"].accounts == 1
    assert found["populations.custom.Renewals due"].accounts == 1
    closed = [deal | {"is_closed": True} for deal in deals]
    assert "populations.open_opportunities" not in proposed([{}, {}, {}], closed)


def test_each_large_record_type_is_a_population_unless_its_name_is_taken() -> None:
    kinds = ["Enterprise"] * 5 + ["SMB"] * 5 + ["Customers"] * 5 + ["A, B"] * 5
    found = proposed([{"record_type": kind} for kind in kinds])
    assert {place: one.accounts for place, one in found.items()} == {
        "populations.custom.Enterprise": 5,
        "populations.custom.SMB": 5,
    }
    assert proposed([{"record_type": "Master"}] * 3) == {}


def test_competitors_partners_and_tests_are_proposed_to_be_left_out() -> None:
    accounts = [
        {"account_type": "Competitor", "name": "Rival"},
        {"account_type": "Channel Partner / Reseller", "name": "Reseller"},
        {"name": "TEST Account"},
        {"name": "Testo SE"},
        {"name": "Acme - DO NOT USE"},
        {"name": "Globex"},
    ]
    found = proposed(accounts, own={"0015": "Globex", "001X": "Initech"})
    assert {place: one.samples for place, one in found.items()} == {
        "exclusions.competitors": ("Rival",),
        "exclusions.partners": ("Reseller",),
        "exclusions.test-accounts": ("Acme - DO NOT USE", "TEST Account"),
        "exclusions.our-partners": ("Globex",),
    }
    assert found["exclusions.our-partners"].ids == ("0015",)


def test_five_accounts_are_shown_of_many() -> None:
    found = proposed([{"account_type": "Competitor", "name": f"Rival {n}"} for n in range(9)])
    assert found["exclusions.competitors"].samples == tuple(f"Rival {n}" for n in range(5))
    assert found["exclusions.competitors"].accounts == 9


def test_a_quote_in_a_value_stays_a_quote() -> None:
    found = proposed([{"account_type": "Customer's own"}])
    assert found["populations.customers"].filter == "account_type in ('Customer''s own')"
    assert found["populations.customers"].accounts == 1


def test_the_profile_counts_what_is_there() -> None:
    deals = [
        {"id": "006A", "stage": "Won", "is_won": True, "is_closed": True, "name": "Renewal"},
        {"id": "006B", "name": "New", "stage": "Open", "close_date": TODAY - timedelta(days=367)},
        {"id": "006C", "name": "New", "stage": "Open", "close_date": TODAY - timedelta(days=364)},
    ]
    rows = Rows(frame(Account, {"account_type": "Customer"}, {"id": "001B"}), frame(Opportunity, *deals), TODAY)
    found = profile(rows)
    assert (found.accounts, found.deals, found.open, found.won, found.renewals, found.overdue) == (2, 3, 2, 1, 1, 1)
    assert (found.account_types, found.stages) == ({"Customer": 1}, {"Open": 2, "Won": 1})
