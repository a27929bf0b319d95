"""What the CRM said of a batch, in the ledger; and when what it said ends the apply."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection

from connectors.base import Receipt, Remedy, Sink, Write
from jobs.context import Context
from jobs.service import stopping
from jobs.stores import outbox
from jobs.stores.entries import Entry, Settled, State
from jobs.stores.ledger import utc_now
from jobs.writeback.budget import Budget
from overlap.errors import AccessError, GuardError, PausedError
from overlap.fields import BY_NAME, CrmObject, Kind
from overlap.plan import Change

#: How often an apply sends a row that is not settled, in smaller company each time.
MOST_ATTEMPTS: Final = 4
#: A row and what is left of its change to be written.
Leaving = tuple[Entry, Change]


@dataclass(frozen=True, slots=True)
class Writing:
    """One plan on its way into one CRM.

    *crowded* are rows that were refused for the company they came in, by number: they go in small company from then
    on.
    *tries* counts, by number, how often a row was sent in vain by this apply: its company gets smaller each time.
    *gone* is the bulk job that a person knows to be gone, where the CRM does not find it.
    """

    context: Context
    sink: Sink
    plan_id: str
    budget: Budget | None = None
    crowded: set[int] = field(default_factory=set)
    tries: Counter[int] = field(default_factory=Counter)
    gone: str | None = None

    def require(self, calls: int) -> None:
        """Make sure that nobody wants this process to end, and that *calls* more are within the day's budget.

        Raises:
            PausedError: not so; the message says how to go on.
        """
        try:
            stopping.require_going_on()
            if self.budget is not None:
                self.budget.require(calls)
        except PausedError as error:
            raise type(error)(f"{error}; go on with 'overlap apply {self.plan_id}'") from error

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Open a transaction in the ledger, which also says how many calls were made by now: a kill forgets none."""
        with self.context.ledger.engine.begin() as connection:
            yield connection
            if self.budget is not None:
                self.budget.note(connection)

    def settle(self, settled: Sequence[Settled]) -> None:
        """Store how rows ended."""
        if not settled:
            return
        with self.transaction() as transaction:
            outbox.settle_within(transaction, settled, utc_now())


def settle(writing: Writing, answered: Iterable[tuple[Entry, Receipt]]) -> Receipt | None:
    """Store how the rows of *answered* ended, and return the refusal after which the next record fares no better.

    Of records that are refused by one unknown word, one is rejected and the others wait: it may be the org that
    refuses, and not they. A plan stops for such a word once. Who goes on with it has been asked: then all of them are
    rejected, and the rest goes on.
    """
    rows = list(answered)
    asked = _words_asked_about(writing) if any(receipt.remedy is Remedy.UNKNOWN for _, receipt in rows) else set()
    met: set[str] = set()
    settled, stops = [], None
    for entry, receipt in rows:
        word = _word(receipt.error)
        unknown = receipt.remedy is Remedy.UNKNOWN and word not in asked
        settled.append(_judge_receipt(writing, entry, receipt, waits=unknown and word in met))
        if unknown:
            met.add(word)
        if stops is None and (unknown or receipt.remedy in (Remedy.HOLD, Remedy.STOP)):
            stops = receipt
    writing.settle(settled)
    return stops


def _words_asked_about(writing: Writing) -> set[str]:
    """Return the words for which a record of the plan was rejected: it stopped for those that are not known."""
    troubles = outbox.troubles(writing.context.ledger, writing.plan_id)
    return {_word(error) for _, state, error in troubles if state is State.REJECTED}


def _word(error: str | None) -> str:
    """Return the CRM's own word for a refusal, which its text begins with."""
    return (error or "").partition(":")[0]


def _judge_receipt(writing: Writing, entry: Entry, receipt: Receipt, *, waits: bool) -> Settled:
    if receipt.error is None:
        return Settled(entry.seq, State.ACKNOWLEDGED, receipt.record_id, receipt.created)
    if receipt.gone:
        return Settled(entry.seq, State.CONFLICT, error="the record is gone from the CRM")
    # What passes by itself is no reason to reject a record, however long it takes: the next apply tries it again.
    later = waits or receipt.remedy in (Remedy.HOLD, Remedy.STOP, Remedy.RETRY)
    if receipt.remedy is Remedy.PERHAPS:
        later = writing.tries[entry.seq] + 1 < MOST_ATTEMPTS
    if receipt.remedy is Remedy.SPLIT:
        # Not if its company will not get smaller after this; unless it was not tried in small company yet.
        later = writing.tries[entry.seq] + 1 < MOST_ATTEMPTS or entry.seq not in writing.crowded
        writing.crowded.add(entry.seq)
    if later:
        writing.tries[entry.seq] += 1
    state = State.PENDING if later else State.REJECTED
    landed = {**entry.landed, **{name: entry.change.new[name] for name in receipt.landed}}
    return Settled(entry.seq, state, error=receipt.error, in_doubt=receipt.partly, landed=landed)


def require_going_on(writing: Writing, refused: Receipt | None) -> None:
    """Stop where *refused* says that the next record would fare no better; everything so far is settled.

    Raises:
        GuardError: a person must look at permissions or setup.
        AccessError: the org takes nothing more, or its answer is one that nobody has decided about.
    """
    if refused is None:
        return
    again = f"'overlap apply {writing.plan_id}'"
    if refused.remedy is Remedy.HOLD:
        raise GuardError(
            f"{refused.error}; nothing more was sent: let an admin give the integration user what is missing "
            f"('overlap check' names it), then go on with {again}"
        )
    if refused.remedy is Remedy.STOP:
        raise AccessError(f"{refused.error}; nothing more was sent: make room in the org, then go on with {again}")
    raise AccessError(
        f"{refused.error}; this refusal is not a known one, so nothing more was sent: look at the record, "
        f"then go on with {again}, which leaves it out, and every other that is refused so"
    )


def as_write(change: Change) -> Write:
    """Return *change* as the sink takes it."""
    thing = BY_NAME[change.object_name]
    values = {name: _for_crm(thing, name, value) for name, value in change.new.items()}
    return Write(change.key, change.record_id, values)


def _for_crm(thing: CrmObject, name: str, value: Any) -> Any:
    is_list = thing.by_name[name].kind is Kind.MULTI_PICKLIST
    return tuple(value.split(";")) if is_list and value else value
