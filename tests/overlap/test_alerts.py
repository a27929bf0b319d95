"""When a cause is told: once while it stands, again after a while, and again when it comes back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from overlap.alerts import Cause, same_words, turn

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def cause(name):
    return Cause(name, name, "", "")


def told(found, open_alerts, after_run=True):
    made = turn([cause(name) for name in found], open_alerts, NOW, 6, after_run)
    return [one.id for one in made.now], list(made.again), list(made.ended)


def test_a_cause_is_told_once_while_it_stands_again_after_six_days_and_its_end_is_kept():
    days = {name: NOW - timedelta(days=age) for name, age in (("fresh", 5), ("old", 6), ("gone", 1))}
    assert told(["new", "fresh", "old"], days) == (["new", "old"], ["old"], ["gone"])
    assert told(["gone"], {}) == (["gone"], [], []), "what is back is new"


def test_only_a_run_tells_that_what_a_run_found_is_over():
    open_alerts = {"run:crm:salesforce": NOW, "list late:globex": NOW}
    assert told([], open_alerts, after_run=False) == ([], [], ["list late:globex"])
    assert told([], open_alerts) == ([], [], ["run:crm:salesforce", "list late:globex"])


def test_what_fails_the_same_way_with_other_numbers_is_one_cause():
    assert same_words("run 17 is older than 24 hours") == same_words("run 3 is older than 24 hours")
    assert same_words("run 17 failed") != same_words("pull 17 failed")
