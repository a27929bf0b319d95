"""Verbs that bring overlap's objects and fields into a CRM."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli import setup_portal
from jobs.cli import setup_tables as tables
from jobs.cli.options import HERE, Folder, Json, opened
from jobs.cli.setup_tables import CHANGES_PENDING, connection_of

if TYPE_CHECKING:
    from connectors.salesforce.setup.layout import LayoutChange
    from jobs.connecting.setup import SetupPlan
    from jobs.context import Context

app = typer.Typer(
    help="Bring overlap's objects, fields and permission sets into your CRM.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


@app.callback()
def setup() -> None:
    """Bring overlap's objects, fields and permission sets into your CRM."""


app.command()(setup_portal.hubspot)


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
            help="Give a user a permission set: integration (without SET), reader, editor or manager.",
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
            has_crm = bool(context.workspace.settings.crm)
            _write(context, connection_of(context, crm, "salesforce") if has_crm else None, write, as_json)
            return
        name = connection_of(context, crm, "salesforce")
        if layout is not None:
            _layout(context, name, layout, yes, as_json)
        elif apply:
            _apply(context, name, assign or [], yes, as_json)
        else:
            _plan(context, name, exit_code, as_json)


def _plan(context: Context, crm: str, exit_code: bool, as_json: bool) -> None:
    from jobs.cli import console, show
    from jobs.connecting.setup import plan

    made = plan(context, crm)
    if as_json:
        console.print_json(tables.plan_as_json(made))
    else:
        tables.print_plan(made)
        if made.changes or made.hidden:
            show.next_steps("", ["overlap setup salesforce --apply --assign USERNAME"])
        else:
            show.next_steps("" if made.clashes else "The org has everything.", ["overlap check"])
    if exit_code and (made.changes or made.clashes):
        raise typer.Exit(CHANGES_PENDING)


def _apply(context: Context, crm: str, assign: list[str], yes: bool, as_json: bool) -> None:
    from connectors.salesforce.setup.assignment import read_assignment
    from jobs.cli import console, show
    from jobs.connecting.setup import apply

    def agreed(made: SetupPlan) -> None:
        if not as_json:
            tables.print_plan(made)
        if not yes:
            show.ask(f"Deploy {len(made.changes)} changes to org {made.org_id}?")

    report = apply(context, crm, [read_assignment(text) for text in assign], agreed)
    if as_json:
        console.print_json(tables.report_as_json(report))
    else:
        tables.print_report(report)
    if report.deployed is not None and not report.deployed.ok:
        raise typer.Exit(1)


def _write(context: Context, crm: str | None, folder: Path, as_json: bool) -> None:
    from rich.markup import escape

    from jobs.cli import console, show
    from jobs.connecting.setup import to_assign, write

    written = write(context, crm, folder)
    files = [str(file) for file in written.files]
    if as_json:
        asked = crm is not None and written.blind is None
        console.print_json({"folder": str(folder), "files": files, "org_asked": asked, "org_error": written.blind})
        return
    if written.project is not None:
        said = f"{written.project} was there and stays; 'force-app' must be one of its packageDirectories."
        console.out.print(escape(said), soft_wrap=True)
    if written.blind is not None:
        console.out.print(
            f"[yellow]The org could not be asked:[/] {escape(written.blind)}\n"
            "What an admin changed in lists of values that are there already is not in these files: deploying them "
            "would put it back. Into an org that has none of overlap's fields they are right.",
            soft_wrap=True,
        )
    show.next_steps(f"{len(files)} files are in {folder}.", [f"cd {folder} && sf project deploy start"])
    tables.print_sets(to_assign())


def _layout(context: Context, crm: str, name: str, yes: bool, as_json: bool) -> None:
    from jobs.cli import console, show
    from jobs.connecting.setup import add_to_layout

    shown: list[str] = []

    def agreed(change: LayoutChange) -> None:
        shown.extend(change.difference)
        if not as_json:
            tables.print_lines(shown)
        if not yes:
            show.ask(f"Add this to '{name}'?")

    deployed = add_to_layout(context, crm, name, agreed)
    if as_json:
        failures = [] if deployed is None else [tables.failure(one) for one in deployed.failures]
        console.print_json({"layout": name, "changed": deployed is not None, "difference": shown, "failures": failures})
    elif deployed is None:
        show.next_steps(f"'{name}' shows every field of ours already.", [])
    elif deployed.ok:
        show.next_steps(f"'{name}' has our section.", [])
    else:
        tables.print_failures(deployed)
    if deployed is not None and not deployed.ok:
        raise typer.Exit(1)
