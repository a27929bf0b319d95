from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from overlap.influence import Evidence, InfluenceRules, influences_of, with_keys
from overlap.model import Influence, Match, Opportunity, OpportunityPartner, Overlap, PartnerAccount, schema_of
from tests.overlap.agreed import key_by_hand
from tests.overlap.frames import TODAY, WORKSPACE, frame

CLAIM = {"claim": "we introduced you", "claimed_on": date(2026, 2, 1)}
OWN_ACCOUNTS = {("salesforce", "001P"): "globex", ("salesforce", "001Q"): "initech"}


def found(
    claims: tuple[dict, ...] = (),
    entered: tuple[dict, ...] = (),
    deals: tuple[dict, ...] = ({},),
    overlaps: tuple[dict, ...] = ({},),
    matches: tuple[dict, ...] = ({},),
    rules: InfluenceRules | None = None,
    today: date = TODAY,
) -> list[dict]:
    evidence = Evidence(
        claims=frame(PartnerAccount, *claims),
        matches=frame(Match, *matches),
        opportunity_partners=frame(OpportunityPartner, *entered),
        partner_accounts=OWN_ACCOUNTS,
    )
    opportunities, shared = frame(Opportunity, *deals), frame(Overlap, *overlaps)
    return influences_of(evidence, opportunities, shared, rules or InfluenceRules(), today).to_dicts()


def suggested(*args, **kwargs) -> list[str]:
    return [row["partner"] for row in found(*args, **kwargs) if row["suggest"]]


def claims_of(*partners: str) -> dict[str, tuple[dict, ...]]:
    return {
        "claims": tuple({"partner": partner} | CLAIM for partner in partners),
        "matches": tuple({"partner": partner} for partner in partners),
    }


def test_overlap_alone_is_no_influence() -> None:
    assert found(claims=({},)) == []
    assert found(claims=({"claim": None, "claimed_on": date(2026, 2, 1)},)) == []


def test_a_claim_suggests_and_says_why() -> None:
    assert found(claims=(CLAIM,)) == [
        {
            "crm": "salesforce",
            "opportunity_id": "006A",
            "opportunity_name": "Acme renewal",
            "account_id": "001A",
            "partner": "globex",
            "overlap_key": "pi1-overlap",
            "evidence": "partner says: we introduced you (2026-02-01)",
            "owner_id": "005U",
            "suggest": True,
        }
    ]


def test_a_partner_entered_on_the_opportunity_suggests_even_without_overlap() -> None:
    (row,) = found(entered=({"role": "Referral"}, {"account_id": "001X", "id": "00IB"}), overlaps=(), matches=())
    assert (row["partner"], row["overlap_key"], row["suggest"]) == ("globex", None, True)
    assert row["evidence"] == "entered as partner on the opportunity (Referral)"


def test_a_claim_without_a_role_or_a_day_is_told_without_them() -> None:
    (claim,) = found(claims=({"claim": "we introduced you"},))
    (entered,) = found(entered=({},))
    assert claim["evidence"] == "partner says: we introduced you"
    assert entered["evidence"] == "entered as partner on the opportunity"


@pytest.mark.parametrize(
    "pair",
    [{"decision": "review"}, {"decision": "no match"}, {"relation": "Sibling"}, {"relation": "Theirs is our parent"}],
)
def test_a_claim_about_a_doubtful_or_related_company_is_no_evidence(pair) -> None:
    assert found(claims=(CLAIM,), matches=(pair,)) == []


def test_a_claim_speaks_of_every_deal_of_the_account_and_of_no_other() -> None:
    deals = ({}, {"id": "006B"}, {"id": "006C", "account_id": "001B"}, {"id": "006D", "crm": "second"})
    assert [row["opportunity_id"] for row in found(claims=(CLAIM,), deals=deals)] == ["006A", "006B"]


def test_evidence_of_both_kinds_is_one_suggestion_with_both_reasons_claims_first_newest_first() -> None:
    claims = (CLAIM, {"id": "G2", "claim": "we helped", "claimed_on": date(2026, 2, 9)})
    (row,) = found(claims, entered=({},), matches=({}, {"theirs_id": "G2"}))
    assert row["evidence"] == (
        "partner says: we helped (2026-02-09); partner says: we introduced you (2026-02-01); "
        "entered as partner on the opportunity"
    )


def test_the_same_reason_is_told_once() -> None:
    (row,) = found((CLAIM, CLAIM | {"id": "G2"}), matches=({}, {"theirs_id": "G2"}))
    assert row["evidence"] == "partner says: we introduced you (2026-02-01)"


@pytest.mark.parametrize(("age", "recent"), [(0, True), (179, True), (180, True), (181, False)])
def test_evidence_suggests_within_the_look_back_and_stands_after_it(age, recent) -> None:
    day = TODAY - timedelta(days=age)
    (claim,) = found(claims=({"claim": "x", "claimed_on": day},))
    (entered,) = found(entered=({"created_at": datetime(day.year, day.month, day.day, 23, 59, tzinfo=UTC)},))
    assert claim["suggest"] is entered["suggest"] is recent


