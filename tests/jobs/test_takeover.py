"""Fifty rounds and more of `tests.takeover`, and that they meet what they are for."""

from __future__ import annotations

from collections import Counter

from tests import takeover
from tests.jobs.first_plan import Bench, FirstPlan, first_plan


def test_whoever_takes_over_writes_everything_once_and_nothing_old(org, runner, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rounds")
    first: FirstPlan = first_plan(org, runner, tmp_path_factory.mktemp("first-of-rounds"))
    bench = Bench(org, runner, first, folder)
    weekly = takeover.weeks(bench)
    met: Counter[str] = Counter()
    failed = {}
    for seed in (*range(50), 56):  # 56: the first one dies before its plan was set off, and news comes
        played = takeover.play(bench, seed, weekly)
        met += played.met
        if played.problems:
            failed[seed] = played.problems
    assert failed == {}
    assert met.keys() >= {
        *("first stopped", "first ended", "first fenced", "first killed", "first done", "both stopped", "unlocked"),
        *("second done", "second killed", "second kept out"),
    }
