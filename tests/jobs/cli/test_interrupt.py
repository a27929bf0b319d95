"""Ctrl-C: exit code 130, nothing half done, and the next call goes on."""

from __future__ import annotations

import pytest

from tests.jobs.cli.terminal import Desk, interrupted_at
from tests.jobs.world import GLOBEX, api_writes, listed


@pytest.mark.parametrize(
    ("verb", "step"),
    [("pull", "pull: commit"), ("run", "list: bytes kept"), ("match", "snapshot: files written")],
)
def test_an_interrupted_step_leaves_what_was_in_force(desk: Desk, verb, step):
    desk.world.send(GLOBEX, listed(0, 1, 2, 3, 4, 5, 6))
    with desk.keeps_everything():
        said = interrupted_at(step, verb, "--dir", desk.folder)
    assert said.code == 130
    assert "Traceback" not in said.err
    assert "interrupted" in desk.overlap("status").out
    assert desk.overlap("run").code == 0
    assert desk.world.overlap(6)["Status__c"] == "Active"


@pytest.mark.parametrize("step", ["partner_overlap: marked sent", "partner_overlap: sent", "account: looked"])
def test_an_interrupted_apply_is_finished_by_the_next_and_writes_nothing_twice(fresh: Desk, step):
    for verb in ("pull", "match", "plan"):
        assert fresh.overlap(verb).code == 0
    said = interrupted_at(step, "apply", "1", "--approve", "--dir", fresh.folder)
    assert said.code == 130
    assert "Traceback" not in said.err
    assert "next: overlap apply 1" in fresh.overlap("status").out
    assert fresh.overlap("apply", "1", "--yes").code == 0
    writes = api_writes(fresh.store)
    created = [change.id for change in writes if change.operation == "create"]
    assert len(created) == len(set(created)) == 2 + 8  # partners and overlaps
    assert len({(change.id, change.operation) for change in writes}) == len(writes)
