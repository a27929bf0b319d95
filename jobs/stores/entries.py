"""A change in the outbox: where it stands, and how a row of the database says it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from overlap.fields import BY_NAME, Kind
from overlap.plan import Action, Change, Drift, Outcome


class State(StrEnum):
    """Where a change stands."""

    PLANNED = "planned"
    PENDING = "pending"  # to be written
    SENT = "sent"  # may have been written: read back before anything else
    ACKNOWLEDGED = "acknowledged"
    UNNEEDED = "unneeded"  # the CRM said it already
    CONFLICT = "conflict"  # somebody changed the record since the plan
    REJECTED = "rejected"  # the CRM refused the record
    SUPERSEDED = "superseded"  # given up: the plan was cut short and is stale


OPEN: Final = (State.PENDING, State.SENT)
SETTLED: Final = tuple(state for state in State if state not in (State.PLANNED, *OPEN))
#: Nothing of ours is on its way any more; what left before, without an answer, may be.
GIVEN_UP: Final = (State.SUPERSEDED, State.REJECTED, State.CONFLICT)
_DRIFT_VALUES: Final = ("written", "found", "wanted")


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the outbox. *before* is what the fields that left held before, None if nothing ever left.

    *in_doubt*: it left once, no answer came, and the CRM did not show it then. It may arrive late, whatever is said of
    a later try. Or a part of it may have been taken, and the rest was refused. *error* is why the last try failed, if
    it was told. *landed* are the fields that were taken although the rest was refused, as they say since.
    """

    seq: int
    state: State
    attempts: int
    change: Change
    before: Mapping[str, Any] | None = None
    in_doubt: bool = False
    error: str | None = None
    landed: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_unanswered(self) -> bool:
        """Something left that may have been taken without our knowing."""
        return self.state is State.SENT or self.in_doubt

    def image(self, left: Change) -> dict[str, Any]:
        """Return its before-image when *left* of it leaves: what a field held when it left first stands.

        A CRM may have taken a part of what left before, and an undo must know of all.
        """
        return {**left.old, **(self.before or {})}


@dataclass(frozen=True, slots=True)
class Settled:
    """How one change ended, or that it is to be tried again (``pending``).

    *in_doubt* stays with it, see `Entry`; *landed*, if it says anything, takes the place of what it said before.
    """

    seq: int
    state: State
    record_id: str | None = None
    created: bool = False
    error: str | None = None
    in_doubt: bool = False
    landed: Mapping[str, Any] = field(default_factory=dict)


def row_of(plan_id: int, change: Change) -> dict[str, Any]:
    """Return *change* as a ``planned`` row of the outbox."""
    return {
        "plan_id": plan_id,
        "state": State.PLANNED,
        "object_name": change.object_name,
        "key": change.key,
        "record_id": change.record_id,
        "action": change.action,
        "label": change.label,
        "partner": change.partner,
        "account_id": change.account_id,
        "cause": change.cause,
        "old": "{}" if change.action is Action.CREATE else dumped(change.old),
        "new": dumped(change.new),
    }


def entry_of(row: Mapping[Any, Any], crm: str) -> Entry:
    """Return what a row of the outbox says; *crm* is its plan's."""
    new = parsed(row["object_name"], row["new"])
    change = Change(
        crm=crm,
        object_name=row["object_name"],
        key=row["key"],
        record_id=row["record_id"],
        action=Action(row["action"]),
        label=row["label"],
        partner=row["partner"],
        account_id=row["account_id"],
        cause=row["cause"],
        old=dict.fromkeys(new) | parsed(row["object_name"], row["old"]),
        new=new,
    )
    return Entry(
        seq=row["seq"],
        state=State(row["state"]),
        attempts=row["attempts"],
        change=change,
        before=parsed(row["object_name"], row["before"]) if row["before"] else None,
        in_doubt=row["in_doubt"],
        error=row["error"],
        landed=parsed(row["object_name"], row["landed"] or "{}"),
    )


def drift_row(drift: Drift) -> dict[str, Any]:
    """Return *drift* as JSON holds it."""
    plain = asdict(drift)
    return plain | {name: _plain(plain[name]) for name in _DRIFT_VALUES}


def drift_of(row: Mapping[str, Any]) -> Drift:
    """Return what `drift_row` made a row of."""
    of, name = row["object_name"], row["field"]
    values = {key: parsed(of, json.dumps({name: row[key]}))[name] for key in _DRIFT_VALUES}
    return Drift(**{**row, **values, "outcome": Outcome(row["outcome"])})


def dumped(values: Mapping[str, Any]) -> str:
    """Return field values as JSON, times as ISO text; `parsed` knows from the field what they were."""
    return json.dumps({name: _plain(value) for name, value in values.items()}, ensure_ascii=False)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value


def parsed(object_name: str, text: str) -> dict[str, Any]:
    """Return the field values that `dumped` made *text* of."""
    fields = BY_NAME[object_name].by_name
    readers = {Kind.DATE: date.fromisoformat, Kind.DATETIME: datetime.fromisoformat}
    return {
        name: readers[fields[name].kind](value) if value is not None and fields[name].kind in readers else value
        for name, value in json.loads(text).items()
    }
