"""SIGKILL at every named step of a whole run: the next run ends the week as if nothing had been, and repeats no write.

A run in calls and one by bulk jobs come to every step of the sources but for those of `ELSEWHERE`. Here each is died at
once, of whatever object; at commits, and at every object's steps, `tests/jobs/kill_pairs.py` dies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pytest

from connectors.sandbox.store import Store
from tests.jobs import sources
from tests.jobs.first_plan import by_jobs
from tests.jobs.test_kill import news, published, same
from tests.jobs.trials import KILLED, Fate
from tests.jobs.world import api_writes, said

__all__ = ["news"]  # a fixture

PULLED: Final = (
    *("pull: page landed", "pull: commit", "pull: committed"),
    *("list: drop quarantine", "list: quarantine dropped", "list: write quarantine", "list: quarantine written"),
    *("list: keep bytes", "list: bytes kept", "list: accepted"),
)
MATCHED: Final = (
    *("statistics: name", "statistics: named", "match: keep", "match: kept"),
    *("snapshot: write files", "snapshot: files written", "snapshot: named", "match: publish", "match: published"),
)
PLANNED: Final = ("plan: store", "plan: stored", "apply: begun", "apply: set off", "apply: is set off")
#: Where a run in calls dies, each step of a batch at another object.
CALLS: Final = (
    *(*PULLED, *MATCHED, *PLANNED),
    *("overlap_partner: look", "partner_overlap: looked", "account: sorted", "partner_overlap: marked sent"),
    *("account: sent", "opportunity: receipts stored", "apply: ended"),
)
JOBS: Final = (
    *("partner_overlap: open job", "partner_overlap: job opened", "account: job kept", "partner_overlap: uploaded"),
    *("partner_overlap: closed", "account: job ended", "opportunity: job settled"),
)
#: Steps that no first try of such a run comes to, and the tests that look at what is left there.
ELSEWHERE: Final = {
    "*: ask job": "test_kill.py",
    "*: job asked": "test_kill.py",
    "*: job known": "test_kill.py",
    "read back: read": "test_kill.py",
    "read back: settled": "test_kill.py",
    "warehouse: drop": "test_stores.py: a warehouse may be lost at any time",
    "warehouse: dropped": "test_stores.py: a warehouse may be lost at any time",
    **dict.fromkeys(("ledger: commit", "warehouse: commit", "warehouse: committed"), "kill_pairs.py"),
    **dict.fromkeys(("token: received", "token: kept", "token: forget", "token: forgotten"), "test_tokens.py"),
}
#: What other verbs come to, and a run that has something to tell or to clear away. Cut short in test_erasure.py,
#: test_people.py, test_share.py, upkeep/, telling/ and past/test_retention.py; a workbook is read again whole.
OTHER_VERBS: Final = (
    *("erase", "stop list", "share", "backup", "restore", "migrate", "reconcile", "message", "review", "run", "log"),
)
OF_ERASURES: Final = {
    *("list: rewrite", "list: rewritten", "list: known as rewritten", "list: drop unknown", "list: unknown dropped")
}


@dataclass(frozen=True)
class Week:
    """What an uninterrupted run makes: the records, the writes of each object, and what is published."""

    expected: Mapping[Any, Any]
    writes: Counter[str]
    found: tuple[Any, ...]
    before: tuple[Any, ...]
    steps: tuple[str, ...]


def written(store: Store) -> Counter[str]:
    return Counter(f"{change.object_name} {change.operation}" for change in api_writes(store))


@pytest.fixture(scope="session")
def week(org, news, runner, tmp_path_factory) -> Week:
    before = published(news.folder)
    done = {}
    for kind in ("jobs", "calls"):
        folder = org.again(news, tmp_path_factory.mktemp(f"whole-{kind}"))
        with Store.open(org.folder) as store:
            if kind == "jobs":
                by_jobs(folder, store)
            ended = runner.overlap(folder, "run", "--approve")
            assert ended.code == 0, ended.stderr
            done[kind] = Week(said(store), written(store), published(folder), before, ended.steps)
    assert done["jobs"].expected == done["calls"].expected
    assert not same(done["calls"].found, before)
    return Week(
        done["calls"].expected,
        done["calls"].writes,
        done["calls"].found,
        before,
        (*done["calls"].steps, *done["jobs"].steps),
    )


def test_the_steps_that_are_died_at_are_all_that_the_sources_have(week):
    names = sources.step_names()
    died_at = {sources.template(step, names) for step in (*CALLS, *JOBS)}
    assert {sources.template(step, names) for step in week.steps} == died_at
    others = {name for name in names if name.partition(":")[0] in OTHER_VERBS} | OF_ERASURES
    assert names == died_at | ELSEWHERE.keys() | others


@pytest.mark.parametrize("step", [*CALLS, *JOBS])
def test_a_run_killed_at_a_step_is_ended_by_the_next_run(step, org, news, week, store, runner, tmp_path):
    folder = org.again(news, tmp_path)
    if step in JOBS:
        by_jobs(folder, store)
    killed = runner.overlap(folder, "run", "--approve", fate=Fate(die_at=step))
    assert (killed.code, killed.steps[-1]) == (KILLED, step)
    is_published = "match: published" in killed.steps
    assert same(published(folder), week.found if is_published else week.before), "the old run or the whole new one"
    done = runner.overlap(folder, "run", "--approve")
    assert done.code == 0, done.stderr
    assert said(store) == week.expected
    assert written(store) == week.writes
    assert all(change.effective for change in api_writes(store))
    assert same(published(folder), week.found)
