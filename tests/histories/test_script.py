"""Histories are made from their seeds alone, and have in common what they are to have in common."""

from __future__ import annotations

import pytest

from tests.histories.regressions import keep, kept
from tests.histories.script import (
    HUBSPOT_FAULTS,
    OF_A_WORLD,
    SALESFORCE_FAULTS,
    Stage,
    Week,
    history,
)
from tests.histories.scripted import KEEPING, OF_SWEEPS

BOTH = (SALESFORCE_FAULTS, HUBSPOT_FAULTS)


@pytest.fixture(scope="module", params=[BOTH[:1], BOTH[1:], BOTH], ids=["salesforce", "hubspot", "both"])
def cast(request):
    return request.param


@pytest.fixture(scope="module")
def all_of_ci(cast):
    return [history(seed, cast) for seed in range(2_100)]


def stages(whole):
    return [act for act in whole.acts() if isinstance(act, Stage)]


def test_a_seed_makes_one_history():
    assert history(7) == history(7)


def test_histories_of_a_stem_differ_in_their_last_stage_only():
    last = len(history(0).acts())
    assert len({history(seed).prefix(last - 1) for seed in range(OF_A_WORLD)}) == 1
    assert len({history(seed).prefix(last) for seed in range(OF_A_WORLD)}) == OF_A_WORLD
    assert history(OF_A_WORLD).prefix(last - 1) != history(0).prefix(last - 1)


def test_a_twin_has_the_same_events_and_no_fate():
    for seed in (0, OF_A_WORLD - 1, OF_A_WORLD):
        mine, other = history(seed), history(seed).uninterrupted()
        assert [week.events for week in mine.weeks] == [week.events for week in other.weeks]
        assert [stage.race for stage in stages(mine)] == [stage.race for stage in stages(other)]
        assert not any(stage.fates for stage in stages(other))
    assert history(0).uninterrupted().weeks != history(OF_A_WORLD).uninterrupted().weeks


def test_a_history_has_two_to_four_weeks_and_ends_with_an_apply():
    counts = {len(history(seed).weeks) for seed in range(0, 40 * OF_A_WORLD, OF_A_WORLD)}
    assert counts == {2, 3, 4}
    assert all(history(seed).acts()[-1].verb == "apply" for seed in range(0, 1000, 99))


def test_every_kind_of_fault_and_event_comes_up(all_of_ci, cast):
    faults, kinds = set(), set()
    for whole in all_of_ci:
        for act in whole.acts():
            if isinstance(act, Week):
                kinds |= {event.kind for event in act.events}
            else:
                faults |= {(fault.crm, fault.kind) for fate in act.fates for fault in fate.faults}
    assert faults == {(one.name, kind) for one in cast for kind in one.every}
    assert kinds >= {"list", "settings", "judge", "late commit", "delete", "edit own", "influence made", "deal deleted"}
    assert kinds >= {"connection", "long transaction", "lead made", "lead converted"}


def test_worlds_differ_in_how_their_connections_are_set_up(all_of_ci, cast):
    wishes = [event for whole in all_of_ci for event in whole.weeks[0].events if event.kind == "connection"]
    chosen = {(event.crm, line) for event in wishes for line in event.what["lines"]}
    assert chosen == {(one.name, line) for one in cast for lines in one.connection for line in lines}


def test_a_fault_strikes_the_crm_of_its_stage(all_of_ci):
    for whole in all_of_ci:
        for stage in stages(whole):
            crm = stage.verb.partition(" ")[2]
            assert {fault.crm for fate in stage.fates for fault in fate.faults} <= (
                {crm} if crm else {"salesforce", "hubspot"}
            )


def test_what_is_kept_back_meets_neither_a_race_nor_an_undo_after_it(all_of_ci):
    undone = 0
    for whole in all_of_ci:
        for week, after in zip(whole.weeks, (*whole.weeks[1:], None), strict=True):
            kept = [f for s in week.stages for fate in s.fates for f in fate.faults if f.kind in KEEPING]
            is_undone = after is not None and after.stages[0].verb == "undo"
            undone += is_undone
            assert not (kept and (week.is_raced or is_undone))
            assert not (is_undone and (week.is_raced or week.is_slow))
    assert undone


def test_rows_are_hidden_from_one_sweep_at_most(all_of_ci):
    for whole in all_of_ci:
        for week in whole.weeks[:-1]:
            assert not [f for s in week.stages for fate in s.fates for f in fate.faults if f.kind in OF_SWEEPS]


def test_a_history_is_the_same_when_it_was_kept_in_a_file(all_of_ci, tmp_path):
    for whole in all_of_ci[::OF_A_WORLD]:
        crm, again = kept(keep("both", whole, ["a problem"], tmp_path))
        length = len(whole.acts())
        assert (crm, again.seed, again.prefix(length)) == ("both", whole.seed, whole.prefix(length))