def test_the_day_of_an_entry_is_that_of_the_workspaces_time_zone() -> None:
    late = TODAY - timedelta(days=181)
    entered = ({"created_at": datetime(late.year, late.month, late.day, 23, 59, tzinfo=UTC)},)
    assert suggested(entered=entered) == []
    assert suggested(entered=entered, rules=InfluenceRules(zone="Europe/Berlin")) == ["globex"]


def test_the_look_back_is_a_setting() -> None:
    day = TODAY - timedelta(days=11)
    assert suggested(({"claim": "x", "claimed_on": day},), rules=InfluenceRules(look_back_days=10)) == []
    assert suggested(({"claim": "x", "claimed_on": day},), rules=InfluenceRules(look_back_days=11)) == ["globex"]


def test_one_recent_piece_of_evidence_is_enough() -> None:
    old = {"claim": "long ago", "claimed_on": date(2020, 1, 1)}
    assert suggested((old,), entered=({},)) == ["globex"]


def test_a_claim_without_a_day_counts_as_recent() -> None:
    assert suggested(claims=({"claim": "we introduced you"},)) == ["globex"]


def test_a_closed_deal_gets_no_new_suggestion_and_its_evidence_stands() -> None:
    (row,) = found(claims=(CLAIM,), deals=({"is_closed": True, "is_won": True},))
    assert row["suggest"] is False


@pytest.mark.parametrize("engagement", [None, "Open", "Ask me first"])
def test_only_off_limits_stops_suggestions(engagement) -> None:
    assert suggested((CLAIM,), deals=({"engagement": engagement},), overlaps=({"engagement": engagement},)) == [
        "globex"
    ]


@pytest.mark.parametrize(("deal", "overlap"), [({"engagement": "Off limits"}, {}), ({}, {"engagement": "Off limits"})])
def test_nothing_is_suggested_where_deal_or_account_is_off_limits(deal, overlap) -> None:
    assert suggested((CLAIM,), deals=(deal,), overlaps=(overlap,)) == []


def test_an_opportunity_has_at_most_three_suggestions() -> None:
    names = ("a", "b", "c", "d", "e")
    assert suggested(**claims_of(*names)) == ["a", "b", "c"]
    assert len(found(**claims_of(*names))) == 5
    assert suggested(**claims_of(*names), rules=InfluenceRules(most=1)) == ["a"]


def test_the_limit_is_per_opportunity() -> None:
    rows = found(**claims_of("a", "b", "c", "d"), deals=({}, {"id": "006B"}))
    counts = {
        deal: sum(row["suggest"] for row in group)
        for deal, group in itertools.groupby(rows, lambda row: row["opportunity_id"])
    }
    assert counts == {"006A": 3, "006B": 3}


def test_more_kinds_of_evidence_then_claims_come_first() -> None:
    partners = {("salesforce", "001D"): "d", ("salesforce", "001E"): "e"}
    evidence = Evidence(
        claims=frame(PartnerAccount, *({"partner": name} | CLAIM for name in ("c", "d"))),
        matches=frame(Match, {"partner": "c"}, {"partner": "d"}),
        opportunity_partners=frame(OpportunityPartner, {"account_id": "001D"}, {"account_id": "001E", "id": "00IB"}),
        partner_accounts=partners,
    )
    ranked = influences_of(evidence, frame(Opportunity, {}), frame(Overlap), InfluenceRules(most=2), TODAY)
    assert ranked.select("partner", "suggest").rows() == [("d", True), ("c", True), ("e", False)]


def test_what_may_not_be_suggested_takes_no_place_however_strong_it_is() -> None:
    long_ago = {"claim": "long ago", "claimed_on": date(2020, 1, 1)}
    given = claims_of("globex", "initech")
    given["claims"] = (long_ago, {"partner": "initech"} | CLAIM)
    entered = ({"created_at": datetime(2020, 1, 1, tzinfo=UTC)},)
    assert suggested(entered=entered, **given, rules=InfluenceRules(most=1)) == ["initech"]


def test_a_later_day_changes_no_text() -> None:
    now, later = found(claims=(CLAIM,)), found(claims=(CLAIM,), today=TODAY + timedelta(days=400))
    assert [row | {"suggest": None} for row in now] == [row | {"suggest": None} for row in later]


def test_the_order_of_rows_does_not_matter() -> None:
    given = claims_of("a", "b", "c", "d")
    assert found(**given) == found(claims=given["claims"][::-1], matches=given["matches"][::-1])


def test_without_evidence_there_is_an_empty_frame_of_influence() -> None:
    nothing = Evidence(frame(PartnerAccount), frame(Match), frame(OpportunityPartner), {})
    made = with_keys(influences_of(nothing, frame(Opportunity), frame(Overlap), InfluenceRules(), TODAY), WORKSPACE)
    assert made.schema == schema_of(Influence)
    assert made.is_empty()


def test_a_key_is_of_opportunity_and_partner() -> None:
    keyed = with_keys(pl.DataFrame(found(claims=(CLAIM,))), WORKSPACE)
    assert keyed.columns == list(schema_of(Influence))
    assert keyed["key"].item() == key_by_hand(WORKSPACE, "globex", "006A", "influence")
