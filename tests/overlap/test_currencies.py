"""Money in several currencies is compared with nothing that does not say which one it means."""

from __future__ import annotations

import pytest

from overlap.errors import ConfigError
from overlap.filter_rows import Rows, chosen
from overlap.filter_text import read_filter
from overlap.filters import fields
from overlap.model import Account, Opportunity
from tests.overlap.frames import TODAY, frame

EUROS, DOLLARS = {"id": "001E", "revenue": 2e6, "currency": "EUR"}, {"id": "001U", "revenue": 3e6, "currency": "USD"}
IN_EUROS = {"id": "006E", "account_id": "001E", "amount": 5e3, "currency": "EUR"}
IN_DOLLARS = {"id": "006U", "account_id": "001U", "amount": 7e3, "currency": "USD"}


def taken(text: str, *accounts: dict, deals: tuple[dict, ...] = ()) -> list[bool]:
    rows = Rows(frame(Account, *accounts), frame(Opportunity, *deals), TODAY)
    return chosen(read_filter(text, "populations.custom.Large.filter", fields(("arr",))), rows).to_list()


REFUSED = [  # filter, the comparison that is named
    ("revenue > 1e6", "revenue > 1000000"),
    ("revenue between 1 and 5e6", "revenue >= 1"),
    ("revenue = 2e6", "revenue = 2000000"),
    ("revenue in (0, 2e6)", "revenue in (0, 2000000)"),
    ("not (revenue > 1e6)", "revenue > 1000000"),
    ("currency = 'EUR' or revenue > 1e6", "revenue > 1000000"),
    ("not (currency = 'EUR') and revenue > 1e6", "revenue > 1000000"),
    ("currency != 'USD' and revenue > 1e6", "revenue > 1000000"),
    ("currency in ('EUR', 'USD') and revenue > 1e6", "revenue > 1000000"),
    ("(currency = 'EUR' and revenue > 1e6) or revenue > 2e6", "revenue > 2000000"),
    ("currency = 'EUR' and any_opportunity(amount > 5)", "amount > 5"),
    ("no_opportunity(is_won or amount > 5)", "amount > 5"),
    ("latest_opportunity(amount < 5)", "amount < 5"),
]
TAKEN = [  # filter, does it take the one in euros, and the one in dollars?
    ("currency = 'eur' and revenue > 1e6", [True, False]),
    ("currency in ('EUR') and (is_lead or not revenue > 1e6)", [False, False]),
    ("(currency = 'EUR' and revenue > 1e6) or (currency = 'USD' and revenue > 1e6)", [True, True]),
    ("not (currency = 'EUR' and revenue > 1e6)", [False, True]),
    ("revenue > 0 and revenue is not null and revenue != 0", [True, True]),
    ("any_opportunity(currency = 'USD' and amount > 6e3)", [False, True]),
    ("no_opportunity(amount > 0)", [False, False]),
    ("headcount > 5 or arr > 5", [False, False]),
]


@pytest.mark.parametrize(("text", "compared"), REFUSED)
def test_a_comparison_without_its_currency_is_refused_with_those_found(text, compared) -> None:
    with pytest.raises(ConfigError) as raised:
        taken(text, EUROS, DOLLARS, deals=(IN_EUROS, IN_DOLLARS))
    assert str(raised.value) == (
        f"populations.custom.Large.filter: {compared.split()[0]} is in EUR, USD, and nothing is converted: "
        f"name the one that is meant, as in (currency = 'EUR' and {compared})"
    )


@pytest.mark.parametrize(("text", "holds"), TAKEN)
def test_a_comparison_with_its_currency_or_with_nothing_is_asked(text, holds) -> None:
    assert taken(text, EUROS, DOLLARS, deals=(IN_EUROS, IN_DOLLARS)) == holds


def test_all_money_in_one_currency_may_be_compared() -> None:
    poor = ({"revenue": None, "currency": "USD"}, {"revenue": 0.0, "currency": "CHF"})
    assert taken("revenue > 1e6", EUROS, {**EUROS, "currency": "eur"}, *poor) == [True, True, False, False]
    assert taken("any_opportunity(amount > 1)", EUROS, DOLLARS, deals=(IN_EUROS,)) == [True, False]
    assert taken("revenue > 1e6", {"revenue": 2e6}) == [True], "an org without currencies has one"


def test_two_orgs_of_one_currency_each_need_not_have_the_same_one() -> None:
    ours, other = {"revenue": 2e6}, {"crm": "second", "id": "001S", "revenue": 2e6}
    for text in ("revenue > 1e6", "currency is null and revenue > 1e6"):
        with pytest.raises(ConfigError) as raised:
            taken(text, ours, other, EUROS)
        also = "" if "null" in text else "EUR, "
        assert str(raised.value) == (
            f"populations.custom.Large.filter: revenue is in {also}salesforce's only one, second's only one, "
            'and nothing is converted: write which one each has, as in [crm.salesforce] currency = "EUR"'
        )
    assert taken("currency = 'EUR' and revenue > 1e6", ours, other, EUROS) == [False, False, True]
    assert taken("revenue > 1e6", ours, {**other, "revenue": 0.0}) == [True, False]


def test_no_currency_is_one_more_and_can_be_named() -> None:
    other = {"crm": "second", "id": "001S", "revenue": 2e6, "currency": None}
    with pytest.raises(ConfigError, match="revenue is in EUR, no currency, and nothing is converted"):
        taken("revenue > 1e6", EUROS, other)
    assert taken("currency is null and revenue > 1e6", EUROS, other) == [False, True]
