"""What a week costs does not grow with the weeks before it: steps of SQLite are counted, and no clock is looked at."""

from __future__ import annotations

from datetime import timedelta

import pytest

from config.settings import ScheduleSettings
from jobs import views
from jobs.past import retention, runs
from jobs.service import health, metrics, turns
from jobs.service.work import Ending
from jobs.stores import questions, releases
from jobs.stores.questions import Question
from jobs.stores.releases import Release
from tests.jobs.conftest import by_jobs
from tests.jobs.old_ledger import age, counted, grown
from tests.jobs.world import GLOBEX, INITECH, START, World, listed

#: The figures of a scrape that are totals since the beginning: a counter must never fall, so all are counted.
TOTALS = ("runs.verb, runs.state, count(*)", "slots.schedule, slots.state, count(*)")


@pytest.mark.parametrize("goes_by_jobs", [False, True], ids=["by calls", "by jobs"])
def test_a_week_after_years_asks_the_ledger_for_no_more_than_one_after_three_weeks(written, goes_by_jobs):
    if goes_by_jobs:
        by_jobs(written)
    for week in range(2):
        _week(written, week)
    _release(written)
    with counted() as young:
        _week(written, 2)
    with written.context() as context:
        assert age(context.ledger, weeks=300) > 20_000
    with counted() as old:
        _week(written, 3)
    assert grown(young, old) == []
    assert sum(young.values()) > 5_000


def test_a_scrape_after_years_reads_no_more_than_one_after_a_week_but_for_totals(written):
    tables = {"weekly": turns.timetable("weekly", ScheduleSettings(cron="0 7 * * mon"), "UTC")}
    with written.context() as context:
        turns.see(context.ledger, tables, written.now)
        written.wait(days=7)
        slot = turns.take(context.ledger, tables, written.now)
        assert slot is not None
        turns.ended(context.ledger, slot, Ending(0, None, ""), written.now, stopped=False)
        with counted() as young:
            _scrape(written, tables)
        age(context.ledger, weeks=300)
        with counted() as old:
            _scrape(written, tables)
    more = grown(young, old)
    assert all(any(total in said for total in TOTALS) for said in more), more


def test_asking_after_years_looks_for_its_own_pair_only(ledger):
    asked = Question("contoso", "A1", "Acme", None, None, GLOBEX, "G1", "ACME", None, None, "", START)
    questions.ask(ledger, [asked])
    with counted() as young:
        questions.ask(ledger, [asked])
    age(ledger, weeks=3_000)
    with counted() as old:
        questions.ask(ledger, [asked])
    assert grown(young, old) == []


def _week(world: World, week: int) -> None:
    world.wait(days=7)
    world.send(GLOBEX, listed(0, 1, 2, 3, 4, *([5] if week % 2 else [6])))
    world.send(INITECH, listed(0, 1))
    world.run()
    with world.context() as context:
        views.status(context)
        runs.details(context, runs.listed(context, most=1)[0].id)
        retention.prune(context)


def _release(world: World) -> None:
    """Globex was given a file."""
    with world.context() as context:
        run = int(context.ledger.pinned("published_run") or 0)
        texts = dict.fromkeys(("policy", "policy_text", "share_sha256", "sha256", "format", "file_name"), "")
        releases.record(context.ledger, Release(0, GLOBEX, run, world.now, "ada", rows=0, **texts), [])


def _scrape(world: World, tables: dict[str, turns.Timetable]) -> None:
    with world.context() as context:
        metrics.exposition(context.ledger, context.workspace.settings, tables, world.now)
        health.why_late(context.ledger, tables, 26, world.now + timedelta(days=1))
