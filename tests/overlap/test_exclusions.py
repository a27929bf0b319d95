from __future__ import annotations

import polars as pl

from overlap.exclusions import Excluded, Exclusion, counts, excluded
from overlap.fields import ACCOUNT, INFLUENCE, OPPORTUNITY, OVERLAP
from overlap.filter_rows import Rows
from overlap.filter_text import read_filter
from overlap.filters import fields
from overlap.model import Account, Opportunity
from overlap.plan import Action
from tests.overlap.frames import TODAY, WORKSPACE, findings, frame, partners, said
from tests.overlap.planned import GLOBEX, of, planned, reasons, suggestion_now

ACCOUNTS = frame(
    Account,
    {"id": "001A", "name": "Test Acme"},
    {"id": "001B", "name": "Birch"},
    {"crm": "second", "id": "001A", "name": "Cedar"},
    {"id": "001D", "name": "Dogwood"},
)
DEALS = frame(Opportunity, {"id": "006A", "account_id": "001A"}, {"id": "006B", "account_id": "001D"}, {"id": "006C"})
DOMAINS = pl.Series("domains", [["acme.com"], ["birch.com"], [], ["dogwood.com", "dogwood.de"]])


def left_out(*rules: Exclusion) -> Excluded:
    return excluded(Rows(ACCOUNTS, DEALS, TODAY), DOMAINS, rules)


def test_an_account_is_left_out_by_filter_id_or_domain_and_the_first_rule_counts() -> None:
    tests = Exclusion("tests", read_filter("name like 'test%'", "here", fields()))
    found = left_out(tests, Exclusion("listed", ids=("001A",), domains=("birch.com",)))
    assert found.accounts.select("crm", "id", "rule").rows() == [
        ("salesforce", "001A", "tests"),
        ("salesforce", "001B", "listed"),
        ("second", "001A", "listed"),
    ]


def test_any_domain_that_an_account_has_leaves_it_out() -> None:
    assert left_out(Exclusion("listed", domains=("dogwood.de", "acme.org"))).accounts["id"].to_list() == ["001D"]


def test_its_deals_are_left_out_with_it() -> None:
    found = left_out(Exclusion("listed", domains=("dogwood.com",)))
    assert found.deals.select("id", "account_id", "rule").rows() == [("006B", "001D", "listed")]


def test_without_rules_nobody_is_left_out() -> None:
    found = left_out()
    assert (found.accounts.height, found.deals.height) == (0, 0)


def test_a_rule_that_takes_nobody_is_counted_too() -> None:
    found = left_out(Exclusion("listed", ids=("001B",)), Exclusion("nobody", ids=("001Z",)))
    assert counts(found, ("listed", "nobody")) == {"listed": 1, "nobody": 0}


# --- what the plan makes of it ----------------------------------------------------------------------------------------

GONE = Excluded(
    pl.DataFrame({"crm": ["salesforce"], "id": ["001A"], "name": ["Acme"], "rule": ["tests"]}),
    pl.DataFrame(
        {"crm": ["salesforce"], "id": ["006A"], "name": ["Acme renewal"], "account_id": ["001A"], "rule": ["tests"]}
    ),
)
OVERLAP_NOW = {"id": "a01", "overlap_key": "pi1-overlap", "workspace": WORKSPACE, "status": "Active"} | {
    "partner": GLOBEX,
    "account": "001A",
    "name": "Globex: Acme",
}


def test_what_was_written_for_an_excluded_account_is_taken_back_with_the_rule_as_cause() -> None:
    now = {
        "partner_overlap": said(OVERLAP, OVERLAP_NOW),
        "partner_influence": said(INFLUENCE, suggestion_now()),
        "account": said(ACCOUNT, {"id": "001A", "overlap_customer_of": "Globex"}),
        "opportunity": said(OPPORTUNITY, {"id": "006A", "overlap_customer_of": "Globex"}),
    }
    made = planned(findings(current=now), reasons(accounts=(), excluded=GONE))
    actions = {
        "partner_overlap": (Action.RETIRE, "Globex: Acme", "001A"),
        "partner_influence": (Action.RETIRE, "globex: Acme renewal", "001A"),
        "account": (Action.CLEAR, "Acme", "001A"),
        "opportunity": (Action.CLEAR, "Acme renewal", "001A"),
    }
    for thing in (OVERLAP, INFLUENCE, ACCOUNT, OPPORTUNITY):
        (change,) = of(thing, made)
        assert (change.action, change.label, change.account_id) == actions[thing.name]
        assert change.cause == "excluded: tests"


def test_an_account_that_is_not_excluded_keeps_its_own_cause() -> None:
    other = OVERLAP_NOW | {"account": "001B"}
    found = findings(partners=partners(), current={"partner_overlap": said(OVERLAP, other)})
    (change,) = of(OVERLAP, planned(found, reasons(excluded=GONE)))
    assert change.cause == "the partner was removed"
