"""The demo, as a script reads it."""

from __future__ import annotations

from tests.jobs.cli.terminal import overlap, script


def test_each_crm_gets_its_own_records_and_an_unchanged_week_writes_to_none(tmp_path):
    said = script("demo", "--json", "--dir", tmp_path / "demo")
    assert (said.code, said.err) == (0, "")
    figures = said.json
    counted = {"written", "second_run_writes", "second_run_writes_redated"}
    assert figures.keys() == {
        *("schema_version", "folder", "pulled", "matches", "reviews", "precision", "recall", "overlaps"),
        *("companies_in_both_crms", "crms", *counted),
    }
    assert figures["pulled"].keys() == {"accounts", "opportunities", "partner_accounts"}
    assert figures["crms"].keys() == {"salesforce", "hubspot"}
    for name in counted:
        assert figures[name] == sum(of_one[name] for of_one in figures["crms"].values())
    for of_one in figures["crms"].values():
        assert of_one["second_run_writes"] == 0
        assert of_one["second_run_writes_redated"] == 2, "the day of each partner's list"
        assert min(of_one["accounts"], of_one["written"]) > 0
    assert min(figures["matches"], figures["overlaps"], figures["companies_in_both_crms"]) > 0
    listed = overlap("overlaps", "--json", "--dir", figures["folder"]).json
    assert listed["total"] == figures["overlaps"]
    of_each = [
        overlap("overlaps", "--json", "--crm", crm, "--dir", figures["folder"]).json["total"] for crm in figures["crms"]
    ]
    assert max(of_each) < figures["overlaps"] < sum(of_each), "a company that both CRMs have counts once"


def test_a_folder_in_use_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    said = overlap("demo", "--dir", tmp_path)
    assert said.code == 2
    assert said.error == f"{tmp_path} is not empty; choose another folder for the demo"
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
