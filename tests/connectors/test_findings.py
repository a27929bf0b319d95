"""Lines of `overlap check` that every CRM has."""

from datetime import UTC, datetime, timedelta

import pytest

from connectors.findings import api_calls, clock

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(("used", "ok"), [(0, True), (89_999, True), (90_000, False), (100_000, False)])
def test_calls_that_run_out_are_a_bad_finding(used: int, ok: bool) -> None:
    found = api_calls((used, 100_000), "today", "wait")
    assert (found.ok, found.detail) == (ok, f"{used:,} of 100,000 used today")


def test_a_crm_that_tells_no_calls_is_believed() -> None:
    assert api_calls(None, "today", "wait").ok


@pytest.mark.parametrize(("ahead_s", "ok"), [(0, True), (120, True), (-120, True), (121, False), (-121, False)])
def test_a_clock_that_is_minutes_off_is_a_bad_finding(ahead_s: int, ok: bool) -> None:
    assert clock(NOON, NOON + timedelta(seconds=ahead_s), "HubSpot").ok is ok
