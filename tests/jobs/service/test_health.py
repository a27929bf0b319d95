"""When the service calls itself ill, and the figures that it gives."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest

from config.schedules import ScheduleSettings
from jobs.service import health, http, metrics, turns
from jobs.service.child import Ending
from jobs.service.health import Pulse
from jobs.stores import slots
from jobs.stores.ledger import Ledger
from overlap.errors import ConfigError
from tests.jobs.world import World

MONDAY = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
TABLES = {"weekly": turns.timetable("weekly", ScheduleSettings(cron="0 7 * * mon"), "UTC")}
HOUR = timedelta(hours=1)


def late(ledger: Ledger, now: datetime) -> list[str]:
    return health.why_late(ledger, TABLES, 6, now)


def test_a_schedule_is_late_when_nothing_good_came_of_what_was_due(ledger: Ledger) -> None:
    turns.see(ledger, TABLES, MONDAY - HOUR)
    assert late(ledger, MONDAY + 5 * HOUR) == []
    assert late(ledger, MONDAY + 6 * HOUR) == ["schedule 'weekly': what was due at 2026-03-02 07:00 UTC has not begun"]
    slot = turns.take(ledger, TABLES, MONDAY)
    assert slot is not None
    turns.ended(ledger, slot, Ending(3, None, "no network"), MONDAY + HOUR, stopped=False)
    assert late(ledger, MONDAY + 6 * HOUR) == [
        "schedule 'weekly': nothing good came of what was due at 2026-03-02 07:00 UTC: no network"
    ]
    slots.pause(ledger, "weekly", "ada", MONDAY)
    assert late(ledger, MONDAY + 6 * HOUR) == []


@pytest.mark.parametrize(("code", "state"), [(0, "done"), (5, "done"), (6, "held")])
def test_what_is_done_or_waits_for_a_person_is_not_late(ledger: Ledger, code: int, state: str) -> None:
    turns.see(ledger, TABLES, MONDAY - HOUR)
    slot = turns.take(ledger, TABLES, MONDAY)
    assert slot is not None
    assert turns.ended(ledger, slot, Ending(code, 7, "said"), MONDAY + HOUR, stopped=False) == state
    assert late(ledger, MONDAY + 100 * HOUR) == []
    assert late(ledger, MONDAY + 7 * 24 * HOUR + 6 * HOUR) != []


def test_a_slot_whose_process_dies_is_tried_three_times(ledger: Ledger) -> None:
    turns.see(ledger, TABLES, MONDAY - HOUR)
    states = []
    while len(states) < 9 and (slot := turns.take(ledger, TABLES, MONDAY)) is not None:
        slots.begin(ledger, slot)
        states.append(turns.ended(ledger, slot, Ending(-9, None, ""), MONDAY, stopped=False))
    assert states == ["crashed", "crashed", "failed"]
    (slot,) = slots.every(ledger, "weekly")
    assert slot.said == "its process ended with -9 (attempt 3 of 3)"


def test_what_was_stopped_on_purpose_counts_as_no_attempt(ledger: Ledger) -> None:
    turns.see(ledger, TABLES, MONDAY - HOUR)
    for _ in range(5):
        slot = turns.take(ledger, TABLES, MONDAY)
        assert slot is not None
        slots.begin(ledger, slot)
        assert turns.ended(ledger, slot, Ending(130, None, ""), MONDAY, stopped=True) == "interrupted"
    slot = turns.take(ledger, TABLES, MONDAY)
    assert slot is not None
    assert turns.ended(ledger, slot, Ending(-9, None, ""), MONDAY, stopped=False) == "crashed"


def test_what_a_persons_call_kept_from_its_work_is_begun_again(ledger: Ledger) -> None:
    turns.see(ledger, TABLES, MONDAY - HOUR)
    slot = turns.take(ledger, TABLES, MONDAY)
    assert slot is not None
    slots.begin(ledger, slot)
    refused = Ending(6, None, "in use", is_in_use=True)
    assert turns.ended(ledger, slot, refused, MONDAY, stopped=False) == "interrupted"
    assert turns.take(ledger, TABLES, MONDAY) is not None


def test_a_loop_that_does_not_tick_is_told(ledger: Ledger) -> None:
    pulse = Pulse()
    assert health.why_ill(pulse, ledger, TABLES, 6, MONDAY) == []
    pulse.ticked_s -= 181
    (why,) = health.why_ill(pulse, ledger, TABLES, 6, MONDAY)
    assert "has not ticked for 18" in why


def test_a_paused_schedule_has_no_turn_and_makes_up_for_nothing(ledger: Ledger) -> None:
    turns.see(ledger, TABLES, MONDAY - HOUR)
    slots.pause(ledger, "weekly", "ada", MONDAY - HOUR)
    assert turns.take(ledger, TABLES, MONDAY + HOUR) is None
    assert slots.claim(ledger, "weekly", TABLES["weekly"].cron, MONDAY + HOUR) is None, "as one who looked before"
    slots.resume(ledger, "weekly", MONDAY + HOUR)
    assert turns.take(ledger, TABLES, MONDAY + HOUR) is None
    assert turns.take(ledger, TABLES, MONDAY + 7 * 24 * HOUR) is not None


def test_another_time_begins_when_it_is_seen_and_a_call_from_cron_means_its_day(ledger: Ledger) -> None:
    turns.see(ledger, TABLES, MONDAY - HOUR)
    earlier = {"weekly": turns.timetable("weekly", ScheduleSettings(cron="0 5 * * mon"), "UTC")}
    turns.see(ledger, earlier, MONDAY - HOUR)
    assert turns.take(ledger, earlier, MONDAY) is None, "five o'clock was before it was seen"
    turns.see(ledger, TABLES, MONDAY + HOUR, from_midnight=True)
    slot = turns.take(ledger, TABLES, MONDAY + HOUR)
    assert slot is not None
    assert slot.slot == "2026-03-02T07:00"


def test_figures_are_read_from_the_ledger(written: World) -> None:
    with written.context() as context:
        ledger = context.ledger
        turns.see(ledger, TABLES, MONDAY - HOUR)
        slot = turns.take(ledger, TABLES, MONDAY + 7 * 24 * HOUR)
        assert slot is not None
        turns.ended(ledger, slot, Ending(0, None, ""), MONDAY + 8 * 24 * HOUR, stopped=False)
        now = MONDAY + 9 * 24 * HOUR
        told = metrics.exposition(ledger, context.workspace.settings, TABLES, now).decode().splitlines()
    for line in (
        'overlap_slots_total{schedule="weekly",state="coalesced"} 1.0',
        'overlap_runs_total{state="done",verb="apply"} 1.0',
        f'overlap_last_good_run_timestamp_seconds{{schedule="weekly"}} {(MONDAY + 8 * 24 * HOUR).timestamp():.9e}',
        'overlap_plan_held{crm="salesforce"} 0.0',
        "overlap_api_budget_percent 25.0",
    ):
        assert _same(line) in map(_same, told), line
    assert any(line.startswith('overlap_changes{crm="salesforce",state="acknowledged"}') for line in told)
    assert any(line.startswith('overlap_list_age_seconds{partner="globex"}') for line in told)
    assert any(line.startswith('overlap_api_calls_24h{crm="salesforce"}') for line in told)


def _same(line: str) -> str:
    name, _, value = line.rpartition(" ")
    return line if line.startswith("#") else f"{name} {float(value)}"


def test_what_is_wrong_is_answered_with_503_and_a_taken_port_is_named() -> None:
    with (
        http.answering(("127.0.0.1", 0), lambda: ["late"], list, lambda: b"x 1\n") as address,
        pytest.raises(urllib.request.HTTPError) as refused,
    ):
        with urllib.request.urlopen(f"{address}/readyz") as reply:
            assert json.load(reply) == {"ok": True, "reasons": []}
        port = int(address.rpartition(":")[2])
        with (
            pytest.raises(ConfigError, match=f":{port} is taken"),
            http.answering(("127.0.0.1", port), list, list, bytes),
        ):
            pass
        urllib.request.urlopen(f"{address}/healthz")
    with refused.value as reply:
        assert (reply.code, json.load(reply)["reasons"]) == (503, ["late"])


def test_the_service_loads_nothing_that_only_its_runs_need() -> None:
    """Its own process lives for months beside them."""
    code = "import json, sys, jobs.service.serve; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert "jobs.service.metrics" in loaded
    assert not {"polars", "duckdb", "numpy", "pyarrow", "simple_salesforce", "hubspot"} & loaded
