"""Verbs that bring overlap's objects and fields into a CRM."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.cli.options import HERE, Folder, Json, opened, require_known

if TYPE_CHECKING:
    from connectors.salesforce.setup.layout import LayoutChange
    from connectors.salesforce.setup.metadata_api import Deployed
    from jobs.context import Context
    from jobs.setup import SetupPlan, SetupReport

CHANGES_PENDING = 4

app = typer.Typer(
    help="Bring overlap's objects, fields and permission sets into your CRM.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


@app.callback()
def setup() -> None:
    """Bring overlap's objects, fields and permission sets into your CRM."""


@app.command()
def salesforce(
    crm: Annotated[str | None, typer.Argument(metavar="NAME", help="The CRM connection, if there are several.")] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only show what would change; this is the default.")] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Deploy what differs, after a rehearsal in the org.")] = False,
    write: Annotated[
        Path | None, typer.Option("--write", metavar="DIR", help="Write the source, for 'sf project deploy start'.")
    ] = None,
    assign: Annotated[
        list[str] | None,
        typer.Option(
            "--assign",
            metavar="[SET=]USERNAME",
            help="Give a user a permission set: integration (without SET), reader or editor.",
        ),
    ] = None,
    layout: Annotated[
        str | None, typer.Option("--layout", metavar="NAME", help="Add our section to this page layout.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; needed without a terminal.")] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 4 if anything would change.")] = False,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Compare an org with what overlap needs, and bring it there. Without options it changes nothing."""
    wanted = [plan, apply, write is not None, layout is not None]
    if sum(wanted) > 1:
        raise typer.BadParameter("choose one of --plan, --apply, --write and --layout")
    if assign and not apply:
        raise typer.BadParameter("--assign goes with --apply")
    if exit_code and any(wanted[1:]):
        raise typer.BadParameter("--exit-code goes with --plan")
    with opened(folder) as context:
        if write is not None:
            _write(context, write, as_json)
            return
        name = _connection(context, crm)
        if layout is not None:
            _layout(context, name, layout, yes, as_json)
        elif apply:
            _apply(context, name, assign or [], yes, as_json)
        else:
            _plan(context, name, exit_code, as_json)


def _connection(context: Context, crm: str | None) -> str:
    from overlap.errors import ConfigError

    names = context.crms()
    if crm is not None:
        require_known("CRM connection", (crm,), names)
        return crm
    if len(names) > 1:
        raise ConfigError(f"there are several CRM connections; name one: {', '.join(names)}")
    return names[0]


def _plan(context: Context, crm: str, exit_code: bool, as_json: bool) -> None:
    from jobs.cli import console, show
    from jobs.setup import plan

    made = plan(context, crm)
    if as_json:
        console.print_json(_plan_as_json(made))
    else:
        _print_plan(made)
        if made.changes or made.hidden:
            show.next_steps("", ["overlap setup salesforce --apply --assign USERNAME"])
        else:
            show.next_steps("" if made.clashes else "The org has everything.", ["overlap check"])
    if exit_code and (made.changes or made.clashes):
        raise typer.Exit(CHANGES_PENDING)


def _apply(context: Context, crm: str, assign: list[str], yes: bool, as_json: bool) -> None:
    from connectors.salesforce.setup.assignment import read_assignment
    from jobs.cli import console, show
    from jobs.setup import apply

    def agreed(made: SetupPlan) -> None:
        if not as_json:
            _print_plan(made)
        if not yes:
            show.ask(f"Deploy {len(made.changes)} changes to org {made.org_id}?")

    report = apply(context, crm, [read_assignment(text) for text in assign], agreed)
    if as_json:
        console.print_json(_report_as_json(report))
    else:
        _print_report(report)
    if report.deployed is not None and not report.deployed.ok:
        raise typer.Exit(1)


def _write(context: Context, folder: Path, as_json: bool) -> None:
    from jobs.cli import console, show
    from jobs.setup import to_assign, write

    files = write(context, folder)
    if as_json:
        console.print_json({"folder": str(folder), "files": [str(file) for file in files]})
        return
    show.next_steps(f"{len(files)} files are in {folder}.", [f"cd {folder} && sf project deploy start"])
    _print_sets(to_assign())


