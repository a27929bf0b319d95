"""What may not happen without a person: limits on how much one plan or one new list changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from overlap.fields import OVERLAP
from overlap.plan import JUDGED_DIFFERENT, Action, Change


@dataclass(frozen=True, slots=True)
class PlanLimits:
    """A count and a share of the live records, in percent: the larger of both is the limit."""

    retirements: int = 20
    retirements_percent: int = 5
    retirements_partner_percent: int = 50
    creates: int = 200
    creates_percent: int = 20
    updates: int = 20
    updates_percent: int = 30


@dataclass(frozen=True, slots=True)
class ListLimits:
    """How much a partner's list may lose against the last accepted one, and how many of its rows may be bad."""

    rows_lost: int = 50
    rows_lost_percent: int = 20
    keys_lost_percent: int = 10
    rejects: int = 5
    rejects_percent: int = 1


@dataclass(frozen=True, slots=True)
class ListSize:
    """What the list guard looks at: rows as sent, bad rows, and the keys of good rows."""

    rows_in: int
    rejects: int
    keys: frozenset[str]


def plan_guards(
    changes: tuple[Change, ...], live: int, live_by_partner: Mapping[str, int], limits: PlanLimits
) -> tuple[str, ...]:
    """Return why a person must approve *changes*, empty if nobody must.

    *live* counts the records that the CRM holds of ours and are in force, flat fields included; *live_by_partner*
    the overlaps in force of each partner.
    """
    held = []
    counts = {
        "retirements and clears": (
            _count(changes, Action.RETIRE, Action.CLEAR),
            max(limits.retirements, live * limits.retirements_percent // 100),
        ),
        "creates": (_count(changes, Action.CREATE), max(limits.creates, live * limits.creates_percent // 100)),
        "updates": (
            _count(changes, Action.UPDATE, Action.ADOPT),
            max(limits.updates, live * limits.updates_percent // 100),
        ),
    }
    for what, (count, limit) in counts.items():
        if count > limit:
            held.append(f"{count:,} {what}, more than {limit:,} of {live:,} live records")
    # What a person judged is no surprise: it counts above, but not against the partner.
    lost = Counter(
        change.partner
        for change in changes
        if change.action is Action.RETIRE and change.object_name == OVERLAP.name and change.cause != JUDGED_DIFFERENT
    )
    for partner, count in sorted(live_by_partner.items()):
        retired = lost[partner]
        if retired * 100 > count * limits.retirements_partner_percent:
            held.append(f"{retired:,} of {count:,} overlaps with '{partner}' would retire")
    return tuple(held)


def list_guards(new: ListSize, last: ListSize | None, limits: ListLimits) -> tuple[str, ...]:
    """Return why a person must look at a new list, empty if nobody must. *last* is the last accepted one, if any.

    A file that shrinks is more dangerous than a crash: every row it lost looks like an overlap that is gone.
    """
    held = []
    allowed = max(limits.rejects, new.rows_in * limits.rejects_percent // 100)
    if new.rejects > allowed:
        held.append(f"{new.rejects:,} of {new.rows_in:,} rows are bad, more than {allowed:,}")
    if last is None:
        return tuple(held)
    lost = last.rows_in - new.rows_in
    if lost >= limits.rows_lost and lost * 100 >= last.rows_in * limits.rows_lost_percent:
        held.append(f"{lost:,} rows fewer than the {last.rows_in:,} of the last list")
    gone = len(last.keys - new.keys)
    if gone and gone * 100 >= len(last.keys) * limits.keys_lost_percent:
        held.append(f"{gone:,} of the last list's {len(last.keys):,} accounts are missing")
    return tuple(held)


def _count(changes: tuple[Change, ...], *actions: Action) -> int:
    return sum(change.action in actions for change in changes)
