"""Data on stdout, everything else on stderr; JSON when asked for; no colour where nobody wants any."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from jobs.cli import console, tables
from tests.jobs.cli.terminal import SCRIPT, Desk, at_a_terminal, on_a_screen, overlap, script

VERBS = {
    "check": (),
    "pull": (),
    "match": (),
    "plan": (),
    "apply": ("1", "--approve"),
    "run": (),
    "matrix": (),
    "overlaps": ("--partner", "globex"),
    "reviews": (),
    "greenfield": (),
    "status": (),
    "doctor": ("--offline",),
    "audit": ("verify",),
    "explain": ("Cedar Robotics", "X-2"),
    "judge": ("Cedar Robotics", "X-2", "same"),
}
COLOUR = re.compile(r"\x1b\[[\d;]*\b(3[0-7]|9[0-7]|38)\b[\d;]*m")


@pytest.mark.parametrize(("verb", "words"), VERBS.items())
def test_json_is_one_object_with_its_schema_version_and_nothing_else(desk: Desk, verb, words):
    said = desk.overlap(verb, *words, "--json")
    assert said.code == 0
    assert said.json["schema_version"] == 1
    assert said.err == ""


def test_init_and_file_match_speak_json_too(tmp_path: Path):
    assert overlap("init", tmp_path / "new", "--json").json["schema_version"] == 1
    for name in ("left", "right"):
        (tmp_path / f"{name}.csv").write_text("Id,Name,Website\n1,Alder Pumps,alderpumps.com\n")
    files = (tmp_path / "left.csv", tmp_path / "right.csv")
    said = overlap("match", *files, "--left-id", "Id", "--right-id", "Id", "-o", tmp_path / "out.csv", "--json")
    assert said.json["schema_version"] == 1
    assert said.json["counts"]["match"] == 1


def test_json_holds_every_change_of_a_plan_and_its_counts(fresh: Desk):
    for verb in ("pull", "match"):
        fresh.overlap(verb)
    (plan,) = fresh.overlap("plan", "--json").json["plans"]
    assert sum(plan["counts"].values()) == len(plan["changes"])
    assert plan["counts"]["partner_overlap.create"] == 8
    assert plan["held"]


def test_an_error_leaves_stdout_empty_also_with_json(tmp_path: Path):
    said = script("status", "--json", "--dir", tmp_path)
    assert (said.code, said.out) == (2, "")
    assert said.error.startswith(f"{tmp_path} is no workspace")


def test_progress_goes_to_stderr_and_only_to_a_terminal(desk: Desk):
    watched = at_a_terminal("pull", "--json", "--dir", desk.folder)
    assert watched.json["schema_version"] == 1
    assert "salesforce: signing in" in watched.err
    assert script("pull", "--dir", desk.folder).err == ""


def test_colours_are_for_screens_and_for_those_who_want_them(desk: Desk):
    assert COLOUR.search(on_a_screen("status", "--dir", desk.folder, NO_COLOR=""))
    assert not COLOUR.search(on_a_screen("status", "--dir", desk.folder, NO_COLOR="1"))
    assert "\x1b" not in script("status", "--dir", desk.folder).out


def test_the_ids_of_a_doubtful_pair_stand_whole_on_a_narrow_screen(capsys, monkeypatch):
    pair = {
        "ours": "Phoenix Contact GmbH & Co. KG",
        "ours_id": "00100000000000mAAA",
        "theirs": "Phönix Contact GmbH & Co KG",
        "partner": "northwind",
        "theirs_id": "NW-11176",
        "probability": 0.87,
        "reasons": "names one letter apart; same city; but website phoenixcontact.com is not like the other name",
    }
    monkeypatch.setattr(console.out, "width", 80)
    tables.reviews(pl.DataFrame([pair]), 20)
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    for identifier in ("00100000000000mAAA", "northwind:NW-11176"):
        assert identifier in shown, "an id that is broken over two lines cannot be copied"


def test_a_reader_that_has_seen_enough_causes_no_traceback(desk: Desk):
    command = [str(SCRIPT), "overlaps", "--json", "--dir", str(desk.folder)]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert "Traceback" not in done.stderr


def test_help_imports_nothing_heavy():
    code = (
        "import json, sys\n"
        "from jobs.cli.main import main\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        "    print(json.dumps(sorted(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code, "--help"], capture_output=True, text=True)
    assert done.returncode == 0
    assert "Exit codes: 0 ok" in done.stdout
    heavy = {"polars", "duckdb", "simple_salesforce", "sqlalchemy", "hubspot", "starlette", "uvicorn", "pydantic"}
    assert not heavy & set(json.loads(done.stderr))


def test_every_verb_of_the_readme_has_help_and_every_verb_is_in_the_readme():
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    table = readme.partition("## The verbs")[2].partition("\n## ")[0]
    first_cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    described = set(re.findall(r"`([a-z-]+)", " ".join(first_cells)))
    offered = set(re.findall(r"│ ([a-z][a-z-]+) ", overlap("--help").out))
    assert described == offered
    for verb in sorted(offered):
        assert overlap(verb, "--help").code == 0
