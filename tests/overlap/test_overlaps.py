from __future__ import annotations

import itertools

import polars as pl
import pytest

from overlap.model import Match, Overlap, schema_of
from overlap.overlaps import greenfield, matrix, overlaps_of
from tests.overlap.agreed import MATRIX, key_by_hand
from tests.overlap.frames import WORKSPACE, frame, rated_accounts, rated_theirs

# (ours, theirs): what a cell is worth, the best first
CELLS_BY_WORTH = [
    {("Open Opportunities", "Customers")},
    {("Prospects", "Customers")},
    {("Open Opportunities", "Open Opportunities")},
    {("Prospects", "Open Opportunities")},
    {("Customers", "Open Opportunities")},
    {("Customers", "Customers"), ("Open Opportunities", "Prospects")},
    {("Customers", "Prospects")},
    {("Prospects", "Prospects")},
    {("Other", "Customers"), ("Prospects", "Other"), ("Other", "Other")},
]


def found(matches: list[dict], ours: list[dict] | None = None, theirs: list[dict] | None = None) -> list[dict]:
    accounts = rated_accounts(*(ours or [{}]))
    listed = rated_theirs(*(theirs or [{}]))
    return overlaps_of(frame(Match, *matches), accounts, listed, WORKSPACE).to_dicts()


def only(*args, **kwargs) -> dict:
    (overlap,) = found(*args, **kwargs)
    return overlap


def test_has_the_columns_of_the_noun_but_for_first_seen() -> None:
    made = overlaps_of(frame(Match, {}), rated_accounts({}), rated_theirs({}), WORKSPACE)
    none = overlaps_of(frame(Match), rated_accounts(), rated_theirs(), WORKSPACE)
    wanted = {name: kind for name, kind in schema_of(Overlap).items() if name != "first_seen"}
    assert made.schema == none.schema == wanted


def test_one_sure_pair_is_one_overlap_with_its_key() -> None:
    overlap = only([{}])
    assert overlap["key"] == key_by_hand(WORKSPACE, "globex", "001A", "overlap")
    assert (overlap["account_name"], overlap["theirs_name"]) == ("Acme", "ACME Inc")


@pytest.mark.parametrize("decision", ["review", "no match"])
def test_only_pairs_decided_to_match_count(decision) -> None:
    assert found([{"decision": decision}]) == []


def test_the_rating_shown_is_that_of_our_account_not_of_the_partners_row() -> None:
    overlap = only(
        [{}],
        ours=[{"icp_fit": 90, "icp_tier": "A", "icp_reasons": "ours"}],
        theirs=[{"icp_fit": 10, "icp_tier": "C", "icp_reasons": "theirs"}],
    )
    assert (overlap["icp_fit"], overlap["icp_tier"], overlap["icp_reasons"]) == (90, "A", "ours")


def test_who_to_talk_to_is_theirs_and_who_owns_it_is_ours() -> None:
    overlap = only(
        [{}],
        ours=[{"owner_id": "005X", "website": "ours.example"}],
        theirs=[{"owner_name": "Ann", "owner_email": "ann@globex.example", "website": "theirs.example"}],
    )
    assert (overlap["owner_id"], overlap["theirs_owner_name"]) == ("005X", "Ann")
    assert (overlap["theirs_owner_email"], overlap["theirs_website"]) == ("ann@globex.example", "theirs.example")


@pytest.mark.parametrize(("ours", "theirs", "play"), MATRIX)
def test_each_cell_recommends_its_play(ours, theirs, play) -> None:
    overlap = only([{}], ours=[{"population": ours}], theirs=[{"population": theirs}])
    assert (overlap["our_population"], overlap["partner_population"], overlap["play"]) == (ours, theirs, play)


@pytest.mark.parametrize(("ours", "theirs"), [("Other", "Customers"), ("Prospects", "Other"), ("Other", "Other")])
def test_outside_the_matrix_there_is_no_play(ours, theirs) -> None:
    assert only([{}], ours=[{"population": ours}], theirs=[{"population": theirs}])["play"] is None


