"""What the CRM said of a batch, in the ledger; and when what it said ends the apply."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from connectors.base import Receipt, Remedy, Sink, Write
from jobs.budget import Budget
from jobs.context import Context
from jobs.stores import outbox
from jobs.stores.ledger import utc_now
from jobs.stores.outbox import Entry, Settled, State
from overlap.errors import AccessError, GuardError, PausedError
from overlap.fields import BY_NAME, CrmObject, Kind
from overlap.plan import Change

#: After a refusal of these kinds the next record would fare no better.
_STOPPING: Final = (Remedy.HOLD, Remedy.STOP, Remedy.UNKNOWN)

#: A row and what is left of its change to be written.
Leaving = tuple[Entry, Change]


@dataclass(frozen=True, slots=True)
class Writing:
    """One plan on its way into one CRM."""

    context: Context
    sink: Sink
    plan_id: str
    budget: Budget | None = None

    def require(self, calls: int) -> None:
        """Make sure that *calls* more are within the day's budget.

        Raises:
            PausedError: they are not; the message says how to go on.
        """
        if self.budget is None:
            return
        try:
            self.budget.require(calls)
        except PausedError as error:
            raise PausedError(f"{error}; go on with 'overlap apply {self.plan_id}'") from error


def settle(writing: Writing, answered: Iterable[tuple[Entry, Receipt]], last: bool) -> None:
    """Store how the rows of *answered* ended; *last*: nothing is tried again after this."""
    settled = [_judge_receipt(entry, receipt, last) for entry, receipt in answered]
    outbox.settle(writing.context.ledger, settled, utc_now())


def _judge_receipt(entry: Entry, receipt: Receipt, last: bool) -> Settled:
    if receipt.error is None:
        return Settled(entry.seq, State.ACKNOWLEDGED, receipt.record_id, receipt.created)
    if receipt.gone:
        return Settled(entry.seq, State.CONFLICT, error="the record is gone from the CRM")
    later = receipt.remedy in (Remedy.HOLD, Remedy.STOP) or (receipt.retry and not last)
    return Settled(entry.seq, State.PENDING if later else State.REJECTED, error=receipt.error)


def require_going_on(writing: Writing, receipts: Iterable[Receipt]) -> None:
    """Stop where a refusal says that the next record would fare no better; everything so far is settled.

    Raises:
        GuardError: a person must look at permissions or setup.
        AccessError: the org takes nothing more, or its answer is one that nobody has decided about.
    """
    refused = next((receipt for receipt in receipts if receipt.remedy in _STOPPING), None)
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
        f"then go on with {again}, which leaves it out"
    )


def as_write(change: Change) -> Write:
    """Return *change* as the sink takes it."""
    thing = BY_NAME[change.object_name]
    values = {name: _for_crm(thing, name, value) for name, value in change.new.items()}
    return Write(change.key, change.record_id, values)


def _for_crm(thing: CrmObject, name: str, value: Any) -> Any:
    is_list = thing.by_name[name].kind is Kind.MULTI_PICKLIST
    return tuple(value.split(";")) if is_list and value else value
