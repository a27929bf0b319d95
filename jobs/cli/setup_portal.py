"""`overlap setup hubspot`: what a portal lacks, and making it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.cli.options import HERE, Folder, Json, opened
from jobs.cli.setup_tables import CHANGES_PENDING, connection_of

if TYPE_CHECKING:
    from jobs.connecting.setup_portal import PortalPlan


def hubspot(
    crm: Annotated[str | None, typer.Argument(metavar="NAME", help="The CRM connection, if there are several.")] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only show what would change; this is the default.")] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Make what is missing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; needed without a terminal.")] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 4 if anything would change.")] = False,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Compare a portal with what overlap needs at its tier, and bring it there. Without options it changes nothing."""
    if plan and apply:
        raise typer.BadParameter("choose one of --plan and --apply")
    if exit_code and apply:
        raise typer.BadParameter("--exit-code goes with --plan")
    with opened(folder) as context:
        from jobs.cli import console, show
        from jobs.connecting import setup_portal

        name = connection_of(context, crm, "hubspot")
        if not apply:
            made = setup_portal.plan(context, name)
            _show(made, as_json)
            if not as_json:
                _next(made)
            if exit_code and (made.changes or made.clashes):
                raise typer.Exit(CHANGES_PENDING)
            return

        def agreed(made: PortalPlan) -> None:
            if not as_json:
                _print(made)
            if not yes:
                show.ask(f"Make {len(made.changes)} changes in portal {made.org_id}?")

        made = setup_portal.apply(context, name, agreed)
        if as_json:
            console.print_json(_as_json(made))
        elif made.changes:
            show.next_steps(f"Made {len(made.changes)} changes in portal {made.org_id}.", ["overlap check"])
        else:
            _print(made)
            show.next_steps("The portal has everything: nothing to do.", ["overlap check"])


def _show(made: PortalPlan, as_json: bool) -> None:
    from jobs.cli import console

    if as_json:
        console.print_json(_as_json(made))
    else:
        _print(made)


def _next(made: PortalPlan) -> None:
    from jobs.cli import show

    if made.changes:
        show.next_steps("", ["overlap setup hubspot --apply"])
    else:
        show.next_steps("" if made.clashes else "The portal has everything.", ["overlap check"])


def _print(made: PortalPlan) -> None:
    """Print one line per object for what is new, and one per change, clash, and property that is left out."""
    from collections import Counter, defaultdict

    from rich.markup import escape

    from jobs.cli.console import out

    counts = Counter(str(step.action) for step in made.steps)
    said = ", ".join(f"{number} to {action}" for action, number in counts.items()) or "nothing to do"
    out.print(f"[bold]{made.crm}[/], portal {made.org_id} ({escape(made.tier)}): {said}", soft_wrap=True)
    new: dict[str, list[str]] = defaultdict(list)
    for step in made.changes:
        if not step.detail:
            owner, _, name = step.name.partition(".")
            new[f"{step.kind} of {owner}" if name else str(step.kind)].append(name or owner)
    for what, names in new.items():
        out.print(f"[cyan]create[/] [bold]{escape(what)}[/] {escape(', '.join(names))}", soft_wrap=True)
    for step in (one for one in made.changes if one.detail):
        out.print(f"[cyan]change[/] [bold]{escape(step.name)}[/]: {escape(step.detail)}", soft_wrap=True)
    for step in made.left_out:
        out.print(f"[yellow]leave out[/] [bold]{escape(step.name)}[/]: {escape(step.detail)}", soft_wrap=True)
    for step in made.clashes:
        out.print(f"[red]clash[/] [bold]{escape(step.name)}[/]: {escape(step.detail)}", soft_wrap=True)


def _as_json(made: PortalPlan) -> dict[str, Any]:
    steps = [
        {"action": str(one.action), "kind": str(one.kind), "name": one.name, "detail": one.detail} for one in made.steps
    ]
    return {"crm": made.crm, "org_id": made.org_id, "tier": made.tier, "changes": len(made.changes), "steps": steps}
