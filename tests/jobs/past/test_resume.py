"""A run that was cut short is gone on with: nothing is done twice, and nothing is taken that does not hold any more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from jobs import steps
from jobs.context import recorded
from jobs.finding.match import match
from jobs.finding.pairs import judge
from jobs.past import runs as past
from jobs.past.resume import Left, left_by_last
from jobs.pulling.pull import pull
from jobs.stores import runs, schema
from jobs.stores.ledger import utc_now
from jobs.stores.runs import close_crashed
from jobs.views import status
from jobs.writeback.apply import apply
from jobs.writeback.plan import plan
from tests.jobs.world import GLOBEX, World, account_id, listed

PARTS = {"pull": 1, "match": 2, "plan": 3}
OVERLAPS = 8


@pytest.fixture
def passed() -> Iterator[list[str]]:
    """The parts whose steps were passed from here on."""
    names: list[str] = []
    steps.listen(names.append)
    yield names
    steps.listen(None)


def cut_short(world: World, after: str) -> int:
    """Do the parts of a run up to *after*, and leave its line as a process does that is killed then."""
    world.wait(minutes=1)
    with world.context() as context:
        number = context.ledger.start_run("run", utc_now(), who="ada")
        part = replace(context, part_of=number)
        pull(part)
        if PARTS[after] > 1:
            match(part)
        if PARTS[after] > 2:
            plan(part, "salesforce")
    return number


def left(world: World) -> Left | None:
    """What a run that began now would go on from; its line is taken back."""
    with world.context() as context:
        close_crashed(context.ledger, context.workspace.logs)
        number = context.ledger.start_run("run", utc_now())
        found = left_by_last(context, number)
        with context.ledger.engine.begin() as connection:
            connection.execute(delete(schema.runs).where(schema.runs.c.id == number))
    return found


@pytest.mark.parametrize("after", PARTS)
def test_what_a_run_had_done_before_it_was_cut_short_is_not_done_again(after, world, passed):
    number = cut_short(world, after)
    passed.clear()
    report = world.run()
    again = {name.split(":")[0] for name in passed} & PARTS.keys()
    assert again == {name for name, at in PARTS.items() if at > PARTS[after]}
    assert report.goes_on_after == number
    assert report.matched is not None and report.matched.overlaps == OVERLAPS
    assert [one.crm for one in report.pulled.crms] == ["salesforce"]
    assert sum(done.written for done in report.applied) > OVERLAPS
    assert left(world) is None, "the run before came to its end"


def change_settings(world):
    world.change_settings('name = "Initech"', 'name = "Initech Ltd"')


def send_a_list(world):
    world.send(GLOBEX, listed(0))


def pull_by_itself(world):
    with world.context() as context, recorded(context, "pull"):
        pass


def wait_an_hour(world):
    with world.context() as context, context.ledger.engine.begin() as connection:
        ended = utc_now() - timedelta(hours=1, minutes=1)
        connection.execute(update(schema.runs).where(schema.runs.c.verb == "pull").values(finished_at=ended))


def send_something_else(world):
    (world.folder / "inbox" / "verdicts.xlsx").write_bytes(b"")


def lose_the_warehouse(world):
    world.workspace.warehouse_file.unlink()


@pytest.mark.parametrize(
    "happens",
    [change_settings, send_a_list, send_something_else, lose_the_warehouse, pull_by_itself, wait_an_hour],
)
def test_all_is_done_anew_where_more_may_be_known_since(happens, world):
    cut_short(world, "pull")
    assert left(world) is not None
    happens(world)
    assert left(world) is None


def test_a_verdict_given_since_is_heeded(world, passed):
    number = cut_short(world, "plan")
    with world.context() as context:
        judge(context, account_id(0), "globex:X-0", "different")
    passed.clear()
    report = world.run()
    assert report.goes_on_after == number
    assert "match: publish" in passed and "pull: commit" not in passed
    assert world.overlap(0) is None and world.overlap(1) is not None


def test_a_plan_that_the_run_had_set_off_is_none_to_go_on_from(world):
    number = cut_short(world, "plan")
    [planned] = left(world).plans.values()
    with world.context() as context:
        apply(replace(context, part_of=number), planned.id, approve=True)
    assert left(world).plans == {}


def test_a_run_that_was_cut_short_is_told_as_crashed(world):
    number = cut_short(world, "pull")
    with world.context() as context:
        [crashed] = past.listed(context, 20)
        assert (crashed.id, crashed.verb, crashed.state, crashed.seconds) == (number, "run", "crashed", None)
        assert [(run.verb, run.state) for run in status(context).runs] == [("run", "crashed"), ("pull", "done")]
        assert runs.load(context.ledger, number).state == "running", "nothing is written by looking"
        close_crashed(context.ledger, context.workspace.logs)
        assert runs.load(context.ledger, number).state == "crashed"
        found = past.details(context, number)
        assert [(one.verb, one.state) for one in found.parts] == [("pull", "done")]
        assert found.next_steps == ("overlap run",)


def test_a_run_to_which_a_list_was_let_in_reads_anew(world, passed):
    cut_short(world, "pull")
    passed.clear()
    report = world.run(lists=[GLOBEX])
    assert report.goes_on_after is None
    assert "pull: commit" in passed


def test_a_verdict_given_while_the_run_matches_is_matched_too(world):
    def judge_once(name: str) -> None:
        if name == "match: published":
            steps.listen(None)
            with world.context() as context:
                judge(context, account_id(0), "globex:X-0", "different")

    steps.listen(judge_once)
    try:
        world.run()
    finally:
        steps.listen(None)
    assert world.overlap(0) is None and world.overlap(1) is not None
