"""Models on the command line: read the table, compare two, fit one, and choose it in the settings."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from config.workspace import open_workspace
from jobs.context import open_context
from jobs.finding.model_trial import changes
from jobs.finding.models import chosen
from matching.model_file import load, shipped, text
from matching.weights import DEFAULT
from overlap.errors import ConfigError
from overlap.model import Match, schema_of
from tests.jobs.cli.terminal import Desk, overlap

SHIPPED = shipped()[0]


@pytest.fixture
def empty(tmp_path) -> Path:
    """A new workspace, with no CRM and no partner."""
    assert overlap("init", tmp_path / "workspace").code == 0
    return tmp_path / "workspace"


def own_model(folder: Path, name: str = "mine", **changed: float) -> Path:
    """A model file of the workspace, the shipped one with other numbers for the same company."""
    content = text(SHIPPED.named(name))
    for key, value in changed.items():
        content = content.replace(f"{key} = {getattr(DEFAULT, key)}", f"{key} = {value}", 1)
    path = folder / "models" / f"{name}.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def choose(folder: Path, **settings: str | float) -> None:
    path = folder / "overlap.toml"
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.split(" ")[0] not in settings]
    if "[matching]" not in lines:
        lines.append("[matching]")
    at = lines.index("[matching]") + 1
    lines[at:at] = [f"{key} = {value!r}" for key, value in settings.items()]
    path.write_text("\n".join(lines), encoding="utf-8")


def in_force(folder: Path):
    workspace = open_workspace(folder)
    with open_context(workspace) as context:
        return chosen(context)


# --- choosing -------------------------------------------------------------------------------------------------------


def test_a_new_workspace_uses_the_shipped_model(empty) -> None:
    assert in_force(empty) == DEFAULT


def test_the_settings_choose_model_question_and_precision(empty) -> None:
    own_model(empty, prior=-9.5)
    choose(empty, model="mine", precision=0.95)
    assert (in_force(empty).name, in_force(empty).prior) == ("mine", -9.5)
    assert in_force(empty).match_at == dict(DEFAULT.precision)[0.95]
    choose(empty, model=SHIPPED.name, mode="family")
    assert in_force(empty).ladders == SHIPPED.family.ladders


def test_the_settings_hash_changes_with_the_model(empty) -> None:
    hashes = [open_workspace(empty).settings.fingerprint()]
    for settings in ({"model": SHIPPED.name}, {"mode": "family"}, {"precision": 0.95}):
        choose(empty, **settings)
        hashes.append(open_workspace(empty).settings.fingerprint())
    assert len(set(hashes)) == 4


def test_a_model_that_is_not_there_is_named_with_the_nearest(empty) -> None:
    choose(empty, model="shiped-1")
    said = overlap("model", "show", "--dir", empty)
    assert said.code == 2
    assert said.error.endswith(
        f"has no shiped-1.toml, and no model 'shiped-1' is shipped; did you mean '{SHIPPED.name}'?"
    )


def test_a_precision_that_no_model_promises_is_refused(empty) -> None:
    choose(empty, precision=0.9999)
    said = overlap("model", "show", "--dir", empty)
    assert said.code == 2
    assert f"model '{SHIPPED.name}' cannot promise a precision of 0.9999" in said.error


def test_a_file_that_calls_itself_otherwise_is_refused(empty) -> None:
    own_model(empty).rename(empty / "models" / "other.toml")
    choose(empty, model="other")
    with pytest.raises(ConfigError, match=r"other\.toml calls itself 'mine'; write name = \"other\" in it"):
        in_force(empty)


def test_a_file_may_not_hide_a_shipped_model(empty) -> None:
    own_model(empty, SHIPPED.name)
    choose(empty, model=SHIPPED.name)
    with pytest.raises(ConfigError, match="has the name of a shipped model"):
        in_force(empty)


# --- looking --------------------------------------------------------------------------------------------------------


def test_the_table_can_be_read_aloud(empty) -> None:
    said = overlap("model", "show", "--dir", empty)
    assert said.code == 0
    words = " ".join(said.out.split())
    for model in (SHIPPED.same, SHIPPED.family):
        for ladder in model.ladders:
            for level in ladder.levels:
                assert f"{level.weight:+.2f}" in words
                assert set(level.words.partition("{")[0].split()) <= set(words.split())


def test_what_is_shown_as_toml_is_a_model_that_can_be_chosen(empty) -> None:
    shown = overlap("model", "show", SHIPPED.name, "--toml", "--dir", empty).out
    own = empty / "models" / "mine.toml"
    own.parent.mkdir()
    own.write_text(shown.replace(SHIPPED.name, "mine"), encoding="utf-8")
    assert load(own) == SHIPPED.named("mine")


def test_the_table_as_json_has_both_questions(empty) -> None:
    shown = overlap("model", "show", "--json", "--dir", empty).json
    assert shown["schema_version"] == 1
    assert [shown[mode]["version"] for mode in ("same", "family")] == [SHIPPED.same.version, SHIPPED.family.version]
    first = shown["same"]["ladders"][0]["levels"][0]
    assert (first["code"], first["weight"]) == (DEFAULT.ladders[0].levels[0].code, DEFAULT.ladders[0].levels[0].weight)


def test_the_list_names_what_is_in_force_and_what_cannot_be_used(empty) -> None:
    own_model(empty)
    own_model(empty, "broken").write_text("name = 1", encoding="utf-8")
    choose(empty, model="mine")
    found = {one["name"]: one for one in overlap("model", "list", "--json", "--dir", empty).json["models"]}
    assert [name for name, one in found.items() if one["chosen"]] == ["mine"]
    assert found[SHIPPED.name]["same"] == SHIPPED.same.version
    assert "broken.toml: name: Input should be a valid string" in found["broken"]["fault"]
    said = overlap("model", "list", "--dir", empty)
    assert (said.code, "unusable:" in said.out) == (0, True)


def test_the_difference_names_both_numbers_the_largest_first(empty) -> None:
    own_model(empty, prior=-9.5, margin=1.5)
    shown = overlap("model", "diff", SHIPPED.name, "mine", "--json", "--dir", empty).json
    assert [tuple(row.values()) for row in shown["differences"]] == [
        ("decision", "prior", SHIPPED.same.prior, -9.5, -9.5 - SHIPPED.same.prior),
        ("decision", "margin", 1.0, 1.5, 0.5),
    ]
    assert "-9.50" in overlap("model", "diff", SHIPPED.name, "mine", "--dir", empty).out


def test_two_equal_models_weigh_the_same(empty) -> None:
    own_model(empty)
    assert "weigh the same (same)." in overlap("model", "diff", "mine", SHIPPED.name, "--dir", empty).out


# --- trying out -----------------------------------------------------------------------------------------------------


def matches(*rows: tuple[str, float, str]) -> pl.DataFrame:
    """Pairs of their id, probability, decision."""
    told = [("crm", theirs, "globex", theirs, at, decision, "Same", "why", "") for theirs, at, decision in rows]
    return pl.DataFrame(told, schema=dict(schema_of(Match)), orient="row")


def test_changes_are_the_pairs_that_are_decided_otherwise() -> None:
    before = matches(
        ("kept", 0.99, "match"), ("gone", 0.95, "match"), ("doubt", 0.91, "match"), ("no", 0.0, "no match")
    )
    after = matches(("kept", 0.97, "match"), ("new", 0.6, "review"), ("doubt", 0.7, "review"))
    found = changes(before, after).select("theirs_id", "change", "decision_before", "decision_after")
    assert found.rows() == [
        ("gone", "vanishes", "match", "no match"),
        ("new", "appears", "no match", "review"),
        ("doubt", "decided otherwise", "match", "review"),
    ]


def test_nothing_changes_between_equal_frames() -> None:
    assert changes(matches(("a", 0.9, "match")), matches(("a", 0.9, "match"))).is_empty()


def test_another_model_is_tried_before_anything_is_written(desk: Desk) -> None:
    own_model(desk.folder, prior=-30.0)
    call = ("model", "diff", SHIPPED.name, "mine", "--changes")
    with desk.keeps_everything():
        tried = desk.overlap(*call, "--limit", "3", "--json").json["pairs"]
        said = desk.overlap(*call)
    assert tried["before"]["match"] == tried["changed"] == 8
    assert tried["after"] == {"match": 0, "review": 0}
    assert [pair["change"] for pair in tried["first"]] == ["vanishes"] * 3
    assert {pair["ours"] for pair in tried["first"]} < {"Alder Pumps", "Birch Valves", "Cedar Robotics"} | {
        *("Dogwood Ceramics", "Elm Logistics", "Fir Optics")
    }
    assert said.code == 0
    assert "vanishes: 8" in said.out
    assert "Cedar Robotics" in said.out


def test_a_pair_that_a_person_judged_does_not_change(desk: Desk) -> None:
    desk.overlap("judge", "Cedar Robotics", "globex:X-2", "same")
    own_model(desk.folder, prior=-30.0)
    tried = desk.overlap("model", "diff", SHIPPED.name, "mine", "--changes", "--json").json["pairs"]
    assert (tried["changed"], tried["after"]["match"]) == (7, 1)


def test_trying_before_the_first_pull_says_what_to_run(fresh: Desk) -> None:
    said = fresh.overlap("model", "diff", SHIPPED.name, SHIPPED.name, "--changes")
    assert said.code == 2
    assert said.error == "nothing has been pulled from 'salesforce' yet; run 'overlap pull' first"
