"""Fitting a model on the command line: to verdicts, to websites, and to too little of either."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from jobs.cli import model_tables
from jobs.finding.model_fit import FitReport
from jobs.finding.models import differences
from jobs.stores.judgements import record
from matching.model_file import load, shipped
from matching.weights import DEFAULT
from overlap.model import Judgement
from tests.jobs.cli.terminal import Desk
from tests.jobs.world import GLOBEX, START, listed

SHIPPED = shipped()[0]


@pytest.mark.parametrize(("teacher", "same"), [("judgements", 1), ("domains", 8)])
def test_too_few_labels_are_counted_and_nothing_is_written(desk: Desk, teacher, same) -> None:
    desk.overlap("judge", "Cedar Robotics", "globex:X-2", "same")
    with desk.keeps_everything():
        said = desk.overlap("model", "fit", "--from", teacher)
    assert said.code == 2
    assert said.error.startswith("a fit needs 20 pairs ")
    assert f"there are {same} and 0; " in said.error
    assert not list((desk.folder / "models").glob("*"))


def veltra(at: int) -> str:
    return f"Veltra{chr(97 + at % 26)}{chr(97 + at // 26)}on Works"


@pytest.fixture
def many(desk: Desk) -> Desk:
    """Thirty companies of which the partner lists a namesake with its website, and thirty with quite another one."""
    for at in range(60):
        desk.store.create("Account", {"Name": veltra(at), "Website": f"veltra{at}.com", "BillingCountry": "Spain"})
    theirs = [
        {
            **listed(0)[0],
            "Account ID": f"V-{at}",
            "Account Name": veltra(at),
            "Website": f"veltra{at}.com" if at < 30 else f"otherwise{at}.org",
            "Country": "Spain" if at < 30 else "Chile",
        }
        for at in range(60)
    ]
    desk.world.send(GLOBEX, [*listed(0, 1, 2, 3, 4, 5), *theirs])
    desk.pull()
    return desk


def test_websites_teach_a_model_that_can_be_chosen(many: Desk) -> None:
    with many.keeps_everything():
        learnt = many.overlap("model", "fit", "--from", "domains", "--json").json
    assert learnt["same"] == 38
    assert learnt["different"] >= 30  # namesakes with two websites, and whoever else was compared
    assert learnt["base"] == DEFAULT.version
    assert learnt["loss_after"] < learnt["loss_before"]
    assert {row["what"] for row in learnt["moved"]} <= {ladder.comparison for ladder in DEFAULT.ladders} - {"website"}
    path = Path(learnt["output"])
    assert path.parent == many.folder / "models"
    made = load(path)
    assert made.same.version == learnt["made"]
    assert made.family == SHIPPED.named(path.stem).family
    assert "adjusted to 38 same and " in path.read_text(encoding="utf-8")
    with (many.folder / "overlap.toml").open("a", encoding="utf-8") as settings:
        settings.write(f'\n[matching]\nmodel = "{path.stem}"\n')
    models = many.overlap("model", "list", "--json").json["models"]
    assert [(model["same"], model["place"]) for model in models if model["chosen"]] == [(learnt["made"], str(path))]


@pytest.mark.parametrize(("sure", "contradicted", "is_misled"), [(100, 10, False), (100, 11, True), (0, 0, False)])
def test_websites_that_tell_the_surest_pairs_apart_mislead(sure, contradicted, is_misled, capsys) -> None:
    report = FitReport(
        base="shipped-1 0",
        made="mine 1",
        output="mine.toml",
        same=50,
        different=50,
        loss_before=0.5,
        loss_after=0.4,
        sure=sure,
        contradicted=contradicted,
        moved=differences(DEFAULT, DEFAULT),
    )
    assert (report.is_misled, report.is_better) == (is_misled, not is_misled)
    model_tables.fitted(report, None)
    said = capsys.readouterr().out
    assert ("here a website does not stand for a company" in said) is is_misled
    assert ("by labels that mislead: stay with what you have" in said) is is_misled
    assert ('write model = "mine"' in said) is not is_misled


def judge(desk: Desk, *places: int) -> None:
    """A person says of those with one website that they are the same, and of the others that they are not."""
    ids = {row["Name"]: row["Id"] for row in desk.store.records("Account")}
    with desk.world.context() as context:
        for at in places:
            site, verdict = (f"veltra{at}.com", "same") if at < 30 else (f"otherwise{at}.org", "different")
            ours, theirs = ("salesforce", ids[veltra(at)], "", None, None), (GLOBEX, f"V-{at}", "", site, None)
            record(context.ledger, Judgement(*ours, *theirs, verdict, "command", "ada", START))


def test_verdicts_teach_websites_too(many: Desk) -> None:
    judge(many, *range(20, 40))
    said = many.overlap("model", "fit", "--from", "judgements")
    assert "there are 10 and 10; judge more" in said.error
    judge(many, *range(10, 20), *range(40, 50))
    said = many.overlap("model", "fit", "--from", "judgements", "--output", many.folder / "by-people.toml")
    assert said.code == 0, said
    assert "20 pairs known to be the same and 20 known to be different" in said.out
    assert f"next: overlap model diff {SHIPPED.name} by-people --changes" in said.out
    made = load(many.folder / "by-people.toml").same
    before, after = (
        {at.code: at.weight for at in ladder.levels}
        for model in (DEFAULT, made)
        for ladder in model.ladders
        if ladder.comparison == "website"
    )
    assert before != after


@pytest.mark.parametrize("name", ["Mine.toml", "mine.json", f"{SHIPPED.name}.toml", "overlap.toml"])
def test_a_model_is_written_only_where_it_can_be_one_and_nothing_else_is(many: Desk, name) -> None:
    settings = (many.folder / "overlap.toml").read_bytes()
    said = many.overlap("model", "fit", "--from", "domains", "--output", many.folder / name)
    assert said.code == 2
    assert said.error.startswith(str(many.folder / name))
    assert (many.folder / "overlap.toml").read_bytes() == settings


def test_a_model_that_is_there_is_not_overwritten(many: Desk) -> None:
    assert many.overlap("model", "fit", "--from", "domains").code == 0
    (path,) = (many.folder / "models").glob("*.toml")
    written = path.read_bytes()
    said = many.overlap("model", "fit", "--from", "domains")
    assert said.error == f"{path} is there already; nothing was changed; choose another name with --output"
    assert path.read_bytes() == written


def test_fitting_is_no_run_and_changes_no_setting(many: Desk) -> None:
    def runs() -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(many.folder / "ledger.sqlite")) as ledger:
            return ledger.execute("select * from runs").fetchall()

    before, settings = runs(), (many.folder / "overlap.toml").read_bytes()
    assert many.overlap("model", "fit", "--from", "domains").code == 0
    assert runs() == before
    assert (many.folder / "overlap.toml").read_bytes() == settings
