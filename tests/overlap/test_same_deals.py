"""A deal that two CRMs have is one: the copy is known by the other's id, and evidence on it counts for the deal."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest

from overlap.influence import Evidence, InfluenceRules, influences_of
from overlap.model import Account, Match, Opportunity, OpportunityPartner, Overlap, PartnerAccount
from overlap.same_deals import agreed, copies, left_out, linked
from tests.overlap.frames import TODAY, frame

LONG, SHORT = "0065e00000AbCdEAAV", "0065e00000AbCdE"
ORDER = ("sf", "hub")


def deals(*rows: tuple[str, str, str | None], **more: Any) -> pl.DataFrame:
    """Deals (crm, id, the other CRM's id)."""
    return frame(
        Opportunity,
        *({"crm": crm, "id": key, "custom": json.dumps({"twin": twin})} | more for crm, key, twin in rows),
    )


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([("sf", LONG, None), ("hub", "77", LONG)], [("hub", "77", "sf", LONG)]),
        ([("sf", LONG, None), ("hub", "77", SHORT)], [("hub", "77", "sf", LONG)]),
        ([("sf", LONG, "77"), ("hub", "77", None)], [("hub", "77", "sf", LONG)]),
        ([("sf", LONG, "77"), ("hub", "77", LONG)], [("hub", "77", "sf", LONG)]),
        ([("sf", LONG, None), ("hub", "77", LONG), ("hub", "78", LONG)], [("hub", "77"), ("hub", "78")]),
        ([("sf", LONG, None), ("hub", "77", "")], []),
        ([("sf", LONG, None), ("hub", "77", "006000000000000AAA")], []),
        ([("sf", LONG, LONG), ("sf", "006", LONG)], []),
    ],
)
def test_the_first_crm_has_the_deal_and_the_other_a_copy(
    rows: list[tuple[str, str, str | None]], found: list[tuple[str, ...]]
) -> None:
    assert [row[: len(found[0])] for row in copies(linked(deals(*rows), "twin", ORDER)).iter_rows()] == found
    assert copies(linked(deals(*rows), None, ORDER)).is_empty()


def test_the_field_may_stand_in_a_column_of_ours() -> None:
    both = frame(Opportunity, {"crm": "sf", "id": LONG}, {"crm": "hub", "id": "77", "deal_type": LONG})
    assert copies(linked(both, "deal_type", ORDER)).rows() == [("hub", "77", "sf", LONG)]


def test_influence_on_a_deal_and_its_copy_is_suggested_once_with_the_evidence_of_both() -> None:
    both = deals(("sf", LONG, None), ("hub", "77", LONG))
    claims = frame(PartnerAccount, {"claim": "we introduced you"})
    matches = frame(Match, {"crm": "sf"}, {"crm": "hub"})
    entered = frame(OpportunityPartner, {"crm": "hub", "opportunity_id": "77", "account_id": "P", "role": "Reseller"})
    evidence = Evidence(claims, matches, entered, {("hub", "P"): "globex"}, copies(linked(both, "twin", ORDER)))
    found = influences_of(evidence, both, frame(Overlap), InfluenceRules(), TODAY)
    assert found.select("crm", "opportunity_id", "evidence").rows() == [
        ("sf", LONG, "partner says: we introduced you; entered as partner on the opportunity (Reseller)")
    ]


@pytest.mark.parametrize(
    "rows",
    [
        [("sf", LONG, None), ("hub", "77", LONG), ("erp", "x", "77")],
        [("sf", LONG, "x"), ("hub", "77", None), ("erp", "x", "77")],
        [("sf", LONG, None), ("hub", "77", "x"), ("erp", "x", SHORT)],
    ],
)
def test_a_deal_that_three_crms_have_is_the_first_crms_however_they_are_linked(rows: list[Any]) -> None:
    found = copies(linked(deals(*rows), "twin", (*ORDER, "erp")))
    assert found.rows() == [("erp", "x", "sf", LONG), ("hub", "77", "sf", LONG)]


def test_a_deal_of_the_same_crm_is_no_copy_through_another_crms() -> None:
    rows = [("sf", "006A", None), ("sf", "006B", "77"), ("hub", "77", "006A")]
    assert copies(linked(deals(*rows), "twin", ORDER)).rows() == [("hub", "77", "sf", "006A")]


CLOSED = {"engagement": "Off limits"}
NOBODY = frame(Account, {"crm": "sf"}, {"crm": "hub"})


def test_off_limits_on_the_copy_holds_for_the_deal() -> None:
    both = pl.concat([deals(("sf", LONG, None)), deals(("hub", "77", LONG), **CLOSED)])
    assert agreed(both, NOBODY, linked(both, "twin", ORDER))["engagement"].to_list() == ["Off limits", "Off limits"]
    assert agreed(both, NOBODY, linked(both, None, ORDER))["engagement"].to_list() == [None, "Off limits"]


def test_off_limits_on_the_account_of_the_copy_holds_for_the_deal() -> None:
    rows = deals(("sf", LONG, None), ("hub", "77", LONG), ("sf", "006B", None))
    accounts = frame(Account, {"crm": "sf"}, {"crm": "hub"} | CLOSED)
    assert agreed(rows, accounts, linked(rows, "twin", ORDER))["engagement"].to_list() == ["Off limits"] * 2 + [None]


def test_what_leaves_out_a_deal_leaves_out_its_copies() -> None:
    rows = deals(("sf", LONG, None), ("hub", "77", LONG), ("hub", "78", LONG), ("sf", "006B", None))
    gone = rows.filter(pl.col("id") == "77").select("crm", "id", "name", "account_id", rule=pl.lit("legal-hold"))
    found = left_out(gone, rows, linked(rows, "twin", ORDER))
    assert [row["id"] for row in found.filter(rule="legal-hold").iter_rows(named=True)] == ["77", "78", LONG]
    assert left_out(gone, rows, linked(rows, None, ORDER)).equals(gone)


def test_a_deal_and_its_clone_that_name_one_deal_are_left_out_and_closed_together() -> None:
    rows = deals(("sf", "006A", "77"), ("sf", "006B", "77"), ("hub", "77", None), ("sf", "006C", None))
    together = linked(rows, "twin", ORDER)
    assert copies(together).rows() == [("hub", "77", "sf", "006A")]
    for out in ("006A", "006B", "77"):
        gone = rows.filter(pl.col("id") == out).select("crm", "id", "name", "account_id", rule=pl.lit("legal-hold"))
        assert sorted(left_out(gone, rows, together)["id"]) == ["006A", "006B", "77"]
        said = rows.with_columns(engagement=pl.when(pl.col("id") == out).then(pl.lit("Off limits")))
        closed = agreed(said, NOBODY, together).filter(engagement="Off limits")
        assert sorted(closed["id"]) == ["006A", "006B", "77"]
