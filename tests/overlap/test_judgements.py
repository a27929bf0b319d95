from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from overlap.judgements import VERDICTS, apply, resolve
from overlap.model import Judgement, Match, schema_of
from tests.overlap.frames import MOMENT, frame

PLAIN = {
    "crm": "salesforce",
    "ours_id": "001A",
    "ours_name": "acme",
    "ours_domain": "acme.com",
    "ours_country": "DE",
    "partner": "globex",
    "theirs_id": "G1",
    "theirs_name": "acme deutschland",
    "theirs_domain": "acme.de",
    "theirs_country": "DE",
    "verdict": "same",
    "source": "command",
    "judged_by": "ann",
    "judged_at": MOMENT,
}
IDENTITY = {"id": pl.String, "name": pl.String, "domain": pl.String, "country": pl.String}
OURS = {"crm": "salesforce", "id": "001A", "name": "acme", "domain": "acme.com", "country": "DE"}
THEIRS = {"partner": "globex", "id": "G1", "name": "acme deutschland", "domain": "acme.de", "country": "DE"}


def in_force(*judgements: dict, ours=(OURS,), theirs=(THEIRS,)) -> list[tuple[str, str, str]]:
    made = frame(Judgement, *(PLAIN | judgement for judgement in judgements))
    ours_now = pl.DataFrame([OURS | row for row in ours], schema={"crm": pl.String, **IDENTITY})
    theirs_now = pl.DataFrame([THEIRS | row for row in theirs], schema={"partner": pl.String, **IDENTITY})
    return resolve(made, ours_now, theirs_now).select("ours_id", "theirs_id", "verdict").rows()


def applied(pair: dict | None, verdict: str | None, **said) -> dict:
    verdicts = frame(Judgement, *([PLAIN | {"verdict": verdict} | said] if verdict else []))
    (row,) = apply(frame(Match, *([pair] if pair is not None else [])), verdicts).to_dicts()
    return row


def test_a_verdict_holds_by_the_ids_of_both_sides() -> None:
    assert in_force({}) == [("001A", "G1", "same")]


def test_our_company_keeps_its_verdict_when_its_record_is_renamed() -> None:
    assert in_force({}, ours=({"name": "acme holding", "domain": None, "country": "FR"},)) == [("001A", "G1", "same")]


def test_a_verdict_survives_a_new_id_of_ours() -> None:
    assert in_force({}, ours=({"id": "001Z"},)) == [("001Z", "G1", "same")]


def test_a_verdict_survives_a_new_id_of_theirs() -> None:
    assert in_force({}, theirs=({"id": "G9"},)) == [("001A", "G9", "same")]


def test_a_verdict_survives_new_ids_of_both() -> None:
    assert in_force({}, ours=({"id": "001Z"},), theirs=({"id": "G9"},)) == [("001Z", "G9", "same")]


def test_a_renumbered_list_does_not_hand_the_verdict_to_a_stranger() -> None:
    stranger = {"id": "G1", "name": "zenith", "domain": "zenith.com"}
    assert in_force({}, theirs=(stranger, {"id": "G2"})) == [("001A", "G2", "same")]
    assert in_force({}, theirs=(stranger,)) == []


def test_a_company_that_stands_twice_in_a_list_is_judged_twice() -> None:
    assert sorted(in_force({}, theirs=({}, {"id": "G9"}))) == [("001A", "G1", "same"), ("001A", "G9", "same")]


def test_a_second_row_of_the_same_name_without_a_domain_is_not_known_to_be_the_company() -> None:
    nameless = {"theirs_domain": None}
    assert in_force(nameless, theirs=({"domain": None}, {"id": "G9", "domain": None})) == [("001A", "G1", "same")]


@pytest.mark.parametrize("still", [{"name": "acme de"}, {"domain": "acme.example"}, {"country": "AT"}])
def test_their_row_is_the_same_while_name_or_domain_fits(still) -> None:
    assert in_force({}, theirs=(still,)) == [("001A", "G1", "same")]


@pytest.mark.parametrize("changed", [{"name": "acme de"}, {"domain": "acme.example"}, {"country": "AT"}])
def test_a_row_with_a_new_id_must_fit_in_name_domain_and_country(changed) -> None:
    assert in_force({}, theirs=({"id": "G9"} | changed,)) == []
    assert in_force({}, ours=({"id": "001Z"} | changed,)) == []


