"""Undo: take back what plans wrote to a CRM, field by field, through the outbox like anything else that is written.

What an undo restores is a plan of its own: it is shown, held by the same guards, journalled, finished after a crash,
and can itself be undone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from connectors.base import Sink
from jobs.context import Context, connected, recorded
from jobs.partners.partner_notes import against_terms
from jobs.stores import outbox, plans, runs
from jobs.stores.entries import OPEN
from jobs.writeback import looking, mirror
from jobs.writeback import plan as planning
from overlap.errors import ConfigError
from overlap.fields import OBJECTS
from overlap.plan import Change, SyncPlan
from overlap.undoing import Place, Refusal, Undoing, take_back


@dataclass(frozen=True, slots=True)
class UndoPlan:
    """What an undo would write, and what it leaves as it is and why."""

    plan: SyncPlan
    refused: tuple[Refusal, ...]


def undo_plans(context: Context, what: str, keep: bool = True) -> list[UndoPlan]:
    """Return the plan that takes back *what*, one for each CRM that it was written to.

    *what* is a plan's number, ``latest`` (the one applied last) or ``run:N``, all that was applied from run N, which is
    a whole run or the match in it. Without *keep* nothing is stored: they are only to be looked at.

    Raises:
        ConfigError: there is no such plan or run, or nothing of it was ever applied.
    """
    undone = _undone(context, what)
    by_crm: dict[str, list[SyncPlan]] = {}
    for planned in undone:
        by_crm.setdefault(planned.crm, []).append(planned)
    return [_undo_plan(context, crm, done, keep) for crm, done in by_crm.items()]


def changes_back(context: Context, sink: Sink, crm: str, done: Sequence[SyncPlan]) -> Undoing:
    """Return what takes back *done*, plans for *crm*, the newest first; it reads their records from *sink*."""
    taken = [change for planned in done for change in reversed(outbox.taken(context.ledger, planned.id))]
    now: dict[Place, dict[str, Any] | None] = {}
    for thing in OBJECTS:
        ours = [change for change in taken if change.object_name == thing.name]
        if ours:
            said = looking.current(sink, ours)
            now |= {(thing.name, change.key): said.get(change.record_id or change.key) for change in ours}
    return take_back(taken, now, outbox.last_written(context.ledger, crm, taken), context.today)


def _undone(context: Context, what: str) -> list[SyncPlan]:
    """Return the plans that *what* names, the newest first."""
    run = re.fullmatch(r"run:(\d{1,9})", what)
    if run:
        found = plans.applied_from(context.ledger, str(runs.match_in(context.ledger, int(run[1])) or run[1]))
        if not found:
            raise ConfigError(f"nothing that run {run[1]} found was ever applied; 'overlap status' shows the last runs")
        return found
    if what == "latest":
        last = [plans.last_applied(context.ledger, crm) for crm in context.crms()]
        newest = max((one.id for one in last if one), default=None)
        if newest is None:
            raise ConfigError("nothing was ever applied: there is nothing to undo")
        return [plans.header(context.ledger, str(newest))]
    planned = plans.header(context.ledger, what)
    if plans.applied_at(context.ledger, planned.id) is None:
        raise ConfigError(f"plan {planned.id} was never applied: there is nothing to undo")
    return [planned]


def _undo_plan(context: Context, crm: str, done: Sequence[SyncPlan], keep: bool) -> UndoPlan:
    published = context.ledger.pinned("published_run")
    assert published is not None, "a plan that was applied was made from a published run"
    with recorded(context, "undo") as (_, summary), connected(context, crm) as connection:
        _require_finished(context, done)
        found, _ = planning.read_findings(context, crm, published)
        known = mirror.with_own_writes(context, connection.sink, found, published)
        back = changes_back(context, connection.sink, crm, done)
        calls = planning.calls_of(connection.sink, back.changes)
        numbers = tuple(int(planned.id) for planned in done)
        made = SyncPlan(
            id="",
            run_id=published,
            crm=crm,
            org_id=connection.org_id,
            settings_hash=context.workspace.settings.fingerprint(),
            created_at=context.now,
            changes=tuple(_named(change, numbers) for change in back.changes),
            unchanged={},
            held=planning.why_held(context, connection, known, back.changes, calls)
            + against_terms(context, back.changes),
            notes=planning.budget_notes(context, connection, calls),
            calls=calls,
            undoes=numbers,
        )
        if keep:
            made = plans.store(context.ledger, made)
        summary |= {"plan": made.id, "undoes": numbers, "changes": len(made.changes), "refused": len(back.refused)}
    return UndoPlan(made, back.refused)


def _named(change: Change, numbers: Sequence[int]) -> Change:
    return replace(change, cause=f"undo of plan {', '.join(map(str, numbers))}")


def _require_finished(context: Context, done: Sequence[SyncPlan]) -> None:
    """What is still in flight has no before-image that counts: finish it, then undo it."""
    for planned in done:
        if outbox.entries(context.ledger, planned.id, OPEN):
            raise ConfigError(f"plan {planned.id} was cut short: finish it first with 'overlap apply {planned.id}'")