def test_off_limits_takes_play_and_priority_away_and_keeps_the_fact() -> None:
    overlap = only([{}], ours=[{"engagement": "Off limits"}])
    assert (overlap["play"], overlap["priority"], overlap["partner_population"]) == (None, 0, "Customers")
    assert only([{}], ours=[{"engagement": "Ask me first"}])["play"] == "Ask for an introduction"


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_several_rows_of_a_partner_make_one_overlap_with_the_strongest_cell_and_the_best_match(order) -> None:
    rows = [("G1", "Prospects", 0.93), ("G2", "Open Opportunities", 0.99), ("G3", "Customers", 0.95)]
    shuffled = [rows[place] for place in order]
    overlap = only(
        [{"theirs_id": id_, "probability": p, "reasons": f"because {id_}"} for id_, _, p in shuffled],
        theirs=[{"id": id_, "population": population, "name": f"row {id_}"} for id_, population, _ in shuffled],
    )
    assert overlap["partner_population"] == "Customers"
    assert overlap["partner_populations"] == "Customers, Open Opportunities, Prospects"
    assert (overlap["theirs_id"], overlap["theirs_name"], overlap["reasons"]) == ("G2", "row G2", "because G2")
    assert overlap["probability"] == 0.99


def test_populations_are_united_once_each() -> None:
    overlap = only(
        [{"theirs_id": "G1"}, {"theirs_id": "G2"}],
        theirs=[{"id": "G1", "population": "Prospects"}, {"id": "G2", "population": "Prospects"}],
    )
    assert overlap["partner_populations"] == "Prospects"


@pytest.mark.parametrize("first", ["G1", "G2"])
def test_equal_rows_are_told_apart_by_population_then_id_not_by_chance(first) -> None:
    ids = [first, {"G1": "G2", "G2": "G1"}[first]]
    populations = {"G1": "Prospects", "G2": "Customers"}
    rows = [{"id": id_, "population": populations[id_]} for id_ in ids]
    assert only([{"theirs_id": id_} for id_ in ids], theirs=rows)["theirs_id"] == "G2"
    assert only([{"theirs_id": id_} for id_ in ids], theirs=[{"id": id_} for id_ in ids])["theirs_id"] == "G1"


def test_where_the_company_itself_is_there_its_relatives_are_silent() -> None:
    overlap = only(
        [{"theirs_id": "G1", "relation": "Sibling", "probability": 1.0}, {"theirs_id": "G2", "probability": 0.91}],
        theirs=[{"id": "G1", "population": "Customers"}, {"id": "G2", "population": "Prospects"}],
    )
    assert (overlap["relation"], overlap["theirs_id"], overlap["partner_populations"]) == ("Same", "G2", "Prospects")


@pytest.mark.parametrize(
    ("nearer", "farther"),
    list(itertools.pairwise(["Same", "Theirs is our parent", "Theirs is our subsidiary", "Sibling"])),
)
def test_the_nearest_relation_speaks(nearer, farther) -> None:
    pairs = [{"theirs_id": "G1", "relation": farther}, {"theirs_id": "G2", "relation": nearer, "probability": 0.9}]
    assert only(pairs, theirs=[{"id": "G1"}, {"id": "G2"}])["relation"] == nearer


def test_partners_and_accounts_do_not_mix() -> None:
    overlaps = found(
        [{}, {"partner": "initech"}, {"ours_id": "001B"}, {"crm": "second"}],
        ours=[{}, {"id": "001B"}, {"crm": "second"}],
        theirs=[{}, {"partner": "initech", "population": "Prospects"}],
    )
    cells = {(o["crm"], o["account_id"], o["partner"]): o["partner_population"] for o in overlaps}
    assert cells == {
        ("salesforce", "001A", "globex"): "Customers",
        ("salesforce", "001A", "initech"): "Prospects",
        ("salesforce", "001B", "globex"): "Customers",
        ("second", "001A", "globex"): "Customers",
    }