def test_what_is_unknown_on_both_sides_fits() -> None:
    unknown = {"theirs_domain": None, "theirs_country": None}
    assert in_force(unknown, theirs=({"id": "G9", "domain": None, "country": None},)) == [("001A", "G9", "same")]


def test_two_unknown_domains_alone_are_no_fit() -> None:
    assert in_force({"theirs_domain": None}, theirs=({"name": "zenith", "domain": None},)) == []


def test_a_verdict_on_companies_that_are_gone_waits() -> None:
    assert in_force({}, ours=({"id": "001Z", "name": "zenith"},)) == []
    assert in_force({}, theirs=({"id": "G9", "name": "zenith"},)) == []


def test_the_latest_verdict_counts_however_they_are_stored() -> None:
    old, new = {"judged_at": MOMENT}, {"verdict": "different", "judged_at": MOMENT + timedelta(seconds=1)}
    assert in_force(old, new) == in_force(new, old) == [("001A", "G1", "different")]


def test_of_two_verdicts_in_one_moment_the_later_entry_counts() -> None:
    assert in_force({}, {"verdict": "different"}) == [("001A", "G1", "different")]


def test_the_latest_verdict_counts_across_a_new_id() -> None:
    old = {"ours_id": "001OLD"}
    new = {"verdict": "different", "judged_at": MOMENT + timedelta(days=1)}
    assert in_force(old, new) == [("001A", "G1", "different")]
    assert in_force(new, old | {"judged_at": MOMENT + timedelta(days=2)}) == [("001A", "G1", "same")]


def test_a_row_that_was_judged_itself_does_not_follow_a_later_verdict_on_its_double() -> None:
    later = {"theirs_id": "G9", "verdict": "different", "judged_at": MOMENT + timedelta(days=1)}
    both = in_force({}, later, theirs=({}, {"id": "G9"}))
    assert sorted(both) == [("001A", "G1", "same"), ("001A", "G9", "different")]


def test_partners_and_crms_do_not_mix() -> None:
    assert in_force({}, theirs=({"partner": "initech"},)) == []
    assert in_force({}, ours=({"crm": "second"},)) == []


def test_same_makes_a_match_of_a_doubtful_pair_and_keeps_the_engines_reasons() -> None:
    row = applied({"decision": "review", "probability": 0.6, "relation": "Sibling", "evidence": "name|exact|9"}, "same")
    assert (row["decision"], row["probability"], row["relation"]) == ("match", 1.0, "Same")
    assert row["reasons"] == "judged the same company by ann on 2026-03-02; same domain"
    assert row["evidence"] == "name|exact|9"


def test_different_beats_every_score() -> None:
    row = applied({"probability": 1.0}, "different")
    assert (row["decision"], row["probability"]) == ("no match", 0.0)
    assert row["reasons"] == "judged different companies by ann on 2026-03-02; same domain"


def test_a_pair_that_only_a_person_saw_is_added() -> None:
    row = applied(None, "same")
    assert row == {
        "crm": "salesforce",
        "ours_id": "001A",
        "partner": "globex",
        "theirs_id": "G1",
        "probability": 1.0,
        "decision": "match",
        "relation": "Same",
        "reasons": "judged the same company by ann on 2026-03-02",
        "evidence": "",
    }


def test_a_verdict_that_was_undone_leaves_what_the_engine_found() -> None:
    assert applied({"decision": "review"}, None) == frame(Match, {"decision": "review"}).to_dicts()[0]


def test_other_pairs_stay_as_the_engine_found_them() -> None:
    pairs = frame(Match, {"theirs_id": "G2"}, {}, {"partner": "initech"})
    found = apply(pairs, frame(Judgement, PLAIN | {"verdict": "different"}))
    assert found.select("partner", "theirs_id", "decision").rows() == [
        ("globex", "G1", "no match"),
        ("globex", "G2", "match"),
        ("initech", "G1", "match"),
    ]


def test_reasons_stay_within_their_field() -> None:
    row = applied({"reasons": "x" * 255}, "same")
    assert len(row["reasons"]) == 255


@pytest.mark.parametrize("verdict", VERDICTS)
def test_pairs_keep_the_columns_of_a_match(verdict) -> None:
    assert apply(frame(Match), frame(Judgement, PLAIN | {"verdict": verdict})).schema == schema_of(Match)
    assert apply(frame(Match), frame(Judgement)).schema == schema_of(Match)
