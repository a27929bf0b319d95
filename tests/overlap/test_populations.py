from __future__ import annotations

import polars as pl
import pytest

from overlap.filter_rows import Rows
from overlap.filter_text import read_filter
from overlap.filters import fields
from overlap.model import Account, Opportunity
from overlap.populations import PopulationRules, fitting, populations_of
from tests.overlap.frames import TODAY, frame

RULES = PopulationRules(customer_types=("Customer", "Customer - Direct"), other_types=("Partner", "Competitor"))
OPEN = {"is_closed": False}
WON = {"is_closed": True, "is_won": True}
LOST = {"is_closed": True, "is_won": False}

CASES = [  # type, deals, the cell, all populations
    (None, [], "Prospects", "Prospects"),
    ("Prospect", [], "Prospects", "Prospects"),
    ("Customer", [], "Customers", "Customers"),
    ("CUSTOMER - direct", [], "Customers", "Customers"),
    ("Customers of ours", [], "Prospects", "Prospects"),
    (None, [OPEN], "Open Opportunities", "Open Opportunities"),
    (None, [LOST], "Prospects", "Prospects"),
    (None, [WON], "Customers", "Customers"),
    (None, [LOST, WON], "Customers", "Customers"),
    (None, [LOST, OPEN], "Open Opportunities", "Open Opportunities"),
    ("Customer", [OPEN], "Customers", "Customers, Open Opportunities"),
    (None, [WON, OPEN], "Customers", "Customers, Open Opportunities"),
    ("Partner", [], "Other", "Other"),
    ("competitor", [LOST], "Other", "Other"),
    ("Partner", [OPEN], "Open Opportunities", "Open Opportunities"),
    ("Partner", [WON], "Customers", "Customers"),
]


def standing(account_type: str | None, deals: list[dict], rules: PopulationRules = RULES) -> tuple[str, str]:
    accounts = frame(Account, {"account_type": account_type})
    opportunities = frame(Opportunity, *({"id": f"006{n}", **deal} for n, deal in enumerate(deals)))
    ((_, _, cell, everything),) = populations_of(Rows(accounts, opportunities, TODAY), rules).iter_rows()
    return cell, everything


@pytest.mark.parametrize(("account_type", "deals", "cell", "everything"), CASES)
def test_reads_the_populations_from_the_crms_own_fields(account_type, deals, cell, everything) -> None:
    assert standing(account_type, deals) == (cell, everything)


def test_a_won_deal_makes_no_customer_where_the_settings_say_so() -> None:
    rules = PopulationRules(won_means_customer=False)
    assert standing(None, [WON], rules) == ("Prospects", "Prospects")
    assert standing("Customer", [LOST], rules) == ("Customers", "Customers")


def test_the_settings_say_which_population_gives_the_cell() -> None:
    rules = PopulationRules(order=("Open Opportunities", "Customers", "Prospects"))
    assert standing("Customer", [OPEN], rules) == ("Open Opportunities", "Open Opportunities, Customers")


@pytest.mark.parametrize("order", [(), ("Open Opportunities",), ("Open Opportunities", "Open Opportunities")])
def test_an_order_that_names_some_is_completed_and_says_each_once(order) -> None:
    rules = PopulationRules(order=order)
    first, second = ("Open Opportunities", "Customers") if order else ("Customers", "Open Opportunities")
    assert standing("Customer", [OPEN], rules) == (first, f"{first}, {second}")
    assert standing("Prospect", [], rules) == ("Prospects", "Prospects")


def test_every_account_has_one_row_whatever_its_deals() -> None:
    accounts = frame(Account, {"id": "001A"}, {"id": "001B"}, {"crm": "second"})
    deals = frame(Opportunity, WON, {"id": "006B"} | OPEN, {"id": "006C", "account_id": None})
    found = populations_of(Rows(accounts, deals, TODAY), RULES).sort("crm", "id")
    assert found.columns == ["crm", "id", "population", "populations"]
    assert found.rows() == [
        ("salesforce", "001A", "Customers", "Customers, Open Opportunities"),
        ("salesforce", "001B", "Prospects", "Prospects"),
        ("second", "001A", "Prospects", "Prospects"),
    ]


def test_no_accounts_are_no_rows() -> None:
    found = populations_of(Rows(frame(Account), frame(Opportunity), TODAY), RULES)
    assert found.is_empty()
    assert found.schema == dict.fromkeys(("crm", "id", "population", "populations"), pl.String)


# --- filters ----------------------------------------------------------------------------------------------------------


def filtered(accounts: list[dict], deals: list[dict], **written: str) -> list[tuple[str, str]]:
    """The cell and the populations of each account; *written* are filters, of custom populations too."""
    read = {name: read_filter(text, name, fields()) for name, text in written.items()}
    built_in = {name: read.pop(name) for name in ("customers", "open_opportunities", "prospects") if name in read}
    rules = PopulationRules(other_types=("Partner",), custom=tuple(read.items()), **built_in)
    found = populations_of(Rows(frame(Account, *accounts), frame(Opportunity, *deals), TODAY), rules)
    return found.select("population", "populations").rows()


def test_a_filter_takes_the_place_of_the_plain_rules_of_its_population() -> None:
    accounts = [{"id": "001A", "account_type": "Customer"}, {"id": "001B", "record_type": "Enterprise"}]
    assert filtered(accounts, [], customers="record_type = 'Enterprise'") == [
        ("Prospects", "Prospects"),
        ("Customers", "Customers"),
    ]


def test_who_is_in_no_population_is_other_where_a_filter_names_the_prospects() -> None:
    accounts = [{"id": "001A", "industry": "Banking"}, {"id": "001B"}, {"id": "001C", "account_type": "Partner"}]
    assert filtered(accounts, [], prospects="industry = 'Banking'") == [
        ("Prospects", "Prospects"),
        ("Other", "Other"),
        ("Other", "Other"),
    ]


def test_a_custom_population_comes_besides_and_is_no_cell() -> None:
    accounts = [{"id": "001A", "revenue": 2e6, "account_type": "Customer"}, {"id": "001B", "revenue": 1.0}]
    deals = [{"account_id": "001B", "stage": "Negotiation"}]
    written = {"Large": "revenue > 1e6", "Late stage": "any_opportunity(stage = 'Negotiation')"}
    assert filtered(accounts, deals, **written) == [
        ("Customers", "Customers, Large"),
        ("Open Opportunities", "Open Opportunities, Late stage"),
    ]


def test_a_lead_is_a_prospect_whatever_the_rules_say() -> None:
    accounts = [{"id": "001A", "account_type": "Customer", "is_lead": True}, {"id": "001B", "is_lead": True}]
    deals = [{"account_id": "001B"}]
    everybody = {"customers": "name is not null", "open_opportunities": "name is not null", "prospects": "name is null"}
    for written in ({}, everybody):
        assert filtered(accounts, deals, **written) == [("Prospects", "Prospects")] * 2


FITTING = [
    ("Customers, Large", 16, "Customers, Large"),
    ("Customers, Large, Late stage", 27, "Customers, Large, +1 more"),
    ("Customers, Large, Late stage", 24, "Customers, +2 more"),
    ("Customers, Large", 8, "Custome…"),
]


@pytest.mark.parametrize(("populations", "length", "shown"), FITTING)
def test_populations_that_do_not_fit_are_counted(populations, length, shown) -> None:
    assert fitting(populations, length) == shown
    assert len(shown) <= length
