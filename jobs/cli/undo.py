"""The verb that takes back what was written."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.cli.options import HERE, Folder, Json, opened

if TYPE_CHECKING:
    from jobs.writeback.undo import UndoPlan

REJECTED = 5


def undo(
    what: Annotated[
        str, typer.Argument(metavar="PLAN", help="The plan's number, 'latest', or 'run:N' for all that run N wrote.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be written.")] = False,
    approve: Annotated[bool, typer.Option("--approve", help="You looked at why it is held.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; needed without a terminal.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Show every change, not just the first ones.")] = False,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Take back what a plan wrote: every field as it was, unless a person has changed it since. Deletes nothing."""
    from jobs.cli import changes, console, show
    from jobs.writeback.apply import apply
    from jobs.writeback.undo import undo_plans

    with opened(folder) as context:
        undoing = undo_plans(context, what, keep=False)
    if not as_json:
        for one in undoing:
            changes.undoing(one, what, everything)
    writes = [one for one in undoing if one.plan.changes]
    reports = []
    if writes and not dry_run:
        if not (yes or approve):
            show.ask(f"Write {sum(len(one.plan.changes) for one in writes):,} records?")
        with opened(folder) as context:
            undoing = undo_plans(context, what)
            reports = [apply(context, one.plan.id, approve) for one in undoing if one.plan.changes]
    if as_json:
        console.print_json({"undone": [_as_json(one) for one in undoing], "applied": [asdict(one) for one in reports]})
    else:
        for report in reports:
            show.applied(report)
    if any(one.refused for one in undoing) or any(report.troubles for report in reports):
        raise typer.Exit(REJECTED)


def _as_json(one: UndoPlan) -> dict[str, Any]:
    from jobs.cli import show

    return {**show.plan_as_json(one.plan), "refused": [asdict(refusal) for refusal in one.refused]}
