"""What holds for one account of a company holds for it in every CRM, against a slow reference in plain Python."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from overlap import shared
from overlap.judgements import apply
from overlap.model import PARENT, SAME, Account, Match
from tests.overlap.frames import MOMENT, frame

Row = dict[str, Any]
Pair = tuple[str, str]
VERDICTS = {
    **dict.fromkeys(("crm", "ours_id", "partner", "theirs_id", "verdict", "judged_by"), pl.String),
    "judged_at": pl.Datetime("us", "UTC"),
}


def known(*rows: tuple[str, str, str, bool]) -> pl.DataFrame:
    """Accounts (crm, id, company, speaks); a company is in several CRMs if its rows say so."""
    told = pl.DataFrame(rows, schema=["crm", "id", "company", "speaks"], orient="row")
    return told.with_columns(in_several=pl.col("crm").n_unique().over("company") > 1)


TWO = known(("sf", "a", "c", True), ("hub", "b", "c", False), ("sf", "x", "d", True), ("sf", "y", "d", True))
ACCOUNTS = frame(Account, *({"crm": crm, "id": key, "name": key.upper()} for crm, key, *_ in TWO.iter_rows()))


def pair(crm: str, ours: str, theirs: str = "t", **more: Any) -> Row:
    return {"crm": crm, "ours_id": ours, "theirs_id": theirs, "reasons": "same website", **more}


def said(crm: str, ours: str, verdict: str, theirs: str = "t", day: int = 0) -> Row:
    at = MOMENT + timedelta(days=day)
    return {"crm": crm, "ours_id": ours, "partner": "globex", "theirs_id": theirs, "verdict": verdict} | {
        "judged_by": "ada",
        "judged_at": at,
    }


def verdicts(*rows: Row) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=VERDICTS, orient="row")


def test_another_crms_match_is_every_crms_and_says_whose_it_was() -> None:
    found = shared.matches_of_all(frame(Match, pair("hub", "b", probability=0.97)), TWO, ACCOUNTS)
    assert found.select("crm", "ours_id", "decision", "probability", "reasons").rows() == [
        ("hub", "b", "match", 0.97, "same website"),
        ("sf", "a", "match", 0.97, "same company as B in hub; same website"),
    ]
    assert found["evidence"].to_list() == ["", "our companies|same company as B in hub|0.0"]


def test_doubles_in_one_crm_share_no_pair_that_the_engine_did_not_see() -> None:
    pairs = frame(Match, pair("sf", "x"))
    assert shared.matches_of_all(pairs, TWO, ACCOUNTS).equals(pairs)


def test_what_is_doubtful_of_one_account_is_settled_by_anothers_match() -> None:
    doubtful = pair("sf", "a", decision="review", probability=0.6, reasons="same name")
    found = shared.matches_of_all(frame(Match, pair("hub", "b"), doubtful), TWO, ACCOUNTS)
    assert found["decision"].to_list() == ["match", "match"]
    assert found["reasons"].to_list() == ["same website", "same company as B in hub; same website"]


def test_the_company_itself_is_shared_before_a_relative_and_an_own_match_stays() -> None:
    three = known(("sf", "a", "c", True), ("hub", "b", "c", False), ("erp", "e", "c", False))
    accounts = frame(Account, *({"crm": crm, "id": key, "name": key} for crm, key, *_ in three.iter_rows()))
    pairs = frame(Match, pair("hub", "b", relation=PARENT, probability=1.0), pair("sf", "a", probability=0.96))
    found = shared.matches_of_all(pairs, three, accounts)
    assert found.select("crm", "relation", "probability").rows() == [
        ("erp", SAME, 0.96),
        ("hub", PARENT, 1.0),
        ("sf", SAME, 0.96),
    ]


@pytest.mark.parametrize("seed", range(40))
def test_all_accounts_of_a_company_have_the_matches_of_each(seed: int) -> None:
    draw = random.Random(seed)
    rows = [
        (draw.choice(["sf", "hub", "erp"]), f"{at}", f"c{draw.randrange(3)}", draw.random() < 0.5) for at in range(9)
    ]
    together = known(*rows)
    accounts = frame(Account, *({"crm": crm, "id": key, "name": key} for crm, key, *_ in rows))
    pairs = []
    for crm, key, *_ in rows:
        for theirs in "tuv":
            if draw.random() < 0.3:
                pairs.append(pair(crm, key, theirs, decision=draw.choice(["match", "review", "no match"])))
    decided = {(one["ours_id"], one["theirs_id"]): one["decision"] for one in pairs}
    expected = dict(decided)
    for _, key, company, _ in rows:
        family = [row for row in rows if row[2] == company]
        for theirs in "tuv":
            has = any(decided.get((other, theirs)) == "match" for _, other, *_ in family)
            if len({row[0] for row in family}) > 1 and has and decided.get((key, theirs)) != "no match":
                expected[key, theirs] = "match"
    found = shared.matches_of_all(frame(Match, *pairs), together, accounts)
    assert dict(zip(found.select("ours_id", "theirs_id").rows(), found["decision"], strict=True)) == expected


def test_a_verdict_on_one_account_is_one_on_the_company() -> None:
    found = shared.verdicts_of_all(verdicts(said("hub", "b", "different")), TWO, ACCOUNTS)
    assert found.select("crm", "ours_id", "verdict", "of").rows() == [
        ("hub", "b", "different", None),
        ("sf", "a", "different", "B in hub"),
    ]
    judged = apply(frame(Match, pair("sf", "a"), pair("hub", "b")), found)
    assert judged["decision"].to_list() == ["no match", "no match"]
    assert judged["reasons"].to_list() == [
        "judged different companies by ada on 2026-03-02; same website",
        "judged different companies by ada on 2026-03-02, of B in hub; same website",
    ]


def test_a_verdict_of_one_crm_alone_stays_with_its_account() -> None:
    found = shared.verdicts_of_all(verdicts(said("sf", "x", "same")), TWO, ACCOUNTS)
    assert found.select("crm", "ours_id").rows() == [("sf", "x")]


def test_accounts_that_people_judged_otherwise_of_one_row_contradict_each_other() -> None:
    told = verdicts(
        said("sf", "a", "same"),
        said("hub", "b", "different"),
        said("sf", "x", "different", theirs="u"),
        said("sf", "y", "same"),
    )
    assert shared.contradicting(told) == {("hub:b", "sf:a"), ("hub:b", "sf:y")}


def gone(*keys: Pair) -> pl.DataFrame:
    rows = [(crm, key, key.upper(), "legal-hold") for crm, key in keys]
    return pl.DataFrame(rows, schema=dict.fromkeys(("crm", "id", "name", "rule"), pl.String), orient="row")


def test_who_is_left_out_in_one_crm_is_so_in_all() -> None:
    found = shared.left_out(gone(("hub", "b")), TWO, ACCOUNTS)
    assert found.rows() == [("hub", "b", "B", "legal-hold"), ("sf", "a", "A", "legal-hold")]


def test_a_crm_that_keeps_an_account_of_the_company_leaves_nobody_out_elsewhere() -> None:
    both = known(("sf", "a", "c", True), ("sf", "test", "c", True), ("hub", "b", "c", False))
    accounts = frame(Account, *({"crm": crm, "id": key, "name": key} for crm, key, *_ in both.iter_rows()))
    assert shared.left_out(gone(("sf", "test")), both, accounts)["id"].to_list() == ["test"]


def test_a_double_in_the_same_crm_is_not_left_out() -> None:
    assert shared.left_out(gone(("sf", "x")), TWO, ACCOUNTS)["id"].to_list() == ["x"]
    leads = ACCOUNTS.with_columns(is_lead=pl.col("id") == "y")
    assert shared.left_out(gone(("sf", "x")), TWO, leads)["id"].to_list() == ["x"]


@pytest.mark.parametrize(
    ("out", "left"),
    [
        ("account", ["account", "b", "lead"]),  # its lead does not keep the company
        ("lead", ["lead"]),
        ("alone", ["alone", "e"]),  # a CRM that has but a lead speaks by that
    ],
)
def test_a_lead_counts_only_where_a_crm_has_no_account_of_the_company(out: str, left: list[str]) -> None:
    together = known(
        *(("sf", "account", "c", True), ("sf", "lead", "c", True), ("hub", "b", "c", False)),
        *(("sf", "alone", "d", True), ("hub", "e", "d", False)),
    )
    leads = {"lead", "alone"}
    accounts = frame(
        Account, *({"crm": crm, "id": key, "name": key, "is_lead": key in leads} for crm, key, *_ in together.rows())
    )
    assert sorted(shared.left_out(gone(("sf", out)), together, accounts)["id"]) == left


def test_a_doubtful_pair_of_one_company_is_asked_about_once() -> None:
    pairs = frame(Match, pair("hub", "b", probability=0.9), pair("sf", "a", probability=0.6), pair("hub", "b", "u"))
    assert shared.once(pairs, TWO).select("ours_id", "theirs_id").rows() == [("a", "t"), ("b", "u")]
    doubles = frame(Match, pair("sf", "x"), pair("sf", "y"))
    assert shared.once(doubles, TWO).equals(doubles)
    three = known(("sf", "a", "c", True), ("sf", "z", "c", True), ("hub", "b", "c", False))
    doubtful = frame(Match, pair("hub", "b"), pair("sf", "a"), pair("sf", "z"))
    assert shared.once(doubtful, three)["ours_id"].to_list() == ["a", "z"]