def _layout(context: Context, crm: str, name: str, yes: bool, as_json: bool) -> None:
    from jobs.cli import console, show
    from jobs.setup import add_to_layout

    shown: list[str] = []

    def agreed(change: LayoutChange) -> None:
        shown.extend(change.difference)
        if not as_json:
            _print_lines(shown)
        if not yes:
            show.ask(f"Add this to '{name}'?")

    deployed = add_to_layout(context, crm, name, agreed)
    if as_json:
        failures = [] if deployed is None else [_failure(one) for one in deployed.failures]
        console.print_json({"layout": name, "changed": deployed is not None, "difference": shown, "failures": failures})
    elif deployed is None:
        show.next_steps(f"'{name}' shows every field of ours already.", [])
    elif deployed.ok:
        show.next_steps(f"'{name}' has our section.", [])
    else:
        _print_failures(deployed)
    if deployed is not None and not deployed.ok:
        raise typer.Exit(1)


def _print_plan(made: SetupPlan) -> None:
    """Print one line per change of something that is there, and one per object for what is new in it."""
    from collections import Counter, defaultdict

    from rich.markup import escape

    from jobs.cli.console import out

    counts = Counter(str(step.action) for step in made.steps)
    said = ", ".join(f"{counts[action]} to {action}" for action in ("create", "change", "keep") if counts[action])
    out.print(f"[bold]{made.crm}[/], org {made.org_id}: {said or 'nothing to do'}")
    if made.hidden:
        out.print(f"{len(made.hidden)} are there and hidden from this user: assign a permission set.")
    new: dict[str, list[str]] = defaultdict(list)
    for step in made.changes:
        if not step.detail:
            owner, _, name = step.name.partition(".") if step.kind == "CustomField" else (step.kind, "", step.name)
            new[owner].append(name)
    for owner, names in new.items():
        out.print(f"[cyan]create[/] [bold]{escape(owner)}[/] {escape(', '.join(names))}", soft_wrap=True)
    for step in [*made.clashes, *(one for one in made.changes if one.detail)]:
        colour = "red" if step in made.clashes else "cyan"
        name = f"[bold]{escape(step.name)}[/]"
        out.print(f"[{colour}]{step.action}[/] {step.kind} {name}: {escape(step.detail)}", soft_wrap=True)


def _print_report(report: SetupReport) -> None:
    from jobs.cli import show
    from jobs.cli.console import out
    from jobs.setup import to_assign

    if report.deployed is None:
        out.print("The org has everything: nothing to deploy.")
    elif not report.deployed.ok:
        _print_failures(report.deployed)
        return
    else:
        out.print(f"Deployed {report.deployed.components} components to org {report.plan.org_id}.")
    for one in report.assigned:
        out.print(f"{one.permission_set} is assigned to {one.username}.")
    for one in report.kept:
        out.print(f"{one.username} has {one.permission_set} already.")
    if not report.assigned and not report.kept:
        out.print("[yellow]Nobody was given a permission set:[/] without one, nobody sees the new fields.")
        _print_sets(to_assign())
    show.next_steps("", ["overlap check"])


def _print_sets(lines: list[str]) -> None:
    from rich.markup import escape

    from jobs.cli.console import out

    out.print("Permission sets to assign (--assign [SET=]USERNAME, or in Setup):")
    for line in lines:
        out.print(f"  {escape(line)}", soft_wrap=True)


def _print_failures(deployed: Deployed) -> None:
    from rich.markup import escape

    from jobs.cli.console import err

    err.print(f"[red]The org refused {len(deployed.failures)} components; nothing was deployed:[/]")
    for one in deployed.failures:
        err.print(f"  {one.kind} [bold]{escape(one.name)}[/]: {escape(one.problem)}", soft_wrap=True)


def _print_lines(lines: list[str]) -> None:
    from rich.markup import escape

    from jobs.cli.console import out

    for line in lines:
        colour = "green" if line.startswith("+") else "dim"
        out.print(f"[{colour}]{escape(line)}[/]", soft_wrap=True)


def _plan_as_json(made: SetupPlan) -> dict[str, Any]:
    from dataclasses import asdict

    steps = [asdict(step) for step in made.steps]
    return {"crm": made.crm, "org_id": made.org_id, "changes": len(made.changes), "steps": steps}


def _report_as_json(report: SetupReport) -> dict[str, Any]:
    from dataclasses import asdict

    deployed = report.deployed
    return {
        **_plan_as_json(report.plan),
        "deployed": 0 if deployed is None else deployed.components,
        "failures": [] if deployed is None else [_failure(one) for one in deployed.failures],
        "assigned": [asdict(one) for one in report.assigned],
        "already_assigned": [asdict(one) for one in report.kept],
    }


def _failure(one: Any) -> dict[str, str]:
    return {"kind": one.kind, "name": one.name, "problem": one.problem}
