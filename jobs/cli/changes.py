"""How changes of a plan, what became of them, drift and undos are shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from jobs.cli import times
from jobs.cli.console import err, out

if TYPE_CHECKING:
    from jobs.writeback.apply import Trouble
    from jobs.writeback.undo import UndoPlan
    from overlap.plan import Drift, SyncPlan

_SHOWN_CHANGES = 15


def listed(made: SyncPlan, everything: bool) -> None:
    """Print the changes of a plan, each with old and new; without *everything* just the first ones."""
    limit = len(made.changes) if everything else _SHOWN_CHANGES
    for change in made.changes[:limit]:
        # The cause of an update is the names of its fields, and those follow with their values.
        why = "" if change.action == "update" else f" [dim]({escape(change.cause)})[/]"
        out.print(f"[cyan]{change.action}[/] [bold]{escape(change.label)}[/]{why}", soft_wrap=True)
        if change.old and change.action != "create":
            for field, value in change.new.items():
                out.print(f"    {field}: {_value(change.old[field])} → {_value(value)}", soft_wrap=True)
    if len(made.changes) > limit:
        out.print(f"[dim]… and {len(made.changes) - limit:,} more: --all, or --json[/]")


def finished(numbers: Sequence[int]) -> None:
    """Print which plans were left unfinished and are done now."""
    if numbers:
        out.print(f"finished first what a crash had cut short: plan {', '.join(map(str, numbers))}")


def troubles(told: Sequence[Trouble]) -> None:
    """Print what did not go through."""
    for label, state, error in told:
        err.print(f"[yellow]{state}[/] {escape(label)}: {escape(error)}", soft_wrap=True)


def drifted(found: Sequence[Drift], everything: bool = False) -> None:
    """Print the fields of ours that people changed, and what becomes of them."""
    shown = found if everything else found[:_SHOWN_CHANGES]
    for one in shown:
        out.print(
            f"[yellow]edited in the CRM, {one.outcome}:[/] {escape(one.label)}, {one.field}: {_value(one.found)} "
            f"(we wrote {_value(one.written)}, it should be {_value(one.wanted)})",
            soft_wrap=True,
        )
    if len(found) > len(shown):
        out.print(f"[dim]… and {len(found) - len(shown):,} more such fields: --all, or --json[/]")


def undoing(one: UndoPlan, what: str, everything: bool = False) -> None:
    """Print what an undo would write, what it leaves alone, and why it is held; *what* is as the person named it."""
    made = one.plan
    numbers = ", ".join(map(str, made.undoes))
    out.print(f"[bold]Undo of plan {numbers} in '{made.crm}'[/]: {len(made.changes):,} records to write")
    listed(made, everything)
    for refusal in one.refused:
        of_field = f", {refusal.field}" if refusal.field else ""
        out.print(f"[yellow]stays:[/] {escape(refusal.label)}{of_field}: {escape(refusal.why)}", soft_wrap=True)
    if not made.changes:
        out.print("There is nothing to write.")
    elif made.held:
        out.print(f"[yellow]held:[/] {escape('; '.join(made.held))}", soft_wrap=True)
        out.print(f"next: [bold]overlap undo {what} --approve[/]", soft_wrap=True)


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, datetime):
        return times.stamp(value)
    return "—" if value is None else escape(str(value))
