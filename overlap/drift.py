"""Find the fields of ours that a person changed since we wrote them, and decide what becomes of them. Pure.

A field has drifted when it says neither what we last wrote nor nothing at all. It is left alone (if so set) for as long
as the fact behind it stands; emptying it hands it back to us.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from overlap.fields import BY_NAME
from overlap.plan import Action, Change, Drift, Outcome

OnDrift = Literal["keep", "restore", "hold"]


def settle(
    changes: tuple[Change, ...], written: Mapping[tuple[str, str], Mapping[str, Any]], on_drift: OnDrift
) -> tuple[tuple[Change, ...], tuple[Drift, ...]]:
    """Return *changes* without the fields that are to be kept as people wrote them, and every field that drifted.

    *written* is the value that the CRM last took from us, by object and key and then by field. A change that nothing
    is left of but bookkeeping is dropped.
    """
    settled: list[Change] = []
    drifted: list[Drift] = []
    for change in changes:
        last = written.get((change.object_name, change.key), {})
        found = [] if change.action in (Action.CREATE, Action.ADOPT) else _drifted(change, last, on_drift)
        drifted += found
        kept = {drift.field for drift in found if drift.outcome is Outcome.KEPT}
        left = _without(change, kept) if kept else change
        if left is not None:
            settled.append(left)
    return tuple(settled), tuple(drifted)


def _drifted(change: Change, last: Mapping[str, Any], on_drift: OnDrift) -> list[Drift]:
    found = []
    for name in change.new.keys() - BY_NAME[change.object_name].bookkeeping:
        now, wanted = change.old[name], change.new[name]
        if name not in last or now is None or now == last[name]:
            continue
        moved = wanted != last[name]
        outcome = Outcome.OVERWRITTEN if moved else Outcome.KEPT if on_drift == "keep" else Outcome.RESTORED
        found.append(Drift(change.object_name, change.key, change.label, name, last[name], now, wanted, outcome))
    return sorted(found, key=lambda drift: drift.field)


def _without(change: Change, kept: set[str]) -> Change | None:
    """Return *change* without the fields *kept*, None if no fact is left in it."""
    new = {name: value for name, value in change.new.items() if name not in kept}
    facts = [name for name in new if name not in BY_NAME[change.object_name].bookkeeping]
    if not facts:
        return None
    cause = ", ".join(facts) if change.action is Action.UPDATE else change.cause
    return replace(change, old={name: change.old[name] for name in new}, new=new, cause=cause)
