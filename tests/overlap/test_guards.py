from __future__ import annotations

from dataclasses import replace

import pytest

from overlap.guards import ListLimits, ListSize, PlanLimits, list_guards, plan_guards
from overlap.plan import Action, Change

LIMITS = PlanLimits()


def changes(count: int, action: Action, partner: str = "globex", object_name: str = "partner_overlap"):
    one = Change("salesforce", object_name, "k", None, action, "l", partner, "001A", "c", {}, {})
    return (one,) * count


def held(*given, live: int = 0, of_partner: int = 10_000) -> tuple[str, ...]:
    return plan_guards(tuple(change for group in given for change in group), live, {"globex": of_partner}, LIMITS)


AMOUNTS = [  # action, live records, the most that passes: the larger of a count and a share
    (Action.RETIRE, 0, 20),
    (Action.RETIRE, 400, 20),
    (Action.RETIRE, 420, 21),
    (Action.RETIRE, 439, 21),
    (Action.CLEAR, 0, 20),
    (Action.CLEAR, 1_000, 50),
    (Action.CREATE, 0, 200),
    (Action.CREATE, 1_000, 200),
    (Action.CREATE, 1_005, 201),
    (Action.UPDATE, 0, 20),
    (Action.UPDATE, 1_000, 300),
    (Action.ADOPT, 1_000, 300),
]


@pytest.mark.parametrize(("action", "live", "most"), AMOUNTS)
def test_up_to_the_limit_passes_and_one_more_is_held(action, live, most) -> None:
    assert held(changes(most - 1, action), live=live) == ()
    assert held(changes(most, action), live=live) == ()
    (reason,) = held(changes(most + 1, action), live=live)
    assert f"{most + 1:,} " in reason
    assert f"{most:,} of {live:,} live records" in reason


def test_retirements_and_clears_count_together_and_updates_with_adoptions() -> None:
    assert len(held(changes(11, Action.RETIRE), changes(10, Action.CLEAR))) == 1
    assert len(held(changes(11, Action.UPDATE), changes(10, Action.ADOPT))) == 1


def test_different_kinds_of_change_do_not_add_up() -> None:
    assert held(changes(20, Action.RETIRE), changes(200, Action.CREATE), changes(20, Action.UPDATE)) == ()


def test_every_limit_that_is_reached_is_named() -> None:
    reasons = held(changes(21, Action.RETIRE), changes(201, Action.CREATE), changes(21, Action.UPDATE))
    assert [reason.split(",")[0] for reason in reasons] == ["21 retirements and clears", "201 creates", "21 updates"]


@pytest.mark.parametrize(("retired", "of_partner", "is_held"), [(4, 10, False), (5, 10, False), (6, 10, True)])
def test_at_most_half_of_a_partners_overlaps_retire(retired, of_partner, is_held) -> None:
    reasons = held(changes(retired, Action.RETIRE), of_partner=of_partner)
    assert reasons == ((f"{retired} of 10 overlaps with 'globex' would retire",) if is_held else ())


def test_what_a_person_judged_counts_in_total_and_not_against_the_partner() -> None:
    judged = tuple(replace(change, cause="judged different") for change in changes(21, Action.RETIRE))
    assert held(judged[:20], of_partner=20) == ()
    (reason,) = held(judged, of_partner=21)
    assert reason.startswith("21 retirements and clears")


def test_the_half_is_of_the_partners_own_overlaps() -> None:
    assert held(changes(6, Action.RETIRE, "initech"), of_partner=10) == ()
    assert held(changes(6, Action.RETIRE, object_name="partner_influence"), of_partner=10) == ()
    assert held(changes(6, Action.UPDATE), of_partner=10) == ()


def test_no_change_is_never_held() -> None:
    assert plan_guards((), 0, {}, LIMITS) == plan_guards((), 0, {"globex": 0}, LIMITS) == ()


def test_the_limits_are_settings() -> None:
    strict = PlanLimits(retirements=0, retirements_percent=0)
    assert len(plan_guards(changes(1, Action.RETIRE), 1_000, {"globex": 1_000}, strict)) == 1


def size(rows: int, keys: range | None = None, rejects: int = 0) -> ListSize:
    return ListSize(rows, rejects, frozenset(map(str, range(rows) if keys is None else keys)))


ROWS = [  # rows of the last list, rows of the new one, held?
    (250, 201, False),  # 49 lost
    (250, 200, True),  # 50 lost, exactly 20 %
    (249, 199, True),
    (251, 201, False),  # 50 lost, just under 20 %
    (1_000, 801, False),
    (1_000, 800, True),
    (100, 51, False),  # 49 lost: half of a short list, and not yet 50 rows
    (100, 200, False),
]


@pytest.mark.parametrize(("before", "after", "is_held"), ROWS)
def test_a_list_that_shrinks_by_a_fifth_and_fifty_rows_is_held(before, after, is_held) -> None:
    same_keys = range(10)
    reasons = list_guards(size(after, same_keys), size(before, same_keys), ListLimits())
    expected = f"{before - after:,} rows fewer than the {before:,} of the last list"
    assert reasons == ((expected,) if is_held else ())


@pytest.mark.parametrize(("gone", "is_held"), [(0, False), (9, False), (10, True), (11, True)])
def test_a_list_that_loses_a_tenth_of_its_accounts_is_held_even_if_it_grew(gone, is_held) -> None:
    reasons = list_guards(size(500, range(gone, 500)), size(100), ListLimits())
    assert reasons == ((f"{gone} of the last list's 100 accounts are missing",) if is_held else ())


def test_a_list_after_an_empty_one_is_not_held() -> None:
    assert list_guards(size(5), size(0), ListLimits()) == ()


def test_a_limit_of_zero_percent_lets_an_unchanged_list_through() -> None:
    assert list_guards(size(10), size(10), ListLimits(keys_lost_percent=0)) == ()


REJECTS = [(100, 5, False), (100, 6, True), (499, 5, False), (1_000, 10, False), (1_000, 11, True), (1_099, 11, True)]


@pytest.mark.parametrize(("rows", "bad", "is_held"), REJECTS)
def test_more_bad_rows_than_one_percent_and_five_are_held(rows, bad, is_held) -> None:
    reasons = list_guards(size(rows, rejects=bad), None, ListLimits())
    assert [f"{bad} of {rows:,} rows are bad" in reason for reason in reasons] == [True] * is_held


def test_a_first_list_is_compared_with_nothing() -> None:
    assert list_guards(size(1), None, ListLimits()) == ()


def test_all_reasons_of_a_bad_list_are_told() -> None:
    assert len(list_guards(size(10, rejects=6), size(1_000), ListLimits())) == 3
