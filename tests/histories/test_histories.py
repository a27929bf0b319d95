"""Seeded histories end where an uninterrupted run would, whatever crashed, got lost or was edited on the way.

A failing seed plays again by ``python -m tests.histories SEED --trace``, with ``--crm hubspot`` or ``--crm both``.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.histories.bench import Bench, running_bench
from tests.histories.campaign import play, play_block
from tests.histories.crms import CASTS, HUBSPOT, SALESFORCE
from tests.histories.events import Event
from tests.histories.regressions import FOLDER, kept
from tests.histories.script import OF_A_WORLD, History, Stage, Week
from tests.soql import assert_soql

BLOCKS = range(1)  # of 100; on both at once there are more, and any number by `make histories`
BLOCKS_OF_BOTH = range(6)


@pytest.fixture(scope="session")
def bench() -> Iterator[Bench]:
    with running_bench() as bench:
        yield bench
        assert_soql(bench.sites[0].org.asked.values())


@pytest.fixture(scope="session")
def portal_bench() -> Iterator[Bench]:
    with running_bench((HUBSPOT,)) as bench:
        yield bench


@pytest.fixture(scope="session")
def bench_of_both() -> Iterator[Bench]:
    with running_bench(CASTS["both"]) as bench:
        yield bench


@pytest.mark.parametrize("block", BLOCKS)
def test_a_history_ends_as_its_twin_and_writes_nothing_twice(block, bench):
    assert_good(play_block(bench, block))


@pytest.mark.parametrize("block", BLOCKS)
def test_a_history_of_a_portal_ends_as_its_twin_and_writes_nothing_twice(block, portal_bench):
    assert_good(play_block(portal_bench, block))


@pytest.mark.parametrize("block", BLOCKS_OF_BOTH)
def test_a_history_of_an_org_and_a_portal_ends_as_its_twin_and_writes_nothing_twice(block, bench_of_both):
    assert_good(play_block(bench_of_both, block))


def assert_good(found):
    assert found["failures"] == {}
    assert found["counts"]["repeated"] == found["counts"]["doubles"] == 0
    assert found["counts"]["effective"] > OF_A_WORLD
    assert set(found["met"]) & (SALESFORCE.faults.every | HUBSPOT.faults.every)
    assert any(name.startswith("died at") for name in found["met"])


def test_a_seed_is_the_same_history_each_time_it_is_played(bench):
    with running_bench(is_sharing=False) as another:
        shared, again = bench.play(117), another.play(117)
    assert (again.trace, again.hash) == (shared.trace, shared.hash)
    assert bench.play(118).hash != shared.hash


def test_the_installed_command_comes_to_the_same_history(bench):
    """One here, fifty in the campaign: a process that starts from nothing takes seconds for each try."""
    forked = bench.play(0)
    with running_bench(is_real=True) as real:
        real.twins = dict(bench.twins)
        assert real.play(0).trace == forked.trace
    assert forked.problems == []


def test_a_verdict_that_people_give_in_a_history_is_written(bench):
    said = ("different", "undo", "same")
    weeks = (Week((Event("judge", {"number": 7, "verdict": one}, SALESFORCE.name),), (Stage("run"),)) for one in said)
    played = bench.play_twin(History(0, tuple(weeks)))
    without_one, all_found, one_more = (active_overlaps(org) for org in played.said)
    assert (without_one, one_more) == (all_found - 1, all_found + 1)
    assert played.problems == []


def active_overlaps(org):
    rows = (row for (object_name, _), row in org.items() if object_name == "Partner_Overlap__c")
    return sum(row["Status__c"] == "Active" for row in rows)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_a_history_that_failed_once_ends_well(path, request):
    crm, whole = kept(path)
    bench = request.getfixturevalue({"salesforce": "bench", "hubspot": "portal_bench", "both": "bench_of_both"}[crm])
    assert bench.play_whole(whole).problems == []


@pytest.mark.campaign
@pytest.mark.parametrize("cast", CASTS.values(), ids=CASTS)
def test_fifty_histories_of_the_installed_command(cast):
    with running_bench(cast, is_real=True) as real:
        found = play(real, range(50))
    assert (found["failures"], found["counts"]["histories"], found["counts"]["repeated"]) == ({}, 50, 0)
