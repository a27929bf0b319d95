"""`overlap runs`, `diff` and `history`: what people and scripts learn of what was run."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from tests.jobs.cli.terminal import Desk
from tests.jobs.world import account_id


def test_runs_their_parts_and_their_logs_are_shown(desk: Desk):
    with desk.keeps_everything():
        listed = desk.overlap("runs", "list", "--verb", "run", "--json").json["runs"]
        [whole] = listed
        shown = desk.overlap("runs", "show", whole["id"], "--json").json
        said = desk.overlap("runs", "show", shown["parts"][1]["id"])
        log = desk.overlap("runs", "log", whole["id"]).out
    assert (whole["state"], whole["error"]) == ("done", None)
    assert [part["verb"] for part in shown["parts"]] == ["pull", "match", "plan", "apply"]
    assert [part["calls"] > 0 for part in shown["parts"]] == [True, False, True, True]
    assert shown["parts"][1]["said"].startswith("8 overlaps, 0 doubtful")
    assert f"run {whole['id']} run, done" in said.out, "a part is shown with its whole"
    assert f"next: overlap undo run:{whole['id']} --dry-run" in said.out
    assert "applied on" in said.out
    assert "matching 11 accounts" in log and log.rstrip().endswith("run: done")
    undone = desk.overlap("undo", f"run:{whole['id']}", "--dry-run")
    assert "Undo of plan 1" in undone.out, "the number of the whole run will do"


def test_what_a_verdict_changed_is_told_with_it_and_written_to_a_file(desk: Desk, tmp_path):
    assert desk.overlap("judge", account_id(0), "globex:X-0", "different").code == 0
    assert desk.overlap("match").code == 0
    file = tmp_path / "changes.csv"
    [gone] = desk.overlap("diff", "--json").json["changes"]
    assert (gone["what"], gone["account_name"], gone["causes"][0]["kind"]) == ("vanished", "Alder Pumps", "judgement")
    said = desk.overlap("diff", "previous", "last", "--partner", "globex", "--output", str(file))
    assert "0 appeared, 0 changed, 1 vanished" in said.out
    assert pl.read_csv(file)["causes"].to_list() == ["judgement"]
    assert "0 vanished" in desk.overlap("diff", "--partner", "initech").out


def test_how_long_an_overlap_stood_is_told_by_name_partner_and_day(desk: Desk):
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    found = desk.overlap("history", "alder", "--json").json
    assert [(one["partner"], one["began_on"], one["ended_on"]) for one in found["intervals"]] == [
        ("globex", today, None),
        ("initech", today, None),
    ]
    assert desk.overlap("history", "--partner", "initech", "--at", today, "--json").json["total"] == 2
    assert desk.overlap("history", "--at", "2020-01-01", "--json").json["total"] == 0


def test_what_there_is_not_is_said_with_what_there_is(desk: Desk):
    for arguments, remedy in (
        (("runs", "show", "999"), "'overlap runs list' shows them"),
        (("runs", "list", "--verb", "rum"), "did you mean 'run'?"),
        (("diff", "999"), "there is no run 999"),
        (("diff", "first"), "say 'last' or 'previous'"),
        (("diff", "--output", "changes.doc"), ".csv, .xlsx or .parquet"),
        (("history", "zyglo"), "no account has 'zyglo' in its name"),
        (("history", "--partner", "zyglo"), "known: globex, initech"),
        (("history",), "name an account"),
    ):
        said = desk.overlap(*arguments)
        assert said.code == 2, arguments
        assert remedy in said.error, arguments
