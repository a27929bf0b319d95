"""The verb for a workspace that a process holds which does not go on."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli.options import HERE, Folder, Json, workspace_in

if TYPE_CHECKING:
    from jobs.holding.unlock import Standing


def unlock(
    take_over: Annotated[
        bool, typer.Option("--take-over", help="End the process that holds it, or take it from a machine that is gone.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; needed without a terminal.")] = False,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Say which process changes the workspace, and take it over from one that hangs or whose machine is gone."""
    from jobs.cli import console, show
    from jobs.holding import unlock as holding

    workspace = workspace_in(folder)
    if not take_over:
        found = holding.standing(workspace)
        if as_json:
            console.print_json(found)
        else:
            console.out.print(_said(found), soft_wrap=True, markup=False)
        return
    if not yes:
        show.ask("Take the workspace over? What the other process does is cut short; the next run finishes it.")
    taken = holding.take_over(workspace)
    if as_json:
        console.print_json(asdict(taken))
        return
    how = "its process was ended" if taken.was_ended else "should it go on, it writes nothing more"
    said = f"taken over from {taken.former}: {how}" if taken.former else "nobody held the workspace"
    console.out.print(said, soft_wrap=True, markup=False)
    if taken.quiet_from:
        wait = f"the next write waits until {taken.quiet_from:%H:%M} UTC, for what that process may have sent"
        console.out.print(wait, soft_wrap=True, markup=False)
    if taken.former:
        show.next_steps("The next run finishes what was cut short.", ["overlap run"])


def _said(found: Standing) -> str:
    if found.holder is None:
        return "no process changes the workspace"
    heard = f"; last heard of at {found.renewed_at:%Y-%m-%d %H:%M} UTC" if found.renewed_at else ""
    if found.expires_at is None:
        return f"the workspace is being changed by {found.holder}{heard}. If it hangs: overlap unlock --take-over"
    return (
        f"the workspace was left by {found.holder}{heard}; it is not known to have ended, and is taken for gone from "
        f"{found.expires_at:%Y-%m-%d %H:%M} UTC on. If it surely is: overlap unlock --take-over"
    )
