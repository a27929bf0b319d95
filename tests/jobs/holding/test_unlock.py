"""A workspace is taken over from a process that hangs; the next write waits for what a distant one may have sent."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
import time_machine
from sqlalchemy import update

from jobs import steps
from jobs.stores import lease
from jobs.stores.lock import workspace_lock
from jobs.stores.schema import lease as table
from jobs.writeback import writing
from jobs.writeback.receipts import Writing
from overlap.errors import InUseError
from tests.jobs.trials import KILLED, Fate


def test_a_process_that_hangs_keeps_others_out_until_it_is_ended(world, runner):
    hangs = runner.start(world.folder, "pull", fate=Fate(stop_at="pull: page landed"), name="hangs")
    assert hangs.rests()
    refused = runner.overlap(world.folder, "match")
    assert (refused.code, f"(pid {hangs.pid} on " in refused.stderr) == (6, True)
    assert f"is being changed by pid {hangs.pid} on " in runner.overlap(world.folder, "unlock").stdout
    assert runner.overlap(world.folder, "unlock", "--take-over").code == 2, "nobody to ask"
    taken = runner.overlap(world.folder, "unlock", "--take-over", "--yes")
    assert (taken.code, "its process was ended" in taken.stdout) == (0, True)
    assert hangs.ended().code == KILLED
    assert world.audit()[-1][1] == "took workspace over"
    assert "no process" in runner.overlap(world.folder, "unlock").stdout
    assert runner.overlap(world.folder, "pull").code == 0


def test_after_a_take_over_nothing_is_asked_or_sent_before_the_former_request_has_ended(world, monkeypatch):
    until = datetime.now(UTC) + timedelta(minutes=9)
    with world.context() as context, workspace_lock(world.workspace.lock_file):
        with context.ledger.engine.begin() as connection:
            connection.execute(update(table).values(quiet_from=until))
        with time_machine.travel(datetime.now(UTC), tick=False) as clock:
            monkeypatch.setattr(time, "sleep", clock.shift)
            writing.read_back(Writing(context, SimpleNamespace(bulk=None, batch_size=1), "1"))
            assert datetime.now(UTC) >= until
            assert lease.last(context.ledger.engine).renewed_at >= until - timedelta(minutes=1), "it goes on renewing"


def test_who_was_stopped_before_a_request_left_and_taken_over_from_sends_nothing(world):
    def taken_over(name: str) -> None:
        if name == "overlap_partner: marked sent":
            with closing(sqlite3.connect(world.workspace.ledger_file)) as ledger:
                ledger.execute("update lease set token = token + 1")
                ledger.commit()

    planned = world.look()
    before = world.writes()
    steps.listen(taken_over)
    try:
        with pytest.raises(InUseError, match="taken over"):
            world.apply(planned, approve=True)
    finally:
        steps.listen(None)
    assert world.writes() == before
