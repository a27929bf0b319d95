"""Who may change a workspace: proven by a lock that the same kernel gave, waited for otherwise, fenced in any case."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import update

from jobs.stores import lease, outbox
from jobs.stores.holder import Holder
from jobs.stores.ledger import open_ledger
from jobs.stores.lock import holder_of, workspace_lock
from jobs.stores.schema import lease as table
from overlap.errors import GuardError

HERE = Holder("one", "boot-1", 10, "5", datetime(2026, 3, 2, 9, tzinfo=UTC))
ELSEWHERE = replace(HERE, host="two", boot="boot-2")
CASES = [  # who held it, which lock file, released, has it ended?
    (HERE, "1:7", False, True),
    (replace(HERE, host="a container of one"), "1:7", False, True),
    (HERE, "1:8", False, False),
    (ELSEWHERE, "1:7", False, False),
    (ELSEWHERE, "1:8", True, True),
    (replace(ELSEWHERE, boot=""), "1:7", False, False),
]


@pytest.mark.parametrize(("holder", "lock", "is_released", "has_ended"), CASES)
def test_only_a_lock_of_the_same_kernel_on_the_same_file_proves_that_a_holder_is_gone(
    holder, lock, is_released, has_ended
):
    at = HERE.since
    left = lease.Lease(1, holder, lock, at, at if is_released else None, None)
    assert left.has_ended(HERE, "1:7") is has_ended


@pytest.fixture
def path(tmp_path, ledger) -> Path:
    del ledger  # lies beside it
    return tmp_path / ".lock"


def left_by(ledger, **values) -> None:
    """Somebody who died or hangs has left the lease, a minute ago unless *values* say so."""
    a_minute_ago = datetime.now(UTC) - timedelta(minutes=1)
    with ledger.engine.begin() as connection:
        values = {"renewed_at": a_minute_ago, "taken_at": a_minute_ago, "released_at": None} | values
        connection.execute(update(table).values(values))


def test_who_ended_well_or_died_here_keeps_nobody_out(path, ledger):
    with workspace_lock(path):
        pass
    with workspace_lock(path):
        assert lease.last(ledger.engine).token == 2
    left_by(ledger)
    with workspace_lock(path):
        assert lease.last(ledger.engine).quiet_from is None


@pytest.mark.parametrize("values", [{"boot": "other", "host": "two"}, {"lock": "1:1"}])
def test_a_holder_that_is_not_seen_to_have_ended_keeps_others_out_until_it_is_taken_for_gone(values, path, ledger):
    with workspace_lock(path):
        pass
    left_by(ledger, pid=4711, **values)
    before = lease.last(ledger.engine)
    with pytest.raises(GuardError, match=r"pid 4711 on .*overlap unlock --take-over"), workspace_lock(path):
        pass
    assert lease.last(ledger.engine) == before
    with time_machine.travel(before.expires_at, tick=False), workspace_lock(path):
        assert lease.last(ledger.engine).quiet_from is None, "what it sent has arrived long ago"


def test_who_takes_over_waits_for_what_was_sent_and_so_does_who_comes_after(path, ledger):
    with workspace_lock(path):
        pass
    left_by(ledger, boot="other", host="two")
    renewed_at = lease.last(ledger.engine).renewed_at
    assert lease.take_over(ledger.engine, "1:7").holder.host == "two"
    assert lease.take_over(ledger.engine, "1:7") is None, "nobody holds it any more"
    with workspace_lock(path):
        assert lease.last(ledger.engine).quiet_from == renewed_at + lease.QUIET_AFTER
    with time_machine.travel(renewed_at + lease.QUIET_AFTER, tick=False), workspace_lock(path):
        assert lease.last(ledger.engine).quiet_from is None


def test_a_holder_that_was_taken_over_from_writes_nothing_more(path, ledger, tmp_path):
    with workspace_lock(path):
        ledger.pin("published_run", "1")
        lease.take_over(ledger.engine, "1:7")
        for write in (lambda: ledger.pin("published_run", "2"), lambda: outbox.mark_sent(ledger, [(1, {})])):
            with pytest.raises(GuardError, match="taken over by another process"):
                write()
        with pytest.raises(GuardError, match="taken over by another process"):
            ledger.require_lease()
    assert ledger.pinned("published_run") == "1"
    assert lease.last(ledger.engine).token == 2
    with open_ledger(tmp_path / "other.sqlite", "contoso") as other, workspace_lock(path):
        lease.take_over(ledger.engine, "1:7")
        other.pin("published_run", "3")


def test_each_transaction_renews_the_lease(path, ledger):
    with workspace_lock(path):
        before = lease.last(ledger.engine).renewed_at
        ledger.pin("published_run", "1")
        assert lease.last(ledger.engine).renewed_at > before


def test_the_lock_file_says_whose_it_is_and_only_a_process_that_is_still_the_same_is_ended(path):
    with workspace_lock(path):
        held = holder_of(path)
    assert replace(held, since=HERE.since) == replace(Holder.here(), since=HERE.since)
    assert not replace(held, pid=1).end(), "another process has its number by now"
    assert not replace(held, host="elsewhere").end()
    assert not held.end(), "not oneself"