def test_a_rounded_probability_keeps_noise_from_being_an_update() -> None:
    assert only([{"probability": 0.9871234}]) == only([{"probability": 0.9870001}])
    assert only([{"probability": 0.9871234}])["probability"] == 0.987


def test_priority_ranks_the_cells_by_what_they_are_worth() -> None:
    scores = [
        {only([{}], ours=[{"population": o}], theirs=[{"population": t}])["priority"] for o, t in cells}
        for cells in CELLS_BY_WORTH
    ]
    assert all(len(equal) == 1 for equal in scores)
    flat = [equal.pop() for equal in scores]
    assert flat == sorted(flat, reverse=True)
    assert flat[0] > flat[4] > flat[-1]


@pytest.mark.parametrize("fit", range(0, 101, 7))
def test_priority_is_in_steps_of_five_within_0_and_100_and_relatives_come_after(fit) -> None:
    same = only([{}], ours=[{"icp_fit": fit, "population": "Open Opportunities"}])["priority"]
    family = only([{"relation": "Sibling"}], ours=[{"icp_fit": fit, "population": "Open Opportunities"}])["priority"]
    assert same % 5 == family % 5 == 0
    assert 0 <= family < same <= 100


def test_the_best_possible_overlap_has_priority_100() -> None:
    best = only([{"probability": 1.0}], ours=[{"icp_fit": 100, "population": "Open Opportunities"}])
    assert best["priority"] == 100


def test_priority_grows_with_fit() -> None:
    priorities = [only([{}], ours=[{"icp_fit": fit}])["priority"] for fit in (0, 30, 60, 90)]
    assert priorities == sorted(set(priorities))


def test_the_highest_priority_comes_first_and_ties_go_by_name() -> None:
    overlaps = found(
        [{"ours_id": id_} for id_ in ("001A", "001B", "001C")],
        ours=[{"id": "001A", "name": "Zeta"}, {"id": "001B", "name": "Alpha"}, {"id": "001C", "icp_fit": 100}],
    )
    assert [overlap["account_id"] for overlap in overlaps] == ["001C", "001B", "001A"]


def test_the_matrix_counts_companies_and_leaves_relatives_out() -> None:
    overlaps = frame(
        Overlap,
        {"account_id": "001A"},
        {"account_id": "001B"},
        {"account_id": "001C", "relation": "Sibling"},
        {"account_id": "001A", "partner": "initech"},
        {"account_id": "001D", "our_population": "Other"},
    )
    assert matrix(overlaps).rows() == [
        ("globex", "Other", "Customers", 1),
        ("globex", "Prospects", "Customers", 2),
        ("initech", "Prospects", "Customers", 1),
    ]


def test_greenfield_is_what_matches_nothing_of_ours_surely_or_doubtfully() -> None:
    theirs = rated_theirs({"id": "sure"}, {"id": "doubtful"}, {"id": "judged away"}, {"id": "alone"})
    matches = frame(
        Match,
        {"theirs_id": "sure"},
        {"theirs_id": "doubtful", "decision": "review"},
        {"theirs_id": "judged away", "decision": "no match"},
        {"theirs_id": "alone", "partner": "initech"},
    )
    assert greenfield(theirs, matches)["id"].to_list() == ["alone", "judged away"]


def test_greenfield_shows_the_best_fit_first_and_a_customer_before_a_prospect() -> None:
    theirs = rated_theirs(
        {"id": "1", "population": "Prospects", "icp_fit": 80},
        {"id": "2", "population": "Customers", "icp_fit": 40},
        {"id": "3", "population": "Open Opportunities", "icp_fit": 80},
        {"id": "4", "population": "Customers", "icp_fit": 80},
        {"id": "5", "population": "Customers", "icp_fit": 80, "name": "AAA"},
    )
    shown = greenfield(theirs, frame(Match))
    assert shown["id"].to_list() == ["5", "4", "3", "1", "2"]
    assert isinstance(shown, pl.DataFrame)
