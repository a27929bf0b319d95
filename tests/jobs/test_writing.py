"""In which company rows are sent, and when one is given up: against a CRM in memory that says what a test wants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from config.workspace import init, open_workspace
from connectors.base import Receipt, Remedy, Write
from jobs.context import Context
from jobs.stores import given_up, outbox, plans
from jobs.stores.entries import OPEN, Settled, State
from jobs.writeback import writing
from jobs.writeback.receipts import Writing
from overlap.errors import BusyError, TransientError
from overlap.plan import Action, Change, SyncPlan
from tests.jobs.test_undo_random import NOW, Memory


@dataclass
class Moody(Memory):
    """A CRM that first asks *mood* about each batch: it may raise an error, or return refusals by key."""

    mood: Callable[[list[Write]], dict[str, Receipt]] = lambda _: {}
    sizes: list[int] = field(default_factory=list)

    def send(self, object_name: str, batch: list[Write]) -> list[Receipt]:
        self.sizes.append(len(batch))
        refused = self.mood(batch)
        return [refused.get(one.key) or self._write(object_name, one) for one in batch]


@pytest.fixture
def context(tmp_path, ledger, monkeypatch) -> Context:
    monkeypatch.setattr(writing, "_FIRST_WAIT_S", 0.0)
    init(tmp_path / "workspace")
    return Context(open_workspace(tmp_path / "workspace"), ledger, NOW, "ada")


def planned(context: Context, number: int) -> str:
    """Return the number of a plan for *number* new overlaps, k0 and so on, that is set off."""
    changes = []
    for at in range(number):
        new = {"overlap_key": f"k{at}", "status": "Active", "priority": 5.0}
        new_one = ("crm", "partner_overlap", f"k{at}", None, Action.CREATE, f"k{at}", "globex", f"{at:05}", "new")
        changes.append(Change(*new_one, dict.fromkeys(new), new))
    stored = plans.store(context.ledger, SyncPlan("", "1", "crm", "00D", "f", NOW, tuple(changes), {}, (), ()))
    plans.set_off(context.ledger, stored.id, NOW, None)
    return stored.id


def refuse(remedy: Remedy, **more: bool) -> Callable[[list[Write]], dict[str, Receipt]]:
    """Refuse the record k0, always."""
    answer = Receipt("k0", None, error=f"{remedy.upper()}: no", remedy=remedy, **more)
    return lambda _: {"k0": answer}


def test_an_answer_that_is_lost_makes_only_its_own_rows_go_in_smaller_company(context):
    lost = {1, 3, 5, 7, 9}  # more than an apply bears in a row

    def mood(_):
        if len(sink.sizes) in lost:
            raise TransientError("the answer is lost")
        return {}

    sink = Moody(batch_size=64, mood=mood)
    number = planned(context, 640)
    writing.finish(Writing(context, sink, number))
    assert outbox.tally(context.ledger, number) == {State.ACKNOWLEDGED: 640}
    assert sorted(sink.sizes, reverse=True)[:10] == [64] * 10
    assert len(sink.sizes) <= 10 + 5 * 4, "each lost batch goes again in quarters, and no other"


def test_a_row_whose_answers_are_always_lost_holds_up_few_others(context):
    def mood(batch):
        if any(one.key == "k0" for one in batch):
            raise TransientError("the answer is lost")
        return {}

    number = planned(context, 300)
    with pytest.raises(TransientError, match=f"lost; run 'overlap apply {number}' again"):
        writing.finish(Writing(context, Moody(batch_size=64, mood=mood), number))
    assert outbox.tally(context.ledger, number)[State.ACKNOWLEDGED] == 299


def test_a_crm_that_answers_nothing_is_asked_four_times(context):
    def mood(_):
        raise TransientError("down")

    sink = Moody(batch_size=10, mood=mood)
    with pytest.raises(TransientError, match="down"):
        writing.finish(Writing(context, sink, planned(context, 100)))
    assert len(sink.sizes) == 4


@pytest.mark.parametrize(
    ("remedy", "ends", "sent"),
    [
        (Remedy.RETRY, [State.PENDING] * 3, 3 * 4),
        (Remedy.PERHAPS, [State.REJECTED, State.REJECTED], 4),
    ],
)
def test_what_may_pass_or_not_is_rejected_after_four_tries_and_a_lock_never(context, remedy, ends, sent):
    number, sink = planned(context, 3), Moody(mood=refuse(remedy))
    for end in ends:
        writing.finish(Writing(context, sink, number))
        assert outbox.tally(context.ledger, number) == {State.ACKNOWLEDGED: 2, end: 1}
    assert len(sink.sizes) == sent


def test_a_plan_of_which_one_record_was_refused_to_the_end_was_written_all_the_same(context):
    number, ledger = planned(context, 3), context.ledger
    writing.finish(Writing(context, Moody(mood=refuse(Remedy.RETRY)), number))
    given_up.supersede(ledger, number, NOW)
    assert outbox.was_written(ledger, "crm")


@pytest.mark.parametrize("error", [BusyError, TransientError])
def test_only_what_the_crm_has_looked_at_is_in_doubt(context, error):
    def mood(_):
        raise error("no")

    number = planned(context, 2)
    with pytest.raises(TransientError, match="no; run"):
        writing.finish(Writing(context, Moody(mood=mood), number))
    left = outbox.entries(context.ledger, number, OPEN)
    assert {entry.is_unanswered for entry in left} == {error is TransientError}


def test_a_change_that_was_refused_in_part_may_have_been_taken_in_part(context):
    number = planned(context, 2)
    writing.finish(Writing(context, Moody(mood=refuse(Remedy.RETRY, partly=True)), number))
    [left] = outbox.entries(context.ledger, number, OPEN)
    assert left.is_unanswered


def test_what_landed_of_a_refused_change_is_what_was_written_last_and_can_be_taken_back(context):
    number, ledger = planned(context, 1), context.ledger
    tries = iter([(Remedy.RETRY, ("priority",)), (Remedy.REJECT, ())])

    def mood(_):
        remedy, landed = next(tries)
        return {"k0": Receipt("k0", None, error="no", remedy=remedy, partly=True, landed=landed)}

    writing.finish(Writing(context, Moody(mood=mood), number))
    assert outbox.tally(ledger, number) == {State.REJECTED: 1}
    [done] = outbox.taken(ledger, number)
    assert (done.old, done.new) == ({"priority": None}, {"priority": 5.0})
    assert outbox.last_written(ledger, "crm", [done]) == {("partner_overlap", "k0"): {"priority": 5.0}}
    assert [change.key for change in outbox.written_since(ledger, "crm", NOW)] == ["k0"]


def test_what_landed_of_a_change_that_still_waits_is_looked_at_by_the_next_plan(context):
    number, ledger = planned(context, 2), context.ledger
    half, _ = outbox.entries(ledger, number, [State.PENDING])
    outbox.settle(ledger, [Settled(half.seq, State.PENDING, landed={"priority": 5.0})], NOW)
    assert [change.key for change in outbox.written_since(ledger, "crm", NOW)] == [half.change.key]
