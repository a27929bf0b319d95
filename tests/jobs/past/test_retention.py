"""What runs found goes by age and number; what anything needs, and how long overlaps stood, stays."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from config.workspace import init, open_workspace
from jobs import steps
from jobs.context import Context
from jobs.past import logs
from jobs.past.retention import prune
from jobs.stores import intervals, plans, snapshot
from jobs.stores.ledger import open_ledger
from overlap.errors import ConfigError
from overlap.intervals import OF
from overlap.plan import SyncPlan

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
DAY = date(2026, 3, 2)


@pytest.fixture
def context(tmp_path):
    init(tmp_path / "acme")
    with (tmp_path / "acme" / "overlap.toml").open("a") as settings:
        settings.write("[runs]\nkeep = 3\nkeep_days = 30\n")
    workspace = open_workspace(tmp_path / "acme")
    with open_ledger(workspace.ledger_file, workspace.settings.workspace.id) as ledger:
        yield Context(workspace, ledger, NOW, "ada")


def made(context, *days_ago):
    """Runs that began so many days ago, the newest last; their numbers."""
    numbers = []
    for days in days_ago:
        numbers.append(context.ledger.start_run("match", NOW - timedelta(days=days)))
        snapshot.publish(context.workspace.runs, numbers[-1], {"overlaps": pl.DataFrame({"key": ["a"]})}, {})
        context.ledger.pin("published_run", str(numbers[-1]))
    return numbers


def kept(context):
    return sorted(int(path.name) for path in context.workspace.runs.iterdir())


def test_only_what_is_older_and_further_back_than_the_settings_keep_goes(context):
    numbers = made(context, 90, 31, 29, 28, 2, 1)
    assert prune(context) == [numbers[1], numbers[0]]
    assert kept(context) == numbers[2:]


def test_what_is_published_or_planned_from_stays_whatever_its_age(context):
    numbers = made(context, 90, 89, 88, 87, 86, 85)
    context.ledger.pin("published_run", str(numbers[0]))
    context.ledger.require_same_org("salesforce", "00D")
    plan = SyncPlan("", str(numbers[1]), "salesforce", "00D", "abc", NOW, (), {}, (), ())
    plans.store(context.ledger, plan)
    assert prune(context) == [numbers[2]]
    assert kept(context) == [*numbers[:2], *numbers[3:]]


def test_a_kill_while_a_run_goes_leaves_no_half_of_it(context):
    numbers = made(context, 90, 3, 2, 1)

    def die(name):
        if name == "run: delete":
            raise KeyboardInterrupt

    steps.listen(die)
    with pytest.raises(KeyboardInterrupt):
        prune(context)
    steps.listen(None)
    assert not snapshot.exists(context.workspace.runs, str(numbers[0]))
    assert prune(context) == []
    assert kept(context) == numbers[1:]


def overlaps(*rows):
    return pl.DataFrame([("sf", *row) for row in rows], schema=list(OF), orient="row")


def test_an_interval_says_from_when_until_when_an_account_was_in_a_cell(context):
    found = overlaps(("a", "globex", "Prospects", "Customers"), ("b", "globex", "Prospects", "Customers"))
    week = [DAY + timedelta(days=7 * number) for number in range(3)]
    runs = (found, found[:1], overlaps(("a", "globex", "Customers", "Customers")))
    for number, (said, day) in enumerate(zip(runs, week, strict=True), 1):
        intervals.publish(context.ledger, str(number), said, day)
    assert context.ledger.pinned("published_run") == "3"
    said = intervals.read(context.ledger).select("account_id", "our_population", "began_on", "ended_on").rows()
    assert said == [
        ("a", "Customers", week[2], None),
        ("a", "Prospects", week[0], week[2]),
        ("b", "Prospects", week[0], week[1]),
    ]
    at = [intervals.read(context.ledger, at=day)["account_id"].to_list() for day in (*week, DAY - timedelta(days=1))]
    assert at == [["a", "b"], ["a"], ["a"], []]


def test_what_was_so_for_no_whole_day_is_forgotten(context):
    intervals.publish(context.ledger, "1", overlaps(("a", "globex", "Prospects", "Customers")), DAY)
    intervals.publish(context.ledger, "2", overlaps(("a", "globex", "Customers", "Customers")), DAY)
    assert intervals.read(context.ledger)["our_population"].to_list() == ["Customers"]


def test_a_merge_takes_the_history_of_the_loser_along(context):
    intervals.publish(context.ledger, "1", overlaps(("a", "globex", "Prospects", "Customers")), DAY)
    intervals.follow(context.ledger, "sf", {"a": "b"})
    intervals.publish(context.ledger, "2", overlaps(("b", "globex", "Prospects", "Customers")), DAY + timedelta(days=7))
    assert intervals.read(context.ledger).select("account_id", "began_on", "ended_on").rows() == [("b", DAY, None)]


def test_the_log_of_a_run_is_held_while_it_works_and_read_when_it_ended(tmp_path):
    journal = logs.Journal()
    journal.begin(tmp_path, 4)
    with journal.part(5):
        journal.say("matching 3 accounts")
        journal.say("the CRM hung up", "error")
    assert logs.is_at_work(tmp_path, 4)
    logs.prune(tmp_path, keep=0)
    journal.end()
    assert not logs.is_at_work(tmp_path, 4)
    with (tmp_path / "4.jsonl").open("a") as torn:
        torn.write('{"at": "2026-03-0')
    said = [(line.part, line.level, line.text) for line in logs.read(tmp_path, 4)]
    assert said == [(5, "info", "matching 3 accounts"), (5, "error", "the CRM hung up")]
    logs.prune(tmp_path, keep=0)
    with pytest.raises(ConfigError, match="there is no log of run 4"):
        logs.read(tmp_path, 4)


def test_a_log_that_is_full_takes_down_only_what_went_wrong(tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "MOST_BYTES", 200)
    journal = logs.Journal()
    journal.begin(tmp_path, 1)
    for number in range(20):
        journal.say(f"{number} accounts")
    journal.say("no room", "error")
    journal.end()
    said = logs.read(tmp_path, 1)
    assert len(said) < 5 and said[-1].text == "no room"
