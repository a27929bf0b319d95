"""SIGTERM: the batch at hand is brought to its end, nothing is half, and the next call goes on."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing

import pytest

from tests.jobs.cli.terminal import Desk, interrupted_at
from tests.jobs.world import api_writes


def states(desk: Desk) -> set[str]:
    with closing(sqlite3.connect(desk.folder / "ledger.sqlite")) as ledger:
        return {state for (state,) in ledger.execute("select distinct state from outbox")}


@pytest.mark.parametrize("step", ["overlap_partner: marked sent", "partner_overlap: looked"])
def test_an_apply_ends_after_the_batch_and_the_next_writes_the_rest_and_nothing_twice(fresh: Desk, step: str):
    for verb in ("pull", "match", "plan"):
        assert fresh.overlap(verb).code == 0
    said = interrupted_at(step, "apply", "1", "--approve", "--dir", fresh.folder, by=signal.SIGTERM)
    assert said.code == 130, said
    assert "stopped, as it was asked to; what was written stands; go on with 'overlap apply 1'" in said.error
    assert states(fresh) == {"acknowledged", "pending"}, "nothing has left without its receipt"
    before = len(api_writes(fresh.store))
    assert before > 0
    assert fresh.overlap("apply", "1", "--yes").code == 0
    writes = api_writes(fresh.store)
    assert len(writes) > before
    assert len({(change.id, change.operation) for change in writes}) == len(writes)


def test_what_writes_nothing_ends_at_once_and_leaves_what_was_in_force(desk: Desk):
    with desk.keeps_everything():
        said = interrupted_at("pull: commit", "run", "--dir", desk.folder, by=signal.SIGTERM)
    assert said.code == 130
    assert "Traceback" not in said.err
