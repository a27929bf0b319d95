from __future__ import annotations

import polars as pl
import pytest

from overlap.model import Account, Opportunity
from overlap.populations import PopulationRules, populations_of
from tests.overlap.frames import frame

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
    ((_, _, cell, everything),) = populations_of(accounts, opportunities, rules).iter_rows()
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
    found = populations_of(accounts, deals, RULES).sort("crm", "id")
    assert found.columns == ["crm", "id", "population", "populations"]
    assert found.rows() == [
        ("salesforce", "001A", "Customers", "Customers, Open Opportunities"),
        ("salesforce", "001B", "Prospects", "Prospects"),
        ("second", "001A", "Prospects", "Prospects"),
    ]


def test_no_accounts_are_no_rows() -> None:
    found = populations_of(frame(Account), frame(Opportunity), RULES)
    assert found.is_empty()
    assert found.schema == dict.fromkeys(("crm", "id", "population", "populations"), pl.String)
