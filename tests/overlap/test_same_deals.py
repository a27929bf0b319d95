"""A deal that two CRMs have is one: the copy is known by the other's id, and evidence on it counts for the deal."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest

from overlap.influence import Evidence, InfluenceRules, influences_of
from overlap.model import Match, Opportunity, OpportunityPartner, Overlap, PartnerAccount
from overlap.same_deals import agreed, copies
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
    assert [row[: len(found[0])] for row in copies(deals(*rows), "twin", ORDER).iter_rows()] == found
    assert copies(deals(*rows), None, ORDER).is_empty()


def test_the_field_may_stand_in_a_column_of_ours() -> None:
    both = frame(Opportunity, {"crm": "sf", "id": LONG}, {"crm": "hub", "id": "77", "deal_type": LONG})
    assert copies(both, "deal_type", ORDER).rows() == [("hub", "77", "sf", LONG)]


def test_influence_on_a_deal_and_its_copy_is_suggested_once_with_the_evidence_of_both() -> None:
    both = deals(("sf", LONG, None), ("hub", "77", LONG))
    claims = frame(PartnerAccount, {"claim": "we introduced you"})
    matches = frame(Match, {"crm": "sf"}, {"crm": "hub"})
    entered = frame(OpportunityPartner, {"crm": "hub", "opportunity_id": "77", "account_id": "P", "role": "Reseller"})
    evidence = Evidence(claims, matches, entered, {("hub", "P"): "globex"}, copies(both, "twin", ORDER))
    found = influences_of(evidence, both, frame(Overlap), InfluenceRules(), TODAY)
    assert found.select("crm", "opportunity_id", "evidence").rows() == [
        ("sf", LONG, "partner says: we introduced you; entered as partner on the opportunity (Reseller)")
    ]


def test_off_limits_on_the_copy_holds_for_the_deal() -> None:
    both = pl.concat([deals(("sf", LONG, None)), deals(("hub", "77", LONG), engagement="Off limits")])
    assert agreed(both, copies(both, "twin", ORDER))["engagement"].to_list() == ["Off limits", "Off limits"]
    assert agreed(both, copies(both, None, ORDER))["engagement"].to_list() == [None, "Off limits"]
