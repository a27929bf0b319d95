"""Populations at the command line: counted, filtered by, and proposed as TOML that can be pasted."""

from __future__ import annotations

import pytest

from config.settings import load
from jobs.cli import show
from jobs.pulling.pull import PullReport
from tests.jobs.cli.terminal import Desk
from tests.jobs.world import GLOBEX_ACCOUNT, account_id

WON = {"AccountId": account_id(4), "Name": "Elm", "StageName": "Closed Won", "CloseDate": "2026-01-31"}
TALKS = """
[populations.custom."In talks"]
filter = "any_opportunity(stage = 'Qualification')"

[exclusions.partners]
filter = "name like 'globex%'"
"""


@pytest.fixture
def talking(desk: Desk) -> Desk:
    path = desk.folder / "overlap.toml"
    path.write_text(path.read_text(encoding="utf-8") + TALKS, encoding="utf-8")
    assert desk.overlap("match").code == 0
    return desk


def test_show_counts_populations_what_they_share_and_who_is_in_none(talking: Desk) -> None:
    found = talking.overlap("populations", "show", "--json").json
    assert found["accounts"] == 10
    assert {one["name"]: one["accounts"] for one in found["populations"]} == {
        "Customers": 0,
        "Open Opportunities": 3,
        "Prospects": 7,
        "Other": 0,
        "In talks": 3,
        "in none": 0,
    }
    assert found["populations"][4]["samples"] == ["Alder Pumps", "Birch Valves", "Cedar Robotics"]
    assert found["together"] == [{"first": "Open Opportunities", "second": "In talks", "accounts": 3}]
    assert found["excluded"] == {"partners": 1}
    said = talking.overlap("populations", "show").out
    for line in (
        "Populations of 10 accounts",
        "3 are in both Open Opportunities and In talks",
        "1 excluded by 'partners'",
    ):
        assert line in said


def test_suggest_prints_toml_that_the_settings_take(desk: Desk) -> None:
    desk.store.create("Opportunity", WON)
    desk.store.edit("Account", account_id(3), {"Type": 'Former "Customer"'})
    desk.pull()
    said = desk.overlap("populations", "suggest").out
    path = desk.folder / "overlap.toml"
    path.write_text(path.read_text(encoding="utf-8") + said, encoding="utf-8")
    settings = load(path)
    assert settings.exclusions["our-partners"].ids == (GLOBEX_ACCOUNT,)
    assert settings.populations.customers == (
        "(any_opportunity(is_won)) and account_type not in ('Former \"Customer\"')"
    )
    assert set(settings.populations.custom) == {"Former customers"}
    found = desk.overlap("populations", "suggest", "--json").json
    assert [(one["place"], one["accounts"]) for one in found["proposals"]] == [
        ("populations.customers", 1),
        ("populations.custom.Former customers", 1),
    ], "what is excluded already is proposed no more"
    assert found["profile"]["stages"] == {"Qualification": 3, "Closed Won": 1}


def test_overlaps_and_the_matrix_can_be_of_one_population(talking: Desk) -> None:
    found = talking.overlap("overlaps", "--population", "in talks", "--json").json
    assert {one["account_name"] for one in found["overlaps"]} == {"Alder Pumps", "Birch Valves", "Cedar Robotics"}
    cells = talking.overlap("matrix", "--population", "Prospects", "--json").json["cells"]
    assert {cell["our_population"] for cell in cells} == {"Prospects"}
    assert "In talks" in talking.overlap("matrix").out
    said = talking.overlap("overlaps", "--population", "In tlks")
    assert (said.code, said.error) == (
        2,
        "there is no population 'In tlks'; known: Customers, Open Opportunities, Prospects, Other, In talks",
    )


def test_who_is_excluded_is_told_by_pull_status_match_and_explain(talking: Desk) -> None:
    assert talking.overlap("pull", "--json").json["excluded"] == {"partners": 1}
    assert "1 accounts excluded by 'partners'" in talking.overlap("pull").out
    assert talking.overlap("status", "--json").json["excluded"] == {"partners": 1}
    assert "1 accounts excluded by 'partners'" in talking.overlap("status").out
    assert "1 accounts excluded by 'partners'" in talking.overlap("match").out
    said = talking.overlap("explain", "Globex Corporation", "X-1")
    assert (said.code, said.error) == (
        2,
        "'Globex Corporation' is excluded by [exclusions.partners]: it is not matched",
    )


def test_a_pull_says_which_rule_could_not_be_asked(capsys: pytest.CaptureFixture[str]) -> None:
    show.pulled(PullReport((), (), uncounted="exclusions.big.filter: revenue is in EUR, USD"))
    assert capsys.readouterr().out == "match will stop at this: exclusions.big.filter: revenue is in EUR, USD\n"


def test_nothing_is_shown_before_the_first_pull(fresh: Desk) -> None:
    for verb in ("show", "suggest"):
        said = fresh.overlap("populations", verb)
        assert (said.code, said.error) == (2, "nothing has been pulled from 'salesforce' yet; run 'overlap pull' first")
