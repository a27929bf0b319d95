"""A list that somebody is still writing is waited for, and left alone while it grows."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime

import pytest

from jobs.partners import arrivals, lists
from jobs.partners.arrivals import rest_s
from tests.jobs.world import GLOBEX

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def being_written(world, monkeypatch):
    """Globex's list, written this very moment, and a context that minds."""
    monkeypatch.delenv("OVERLAP_GUARDS__LIST_QUIET_S")
    world.change_settings("[crm.salesforce]", "[guards]\nlist_quiet_s = 600\n\n[crm.salesforce]")
    (file,) = world.folder.glob("inbox/globex*")
    with world.context() as context:
        os.utime(file, (context.now.timestamp(),) * 2)
        yield context, file


@pytest.mark.parametrize(
    ("age_s", "rests"),
    [(0, 2), (1.5, 0.5), (2, 0), (3600, 0), (-1, 0)],  # the last: the clock of a share is ahead
)
def test_a_file_is_at_rest_when_it_was_left_alone_for_some_seconds(age_s, rests):
    assert rest_s(NOW.timestamp() - age_s, NOW, 2) == rests


def test_a_file_that_was_written_just_now_is_waited_for(being_written, monkeypatch):
    context, file = being_written
    waited = []

    def sleep(seconds):
        waited.append(round(seconds))
        os.utime(file, (context.now.timestamp() - 600,) * 2)

    monkeypatch.setattr(time, "sleep", sleep)
    assert arrivals.newest_file(context, GLOBEX) == file
    assert waited == [600]


def test_a_file_that_goes_on_growing_is_left_alone(being_written, monkeypatch):
    context, file = being_written
    waited = []
    monkeypatch.setattr(time, "sleep", waited.append)
    report = lists.take_in(context, GLOBEX, False, {})
    assert report.state == "missing"
    assert report.reasons == (f"{file.name} is still being written; it is taken by a pull that finds it at rest",)
    assert len(waited) == 3
