"""What one partner may see: shut unless the policy opens it, and nothing that stays here moves a byte of what goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from overlap.exclusions import Exclusion
from overlap.filter_rows import Rows
from overlap.filter_text import read_filter
from overlap.filters import fields
from overlap.model import Match, Opportunity, PartnerAccount, User
from overlap.sharing import Found, Level, Policy, permitted, with_cells, withheld
from tests.noninterference import problems
from tests.overlap.frames import TODAY, frame, rated_accounts
from tests.overlap.sharing_worlds import allowed

HIDDEN, OVERLAPPING, ALL = Level
OPEN = Policy({("Prospects", "Customers"): OVERLAPPING}, ("name",))
EVERYTHING = Policy({("*", "*"): OVERLAPPING}, ("name",))


def found(*accounts: dict[str, Any], **more: Any) -> Found:
    """Each of *accounts* is a company of its own (unless ``company`` says so), and matches the row ``their`` names."""
    told = [
        {"id": "001A", "company": f"c{at}", "speaks": True, "their": f"G{at}"} | one for at, one in enumerate(accounts)
    ]
    apart = ("company", "speaks", "their", "relation", "decision")
    rows = rated_accounts(*({key: one[key] for key in one.keys() - apart} for one in told))
    crms = [{"crm": one.get("crm", "salesforce"), "id": one["id"]} for one in told]
    known = [crm | {name: one[name] for name in ("company", "speaks")} for crm, one in zip(crms, told, strict=True)]
    pairs = [
        {"crm": crm["crm"], "ours_id": one["id"], "theirs_id": one["their"]}
        | {name: one[name] for name in ("relation", "decision") if name in one}
        for crm, one in zip(crms, told, strict=True)
        if one["their"]
    ]
    listed = {one["their"]: {"id": one["their"], "name": f"Row {one['their']}"} for one in told if one["their"]}
    theirs = frame(PartnerAccount, *more.pop("theirs", listed.values()))
    gone = pl.DataFrame(
        more.pop("gone", []), schema={"crm": pl.String, "id": pl.String, "plain": pl.String}, orient="row"
    )
    none = pl.lit([], pl.List(pl.String))
    whole: dict[str, Any] = {
        "rows": Rows(rows, frame(Opportunity, *more.pop("deals", ())), TODAY),
        "accounts": rows.select("crm", "id", plain="name", domains=none),
        "companies": pl.DataFrame(known),
        "matches": frame(Match, *more.pop("pairs", pairs)),
        "theirs": theirs.with_columns(plain=pl.col("name"), domains=none),
        "users": frame(User, {"name": "Uma", "email": "uma@x.example"}),
        "gone": gone.with_columns(domains=none),
        "gone_rows": pl.DataFrame(
            more.pop("gone_rows", []), schema={"partner": pl.String, "id": pl.String}, orient="row"
        ),
    }
    return Found(**whole | more)


def names(world: Found, policy: Policy = OPEN, partner: str = "globex") -> list[str]:
    return permitted(world, policy, partner)["our_name"].to_list()


@pytest.mark.parametrize("first", (0, 100, 200))
def test_hidden_data_changes_no_byte_of_what_a_partner_gets(first: int, tmp_path: Path) -> None:
    """Every tenth pair as CSV and workbook too: both are made of the share alone."""
    rows = 0
    for seed in range(first, first + 100):
        told, wrong = problems(seed, tmp_path, ("csv", "xlsx") if seed % 10 == 0 else ())
        assert wrong == [], seed
        rows += told
    assert rows > 200, "what is compared must not be empty"


def test_without_a_line_nothing_goes_out() -> None:
    world = found({"name": "Acme"})
    assert names(world) == ["Acme"]
    assert names(world, Policy({}, ("name",))) == []
    assert names(world, Policy({("Customers", "Customers"): OVERLAPPING}, ("name",))) == []


def test_the_line_that_names_more_counts_and_of_two_halves_the_one_that_shares_less() -> None:
    cells = {("*", "*"): OVERLAPPING, ("Customers", "*"): HIDDEN, ("*", "Prospects"): OVERLAPPING}
    policy = Policy(cells | {("Customers", "Customers"): OVERLAPPING, ("Other", "*"): ALL}, ())
    assert policy.level("Prospects", "Customers") is OVERLAPPING
    assert policy.level("Customers", "Customers") is OVERLAPPING
    assert policy.level("Customers", "Prospects") is HIDDEN
    assert policy.level("Other", "Prospects") is OVERLAPPING
    assert [policy.level(ours, None) for ours in ("Other", "Customers")] == [ALL, HIDDEN]
    for ours in ("Customers", "Prospects", "Other"):
        for theirs in ("Customers", "Prospects", None):
            assert policy.level(ours, theirs) is allowed(dict(policy.cells), ours, theirs)


def test_all_shares_what_the_partner_does_not_have_of_that_population_only() -> None:
    policy = Policy({("Customers", "*"): ALL}, ("name", "population"))
    world = found(
        {"name": "Acme", "population": "Customers"},
        {"id": "001B", "name": "Birch", "population": "Customers", "their": None},
        {"id": "001C", "name": "Cedar", "their": None},
    )
    told = permitted(world, policy, "globex").select("their_id", "our_name", "our_population", "reason").rows()
    assert told == [("G0", "Acme", "Customers", "a match"), (None, "Birch", "Customers", None)]
    assert dict(with_cells(world, policy, "globex").group_by("cell").len().iter_rows()) == {
        "Customers x Customers": 1,
        "Customers x nobody": 1,
    }


def test_only_what_is_surely_the_company_itself_is_an_overlap() -> None:
    world = found(
        {"name": "Acme", "relation": "Sibling"}, {"id": "001B", "name": "Birch", "decision": "review"}, {"id": "001C"}
    )
    assert names(world) == [world.rows.accounts["name"][2]]


OFF_LIMITS = {"engagement": "Off limits"}


@pytest.mark.parametrize(
    ("why", "world", "policy"),
    [
        ("off limits", found({"name": "Acme"} | OFF_LIMITS), OPEN),
        ("off limits", found({"name": "Acme"}, deals=[{"account_id": "001A", "is_closed": True} | OFF_LIMITS]), OPEN),
        (
            "off limits",
            found({"name": "Acme"}, {"crm": "hub", "company": "c0", "speaks": False, "their": None} | OFF_LIMITS),
            OPEN,
        ),
        ("off limits", found({"name": "Acme"}, {"id": "001B", "their": "G0"} | OFF_LIMITS), OPEN),
        ("never", found({"name": "Acme"}), replace(OPEN, never=Exclusion("never", ids=("001A",)))),
        (
            "never",
            found({"name": "Acme", "country": "Iran"}),
            replace(OPEN, never=Exclusion("never", read_filter("country = 'Iran'", "here", fields()))),
        ),
        ("excluded", found({"name": "Acme"}, gone=[("salesforce", "001Z", "Acme")]), OPEN),
        ("excluded", found({"name": "Acme"}, gone=[("salesforce", "001Z", "Row G0")]), OPEN),
        ("excluded", found({"name": "Acme"}, gone_rows=[("globex", "G0")]), OPEN),
    ],
    ids=["account", "deal", "other crm", "same row", "id", "filter", "name", "name of the row", "judged"],
)
def test_what_is_kept_back_keeps_its_company_back(why: str, world: Found, policy: Policy) -> None:
    assert names(world, policy) == []
    assert withheld(world, policy, "globex") == {why: 1}
    whole = replace(policy, cells={("Prospects", "*"): ALL})
    assert names(world, whole) == [], "nor as one of all"


def test_an_account_of_a_domain_that_is_never_shared_or_left_out_stays_here() -> None:
    world = found({"name": "Acme"})
    sites = world.accounts.with_columns(domains=pl.lit(["acme.com"]))
    policy = replace(OPEN, never=Exclusion("never", domains=("acme.com",)))
    assert names(replace(world, accounts=sites), policy) == []
    rows = world.theirs.with_columns(domains=pl.lit(["acme.com"]))
    assert names(replace(world, theirs=rows), policy) == [], "nor one that matches a row of such a domain"
    gone = pl.DataFrame({"crm": ["salesforce"], "id": ["001Z"], "plain": [""], "domains": [["acme.com"]]})
    assert names(replace(world, accounts=sites, gone=gone)) == []
    assert names(replace(world, gone=gone)) == ["Acme"]


def test_a_company_that_the_settings_left_out_in_one_crm_stays_here_from_all() -> None:
    world = found({"name": "Acme"}, {"crm": "hub", "id": "9", "company": "c0", "speaks": False, "their": None})
    left = world.rows.accounts.filter(crm="salesforce")
    gone = pl.DataFrame({"crm": ["hub"], "id": ["9"], "plain": ["x"], "domains": [[]]}).cast(dict(world.gone.schema))
    kept = replace(world, rows=replace(world.rows, accounts=left), accounts=world.accounts.filter(crm="salesforce"))
    assert names(kept) == ["Acme"]
    assert names(replace(kept, gone=gone)) == []


def test_of_ours_only_the_fields_of_the_policy_go_out() -> None:
    world = found({"name": "Acme", "website": "acme.com", "revenue": 5.0, "owner_id": "005U"})
    assert permitted(world, OPEN, "globex").columns == [
        *("their_id", "their_name", "their_website", "their_population", "reason", "our_name")
    ]
    wide = replace(OPEN, fields=("id", "owner_name", "website"))
    told = permitted(world, wide, "globex").select("our_website", "our_owner_name", "our_id").rows()
    assert told == [("acme.com", "Uma", "001A")]


def test_reasons_tell_nothing_of_a_field_that_stays_here() -> None:
    same = {"name": "Acme AG", "website": "https://www.acme.com/de", "country": "Germany"}
    theirs = [same | {"id": "G0", "name": "ACME", "website": "acme.com"}]
    world = found(
        same, theirs=theirs, pairs=[{"theirs_id": "G0", "reasons": "same website; other city", "evidence": "e"}]
    )

    def said(*shared: str) -> str:
        return permitted(world, replace(OPEN, fields=shared), "globex")["reason"].item()

    assert said("name", "website", "country") == "same website; similar name; same country"
    assert said("name") == "similar name"
    assert said() == "a match"


def test_another_partner_is_not_in_it() -> None:
    world = found(
        {"name": "Acme"},
        theirs=[{"id": "G0", "name": "Row"}, {"partner": "initech", "id": "G0", "name": "Initech's"}],
        pairs=[{"theirs_id": "G0"}, {"partner": "initech", "theirs_id": "G0"}],
    )
    assert permitted(world, OPEN, "globex")["their_name"].to_list() == ["Row"]
    assert permitted(world, OPEN, "initech")["their_name"].to_list() == ["Initech's"]
    assert names(world, OPEN, "hooli") == []


def test_a_company_stands_where_its_account_nearest_to_a_customer_does() -> None:
    double = {"company": "c0", "their": "G0"}
    world = found({"name": "Acme", "population": "Customers"}, {"id": "001B", "name": "Old Acme"} | double)
    assert names(world) == [], "the prospect is a double of a customer"
    customers = Policy({("Customers", "Customers"): OVERLAPPING}, ("name",))
    assert names(world, customers) == ["Acme"], "a name of the hidden double does not go out"


def test_nothing_goes_out_after_the_last_day() -> None:
    world = found({"name": "Acme"})
    assert names(world, replace(OPEN, expires=TODAY)) == ["Acme"]
    assert names(world, replace(OPEN, expires=TODAY - timedelta(days=1))) == []
