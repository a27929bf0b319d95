"""The demo, as a script reads it."""

from __future__ import annotations

from tests.jobs.cli.terminal import overlap, script


def test_tells_its_figures_and_an_unchanged_week_writes_nothing(tmp_path):
    said = script("demo", "--json", "--dir", tmp_path / "demo")
    assert (said.code, said.err) == (0, "")
    figures = said.json
    assert figures.keys() == {
        *("schema_version", "folder", "pulled", "matches", "reviews", "precision", "recall", "overlaps", "written"),
        *("second_run_writes", "second_run_writes_redated"),
    }
    assert figures["pulled"].keys() == {"accounts", "opportunities", "partner_accounts"}
    assert figures["second_run_writes"] == 0
    assert figures["second_run_writes_redated"] <= 2
    assert min(figures["matches"], figures["overlaps"], figures["written"]) > 0
    assert overlap("overlaps", "--json", "--dir", figures["folder"]).json["total"] == figures["overlaps"]


def test_a_folder_in_use_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    said = overlap("demo", "--dir", tmp_path)
    assert said.code == 2
    assert said.error == f"{tmp_path} is not empty; choose another folder for the demo"
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
