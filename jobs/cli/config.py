"""Verbs about the settings: what counts and where it came from, and what an editor needs to check the file."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from jobs.cli.options import HERE, Folder, Json, chosen_environment

app = typer.Typer(
    help="See what the settings say in effect, or get their schema for your editor.", no_args_is_help=True
)


@app.command()
def show(
    section: Annotated[
        str | None, typer.Argument(metavar="KEY", help="Only what is below this key, such as crm.salesforce.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what is only the default.")] = False,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Show every setting that counts, and what says so: a file, the environment or the default. Secrets stay hidden."""
    from dataclasses import asdict

    from config.showing import DEFAULT, effective
    from config.workspace import open_workspace
    from jobs.cli import console, upkeep_tables
    from jobs.cli.options import require_known

    workspace = open_workspace(folder, chosen_environment())
    found = effective(workspace)
    if section is not None:
        below = [one for one in found if f"{one.key}.".startswith(f"{section}.")]
        if not below:
            require_known("setting", (section,), sorted({one.key.partition(".")[0] for one in found}))
        found, everything = below, True
    if as_json:
        console.print_json({"environment": workspace.environment, "settings": [asdict(one) for one in found]})
    else:
        upkeep_tables.settings([one for one in found if everything or one.origin != DEFAULT], everything)


@app.command()
def schema() -> None:
    """Print the JSON Schema of overlap.toml; with '#:schema overlap.schema.json' in line 1, editors check it."""
    from config.showing import schema as of_settings

    typer.echo(json.dumps(of_settings(), indent=2))
